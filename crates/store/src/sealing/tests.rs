use std::sync::Arc;

use super::*;

fn ring() -> (tempfile::TempDir, KeyRing) {
    let folder = tempfile::tempdir().unwrap();
    let (ring, made) = KeyRing::open(folder.path(), true).unwrap();
    assert!(made);
    (folder, ring)
}

fn refused<T>(result: Result<T>) -> &'static str {
    result.err().map_or("nothing was refused", |error| {
        assert_eq!(error.side, Side::Store);
        error.code
    })
}

#[test]
fn what_is_sealed_opens_under_its_own_id_alone() {
    let (_folder, ring) = ring();
    let check = |text: &str| {
        let sealed = ring.seal("one", text).unwrap();
        assert!(text.is_empty() || !sealed.contains(text));
        assert_eq!(*ring.unseal("one", &sealed).unwrap(), text);
        assert_eq!(refused(ring.unseal("two", &sealed)), "SECRET_BROKEN");
        assert_ne!(ring.seal("one", text).unwrap(), sealed, "sealed alike");
    };
    check("hunter2");
    check("");
    check("Пароль 密码 🔑\n");
    check(&"long".repeat(10_000));
}

#[test]
fn what_was_changed_does_not_open() {
    let (_folder, ring) = ring();
    let sealed = ring.seal("one", "hunter2").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let code = refused(ring.unseal("one", &changed));
        assert!(
            ["SECRET_BROKEN", "KEY_MISSING"].contains(&code),
            "{changed}"
        );
    }
    for wrong in [
        "",
        "g1",
        "g1.a",
        "g1.a.b",
        "g1..",
        "g2.a.b",
        &sealed[..sealed.len() - 4],
    ] {
        assert_eq!(
            refused(ring.unseal("one", wrong)),
            "SECRET_BROKEN",
            "{wrong}"
        );
    }
}

#[test]
fn a_key_of_another_ring_is_missing() {
    let ((_one, ours), (_other, theirs)) = (ring(), ring());
    let sealed = theirs.seal("one", "hunter2").unwrap();
    assert_eq!(refused(ours.unseal("one", &sealed)), "KEY_MISSING");
    assert_eq!(refused(ours.check(&sealed)), "KEY_MISSING");
    assert_eq!(refused(ours.check("no secret")), "SECRET_BROKEN");
    theirs.check(&sealed).unwrap();
    let canary = theirs.canary().unwrap();
    theirs.check_canary(&canary).unwrap();
    assert_eq!(refused(ours.check_canary(&canary)), "KEY_MISSING");
    assert_eq!(refused(theirs.check_canary(&sealed)), "SECRET_BROKEN");
}

#[test]
fn the_file_is_made_once_and_when_asked_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refused(KeyRing::open(folder.path(), false)), "KEY_MISSING");
    assert!(!folder.path().join(FILE).exists());
    let (first, made) = KeyRing::open(folder.path(), true).unwrap();
    assert!(made);
    let sealed = first.seal("one", "hunter2").unwrap();
    let (second, made) = KeyRing::open(folder.path(), true).unwrap();
    assert!(!made);
    assert_eq!(*second.unseal("one", &sealed).unwrap(), "hunter2");
    assert!(!folder.path().join("godwit.key.new").exists());
    let elsewhere = folder.path().join("keys/of the store");
    let (third, made) = KeyRing::open_file(&elsewhere, true).unwrap();
    assert!(made && elsewhere.exists());
    assert_eq!(refused(third.check(&sealed)), "KEY_MISSING");
}

#[test]
fn many_that_start_at_once_get_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let start = || KeyRing::open(folder.path(), true).unwrap();
    let rings: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(rings.iter().filter(|(_, made)| *made).count(), 1);
    let sealed = rings[0].0.seal("one", "hunter2").unwrap();
    for (ring, _) in &rings {
        assert_eq!(*ring.unseal("one", &sealed).unwrap(), "hunter2");
    }
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, ring) = ring();
    let mode = || std::fs::metadata(ring.path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    ring.rotate().unwrap();
    assert_eq!(mode(), 0o600);
    let check = |mode: u32, expected: &str| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(ring.path(), permissions).unwrap();
        let opened = KeyRing::open(folder.path(), true);
        let code = opened.err().map_or("", |error| error.code);
        assert_eq!(code, expected, "{mode:o}");
    };
    check(0o640, "KEY_EXPOSED");
    check(0o604, "KEY_EXPOSED");
    check(0o620, "KEY_EXPOSED");
    check(0o400, "");
    check(0o600, "");
}

