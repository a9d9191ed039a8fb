//! Where a data source may lead: which addresses are connected to, and which paths of this machine are
//! opened. Names are resolved once and all their addresses are judged.

use std::io::ErrorKind as Io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use contract::Judge;
use ipnet::IpNet;
use model::{Error, ErrorKind, Result};

const LONGEST_LOOK_UP: Duration = Duration::from_secs(10);

/// Which addresses data sources may lead to. Databases stand in internal networks, so these are open
/// unless an administrator says otherwise; what is never a database's address is never open.
#[derive(Debug, Clone, Default)]
pub struct NetworkPolicy {
    /// Whether this machine itself may be connected to.
    pub allow_loopback: bool,
    /// Where not empty, nothing else may be; loopback is a matter of `allow_loopback` alone.
    pub allow: Vec<IpNet>,
    /// Never, even where allowed.
    pub deny: Vec<IpNet>,
    /// Our own ports and the store's: never. One without address (`0.0.0.0:80`) is that port at all
    /// addresses of this machine.
    pub own: Vec<SocketAddr>,
}

#[async_trait]
impl Judge for NetworkPolicy {
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        self.check(host, port).await
    }
}

/// Why an address is denied, to go on after "because".
type Reason = &'static str;

impl NetworkPolicy {
    /// The addresses of host and port, all of them fit to be connected to: connect to these, and not to
    /// the name, which may resolve to others the next time. `ADDRESS_DENIED` where one of them is not,
    /// `UNREACHABLE` where there are none.
    pub async fn check(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        if host.contains(['/', '\\', '\0']) {
            return Err(denied(host, "it is a path and no host"));
        }
        // As URLs have them.
        let name = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let looked_up =
            tokio::time::timeout(LONGEST_LOOK_UP, tokio::net::lookup_host((name, port)));
        let found: Vec<SocketAddr> = match looked_up.await {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        if found.is_empty() {
            let message = format!("no address is known of {host:?}");
            return Err(Error::new(ErrorKind::Unavailable, "UNREACHABLE", message)
                .hint("check the host's name")
                .at_option("host"));
        }
        for address in &found {
            self.judge(*address)
                .and_then(|()| self.is_not_ours(*address))
                .map_err(|reason| denied(host, reason))?;
        }
        Ok(found)
    }

    /// Whether this address may be connected to, as far as it tells by itself: pure.
    fn judge(&self, address: SocketAddr) -> Result<(), Reason> {
        let port = address.port();
        // What maps IPv4 is IPv4: the system connects to that.
        let outer = address.ip().to_canonical();
        self.is_no_special(outer, port)?;
        if let IpAddr::V6(outer) = outer {
            for inner in embedded(outer) {
                self.is_no_special(inner.into(), port)?;
            }
        }
        let listed = self.allow.iter().any(|network| network.contains(&outer));
        if self.allow.is_empty() || listed || outer.is_loopback() {
            return Ok(());
        }
        Err("it is not in a network that is allowed")
    }

    fn is_no_special(&self, address: IpAddr, port: u16) -> Result<(), Reason> {
        if let Some(reason) = never(address) {
            return Err(reason);
        }
        if address.is_loopback() && !self.allow_loopback {
            return Err("it is this machine itself");
        }
        let ours = self.own.iter().any(|own| {
            let same = own.ip().to_canonical() == address;
            own.port() == port && (same || (own.ip().is_unspecified() && address.is_loopback()))
        });
        if ours {
            return Err("it is a port of this service");
        }
        match self.deny.iter().any(|network| network.contains(&address)) {
            true => Err("it is in a network that is denied"),
            false => Ok(()),
        }
    }

    /// Whether it is not a port of ours that is open at all addresses of this machine.
    fn is_not_ours(&self, address: SocketAddr) -> Result<(), Reason> {
        let open_everywhere = |own: &SocketAddr| own.ip().is_unspecified();
        let mut everywhere = self.own.iter().filter(|own| open_everywhere(own));
        let same_port = everywhere.any(|own| own.port() == address.port());
        // One can be bound to where one is at home, and sends nothing.
        match same_port && UdpSocket::bind((address.ip(), 0)).is_ok() {
            true => Err("it is a port of this service"),
            false => Ok(()),
        }
    }
}

/// Why no data source ever has this address.
fn never(address: IpAddr) -> Option<Reason> {
    let (unspecified, link_local, multicast) = match address {
        IpAddr::V4(v4) => (v4.octets()[0] == 0, v4.is_link_local(), v4.is_multicast()),
        IpAddr::V6(v6) => (
            v6.is_unspecified(),
            v6.is_unicast_link_local(),
            v6.is_multicast(),
        ),
    };
    if unspecified {
        return Some("it is no address of a host");
    }
    if link_local {
        return Some("it is link-local");
    }
    if multicast {
        return Some("it is multicast");
    }
    if METADATA.contains(&address) {
        return Some("it is a metadata service");
    }
    match address {
        IpAddr::V4(v4) if v4.is_broadcast() => Some("it is broadcast"),
        IpAddr::V4(v4) if v4.octets()[0] >= 240 => Some("it is reserved"),
        // Translated in a way that only its own network knows.
        IpAddr::V6(v6) if v6.segments()[..3] == [0x64, 0xff9b, 1] => Some("it is translated"),
        _ => None,
    }
}

/// Where clouds tell machines their credentials, beside 169.254.169.254.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// The IPv4 addresses that an IPv6 address may lead to: compatible, translated (NAT64, SIIT), 6to4,
/// Teredo, ISATAP.
fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bytes = address.octets();
    let at = |from: usize| {
        let four = [
            bytes[from],
            bytes[from + 1],
            bytes[from + 2],
            bytes[from + 3],
        ];
        Ipv4Addr::from(four)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if (high, low) > (0, 1) => vec![at(12)],
        [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![at(12)],
        [0x2002, ..] => vec![at(2)],
        [0x2001, 0, ..] => vec![at(4), Ipv4Addr::from_bits(!at(12).to_bits())],
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => vec![at(12)],
        _ => Vec::new(),
    }
}

fn denied(host: &str, reason: Reason) -> Error {
    let message = format!("{host:?} may not be connected to: {reason}");
    Error::new(ErrorKind::Config, "ADDRESS_DENIED", message)
        .hint("an administrator says which networks data sources may be in")
        .at_option("host")
}

/// Which paths of this machine data sources may name.
#[derive(Debug, Clone, Default)]
pub struct LocalRoots {
    /// The folders below which they may be. None where empty.
    pub roots: Vec<PathBuf>,
    /// Our own folders, the data folder above all: never, even below a root.
    pub own: Vec<PathBuf>,
}

impl LocalRoots {
    /// The path with all links followed, which is under a root: open this, and not the path that was
    /// given. It need not exist. `PATH_OUTSIDE_ROOTS` where it is elsewhere. Blocks for file operations.
    /// Whoever can write below a root by other means can exchange folders for links after this.
    pub fn check(&self, path: &Path) -> Result<PathBuf> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(outside(path, "it has a NUL character"));
        }
        if !path.is_absolute() {
            return Err(outside(
                path,
                "it does not begin with /, as the server has it",
            ));
        }
        let real = followed(path).map_err(|reason| outside(path, reason))?;
        let mut roots = self
            .roots
            .iter()
            .filter_map(|root| root.canonicalize().ok());
        if !roots.any(|root| real.starts_with(root)) {
            return Err(outside(path, "it is not below a folder that is allowed"));
        }
        let mut own = self.own.iter().filter_map(|own| followed(own).ok());
        if own.any(|own| real.starts_with(&own) || own.starts_with(&real)) {
            return Err(outside(path, "this service keeps its own data there"));
        }
        Ok(real)
    }
}

