//! Ids as types of their own, so that none is handed where another is meant.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id with this text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// One run of a migration. Sorts by time of its start.
    RunId
);
id!(
    /// One table to one table. Depends on the migration's name and the source table alone, so that
    /// planning again keeps history. Lower-case hex: safe in file names and identifiers.
    PipelineId
);
id!(
    /// One attempt of a run to load one table: run, pipeline, attempt. Names staging and markers at
    /// the destination; at most 63 characters of `[a-z0-9_]`.
    LoadId
);
id!(
    /// The moment that a source is read at, as the source names it.
    SnapshotId
);
id!(
    /// One part of a table under one snapshot. `[a-z0-9-]`: safe in file names.
    SplitId
);

id!(
    /// A thing that people made and that the store keeps: a project, a data source, a pipeline. Sorts by
    /// time of its making.
    ObjectId
);

impl ObjectId {
    /// A new id, later than all made before on this machine (UUID version 7).
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }
}

impl RunId {
    /// A new id, later than all made before on this machine (UUID version 7).
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }
}

impl LoadId {
    /// The load of `pipeline` in its `attempt` (from 1) within `run`.
    pub fn of(run: &RunId, pipeline: &PipelineId, attempt: u32) -> Self {
        Self(format!("{run}_{pipeline}_{attempt}"))
    }

    /// Which attempt of its run it is; `None` where the id was not made by [`LoadId::of`].
    pub fn attempt(&self) -> Option<u32> {
        let (_, attempt) = self.0.rsplit_once('_')?;
        attempt.parse().ok()
    }
}
