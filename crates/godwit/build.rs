//! Takes what `npm run build` left in `web/dist` into the binary; without it the binary has no page, and says so.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // Cargo runs this in the package's folder. Several clones may share what is built, this program too: nothing
    // in it may name the clone that it was compiled in, and which page a clone has is told by the variable.
    let (web, dist) = (Path::new("../../web"), Path::new("../../web/dist"));
    println!("cargo::rerun-if-env-changed=GODWIT_PAGE");
    // Where there is no page yet, its making is seen by the folder above.
    let watched = if dist.exists() { dist } else { web };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut files = Vec::new();
    if dist.exists() {
        collect(dist, dist, &mut files)?;
    }
    files.sort();
    let mut text = String::from("&[\n");
    for (name, path) in files {
        let plain = name.strip_suffix(".gz");
        let (name, is_gzip) = (plain.unwrap_or(&name), plain.is_some());
        writeln!(text, "    ({name:?}, {is_gzip}, include_bytes!({path:?})),")
            .map_err(io::Error::other)?;
    }
    text.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo says where"))?;
    fs::write(Path::new(&out).join("page.rs"), text)
}

/// Files by their address, as `.gz` where there is one.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let zipped = path.with_added_extension("gz");
        let name = path.strip_prefix(root).map_err(io::Error::other)?;
        let is_hidden = name.to_string_lossy().starts_with('.');
        if !is_hidden && !zipped.exists() {
            files.push((format!("/{}", name.display()), path.canonicalize()?));
        }
    }
    Ok(())
}
