//! Opening a service: what its configuration file says, its store, its keys, and the token of the first start.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::{IpNet, Ipv4Net};
use model::secret::Unsealed;
use model::{Error, ErrorKind, ObjectId, Result, Secret};
use serde::{Deserialize, Serialize};
use store::{By, KeyRing, Noun, ServerLock, Store, Zeroizing};

use crate::access::network::{LocalRoots, NetworkPolicy};
use crate::access::proxies::TrustedProxies;
use crate::access::token::SetUp;
use crate::alerts::Mail;
use crate::clock::Clock;
use crate::data_folder::data_folder;
use crate::document::Document;
use crate::installation::{Service, Settings};
use crate::lineage::Lineage;
use crate::restoring::{self, Mark};
use crate::users;

/// Who does what nobody asked for.
pub(crate) const OURSELVES: &str = "godwit";
pub(crate) const CANARY: &str = "canary";
const POSTGRES_PORT: u16 = 5432;

/// A configuration file. All of it may be left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Configuration {
    /// Where to listen; 127.0.0.1:8080 where nobody says so.
    pub listen: Option<SocketAddr>,
    /// TLS of our own.
    pub tls: Option<TlsFiles>,
    /// Whether a proxy before us has the TLS: plain HTTP may leave this machine, and cookies need TLS.
    pub behind_tls_proxy: bool,
    /// Proxies before us that are believed when they tell for whom they ask: networks or addresses of such as add the
    /// other end of their connection to `X-Forwarded-For`, or put it there. None by default: a proxy that hands on what
    /// clients send would have anybody be anyone.
    pub trusted_proxies: Vec<String>,
    /// A PostgreSQL database that several servers share; SQLite in the data folder otherwise.
    pub store: Option<SharedStore>,
    /// The keys of the store's secrets; `godwit.key` in the data folder otherwise.
    pub key_file: Option<PathBuf>,
    /// Names this server among those that share the store; its host's name and port otherwise.
    pub server: Option<String>,
    /// Which addresses data sources may lead to.
    pub network: Network,
    /// Folders below which data sources may lie. None where empty.
    pub roots: Vec<PathBuf>,
    /// At most so many days are made up for after a downtime.
    pub most_days: u16,
    /// How long what is over is kept.
    pub retention: Retention,
    /// How long a person's session lasts.
    pub session_hours: u32,
    /// The mail server for alerts; there is none otherwise.
    pub mail: Option<MailServer>,
    /// Who is told, as OpenLineage events, of what runs; nobody otherwise.
    pub lineage: Option<LineageServer>,
    /// What whoever reads the figures shows as a bearer token; anybody may read them otherwise.
    pub metrics_token: Option<Secret>,
    /// Where relative paths start: the file's folder.
    #[serde(skip)]
    pub base: PathBuf,
}

/// PEM files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsFiles {
    /// The certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A store that several servers share.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SharedStore {
    /// `postgres://user:password@host:port/database`, as `${env:…}` or `${file:…}`.
    pub url: Secret,
    /// How many connections this server has to it at most.
    #[serde(default = "usual_connections")]
    pub connections: u32,
}

fn usual_connections() -> u32 {
    16
}

/// By whom alerts send mail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MailServer {
    /// `smtps://user:password@host:port`, or `smtp://…?tls=required`, as `${env:…}` or `${file:…}`.
    pub url: Secret,
    /// As whom: `name@host`, or `Name <name@host>`.
    pub from: String,
}

/// Who is told of what runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineageServer {
    /// Where events are posted: `https://marquez.example.org/api/v1/lineage`.
    pub url: String,
    /// What is shown as a bearer token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Of which our jobs are; each project's are of `NAMESPACE/PROJECT`.
    #[serde(default = "usual_namespace")]
    pub namespace: String,
}

fn usual_namespace() -> String {
    OURSELVES.to_owned()
}

/// Which addresses data sources may lead to. Networks are written as `10.0.0.0/8`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Network {
    /// Whether this machine itself may be connected to.
    pub allow_loopback: bool,
    /// Where not empty, nothing else may be.
    pub allow: Vec<String>,
    /// Never, even where allowed.
    pub deny: Vec<String>,
}

/// How long what is over is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Retention {
    /// Instances, after their end.
    pub instances_days: u32,
    /// The audit log.
    pub audit_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            instances_days: 90,
            audit_days: 400,
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: None,
            tls: None,
            behind_tls_proxy: false,
            trusted_proxies: Vec::new(),
            store: None,
            key_file: None,
            server: None,
            network: Network::default(),
            roots: Vec::new(),
            most_days: 30,
            retention: Retention::default(),
            session_hours: 12,
            mail: None,
            lineage: None,
            metrics_token: None,
            base: PathBuf::new(),
        }
    }
}

