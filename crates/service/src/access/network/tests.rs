use super::*;

fn networks(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// The code that the host is refused with; empty where it may be connected to.
async fn code(policy: &NetworkPolicy, host: &str) -> &'static str {
    match policy.check(host, 5432).await {
        Ok(addresses) => {
            assert!(!addresses.is_empty());
            ""
        }
        Err(error) => error.code,
    }
}

const DENIED: &str = "ADDRESS_DENIED";

/// Hosts as people write them, and people who mean no good.
const SPELLINGS: &[(&str, &str)] = &[
    // Internal and public addresses.
    ("10.0.0.5", ""),
    ("172.16.3.4", ""),
    ("192.168.1.1", ""),
    ("100.64.0.1", ""),
    ("8.8.8.8", ""),
    ("fd12:3456::1", ""),
    ("2001:4860:4860::8888", ""),
    ("[fd12:3456::1]", ""),
    // The same in other numbers.
    ("167772165", ""),
    ("0x0a000005", ""),
    ("0xa.0.0.5", ""),
    ("012.0.0.5", ""),
    ("10.5", ""),
    ("10.0.5", ""),
    ("::ffff:10.0.0.5", ""),
    ("64:ff9b::10.0.0.5", ""),
    ("2002:a00:5::1", ""),
    // This machine.
    ("localhost", DENIED),
    ("LOCALHOST", DENIED),
    ("127.0.0.1", DENIED),
    ("127.1.2.3", DENIED),
    ("127.255.255.254", DENIED),
    ("127.1", DENIED),
    ("127.0.1", DENIED),
    ("2130706433", DENIED),
    ("0x7f000001", DENIED),
    ("0x7f.0.0.1", DENIED),
    ("0x7F.1", DENIED),
    ("017700000001", DENIED),
    ("0177.0.0.1", DENIED),
    ("0177.0x0.0.01", DENIED),
    ("00000177.0.0.1", DENIED),
    ("::1", DENIED),
    ("[::1]", DENIED),
    ("0:0:0:0:0:0:0:1", DENIED),
    ("0000:0000:0000:0000:0000:0000:0000:0001", DENIED),
    ("::ffff:127.0.0.1", DENIED),
    ("::ffff:7f00:1", DENIED),
    ("[::ffff:7f00:1]", DENIED),
    ("0:0:0:0:0:ffff:127.0.0.1", DENIED),
    ("::127.0.0.1", DENIED),
    ("::ffff:0:127.0.0.1", DENIED),
    ("64:ff9b::127.0.0.1", DENIED),
    ("64:ff9b::7f00:1", DENIED),
    ("2002:7f00:1::", DENIED),
    ("2002:7f00:1::1", DENIED),
    ("2001:0:7f00:1::1", DENIED),
    ("2001::80ff:fffe", DENIED),
    ("fd12::5efe:127.0.0.1", DENIED),
    ("fd12::200:5efe:7f00:1", DENIED),
    // No host at all.
    ("0.0.0.0", DENIED),
    ("0", DENIED),
    ("0.1.2.3", DENIED),
    ("0x0", DENIED),
    ("::", DENIED),
    ("::ffff:0.0.0.0", DENIED),
    ("64:ff9b::", DENIED),
    // Link-local, where clouds tell credentials.
    ("169.254.169.254", DENIED),
    ("2852039166", DENIED),
    ("0xa9fea9fe", DENIED),
    ("0251.0376.0251.0376", DENIED),
    ("169.254.43518", DENIED),
    ("::ffff:169.254.169.254", DENIED),
    ("64:ff9b::a9fe:a9fe", DENIED),
    ("64:ff9b:1::a9fe:a9fe", DENIED),
    ("2002:a9fe:a9fe::", DENIED),
    ("fe80::1", DENIED),
    ("fe80::1%1", DENIED),
    ("febf::1", DENIED),
    ("fd00:ec2::254", DENIED),
    ("100.100.100.200", DENIED),
    // Many hosts, and none.
    ("224.0.0.1", DENIED),
    ("239.255.255.250", DENIED),
    ("ff02::1", DENIED),
    ("255.255.255.255", DENIED),
    ("4294967295", DENIED),
    ("240.0.0.1", DENIED),
    // No hosts.
    ("/var/run/postgresql", DENIED),
    ("..\\pipe", DENIED),
    ("127.0.0.1/", DENIED),
    ("10.0.0.5\0", DENIED),
];