/// The longest part of the path that exists, all links followed, and what is left of it.
fn followed(path: &Path) -> Result<PathBuf, Reason> {
    const HIDDEN: Reason = "it leads to where we cannot look";
    let mut missing = Vec::new();
    let mut there = path;
    while let Err(cause) = there.symlink_metadata() {
        if !matches!(cause.kind(), Io::NotFound | Io::NotADirectory) {
            return Err(HIDDEN);
        }
        match there.components().next_back() {
            Some(Component::Normal(name)) => missing.push(name),
            _ => return Err("it has .. where nothing exists"),
        }
        there = there.parent().unwrap_or(Path::new("/"));
    }
    // A link to what does not exist, or a folder that we may not look into, leads nobody knows where.
    let mut real = there.canonicalize().map_err(|_| HIDDEN)?;
    if !missing.is_empty() && !real.is_dir() {
        return Err("it goes on below a file");
    }
    real.extend(missing.into_iter().rev());
    Ok(real)
}

fn outside(path: &Path, reason: Reason) -> Error {
    let message = format!("the path {path:?} may not be used: {reason}");
    Error::new(ErrorKind::Config, "PATH_OUTSIDE_ROOTS", message)
        .hint("an administrator says below which folders the paths of data sources may be")
}

#[cfg(test)]
mod tests;
