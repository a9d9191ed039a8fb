//! What a host may be: a name or an address. Never a URL, which may hide a password.

use model::Finding;

/// What is wrong with a host, without repeating it.
pub(crate) fn host_finding(host: &str) -> Option<Finding> {
    let message = if host.trim().is_empty() {
        "the host is empty"
    } else if host.contains("://") || host.contains('@') {
        "host is a name, an address or a socket folder, not a URL"
    } else if host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "the host holds a blank or a control character"
    } else {
        return None;
    };
    let hint = "write host, port, user and password as options of their own";
    Some(Finding::blocker("BAD_VALUE", "host", message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_refused_without_repeating_it() {
        for host in ["app:secret@db1", "mysql://db1", "", "db 1", "db1\n"] {
            let finding = host_finding(host).unwrap();
            assert!(!finding.message.contains("secret"), "{host}");
        }
        for host in [
            "db1",
            "10.0.0.1",
            "::1",
            "/var/run/postgresql",
            "db-1.example.org",
        ] {
            assert_eq!(host_finding(host), None, "{host}");
        }
    }
}
