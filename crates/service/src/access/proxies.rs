//! Proxies before us: which of them are believed when they tell for whom they ask. The brake on guessing and the audit
//! log go by that address: without it, all who come through a proxy would be braked for what one of them does.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The proxies that are believed. None by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Those in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Who asks: the other end of the connection, or whoever a trusted proxy there says that it asks for. `forwarded` are
    /// the values of `X-Forwarded-For` in their order: each proxy has added the other end of its own connection, so they
    /// are read from the last one on, as far as each is a trusted proxy itself; what stands before may be anybody's
    /// invention.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded.flat_map(|value| value.split(',')).rev() {
            match address(hop.trim()) {
                Some(address) if self.trusts(client) => client = address,
                _ => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Some proxies tell the port, too, and put IPv6 into brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|found| found.ip());
    alone.or_else(with_port).map(|found| found.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let networks = ["10.0.0.0/8", "127.0.0.1/32", "::1/128"];
        let trusted = TrustedProxies::new(networks.map(|text| text.parse().unwrap()).into());
        let check = |peer: &str, forwarded: &[&str], expected: &str| {
            let found = trusted.client(peer.parse().unwrap(), forwarded.iter().copied());
            assert_eq!(found.to_string(), expected, "{peer} {forwarded:?}");
        };
        check("127.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check("::ffff:10.1.2.3", &["198.51.100.7"], "198.51.100.7");
        check("127.0.0.1", &[], "127.0.0.1");
        // Whoever is no proxy of ours says nothing of others.
        check("198.51.100.7", &["203.0.113.1"], "198.51.100.7");
        // What a client invents stands before what the proxies add.
        check("127.0.0.1", &["203.0.113.1, 198.51.100.7"], "198.51.100.7");
        check(
            "127.0.0.1",
            &["203.0.113.1", "198.51.100.7, 10.9.9.9"],
            "198.51.100.7",
        );
        // A client within is one, too.
        check("127.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1");
        // Nonsense ends it at the last one that is known.
        check("127.0.0.1", &["198.51.100.7, unknown"], "127.0.0.1");
        check("127.0.0.1", &["", "10.2.2.2"], "10.2.2.2");
        check("::1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check("::1", &["198.51.100.7:80"], "198.51.100.7");
        check("::1", &["[2001:db8::7]"], "2001:db8::7");
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        let peer = "127.0.0.1".parse().unwrap();
        let told = TrustedProxies::default().client(peer, ["198.51.100.7"].into_iter());
        assert_eq!(told, peer);
    }
}