impl Configuration {
    /// Reads a configuration file (YAML or JSON). Paths in it start at its folder. What is not known is an
    /// error, with its place.
    pub async fn read(path: &Path) -> Result<Self> {
        let refuse = |why: String, hint: &str| {
            let message = format!("could not use the configuration {path:?}: {why}");
            Err(Error::new(ErrorKind::Config, "BAD_CONFIGURATION", message).hint(hint))
        };
        let text = match tokio::fs::read_to_string(path).await {
            Ok(text) => text,
            Err(cause) => return refuse(cause.to_string(), "check the path and the rights"),
        };
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let base = absolute.parent().unwrap_or(Path::new("/"));
        match Self::understand(&text, base) {
            Ok(configuration) => Ok(configuration),
            Err(why) => refuse(
                why,
                "correct it at the place given; what is left out has its usual value",
            ),
        }
    }

    /// Understands a file's text, or says why not.
    fn understand(text: &str, base: &Path) -> std::result::Result<Self, String> {
        let document = Document::parse(text).map_err(|finding| match finding.position {
            Some(at) => format!("line {}: {}", at.line, finding.message),
            None => finding.message,
        })?;
        let read = serde_path_to_error::deserialize::<_, Self>(&document.value);
        let mut read = read.map_err(|error| {
            let path = error.path().to_string();
            let place = document.position(&path);
            let line = place
                .map(|at| format!("line {}: ", at.line))
                .unwrap_or_default();
            format!("{line}{path}: {}", error.inner())
        })?;
        read.base = base.to_owned();
        let at_base = |path: &mut PathBuf| *path = base.join(&*path);
        read.roots.iter_mut().for_each(at_base);
        read.key_file.iter_mut().for_each(at_base);
        if let Some(tls) = &mut read.tls {
            at_base(&mut tls.certificate);
            at_base(&mut tls.key);
        }
        let proxies = &read.trusted_proxies;
        for text in read
            .network
            .allow
            .iter()
            .chain(&read.network.deny)
            .chain(proxies)
        {
            network(text).map_err(|error| error.message)?;
        }
        if read.session_hours == 0 {
            return Err("session-hours: nobody could log in for 0 hours".to_owned());
        }
        Ok(read)
    }

    /// The proxies before us that are believed.
    pub fn proxies(&self) -> Result<TrustedProxies> {
        let networks = self.trusted_proxies.iter().map(|text| network(text));
        Ok(TrustedProxies::new(networks.collect::<Result<_>>()?))
    }

    fn lineage(&self, lineage: &LineageServer) -> Result<Lineage> {
        let token = lineage.token.as_ref();
        let token = token.map(|token| self.reveal(token)).transpose()?;
        Lineage::new(&lineage.url, token, lineage.namespace.clone())
    }

    /// The text of a secret in it.
    pub fn reveal(&self, secret: &Secret) -> Result<Zeroizing<String>> {
        secret
            .reveal(&self.base, &Unsealed::default())
            .map(Zeroizing::new)
    }
}

/// A service that is ready to be asked.
pub struct Opened {
    /// The service.
    pub service: Service,
    /// The one-time token of the first administrator, where there is none yet.
    pub set_up: Option<Zeroizing<String>>,
    /// Where new keys were made: to be backed up.
    pub new_keys: Option<PathBuf>,
    /// Keeps other servers out of the data folder, as long as it is held.
    pub lock: ServerLock,
}

/// What a service starts with beside its configuration.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The data folder; the environment's where it is left out, else `.godwit` here.
    pub data: Option<&'a Path>,
    /// Where we listen, which no data source may lead to.
    pub own: SocketAddr,
    /// What time it is.
    pub clock: Clock,
    /// Somebody put the store back from a backup, and knows it.
    pub restored: bool,
}

