//! Sealing: secrets stand in the store as ciphertexts, each bound to its id; the keys stand in a file
//! of their own, so that neither of the two is worth anything alone. Never shows or logs a key.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as Io, Write};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Error, ErrorKind, Result, Side};
/// What wipes a text when it is dropped.
pub use zeroize::Zeroizing;

const FILE: &str = "godwit.key";
const FIRST_LINE: &str = "godwit-key 1";
const REMARK: &str = "\
# These keys open the secrets in the store; the last one seals. Keep a copy apart from the store's
# backups: without it no secret can be read again.
";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// What every sealed text begins with; another number, should the form ever change.
const FORM: &str = "g1";
const CANARY_ID: &str = "canary";
const CANARY_TEXT: &str = "godwit";

/// The keys under one file. All of them unseal, the newest seals. Safe to use from many threads; to be
/// shared, not copied. Blocks for file operations where it says so, and nowhere else.
pub struct KeyRing {
    path: PathBuf,
    /// Oldest first, never empty.
    keys: RwLock<Vec<Key>>,
}

struct Key {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl KeyRing {
    /// The keys in `godwit.key` of the data folder. Where there is none, one is made if `make` allows
    /// it, and told by the second value, so that the caller says "back it up"; `KEY_MISSING` otherwise.
    /// To be made only where the store holds no canary: a store's secrets die with its keys. Of several
    /// processes that start at once one makes it, and all get the same. Blocks for file operations.
    pub fn open(folder: &Path, make: bool) -> Result<(Self, bool)> {
        Self::open_file(&folder.join(FILE), make)
    }

    /// The same with another file than the data folder's.
    pub fn open_file(path: &Path, make: bool) -> Result<(Self, bool)> {
        let mut made = false;
        let keys = match read(path)? {
            Some(keys) => keys,
            None if make => {
                let _lock = lock(path)?;
                match read(path)? {
                    Some(keys) => keys,
                    None => {
                        made = true;
                        let keys = vec![Key::generate()?];
                        write(path, &keys)?;
                        keys
                    }
                }
            }
            None => return Err(file_missing(path)),
        };
        let ring = Self {
            path: path.to_owned(),
            keys: RwLock::new(keys),
        };
        Ok((ring, made))
    }

    /// Where the keys stand.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text as a ciphertext that opens under this id alone. Never the same twice.
    pub fn seal(&self, id: &str, text: &str) -> Result<String> {
        let mut nonce = [0; NONCE_BYTES];
        fill(&mut nonce)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = keys.last() else {
            unreachable!("a ring is made with a key, and forgetting leaves the newest")
        };
        let payload = Payload {
            msg: text.as_bytes(),
            aad: id.as_bytes(),
        };
        let sealed = key
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::internal("the text of a secret is too long to be sealed"))?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(format!(
            "{FORM}.{}.{}",
            key.id,
            URL_SAFE_NO_PAD.encode(bytes)
        ))
    }

    /// The text that was sealed under this id: `SECRET_BROKEN` where it was changed, or sealed under
    /// another id; `KEY_MISSING` where its key is not in the ring. Reads the file again before it says
    /// the latter, because another process may have added a key since.
    pub fn unseal(&self, id: &str, sealed: &str) -> Result<Zeroizing<String>> {
        let parts = parts_of(sealed).ok_or_else(|| broken(id))?;
        if !self.has(parts.key) {
            self.reload()?;
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys
            .iter()
            .find(|key| key.id == parts.key)
            .ok_or_else(|| self.key_missing(parts.key))?;
        let payload = Payload {
            msg: &parts.ciphertext,
            aad: id.as_bytes(),
        };
        let text = key
            .cipher()
            .decrypt(&Nonce::from(parts.nonce), payload)
            .map_err(|_| broken(id))?;
        match String::from_utf8(text) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(cause) => {
                drop(Zeroizing::new(cause.into_bytes()));
                Err(broken(id))
            }
        }
    }

    /// The same secret under the newest key; `None` where it is already. After [`rotate`](Self::rotate)
    /// for each secret and the canary, and before [`forget_old`](Self::forget_old).
    pub fn reseal(&self, id: &str, sealed: &str) -> Result<Option<String>> {
        let text = self.unseal(id, sealed)?;
        let newest = {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.last().map(|key| key.id.clone())
        };
        if parts_of(sealed).map(|parts| parts.key) == newest.as_deref() {
            return Ok(None);
        }
        self.seal(id, &text).map(Some)
    }