#[tokio::test]
async fn every_spelling_is_judged_by_where_it_leads() {
    let policy = NetworkPolicy::default();
    for (host, expected) in SPELLINGS {
        assert_eq!(code(&policy, host).await, *expected, "{host:?}");
    }
}

#[tokio::test]
async fn what_has_no_address_is_unreachable() {
    let policy = NetworkPolicy::default();
    for host in ["", "[]", "a b"] {
        assert_eq!(code(&policy, host).await, "UNREACHABLE", "{host:?}");
    }
}

#[tokio::test]
async fn this_machine_is_a_matter_of_its_own() {
    let policy = NetworkPolicy {
        allow_loopback: true,
        allow: networks(&["10.0.0.0/8"]),
        ..NetworkPolicy::default()
    };
    for host in [
        "localhost",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.5",
    ] {
        assert_eq!(code(&policy, host).await, "", "{host}");
    }
    for host in ["0.0.0.0", "::", "169.254.169.254", "192.168.1.1"] {
        assert_eq!(code(&policy, host).await, DENIED, "{host}");
    }
    let listed = NetworkPolicy {
        allow: networks(&["127.0.0.0/8", "::/0", "0.0.0.0/0"]),
        ..NetworkPolicy::default()
    };
    for host in ["127.0.0.1", "::1", "169.254.169.254"] {
        assert_eq!(code(&listed, host).await, DENIED, "{host}");
    }
}

#[test]
fn lists_are_kept() {
    let policy = NetworkPolicy {
        allow: networks(&["10.0.0.0/8", "fd00::/8", "64:ff9b::/96", "2002::/16"]),
        deny: networks(&["10.9.0.0/16", "fd99::/16"]),
        ..NetworkPolicy::default()
    };
    let check = |address: &str, allowed: bool| {
        let address = SocketAddr::new(address.parse().unwrap(), 5432);
        let judged = policy.judge(address);
        assert_eq!(judged.is_ok(), allowed, "{address}: {judged:?}");
    };
    check("10.0.0.5", true);
    check("::ffff:10.0.0.5", true);
    check("11.0.0.5", false);
    check("::ffff:11.0.0.5", false);
    check("10.9.0.5", false);
    check("::ffff:10.9.0.5", false);
    check("64:ff9b::10.0.0.5", true);
    check("64:ff9b::10.9.0.5", false);
    check("2002:a09:5::1", false);
    check("fd12::1", true);
    check("fd99::1", false);
    check("fd12::5efe:10.9.0.5", false);
    check("2001:db8::1", false);
}

#[tokio::test]
async fn own_ports_are_closed_whatever_is_allowed() {
    let own = [
        "127.0.0.1:5432",
        "[::1]:5432",
        "10.0.0.5:5432",
        "0.0.0.0:8080",
        "[::]:8081",
    ];
    let policy = NetworkPolicy {
        allow_loopback: true,
        own: own.map(|own| own.parse().unwrap()).to_vec(),
        ..NetworkPolicy::default()
    };
    let check = async |host: &str, port: u16, allowed: bool| {
        let checked = policy.check(host, port).await;
        assert_eq!(checked.is_ok(), allowed, "{host}:{port}: {checked:?}");
        if let Err(error) = checked {
            assert!(error.message.contains("a port of this service"), "{error}");
        }
    };
    check("127.0.0.1", 5432, false).await;
    check("127.0.0.1", 5433, true).await;
    check("127.0.0.2", 5432, true).await;
    check("localhost", 5432, false).await;
    check("::ffff:127.0.0.1", 5432, false).await;
    check("::ffff:10.0.0.5", 5432, false).await;
    check("64:ff9b::10.0.0.5", 5432, false).await;
    check("10.0.0.6", 5432, true).await;
    for host in ["127.0.0.1", "127.0.0.9", "::1"] {
        check(host, 8080, false).await;
        check(host, 8081, false).await;
    }
    check("192.0.2.1", 8080, true).await;
    // The address that this machine would be reached at, where it has one.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("192.0.2.1:9").is_ok() {
        let home = socket.local_addr().unwrap().ip();
        check(&home.to_string(), 8080, false).await;
        check(&home.to_string(), 8082, true).await;
    }
}