/// Opens the store and its keys. A store whose secrets were sealed with other keys is refused, and one that was
/// put back from a backup where nobody says so.
pub async fn open(configuration: &Configuration, start: Start<'_>) -> Result<Opened> {
    let (own, clock) = (start.own, start.clock);
    let folder = data_folder(start.data, Path::new(""));
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    let mut ours = vec![own];
    if let Some(shared) = &configuration.store {
        ours.extend(addresses(&configuration.reveal(&shared.url)?).await);
    }
    let store = open_store(configuration, &folder).await?;
    let locked = folder.clone();
    let lock = tokio::task::spawn_blocking(move || ServerLock::take(&locked)).await;
    let lock =
        lock.map_err(|cause| Error::internal("taking a lock panicked").caused_by(cause))??;
    let (keys, new_keys, installation) = open_keys(configuration, &store, &folder, clock).await?;
    let mark = Mark::new(&folder, installation.as_str());
    restoring::check(&store, &mark, clock, start.restored).await?;
    let networks = |texts: &[String]| {
        texts
            .iter()
            .map(|text| network(text))
            .collect::<Result<_>>()
    };
    let settings = Settings {
        owner: lock.owner().to_owned(),
        installation,
        server: configuration
            .server
            .clone()
            .unwrap_or_else(|| server_name(own)),
        network: NetworkPolicy {
            allow_loopback: configuration.network.allow_loopback,
            allow: networks(&configuration.network.allow)?,
            deny: networks(&configuration.network.deny)?,
            own: ours,
        },
        roots: LocalRoots {
            roots: configuration.roots.clone(),
            own: vec![folder, keys.path().to_owned()],
        },
        most_days: configuration.most_days,
        keep_instances_days: configuration.retention.instances_days,
        keep_audit_days: configuration.retention.audit_days,
        session_hours: configuration.session_hours,
        mail: match &configuration.mail {
            Some(mail) => Some(Mail::new(&configuration.reveal(&mail.url)?, &mail.from)?),
            None => None,
        },
        lineage: match &configuration.lineage {
            Some(lineage) => Some(configuration.lineage(lineage)?),
            None => None,
        },
    };
    let (waiting, set_up) = if users::is_set_up(&store).await? {
        (SetUp::done(), None)
    } else {
        let (waiting, text) = SetUp::new()?;
        (waiting, Some(text))
    };
    Ok(Opened {
        service: Service::new((store, keys), clock, settings, waiting),
        set_up,
        new_keys,
        lock,
    })
}

/// The store that the configuration names, else the one in the data folder.
pub(crate) async fn open_store(configuration: &Configuration, folder: &Path) -> Result<Store> {
    match &configuration.store {
        None => Store::open(folder).await,
        Some(shared) => {
            let url = configuration.reveal(&shared.url)?;
            Store::open_shared(&url, shared.connections.max(1), folder).await
        }
    }
}

/// What a setting of the installation is kept as.
#[derive(Serialize, Deserialize)]
pub(crate) struct Setting {
    /// A sealed text that only the right keys open.
    pub(crate) sealed: String,
}

impl Noun for Setting {
    const KIND: &'static str = "setting";
}

/// The keys of this store, where they stand where they were made now, and the store's own id.
pub(crate) async fn open_keys(
    configuration: &Configuration,
    store: &Store,
    folder: &Path,
    clock: Clock,
) -> Result<(KeyRing, Option<PathBuf>, ObjectId)> {
    let kept = store.find::<Setting>("", CANARY).await?;
    let (file, folder) = (configuration.key_file.clone(), folder.to_owned());
    let may_make = kept.is_none();
    let opening = tokio::task::spawn_blocking(move || match file {
        Some(file) => KeyRing::open_file(&file, may_make),
        None => KeyRing::open(&folder, may_make),
    });
    let opened = opening.await;
    let (keys, is_new) =
        opened.map_err(|cause| Error::internal("opening the keys panicked").caused_by(cause))??;
    if let Some(kept) = kept {
        keys.check_canary(&kept.body.sealed)?;
        return Ok((keys, None, kept.id));
    }
    let by = By {
        person: OURSELVES.to_owned(),
        at: clock.millis(),
        ..By::default()
    };
    let setting = Setting {
        sealed: keys.canary()?,
    };
    let stands = match store.create(&by, ("", CANARY), setting).await {
        Ok(made) => made,
        // Another server of the same store was faster: its keys are the store's.
        Err(error) if error.code == "NAME_TAKEN" => {
            let kept = store.find::<Setting>("", CANARY).await?.ok_or(error)?;
            keys.check_canary(&kept.body.sealed)?;
            kept
        }
        Err(error) => return Err(error),
    };
    let new_keys = is_new.then(|| keys.path().to_owned());
    Ok((keys, new_keys, stands.id))
}

/// A network, or a single address. One of IPv4 that is written as IPv6 is one of IPv4: addresses are compared as such.
fn network(text: &str) -> Result<IpNet> {
    let single = || text.parse().map(|address: IpAddr| IpNet::from(address));
    let parsed: Result<IpNet, _> = text.parse().or_else(|_| single());
    let network = parsed.map_err(|_| {
        let message = format!("{text:?} is no network");
        Error::new(ErrorKind::Config, "BAD_CONFIGURATION", message).hint("write it as 10.0.0.0/8")
    })?;
    let mapped = match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => v6.addr().to_ipv4_mapped(),
        _ => None,
    };
    let inner = mapped.and_then(|v4| Ipv4Net::new(v4, network.prefix_len() - 96).ok());
    Ok(inner.map_or(network, IpNet::V4))
}