    /// Whether the key of this sealed text is in the ring: `KEY_MISSING` where it is not. Cheaper than
    /// unsealing, and says nothing of the text itself.
    pub fn check(&self, sealed: &str) -> Result<()> {
        let parts = parts_of(sealed).ok_or_else(|| broken("sample"))?;
        if !self.has(parts.key) {
            self.reload()?;
        }
        match self.has(parts.key) {
            true => Ok(()),
            false => Err(self.key_missing(parts.key)),
        }
    }

    /// What a store keeps to know its keys again.
    pub fn canary(&self) -> Result<String> {
        self.seal(CANARY_ID, CANARY_TEXT)
    }

    /// Whether these are the keys of the store that keeps this canary: `KEY_MISSING` or
    /// `SECRET_BROKEN` where they are not. A store whose canary does not open refuses to start.
    pub fn check_canary(&self, sealed: &str) -> Result<()> {
        match *self.unseal(CANARY_ID, sealed)? == CANARY_TEXT {
            true => Ok(()),
            false => Err(broken(CANARY_ID)),
        }
    }

    /// The canary under the newest key; `None` where it is already.
    pub fn reseal_canary(&self, sealed: &str) -> Result<Option<String>> {
        self.reseal(CANARY_ID, sealed)
    }

    /// Adds a key, which seals from now on; the file is replaced in one step. Keys that another process
    /// added are kept. Blocks for file operations.
    pub fn rotate(&self) -> Result<()> {
        self.replace(|mut keys| {
            keys.push(Key::generate()?);
            Ok(keys)
        })
    }

    /// Drops all keys but the newest: what was not sealed again with it can never be read any more.
    /// Blocks for file operations.
    pub fn forget_old(&self) -> Result<()> {
        self.replace(|mut keys| {
            let newest = keys.len().saturating_sub(1);
            Ok(keys.split_off(newest))
        })
    }

    /// Under the lock of the file: what stands there now, changed, written, then used.
    fn replace(&self, change: impl FnOnce(Vec<Key>) -> Result<Vec<Key>>) -> Result<()> {
        let _lock = lock(&self.path)?;
        let standing = read(&self.path)?.ok_or_else(|| file_missing(&self.path))?;
        let keys = change(standing)?;
        write(&self.path, &keys)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn reload(&self) -> Result<()> {
        if let Some(keys) = read(&self.path)? {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        Ok(())
    }

    fn has(&self, id: &str) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|key| key.id == id)
    }

    fn key_missing(&self, id: &str) -> Error {
        let message = format!(
            "the key {id} of the store's secrets is not in {:?}",
            self.path
        );
        missing(message)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        f.debug_struct("KeyRing")
            .field("path", &self.path)
            .field("ids", &ids)
            .finish()
    }
}

impl Key {
    fn generate() -> Result<Self> {
        let mut id = [0; 4];
        fill(&mut id)?;
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        fill(bytes.as_mut_slice())?;
        Ok(Self {
            id: format!("{:08x}", u32::from_be_bytes(id)),
            bytes,
        })
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.bytes).into())
    }
}

/// A sealed text, taken apart: `g1.KEY.NONCE+CIPHERTEXT`.
struct Parts<'a> {
    key: &'a str,
    nonce: [u8; NONCE_BYTES],
    ciphertext: Vec<u8>,
}

fn parts_of(sealed: &str) -> Option<Parts<'_>> {
    let (key, body) = sealed
        .strip_prefix(FORM)?
        .strip_prefix('.')?
        .split_once('.')?;
    let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
    let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    Some(Parts {
        key,
        nonce: *nonce,
        ciphertext: ciphertext.to_vec(),
    })
}

/// The keys of a file, oldest first; `None` where there is no file.
fn read(path: &Path) -> Result<Option<Vec<Key>>> {
    let unreadable = |cause: &std::io::Error| {
        let message = format!("could not read the key file {path:?}: {cause}");
        Error::new(ErrorKind::Config, "KEY_BROKEN", message).on(Side::Store)
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == Io::NotFound => return Ok(None),
        Err(cause) => return Err(unreadable(&cause)),
    };
    let facts = file.metadata().map_err(|cause| unreadable(&cause))?;
    is_private(path, &facts)?;
    if facts.len() > 1 << 16 {
        return Err(malformed(path, "it is too long"));
    }
    let mut text = Zeroizing::new(String::with_capacity(1 << 16));
    std::io::Read::read_to_string(&mut file, &mut text).map_err(|cause| unreadable(&cause))?;
    parse(&text)
        .map(Some)
        .map_err(|reason| malformed(path, reason))
}