#[test]
fn the_reason_is_told_and_the_address_is_not() {
    let error = denied("db.example", "it is link-local");
    assert_eq!(
        error.to_string(),
        r#""db.example" may not be connected to: it is link-local"#
    );
}

/// A folder with two roots, our own folder in one of them, and links to everywhere.
#[cfg(unix)]
fn house() -> (tempfile::TempDir, LocalRoots) {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for made in ["lake/ods/t", "files", "files/.godwit", "outside", "lakes"] {
        std::fs::create_dir_all(at(made)).unwrap();
    }
    for made in [
        "lake/shop.db",
        "outside/secret.db",
        "files/.godwit/godwit.db",
    ] {
        std::fs::write(at(made), "").unwrap();
    }
    symlink(at("outside"), at("lake/away")).unwrap();
    symlink("../files", at("lake/near")).unwrap();
    symlink(at("outside/secret.db"), at("lake/secret.db")).unwrap();
    symlink(at("outside/not there"), at("lake/dangling")).unwrap();
    symlink("loop", at("lake/loop")).unwrap();
    symlink(at("lake"), at("linked root")).unwrap();
    let roots = LocalRoots {
        roots: vec![at("linked root"), at("files"), at("no such root")],
        own: vec![at("files/.godwit")],
    };
    (folder, roots)
}

#[cfg(unix)]
#[test]
fn paths_lead_below_a_root_or_nowhere() {
    let (folder, roots) = house();
    let base = folder.path().canonicalize().unwrap();
    let check = |path: &str, expected: Option<&str>| {
        let checked = roots.check(&folder.path().join(path));
        let code = checked.as_ref().err().map(|error| error.code);
        assert!(code.is_none_or(|code| code == "PATH_OUTSIDE_ROOTS"));
        let expected = expected.map(|path| base.join(path));
        assert_eq!(checked.ok(), expected, "{path}");
    };
    check("lake", Some("lake"));
    check("lake/shop.db", Some("lake/shop.db"));
    check("linked root/shop.db", Some("lake/shop.db"));
    check("lake/new/deep/er", Some("lake/new/deep/er"));
    check("lake/ods/../shop.db", Some("lake/shop.db"));
    check("lake/./ods//t/", Some("lake/ods/t"));
    check("lake/near/new", Some("files/new"));
    check("lake/ods/..", Some("lake"));
    check("outside", None);
    check("outside/secret.db", None);
    check("", None);
    check("lakes", None);
    check("lakes/new", None);
    check("no such root", None);
    check("no such root/new", None);
    check("lake/..", None);
    check("lake/../outside/secret.db", None);
    check("lake/new/../../outside", None);
    check("lake/new/../shop.db", None);
    check("lake/new/..", None);
    check("lake/away", None);
    check("lake/away/secret.db", None);
    check("lake/away/new", None);
    check("lake/away/../lake/shop.db", Some("lake/shop.db"));
    check("lake/secret.db", None);
    check("lake/dangling", None);
    check("lake/dangling/new", None);
    check("lake/loop", None);
    check("lake/loop/new", None);
    check("lake/shop.db/new", None);
    check("lake/shop.db\0.txt", None);
    check("files/.godwit", None);
    check("files/.godwit/godwit.db", None);
    check("files/.godwit/new", None);
    check("lake/near/.godwit/godwit.db", None);
    check("files", None);
    check("files/.godwit2", Some("files/.godwit2"));
    check("/etc/passwd", None);
    check("/", None);
    check("/proc/self/environ", None);
}

#[test]
fn a_path_that_depends_on_where_we_stand_is_refused() {
    let roots = LocalRoots {
        roots: vec![PathBuf::from("/"), PathBuf::from(".")],
        own: Vec::new(),
    };
    for path in ["", ".", "shop.db", "./shop.db", "../shop.db", "~/shop.db"] {
        let error = roots.check(Path::new(path)).unwrap_err();
        assert_eq!(error.code, "PATH_OUTSIDE_ROOTS", "{path}");
    }
    assert!(LocalRoots::default().check(Path::new("/")).is_err());
}
