//! Requests that a foreign page makes a browser send: refused by what the browser says of the page,
//! and for want of the token that only our own page knows.

use model::{Error, ErrorKind};

use super::identity::Identity;

/// Looks at a request that may change something. Where `guarded`, a session must show its token;
/// whether it is the right one, the application knows.
pub(super) fn check(identity: &Identity, guarded: bool) -> Result<(), Error> {
    // A bearer token is nothing that a browser adds by itself.
    if !identity.is_unsafe() || identity.bearer.is_some() {
        return Ok(());
    }
    let near = |site: &String| matches!(site.as_str(), "same-origin" | "none");
    if !identity.fetch_site.as_ref().is_none_or(near) {
        return Err(cross_site("the request comes from a page of another site"));
    }
    if let Some(origin) = &identity.origin
        && !is_ours(origin, identity)
    {
        return Err(cross_site("the page that asks is not of this host"));
    }
    let shows_token = identity
        .csrf
        .as_ref()
        .is_some_and(|token| !token.reveal().is_empty());
    if guarded && identity.session.is_some() && !shows_token {
        return Err(Error::new(
            ErrorKind::Auth,
            "CSRF_TOKEN",
            "the request changes something and does not show the token of its session",
        )
        .hint("send the session's token in the header X-CSRF-Token"));
    }
    Ok(())
}

/// Whether the origin is the host that the request is meant for.
fn is_ours(origin: &str, identity: &Identity) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else {
        return false; // "null": a page that hides where it is from
    };
    let by_known_scheme = scheme == "https" || (scheme == "http" && !identity.secure);
    let same = |ours: &String| !ours.is_empty() && ours.eq_ignore_ascii_case(host);
    by_known_scheme && identity.host.as_ref().is_some_and(same)
}

fn cross_site(message: &str) -> Error {
    Error::new(ErrorKind::Auth, "CROSS_SITE", message)
        .hint("open the page at the address that it is served from; programs send a bearer token")
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;
    use service::access::TrustedProxies;

    use super::*;

    /// What the check of a POST with these headers says; empty where it lets it through.
    fn code(headers: &[(&str, &str)], guarded: bool, secure: bool) -> &'static str {
        let mut request = Request::builder().method("POST").uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let identity = Identity::of(&parts, secure, &TrustedProxies::default()).unwrap();
        check(&identity, guarded).map_or_else(|error| error.code, |()| "")
    }

    #[test]
    fn only_our_own_page_gets_through() {
        let check = |headers: &[(&str, &str)], expected: &str| {
            let mut headers = headers.to_vec();
            headers.extend([("cookie", "godwit=s"), ("host", "lake.example:8080")]);
            assert_eq!(code(&headers, true, false), expected, "{headers:?}");
        };
        let token = ("x-csrf-token", "t");
        check(&[token], "");
        check(&[], "CSRF_TOKEN");
        check(&[("x-csrf-token", "")], "CSRF_TOKEN");
        check(&[token, ("sec-fetch-site", "same-origin")], "");
        check(&[token, ("sec-fetch-site", "none")], "");
        check(&[token, ("sec-fetch-site", "same-site")], "CROSS_SITE");
        check(&[token, ("sec-fetch-site", "cross-site")], "CROSS_SITE");
        check(&[token, ("origin", "http://lake.example:8080")], "");
        check(&[token, ("origin", "http://LAKE.example:8080")], "");
        check(&[token, ("origin", "http://lake.example")], "CROSS_SITE");
        check(
            &[token, ("origin", "http://evil.example:8080")],
            "CROSS_SITE",
        );
        check(
            &[token, ("origin", "ftp://lake.example:8080")],
            "CROSS_SITE",
        );
        check(&[token, ("origin", "null")], "CROSS_SITE");
        check(&[token, ("origin", "")], "CROSS_SITE");
    }

    #[test]
    fn by_tls_a_page_without_it_is_foreign() {
        let page = |scheme: &str| {
            let origin = format!("{scheme}://lake.example");
            let headers = [("host", "lake.example"), ("origin", origin.as_str())];
            code(&headers, true, true)
        };
        assert_eq!(page("https"), "");
        assert_eq!(page("http"), "CROSS_SITE");
    }

    #[test]
    fn a_log_in_needs_no_token_and_no_foreign_page_either() {
        assert_eq!(code(&[("cookie", "godwit=old")], false, false), "");
        let foreign = [("sec-fetch-site", "cross-site")];
        assert_eq!(code(&foreign, false, false), "CROSS_SITE");
    }

    #[test]
    fn programs_are_no_browsers() {
        let bearer = [("authorization", "Bearer t"), ("origin", "http://a")];
        assert_eq!(code(&bearer, true, false), "");
        assert_eq!(code(&[], true, false), "");
        let no_host = [("origin", "http://a")];
        assert_eq!(code(&no_host, true, false), "CROSS_SITE");
    }
}
