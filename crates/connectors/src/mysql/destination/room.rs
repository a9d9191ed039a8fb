//! The names of what one load makes at the server, and of what all loads share. A load's tables stand
//! beside their target, for a rename may not leave its disk; a person learns from their comments whose
//! they are.

use model::{Error, LoadId, Result, TableName};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mysql::ddl::{literal, quote};

/// The table that remembers loads, one for each database that was written to.
pub(super) const LOADS: &str = "godwit_loads";

/// What every name made here begins with.
pub(crate) const PREFIX: &str = "godwit_";

/// The tables of one load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Room {
    /// The database that they stand in.
    pub(super) database: String,
    /// Rows, unseen.
    pub(super) stage: String,
    /// One row for each split whose rows stand in `stage`; while it is there, the load can be
    /// published.
    pub(super) pending: String,
    /// What `pending` is called once the load is published.
    pub(super) done: String,
    /// What `pending` is called once the load never will be.
    pub(super) aborted: String,
    /// What the target was called before.
    pub(super) old: String,
}

impl Room {
    /// The room of `load`. A load's id is longer than a name may be behind a prefix: half of its
    /// SHA-256 stands for it.
    pub(super) fn of(database: &str, load: &LoadId) -> Self {
        let digest = Sha256::digest(load.as_str().as_bytes());
        let token: String = digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = |word: &str| format!("{PREFIX}{word}_{token}");
        Self {
            database: database.to_owned(),
            stage: name("stage"),
            pending: name("pending"),
            done: name("done"),
            aborted: name("aborted"),
            old: name("old"),
        }
    }

    /// Back from a staging's payload.
    pub(super) fn from_payload(payload: &serde_json::Value) -> Result<Self> {
        serde_json::from_value(payload.clone())
            .map_err(|error| Error::internal("a staging of another kind").caused_by(error))
    }

    /// `` `database`.`table` ``
    pub(super) fn quoted(&self, table: &str) -> String {
        format!("{}.{}", quote(&self.database), quote(table))
    }

    /// One of them.
    pub(super) fn table(&self, table: &str) -> TableName {
        TableName::new(&self.database, table)
    }

    /// The comment by which the load's rows are known where a RENAME may break in the middle.
    pub(super) fn mark(load: &LoadId) -> String {
        format!("rows of load {load} of Godwit")
    }

    /// Makes the table that remembers loads.
    pub(super) fn create_loads(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\
             `load_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, \
             `state` varchar(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, \
             `settled_at` datetime NOT NULL) ENGINE=InnoDB \
             COMMENT='which loads of Godwit were published or given up'",
            self.quoted(LOADS)
        )
    }

    /// Makes the table of the load's parts.
    pub(super) fn create_pending(&self, load: &LoadId) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\
             `split` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, \
             `written` bigint unsigned NOT NULL, `bytes` bigint unsigned NOT NULL) ENGINE=InnoDB \
             COMMENT={}",
            self.quoted(&self.pending),
            literal(&format!("parts of load {load} of Godwit"))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_whatever_the_load_is_called() {
        let load = LoadId::new("x".repeat(63));
        let room = Room::of("shop", &load);
        for name in [
            &room.stage,
            &room.pending,
            &room.done,
            &room.aborted,
            &room.old,
        ] {
            assert!(name.len() <= 64 && name.starts_with(PREFIX), "{name}");
        }
        assert_ne!(room, Room::of("shop", &LoadId::new("y")));
        let payload = serde_json::json!(room);
        assert_eq!(Room::from_payload(&payload).unwrap(), room);
    }
}