/// Where the store of this address stands. Nothing where that cannot be told: it is then refused by name
/// when it is opened.
async fn addresses(url: &str) -> Vec<SocketAddr> {
    let Some((_, rest)) = url.split_once("://") else {
        return Vec::new();
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
        port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
    });
    let place = match has_port {
        true => place.to_owned(),
        false => format!("{place}:{POSTGRES_PORT}"),
    };
    match tokio::net::lookup_host(place).await {
        Ok(found) => found.collect(),
        Err(_) => Vec::new(),
    }
}

/// The host's name and our port.
fn server_name(own: SocketAddr) -> String {
    let told = std::env::var("HOSTNAME").ok();
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = told.or_else(kernel).map(|name| name.trim().to_owned());
    let host = host
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "server".to_owned());
    format!("{host}:{}", own.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(text: &str) -> std::result::Result<Configuration, String> {
        Configuration::understand(text, Path::new("/etc/godwit"))
    }

    #[test]
    fn networks_are_compared_as_addresses_are() {
        for (text, expected) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.5", "10.0.0.5/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.5", "10.0.0.5/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(network(text).unwrap().to_string(), expected);
        }
        assert_eq!(network("ten").unwrap_err().code, "BAD_CONFIGURATION");
    }

    #[test]
    fn a_configuration_is_read_strictly_and_its_paths_start_at_its_folder() {
        let text = "listen: 0.0.0.0:8443\ntls: { certificate: a.pem, key: /b.pem }\n\
                    store: { url: \"${env:STORE}\" }\nroots: [data]\nsession-hours: 8\n\
                    network: { allow-loopback: true, deny: [10.1.0.0/16, 10.2.0.1] }\n";
        let read = understood(text).unwrap();
        assert_eq!(read.listen, Some("0.0.0.0:8443".parse().unwrap()));
        let tls = read.tls.unwrap();
        assert_eq!(tls.certificate, Path::new("/etc/godwit/a.pem"));
        assert_eq!(tls.key, Path::new("/b.pem"));
        assert_eq!(read.roots, [Path::new("/etc/godwit/data")]);
        assert_eq!(read.store.unwrap().connections, usual_connections());
        assert_eq!((read.session_hours, read.most_days), (8, 30));
        let check = |text: &str, expected: &str| {
            let why = understood(text).unwrap_err();
            assert!(why.contains(expected), "{why}");
        };
        check("lisen: 1", "unknown field `lisen`");
        check("roots: []\nnetwork: { allow: [x] }", "\"x\" is no network");
        check("roots: []\nretention: { days: 1 }", "line 2");
        check("store: { url: \"postgres://u:p@h/d\" }", "never in clear");
        check("session-hours: 0", "session-hours");
    }

    async fn opened(folder: &Path, restored: bool) -> Result<Opened> {
        let start = Start {
            data: Some(folder),
            own: SocketAddr::from(([127, 0, 0, 1], 8080)),
            clock: Clock::default(),
            restored,
        };
        Box::pin(open(&Configuration::default(), start)).await
    }

    #[tokio::test]
    async fn a_store_opens_with_its_own_keys_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = opened(folder.path(), false).await.unwrap();
        let made = first.new_keys.unwrap();
        assert!(first.set_up.is_some());
        let second = opened(folder.path(), false).await;
        assert_eq!(second.err().unwrap().code, "FOLDER_IN_USE");
        drop(first.lock);
        let again = opened(folder.path(), false).await.unwrap();
        assert!(again.new_keys.is_none());
        drop(again.lock);
        std::fs::rename(&made, folder.path().join("away")).unwrap();
        let refused = opened(folder.path(), false).await;
        assert_eq!(refused.err().unwrap().code, "KEY_MISSING");
        let elsewhere = tempfile::tempdir().unwrap();
        let (other, _) = KeyRing::open(elsewhere.path(), true).unwrap();
        std::fs::copy(other.path(), &made).unwrap();
        let refused = opened(folder.path(), false).await;
        assert_eq!(refused.err().unwrap().code, "KEY_MISSING");
    }

    #[tokio::test]
    async fn a_store_that_was_put_back_is_refused_until_somebody_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let first = opened(folder.path(), false).await.unwrap();
        let installation = first.service.settings().installation.clone();
        let mut mark = Mark::new(folder.path(), installation.as_str());
        mark.note(7).await;
        drop(first);
        let refused = opened(folder.path(), false).await.err().unwrap();
        assert_eq!(refused.code, "STORE_RESTORED");
        let held = opened(folder.path(), true).await.unwrap();
        let until = restoring::held_until(held.service.store()).await.unwrap();
        assert!(until > 0);
        drop(held);
        // A mark of another store says nothing of this one.
        Mark::new(folder.path(), "other").note(9).await;
        opened(folder.path(), false).await.unwrap();
    }
}
