//! `migration.each`: which exception belongs to which source table.

use std::collections::BTreeMap;

use model::TableName;
use model::migration::{ColumnChoice, MigrationSpec, TableException};

/// The exceptions by source table, each with its place in the list.
pub(crate) struct Exceptions<'a> {
    by_table: BTreeMap<TableName, (usize, &'a TableException)>,
}

impl<'a> Exceptions<'a> {
    pub(crate) fn new(spec: &'a MigrationSpec, default_schema: &str) -> Self {
        let schema = only_schema(spec, default_schema);
        let by_table = spec
            .each
            .iter()
            .enumerate()
            .map(|(index, exception)| (exception.table.resolve(schema), (index, exception)))
            .collect();
        Self { by_table }
    }

    pub(crate) fn of(&self, table: &TableName) -> Option<(usize, &'a TableException)> {
        self.by_table.get(table).copied()
    }

    pub(crate) fn choices(
        &self,
        table: &TableName,
    ) -> Option<(usize, &'a BTreeMap<String, ColumnChoice>)> {
        self.of(table)
            .map(|(index, exception)| (index, &exception.columns))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &TableName)> {
        self.by_table
            .iter()
            .map(|(table, (index, _))| (*index, table))
    }
}

/// The schema that names without one mean: the only one chosen, else the data source's own.
pub(crate) fn only_schema<'a>(spec: &'a MigrationSpec, default_schema: &'a str) -> &'a str {
    match spec.source.schemas.as_slice() {
        [schema] => schema,
        _ => default_schema,
    }
}
