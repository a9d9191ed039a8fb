//! What a connector can do. Read by the validator, the planner, the web form and the conformance
//! suite; a promise nobody tests is not made.

use serde::{Deserialize, Serialize};

/// What a connector can do.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Capabilities {
    /// As a source.
    pub read: Option<ReadCapabilities>,
    /// As a destination.
    pub write: Option<WriteCapabilities>,
}

/// As a source.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReadCapabilities {
    /// Takes a condition in its own language.
    pub filter: bool,
    /// Cuts tables into splits.
    pub splits: bool,
    /// Tables live in schemas of which several can be chosen.
    pub schemas: bool,
    /// What its snapshots are.
    pub snapshot: SnapshotKind,
    /// The schema of tables that are named without one, where the connection options tell.
    pub default_schema: Option<DefaultSchema>,
}

/// The schema that [`crate::Source::default_schema`] gives, told by the connection options alone: forms know it before
/// anything is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DefaultSchema {
    /// The option that names it: a text, or a list whose first text is meant.
    pub option: Option<&'static str>,
    /// Where that is left out.
    pub otherwise: Option<&'static str>,
}

impl DefaultSchema {
    /// Always this one.
    pub const fn always(schema: &'static str) -> Self {
        Self {
            option: None,
            otherwise: Some(schema),
        }
    }
}

/// What happens when a reader of a snapshot breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// Sessions may join while the holder lives: another session is opened.
    Joinable,
    /// The sessions opened at the start, no others: a surviving reader takes the split.
    Fixed,
    /// The moment outlives us: the split starts again, after a crash, too.
    Durable,
    /// No moment: one split per table, and the plan says so.
    None,
}

/// As a destination.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct WriteCapabilities {
    /// Loading policy append.
    pub append: bool,
    /// Loading policy overwrite.
    pub overwrite: bool,
    /// Loading policy update.
    pub update: bool,
    /// Tables with a partition column.
    pub partitions: bool,
    /// A table that is there can get columns in the commit of a load.
    pub add_columns: bool,
    /// A table that is there can be dropped and made anew in the commit of a load: what becomes of
    /// the rows that were there, for the plan. `None` where it cannot.
    pub recreate: Option<&'static str>,
    /// Columns keep NOT NULL; where false, every column may be null.
    pub required_columns: bool,
    /// Reads back what stands staged, so that checksums are compared before the commit.
    pub checksums: bool,
    /// Tables have keys: makes the primary key and [`model::plan::Write::indexes`].
    pub indexes: bool,
    /// Carries out [`model::plan::Write::statements`] in the step that publishes.
    pub statements: bool,
    /// How a load becomes visible.
    pub visibility: Visibility,
    /// How often a row arrives, whatever dies.
    pub guarantee: Guarantee,
    /// What names may be.
    pub names: NameLimits,
    /// What a namespace is called there.
    pub namespace: NamespaceWord,
}

/// What those who know a system call the place of its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamespaceWord {
    /// A database of a server.
    Database,
    /// A folder below the root.
    Folder,
    /// A namespace of a catalog.
    Namespace,
    /// A schema of a database.
    Schema,
}

/// How a load becomes visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// At once, for every reader.
    Atomic,
    /// At once, for readers that follow the manifest.
    ByManifest,
}

/// How often a row arrives, whatever dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// Once.
    ExactlyOnce,
    /// Once or more often; the plan says so before the run.
    AtLeastOnce,
}

/// What names may be at a destination.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NameLimits {
    /// The longest name in characters.
    pub longest: usize,
    /// Whether letters become lower case; names that differ in case alone collide either way.
    pub lower_case: bool,
}
