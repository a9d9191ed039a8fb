//! Against a real server, named by `GODWIT_TEST_POSTGRES_*`; each test in a database of its own.

mod accepted;
mod arriving;
mod in_place;
mod loads;
mod older_snapshots;
mod probing;
mod reading;
mod sessions;
mod support;
mod values;
mod writing;
