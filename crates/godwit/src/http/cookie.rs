//! The session's cookie: what it is called, how it is set and read. By TLS it has the name that
//! browsers take from this very host and by TLS alone.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// What the session's cookie is called.
pub fn name(secure: bool) -> &'static str {
    if secure { "__Host-godwit" } else { "godwit" }
}

/// A cookie to be set, with all that browsers are told of it.
#[derive(Clone)]
pub struct Cookie(String);

impl Cookie {
    /// The session with this token, which is of letters, digits, `-` and `_`; the browser forgets it
    /// after `lifetime`.
    pub fn session(token: &str, lifetime: Duration, secure: bool) -> Self {
        let name = name(secure);
        let secure = if secure { "; Secure" } else { "" };
        let seconds = lifetime.as_secs();
        Self(format!(
            "{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
        ))
    }

    /// No session any more.
    pub fn ended(secure: bool) -> Self {
        Self::session("", Duration::ZERO, secure)
    }

    /// The value of `Set-Cookie`; none where the token has characters that no header takes.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The session's token. Two different ones are none: somebody else may have set one of them.
pub(super) fn session(headers: &HeaderMap, secure: bool) -> Option<String> {
    let name = name(secure);
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value);
    let first = found.next()?;
    found.all(|other| other == first).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_to_keep_it_to_themselves() {
        let set = |cookie: Cookie| cookie.header().unwrap().to_str().unwrap().to_owned();
        let hour = Duration::from_secs(3600);
        assert_eq!(
            set(Cookie::session("abc", hour, true)),
            "__Host-godwit=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure"
        );
        assert_eq!(
            set(Cookie::ended(false)),
            "godwit=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        assert!(Cookie::session("a\r\nb", hour, true).header().is_none());
    }

    #[test]
    fn the_token_is_found_among_others() {
        let check = |cookies: &[&str], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, cookie.parse().unwrap());
            }
            assert_eq!(session(&headers, false).as_deref(), expected, "{cookies:?}");
        };
        check(&["godwit=a"], Some("a"));
        check(&["x=1; godwit=a=b ; y"], Some("a=b"));
        check(&["x=1", "godwit=a"], Some("a"));
        check(&["godwit=a; godwit=a"], Some("a"));
        check(&["godwit=a; godwit=b"], None);
        check(&["godwit="], None);
        check(&["godwits=a"], None);
        check(&[], None);
    }
}
