//! How a system spells things. Text in, text out.

use model::plan::{Column, Partition, Scan, TableSchema, Write};
use model::{Finding, NativeColumn, TableName};

/// How a system spells things.
pub trait Dialect: Send + Sync {
    /// The identifier, quoted whatever it holds.
    fn quote(&self, identifier: &str) -> String;

    /// The statements that make the table, to be shown in the plan, and, where the system speaks SQL,
    /// to be carried out as they are.
    fn create_table(&self, table: &TableSchema, partition: Option<&Partition>) -> Vec<String>;

    /// The table's name as statements write it.
    fn table(&self, name: &TableName) -> String {
        format!("{}.{}", self.quote(&name.schema), self.quote(&name.table))
    }

    /// The statements that add columns, all of which may be null, to a table that is there.
    fn add_columns(&self, table: &TableName, columns: &[Column]) -> Vec<String> {
        let table = self.table(table);
        let add = columns.iter().map(|column| {
            let name = self.quote(&column.name);
            format!("ALTER TABLE {table} ADD COLUMN {name} {}", column.native)
        });
        add.collect()
    }

    /// The statements that drop the table.
    fn drop_table(&self, table: &TableName) -> Vec<String> {
        vec![format!("DROP TABLE {}", self.table(table))]
    }

    /// What the plan should say of a table that the load makes: the system's limits of columns, rows
    /// and keys. A blocker refuses the table; an empty `at` means the table.
    fn review(&self, _write: &Write) -> Vec<Finding> {
        Vec::new()
    }

    /// What the plan should say of how a table will be read: wishes for cutting it that are not followed,
    /// and that it moves in one part.
    fn review_scan(&self, _scan: &Scan) -> Vec<Finding> {
        Vec::new()
    }

    /// A condition that holds for the rows whose key has one of the values `keys`, each with a value for
    /// each of `columns`, as they were told with rejected rows. `None` where values of such types do
    /// not name a row for sure. What the values hold stays a value.
    fn key_condition(&self, _columns: &[NativeColumn], _keys: &[Vec<String>]) -> Option<String> {
        None
    }
}