#[cfg(unix)]
fn is_private(path: &Path, facts: &std::fs::Metadata) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("the key file {path:?} is open to others than its owner (mode {mode:o})");
    Err(Error::new(ErrorKind::Config, "KEY_EXPOSED", message)
        .on(Side::Store)
        .hint("chmod 600 it; if others may have read it, rotate the key and change the secrets"))
}

#[cfg(not(unix))]
fn is_private(_: &Path, _: &std::fs::Metadata) -> Result<()> {
    Ok(())
}

/// The keys that the text of a file holds, or what is wrong with it.
fn parse(text: &str) -> Result<Vec<Key>, &'static str> {
    let mut lines = text.lines();
    if lines.next() != Some(FIRST_LINE) {
        return Err("it does not begin as a key file of this version does");
    }
    let mut keys: Vec<Key> = Vec::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (id, encoded) = line.split_once(' ').ok_or("a line is no key")?;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err("the id of a key is not of letters and digits");
        }
        if keys.iter().any(|key| key.id == id) {
            return Err("two keys have one id");
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        match URL_SAFE_NO_PAD.decode_slice(encoded, bytes.as_mut_slice()) {
            Ok(KEY_BYTES) => {}
            _ => return Err("a key is not 32 bytes in base64url"),
        }
        let id = id.to_owned();
        keys.push(Key { id, bytes });
    }
    if keys.is_empty() {
        return Err("it holds no key");
    }
    Ok(keys)
}

fn text_of(keys: &[Key]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(1024 + keys.len() * 128));
    text.push_str(FIRST_LINE);
    text.push('\n');
    text.push_str(REMARK);
    for key in keys {
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.bytes.as_slice()));
        text.push_str(&key.id);
        text.push(' ');
        text.push_str(&encoded);
        text.push('\n');
    }
    text
}

/// Puts the keys there in one step, durable once this returns. Under the lock of the file.
fn write(path: &Path, keys: &[Key]) -> Result<()> {
    let failed = |cause: std::io::Error| not_written(path, &cause);
    let beside = beside(path, ".new");
    match std::fs::remove_file(&beside) {
        // What a process left behind that died here.
        Ok(()) => {}
        Err(cause) if cause.kind() == Io::NotFound => {}
        Err(cause) => return Err(failed(cause)),
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(failed)?;
    file.write_all(text_of(keys).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(failed)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
    }
    Ok(())
}

/// Whoever changes the file holds this; it dies with its owner.
fn lock(path: &Path) -> Result<File> {
    let failed = |cause: std::io::Error| not_written(path, &cause);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = options.open(beside(path, ".lock")).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes)
        .map_err(|_| Error::internal("the system gives no random numbers").on(Side::Store))
}

fn missing(message: String) -> Error {
    Error::new(ErrorKind::NotFound, "KEY_MISSING", message)
        .on(Side::Store)
        .hint("put the store's own key file back from its backup; without it no secret can be read")
}

fn file_missing(path: &Path) -> Error {
    missing(format!("the key file {path:?} is not there"))
}

fn broken(id: &str) -> Error {
    let message = format!("the sealed secret {id} cannot be opened: it was changed or exchanged");
    Error::new(ErrorKind::Data, "SECRET_BROKEN", message)
        .on(Side::Store)
        .hint("give the secret again")
}

fn malformed(path: &Path, reason: &str) -> Error {
    let message = format!("the key file {path:?} cannot be understood: {reason}");
    Error::new(ErrorKind::Config, "KEY_BROKEN", message)
        .on(Side::Store)
        .hint("put it back from its backup")
}

fn not_written(path: &Path, cause: &std::io::Error) -> Error {
    let message = format!("could not write the key file {path:?}: {cause}");
    Error::new(ErrorKind::Config, "KEY_UNWRITABLE", message)
        .on(Side::Store)
        .hint("make room and rights in its folder, or name another place for it")
}

#[cfg(test)]
mod tests;
