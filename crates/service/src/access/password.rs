//! Passwords of people: how good one must be, its hash, and whether one fits. Never keeps, shows or logs
//! one. All of it takes tens of milliseconds of a core and 19 MiB on purpose: call it on
//! `tokio::task::spawn_blocking`, and few at a time.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use model::{Error, ErrorKind, Result, Side};
use subtle::ConstantTimeEq;

/// The shortest password, in characters.
pub const SHORTEST: usize = 12;
/// The longest, in bytes: no passphrase needs more, and no request may bring us to hash a book.
pub const LONGEST_BYTES: usize = 1024;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
const BEGINNING: &str = "$argon2id$v=19$";
/// What a stored hash may ask of the machine at most: four times as much as ours.
const MOST_MEMORY_KIB: u32 = 4 * MEMORY_KIB;
const MOST_PASSES: u32 = 16;

/// Whether the password may be chosen by this user: `WEAK_PASSWORD` says why not. Cheap.
pub fn check(user_name: &str, password: &str) -> Result<()> {
    let weak = |reason: String| {
        Err(
            Error::new(ErrorKind::Config, "WEAK_PASSWORD", reason).hint(format!(
                "take {SHORTEST} characters or more; a few words will do"
            )),
        )
    };
    if password.chars().count() < SHORTEST {
        return weak(format!(
            "the password is shorter than {SHORTEST} characters"
        ));
    }
    if password.len() > LONGEST_BYTES {
        return weak(format!("the password is longer than {LONGEST_BYTES} bytes"));
    }
    let folded = |text: &str| text.trim().to_lowercase();
    if folded(password) == folded(user_name) {
        return weak("the password is the user's name".to_owned());
    }
    Ok(())
}

/// The hash to keep of a password that [`check`] lets pass: Argon2id with a salt of its own, in the form
/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Slow.
pub fn hash(user_name: &str, password: &str) -> Result<String> {
    check(user_name, password)?;
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt)
        .map_err(|_| Error::internal("the system gives no random numbers"))?;
    let stored = Stored {
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: LANES,
        salt: salt.to_vec(),
        hash: Vec::new(),
    };
    let hash = stored.hash_of(password)?;
    Ok(format!(
        "{BEGINNING}m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    ))
}

/// Whether the password is the one of this hash. `None` is a user that there is not, or who has no
/// password: takes as long, and is false. Slow.
pub fn verify(password: &str, stored: Option<&str>) -> Result<bool> {
    let known = match stored {
        Some(text) => Some(Stored::parse(text).ok_or_else(not_understood)?),
        None => None,
    };
    let is_known = known.is_some();
    let stored = known.unwrap_or_else(Stored::nobodys);
    // One that is too long fits nowhere, and takes as long as any other.
    let fits_in = password.len() <= LONGEST_BYTES;
    let hash = stored.hash_of(if fits_in { password } else { "" })?;
    let same: bool = hash.as_slice().ct_eq(&stored.hash).into();
    Ok(same && fits_in && is_known)
}

/// A kept hash, taken apart.
struct Stored {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    /// What takes as long as a user's.
    fn nobodys() -> Self {
        Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: vec![0; SALT_BYTES],
            hash: vec![0; HASH_BYTES],
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(BEGINNING)?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let mut costs = costs.split(',');
        let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let stored = Self {
            memory_kib: cost("m=")?,
            passes: cost("t=")?,
            lanes: cost("p=")?,
            salt: STANDARD_NO_PAD.decode(salt).ok()?,
            hash: STANDARD_NO_PAD.decode(hash).ok()?,
        };
        let ends = parts.next().is_none() && costs.next().is_none();
        let bearable = stored.memory_kib <= MOST_MEMORY_KIB && stored.passes <= MOST_PASSES;
        (ends && bearable && stored.hash.len() == HASH_BYTES).then_some(stored)
    }

    fn hash_of(&self, password: &str) -> Result<[u8; HASH_BYTES]> {
        let costs = Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES))
            .map_err(|_| not_understood())?;
        let mut hash = [0; HASH_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, costs)
            .hash_password_into(password.as_bytes(), &self.salt, &mut hash)
            .map_err(|_| not_understood())?;
        Ok(hash)
    }
}

