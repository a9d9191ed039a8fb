//! Tests that cannot run here: never silently. Where servers are required it is a failure; elsewhere
//! the test's name goes into the list that `make` prints at its end.

use std::io::Write as _;

/// The calling test cannot run, for this reason.
pub(crate) fn skipped(reason: &str) {
    let required = std::env::var("GODWIT_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "{reason}, and servers are required");
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    eprintln!("skipped: {test}: {reason}");
    if let Ok(list) = std::env::var("GODWIT_SKIPPED") {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&list);
        let written = file.and_then(|mut file| writeln!(file, "{test}: {reason}"));
        assert!(
            written.is_ok(),
            "could not note in {list} that {test} was skipped"
        );
    }
}