#[test]
fn a_file_that_is_none_is_refused() {
    let key = URL_SAFE_NO_PAD.encode([7; KEY_BYTES]);
    let check = |text: String, expected: Option<usize>| {
        let parsed = parse(&text).ok().map(|keys| keys.len());
        assert_eq!(parsed, expected, "{text}");
    };
    check(format!("godwit-key 1\na {key}\n"), Some(1));
    check(
        format!("godwit-key 1\n# a remark\n\na {key}\nb {key}"),
        Some(2),
    );
    check(String::new(), None);
    check("godwit-key 1\n".to_owned(), None);
    check(format!("godwit-key 2\na {key}\n"), None);
    check(format!("a {key}\n"), None);
    check(format!("godwit-key 1\n{key}\n"), None);
    check(format!("godwit-key 1\na {key}\na {key}\n"), None);
    check(format!("godwit-key 1\na.b {key}\n"), None);
    check(format!("godwit-key 1\n {key}\n"), None);
    check(format!("godwit-key 1\na {}\n", &key[..40]), None);
    check(format!("godwit-key 1\na {key}AAAA\n"), None);
    check(format!("godwit-key 1\na {}\n", key.replace('H', "!")), None);
    let (folder, ring) = ring();
    std::fs::write(ring.path(), "not a key file").unwrap();
    let error = KeyRing::open(folder.path(), true).unwrap_err();
    assert_eq!(error.code, "KEY_BROKEN");
    assert_eq!(refused(ring.rotate()), "KEY_BROKEN");
    std::fs::remove_file(ring.path()).unwrap();
    std::fs::create_dir(ring.path()).unwrap();
    let code = refused(KeyRing::open(folder.path(), true));
    assert!(["KEY_BROKEN", "KEY_EXPOSED"].contains(&code), "{code}");
}

#[test]
fn after_a_rotation_the_newest_seals_and_all_open() {
    let (folder, ring) = ring();
    let old = ring.seal("one", "hunter2").unwrap();
    let canary = ring.canary().unwrap();
    ring.rotate().unwrap();
    let new = ring.reseal("one", &old).unwrap().unwrap();
    assert_ne!(old.split('.').nth(1), new.split('.').nth(1));
    assert!(ring.reseal("one", &new).unwrap().is_none());
    let new_canary = ring.reseal_canary(&canary).unwrap().unwrap();
    ring.check_canary(&canary).unwrap();
    let (again, _) = KeyRing::open(folder.path(), false).unwrap();
    assert_eq!(*again.unseal("one", &old).unwrap(), "hunter2");
    assert!(
        again.reseal("one", &new).unwrap().is_none(),
        "order was lost"
    );
    ring.forget_old().unwrap();
    assert_eq!(*ring.unseal("one", &new).unwrap(), "hunter2");
    ring.check_canary(&new_canary).unwrap();
    assert_eq!(refused(ring.unseal("one", &old)), "KEY_MISSING");
    assert_eq!(refused(ring.check_canary(&canary)), "KEY_MISSING");
}

#[test]
fn a_key_that_another_process_added_is_found_and_kept() {
    let (folder, ours) = ring();
    let (theirs, _) = KeyRing::open(folder.path(), false).unwrap();
    theirs.rotate().unwrap();
    let sealed = theirs.seal("one", "hunter2").unwrap();
    assert_eq!(*ours.unseal("one", &sealed).unwrap(), "hunter2");
    theirs.rotate().unwrap();
    let sealed = theirs.seal("one", "hunter2").unwrap();
    ours.rotate().unwrap();
    assert_eq!(*ours.unseal("one", &sealed).unwrap(), "hunter2");
}

#[test]
fn secrets_open_while_the_key_is_rotated() {
    let (_folder, ring) = ring();
    let ring = Arc::new(ring);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let ring = ring.clone();
            scope.spawn(move || {
                for turn in 0..200 {
                    let id = format!("{thread}/{turn}");
                    let sealed = ring.seal(&id, &id).unwrap();
                    assert_eq!(*ring.unseal(&id, &sealed).unwrap(), id);
                }
            });
        }
        for _ in 0..5 {
            ring.rotate().unwrap();
        }
    });
}

#[test]
fn no_key_is_shown() {
    let (_folder, ring) = ring();
    let shown = format!("{ring:?}");
    let text = std::fs::read_to_string(ring.path()).unwrap();
    let line = text.lines().last().unwrap();
    let (id, key) = line.split_once(' ').unwrap();
    assert!(shown.contains(id) && !shown.contains(key), "{shown}");
    assert!(!shown.contains(&format!("{:?}", &ring.keys.read().unwrap()[0].bytes[..4])));
}