fn not_understood() -> Error {
    let message = "the kept hash of a password cannot be understood";
    Error::new(ErrorKind::Data, "STORE_BROKEN", message)
        .on(Side::Store)
        .hint("set a new password for this user")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const GOOD: &str = "correct horse battery";

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let kept = hash("ann", GOOD).unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert_ne!(hash("ann", GOOD).unwrap(), kept, "two of one salt");
        let check = |password: &str, expected: bool| {
            let fits = verify(password, Some(&kept)).unwrap();
            assert_eq!(fits, expected, "{password:?}");
        };
        check(GOOD, true);
        check("correct horse batterY", false);
        check("correct horse battery ", false);
        check("", false);
        check(&"x".repeat(LONGEST_BYTES + 1), false);
        assert!(!verify(GOOD, None).unwrap());
    }

    #[test]
    fn a_hash_that_others_computed_is_understood() {
        // Vectors of the reference implementation.
        let check = |costs: &str, hash: &str| {
            let kept = format!("$argon2id$v=19${costs}$c29tZXNhbHQ${hash}");
            assert!(verify("password", Some(&kept)).unwrap(), "{kept}");
            assert!(!verify("passworD", Some(&kept)).unwrap(), "{kept}");
        };
        check(
            "m=256,t=2,p=1",
            "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        );
        check(
            "m=256,t=2,p=2",
            "bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        );
    }

    #[test]
    fn weak_ones_are_refused() {
        let check = |user: &str, password: &str, good: bool| {
            let error = super::check(user, password).err();
            assert_eq!(error.is_none(), good, "{password:?}");
            if let Some(error) = error {
                assert_eq!(error.code, "WEAK_PASSWORD");
                assert!(password.is_empty() || !error.message.contains(password));
                assert!(hash(user, password).is_err());
            }
        };
        check("ann", GOOD, true);
        check("ann", "123456789012", true);
        check("ann", "пароль-пароль", true);
        check("ann", "12345678901", false);
        check("ann", "пароль", false);
        check("ann", "", false);
        check("ann.of.arc.long", "ann.of.arc.long", false);
        check("ann.of.arc.long", " ANN.of.Arc.long", false);
        check("ann", &"x".repeat(LONGEST_BYTES), true);
        check("ann", &"x".repeat(LONGEST_BYTES + 1), false);
    }

    #[test]
    fn a_hash_that_is_none_is_told() {
        let kept = hash("ann", GOOD).unwrap();
        let check = |text: &str| {
            let error = verify(GOOD, Some(text)).unwrap_err();
            assert_eq!(error.code, "STORE_BROKEN", "{text}");
        };
        check("");
        check(GOOD);
        check(&kept.replace("argon2id", "argon2i"));
        check(&kept.replace("m=19456", "m=4000000000"));
        check(&kept.replace("t=2", "t=1000000"));
        check(&kept.replace("p=1", "p=0"));
        check(&kept.replace("m=19456,", ""));
        check(&kept[..kept.len() - 4]);
        check(&format!("{kept}$"));
    }

    #[test]
    fn nobody_takes_as_long_as_somebody() {
        let kept = hash("ann", GOOD).unwrap();
        let fastest = |stored: Option<&str>, password: &str| {
            let time = || {
                let started = Instant::now();
                assert!(!verify(password, stored).unwrap());
                started.elapsed()
            };
            (0..5).map(|_| time()).min().unwrap()
        };
        let wrong = fastest(Some(&kept), "wrong horse battery");
        let long = "x".repeat(10 * LONGEST_BYTES);
        for time in [fastest(None, GOOD), fastest(Some(&kept), &long)] {
            let ratio = time.as_secs_f64() / wrong.as_secs_f64();
            assert!((0.3..3.0).contains(&ratio), "{time:?} and {wrong:?}");
        }
    }
}
