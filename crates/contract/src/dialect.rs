//! How a system spells things. Text in, text out.

use model::plan::{Partition, TableSchema};

/// How a system spells things.
pub trait Dialect: Send + Sync {
    /// The identifier, quoted whatever it holds.
    fn quote(&self, identifier: &str) -> String;

    /// The statements that make the table, to be shown in the plan, and, where the system speaks SQL,
    /// to be carried out as they are.
    fn create_table(&self, table: &TableSchema, partition: Option<&Partition>) -> Vec<String>;
}
