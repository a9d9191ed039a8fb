//! Random texts that open a door: API tokens, sessions, CSRF tokens, the one-time token of the first
//! start. What is kept of them is a SHA-256, which a text of 256 random bits needs no more than; the
//! text itself is shown once.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Error, Result};
use sha2::{Digest, Sha256};
use store::Zeroizing;
use subtle::ConstantTimeEq;

const RANDOM_BYTES: usize = 32;
const TEXT_LENGTH: usize = 43;
/// So that people, and those who search repositories for leaks, tell it from other texts.
const API_PREFIX: &str = "gw_";
const SET_UP_PREFIX: &str = "gw-setup_";

/// A text just made: shown once, and kept as its hash.
pub struct Fresh {
    /// What its holder gets.
    pub text: Zeroizing<String>,
    /// What is kept.
    pub hash: String,
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").finish_non_exhaustive()
    }
}

/// A new API token: `gw_` and 43 characters.
pub fn new_api_token() -> Result<Fresh> {
    fresh(API_PREFIX)
}

/// A new session. Its text is the cookie; the store knows the session by its hash, so that a copy of the
/// store opens none.
pub fn new_session() -> Result<Fresh> {
    fresh("")
}

/// A new CSRF token. The page that needs it reads it again and again, so it is kept as it is, beside the
/// session.
pub fn new_csrf() -> Result<Zeroizing<String>> {
    Ok(fresh("")?.text)
}

/// A text that nobody can foresee, for what a single answer allows.
pub fn nonce() -> Result<Zeroizing<String>> {
    Ok(fresh("")?.text)
}

/// Whether the text has the form of an API token; a text that has not needs no look into the store.
pub fn is_api_token(text: &str) -> bool {
    text.strip_prefix(API_PREFIX).is_some_and(|rest| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        rest.len() == TEXT_LENGTH && rest.bytes().all(known)
    })
}

/// What is kept of a text: its SHA-256 in hexadecimal digits. Looked up as such: who can choose texts
/// cannot choose hashes, so the time that a look-up takes tells nothing.
pub fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the text is the one that this hash was kept of. Takes as long wherever they differ.
pub fn matches(text: &str, kept_hash: &str) -> bool {
    same(&hash(text), kept_hash)
}

/// Whether two texts are the same, such as a CSRF token sent and the session's. Takes as long wherever
/// they differ.
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn fresh(prefix: &str) -> Result<Fresh> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|_| Error::internal("the system gives no random numbers"))?;
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + TEXT_LENGTH));
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
    let hash = hash(&text);
    Ok(Fresh { text, hash })
}

/// What lets the first administrator be made, once: its text is printed where the service starts
/// without any. Lives in memory; another start prints another.
#[derive(Debug)]
pub struct SetUp {
    state: Mutex<SetUpState>,
}

#[derive(Debug)]
enum SetUpState {
    Open(String),
    /// Somebody is making the first administrator with it.
    Held(String),
    Spent,
}

/// The right to make the first administrator, held by one at a time. Dropped without being spent, the
/// token is good again: the user's name may have been refused.
#[derive(Debug)]
pub struct Redeemed<'a> {
    set_up: &'a SetUp,
}

impl SetUp {
    /// A new one, and its text to print.
    pub fn new() -> Result<(Self, Zeroizing<String>)> {
        let fresh = fresh(SET_UP_PREFIX)?;
        let state = Mutex::new(SetUpState::Open(fresh.hash));
        Ok((Self { state }, fresh.text))
    }

    /// One that nothing redeems: there is an administrator.
    pub fn done() -> Self {
        Self {
            state: Mutex::new(SetUpState::Spent),
        }
    }

    /// Whether it waits for somebody still.
    pub fn is_open(&self) -> bool {
        !matches!(*self.state(), SetUpState::Spent)
    }

    /// The right that the text gives; `None` where it is another text, where another holds the right
    /// now, and where it was spent.
    pub fn redeem(&self, text: &str) -> Option<Redeemed<'_>> {
        let mut state = self.state();
        match &*state {
            SetUpState::Open(kept) if matches(text, kept) => {
                let kept = kept.clone();
                *state = SetUpState::Held(kept);
                Some(Redeemed { set_up: self })
            }
            _ => None,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, SetUpState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Redeemed<'_> {
    /// The administrator was made: nobody can redeem it any more.
    pub fn spend(self) {
        *self.set_up.state() = SetUpState::Spent;
    }
}

impl Drop for Redeemed<'_> {
    fn drop(&mut self) {
        let mut state = self.set_up.state();
        if let SetUpState::Held(kept) = &*state {
            let kept = kept.clone();
            *state = SetUpState::Open(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash() {
        let token = new_api_token().unwrap();
        assert_eq!(token.text.len(), 46);
        assert!(is_api_token(&token.text));
        assert!(matches(&token.text, &token.hash));
        assert_eq!(hash(&token.text), token.hash);
        assert!(!matches(&token.text[1..], &token.hash));
        assert!(!matches(&token.hash, &token.hash));
        assert!(!matches(&token.text, ""));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash(""), empty);
    }

    #[test]
    fn no_two_are_alike() {
        let texts: BTreeSet<String> = (0..1000)
            .map(|_| new_session().unwrap().text.to_string())
            .chain((0..1000).map(|_| new_csrf().unwrap().to_string()))
            .collect();
        assert_eq!(texts.len(), 2000);
        assert!(texts.iter().all(|text| text.len() == TEXT_LENGTH));
    }

    #[test]
    fn the_form_of_a_token_is_told() {
        let check = |text: &str, expected: bool| assert_eq!(is_api_token(text), expected, "{text}");
        check(&format!("gw_{}", "aZ0-_".repeat(9).split_at(43).0), true);
        check(&format!("gw_{}", "a".repeat(42)), false);
        check(&format!("gw_{}", "a".repeat(44)), false);
        check(&format!("gw_{} ", "a".repeat(42)), false);
        check(&format!("gx_{}", "a".repeat(43)), false);
        check("", false);
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let token = new_api_token().unwrap();
        let shown = format!("{token:?}");
        assert!(!shown.contains(&token.text[3..8]) && !shown.contains(&token.hash[..8]));
    }

    #[test]
    fn the_first_start_is_redeemed_once() {
        let (set_up, text) = SetUp::new().unwrap();
        assert!(text.starts_with("gw-setup_") && set_up.is_open());
        assert!(set_up.redeem("gw-setup_").is_none());
        let held = set_up.redeem(&text).unwrap();
        assert!(set_up.redeem(&text).is_none(), "two at a time");
        drop(held);
        set_up.redeem(&text).unwrap().spend();
        assert!(set_up.redeem(&text).is_none() && !set_up.is_open());
        assert!(SetUp::done().redeem(&text).is_none());
    }
}
