//! Chores of the repository: `tidy` keeps the house's rules, `rows` tells which requirements have a
//! test, `generate` writes what is derived from the connectors' own descriptions.

mod codes;
mod generate;
mod rows;
mod rules;
mod tidy;
mod tree;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy | rows | generate [--check]";

/// The tree that cargo was called in, which is not the one that this was built in where several clones
/// share one target folder.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().unwrap_or(Path::new(".")).to_owned()
}

fn main() -> ExitCode {
    let root = &root();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["tidy"] => tidy::run(root),
        ["rows"] => rows::run(root),
        ["generate"] => generate::run(root, false),
        ["generate", "--check"] => generate::run(root, true),
        _ => Err(vec![USAGE.to_owned()]),
    };
    match result {
        Ok(text) => {
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(lines) => {
            let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
            ExitCode::FAILURE
        }
    }
}

/// What a chore says, or what is wrong, a line for each.
type Outcome = Result<String, Vec<String>>;
