//! What a table of files would be called in Hive's words: shown in plans, carried out by nobody.

use contract::Dialect;
use model::TableName;
use model::plan::{Partition, TableSchema};

/// The spelling.
pub(super) struct FilesDialect;

impl Dialect for FilesDialect {
    fn quote(&self, identifier: &str) -> String {
        format!("`{}`", identifier.replace('`', "``"))
    }

    fn table(&self, name: &TableName) -> String {
        self.quote(&name.table)
    }

    fn create_table(&self, table: &TableSchema, partition: Option<&Partition>) -> Vec<String> {
        let is_partition = |name: &str| partition.is_some_and(|partition| partition.column == name);
        let columns: Vec<String> = table
            .columns
            .iter()
            .filter(|column| !is_partition(&column.name))
            .map(|column| {
                let required = if column.nullable { "" } else { " NOT NULL" };
                format!("  {} {}{required}", self.quote(&column.name), column.native)
            })
            .collect();
        let partitioned = partition.map_or(String::new(), |partition| {
            format!(
                "\nPARTITIONED BY ({} STRING)",
                self.quote(&partition.column)
            )
        });
        vec![format!(
            "CREATE TABLE {} (\n{}\n){partitioned}\nSTORED AS PARQUET",
            self.table(&table.name),
            columns.join(",\n"),
        )]
    }
}
