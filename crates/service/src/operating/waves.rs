//! Which instances fly together: those of one migration that differ in nothing but their tables. They are
//! read at one moment of the source.

use std::collections::{BTreeMap, BTreeSet};

use model::migration::{DataSource, MigrationSpec, TableReference, TableSelection};
use model::plan::{Environment, Part};
use model::{Error, ObjectId, Result, TableName};
use serde_json::{Map, Value as Json, json};
use store::Instance;

use crate::tasks::Table;

/// One instance that starts, and what it runs.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) instance: Instance,
    pub(super) lane: String,
    pub(super) table: Table,
    pub(super) part: Part,
    pub(super) source: ObjectId,
    pub(super) destination: ObjectId,
    pub(super) migration: MigrationSpec,
}

/// Instances that fly together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) pieces: Vec<Piece>,
}

impl Group {
    /// What is the same for all of them.
    pub(super) fn first(&self) -> &Piece {
        &self.pieces[0]
    }

    /// Where they run.
    pub(super) fn environment(&self) -> Environment {
        self.first().instance.made.environment
    }

    /// The tables that they move.
    pub(super) fn tables(&self) -> BTreeSet<TableName> {
        let tables = self
            .pieces
            .iter()
            .map(|piece| TableName::from(&piece.table));
        tables.collect()
    }

    /// The migration of all their tables, as a whole file.
    pub(super) fn document(&self, data_sources: &BTreeMap<String, DataSource>) -> Result<Json> {
        let mut migration = self.first().migration.clone();
        let listed = self.pieces.iter().map(|piece| TableReference::Parts {
            schema: piece.table.schema.clone(),
            table: piece.table.table.clone(),
        });
        migration.tables = TableSelection {
            listed: Some(listed.collect()),
            ..TableSelection::default()
        };
        let of_all = self.pieces.iter().map(|piece| &piece.migration);
        migration.each = of_all.clone().flat_map(|one| one.each.clone()).collect();
        migration.recreate = of_all.flat_map(|one| one.recreate.clone()).collect();
        migration.task_names = None;
        migration.schedule = None;
        let written = |cause: serde_json::Error| {
            Error::internal("a migration cannot be written as JSON").caused_by(cause)
        };
        Ok(json!({
            "version": 1,
            "data-sources": serde_json::to_value(data_sources).map_err(written)?,
            "migration": without_nothing(serde_json::to_value(&migration).map_err(written)?),
        }))
    }
}

/// Without keys that say nothing: what a person leaves out is not read as null.
fn without_nothing(value: Json) -> Json {
    match value {
        Json::Object(keys) => {
            let keys = keys.into_iter().filter(|(_, value)| !value.is_null());
            let keys = keys.map(|(key, value)| (key, without_nothing(value)));
            Json::Object(keys.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Puts together what flies together, each instance into one group. No table twice into one.
pub(super) fn groups(pieces: Vec<Piece>) -> Vec<Group> {
    let mut groups: Vec<Gathering> = Vec::new();
    for piece in pieces {
        let shared = shared(&piece.migration);
        match groups.iter_mut().find(|group| group.takes(&piece, &shared)) {
            Some(group) => {
                group.tables.insert(TableName::from(&piece.table));
                group.pieces.push(piece);
            }
            None => groups.push(Gathering {
                shared,
                tables: [TableName::from(&piece.table)].into(),
                pieces: vec![piece],
            }),
        }
    }
    groups
        .into_iter()
        .map(|one| Group { pieces: one.pieces })
        .collect()
}

/// A group that is being put together.
struct Gathering {
    shared: MigrationSpec,
    tables: BTreeSet<TableName>,
    pieces: Vec<Piece>,
}

impl Gathering {
    fn takes(&self, piece: &Piece, shared: &MigrationSpec) -> bool {
        let first = &self.pieces[0];
        let (made, other) = (&first.instance.made, &piece.instance.made);
        first.lane == piece.lane
            && made.bizdate == other.bizdate
            && made.environment == other.environment
            && (&first.source, &first.destination) == (&piece.source, &piece.destination)
            && self.shared == *shared
            && !self.tables.contains(&TableName::from(&piece.table))
    }
}

/// What tables that fly together have in common.
fn shared(migration: &MigrationSpec) -> MigrationSpec {
    MigrationSpec {
        tables: TableSelection::default(),
        each: Vec::new(),
        recreate: Vec::new(),
        task_names: None,
        schedule: None,
        ..migration.clone()
    }
}
