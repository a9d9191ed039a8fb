//! How MySQL spells identifiers and literals.

use contract::Dialect;
use model::TableName;
use model::plan::{Partition, TableSchema};

/// The dialect of MySQL and MariaDB.
pub(crate) struct MysqlDialect;

impl Dialect for MysqlDialect {
    fn quote(&self, identifier: &str) -> String {
        quote(identifier)
    }

    /// The connector is a source alone: nothing is created there.
    fn create_table(&self, _table: &TableSchema, _partition: Option<&Partition>) -> Vec<String> {
        Vec::new()
    }
}

/// The identifier in backticks, whatever it holds.
pub(crate) fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// `` `schema`.`table` ``
pub(crate) fn quote_table(name: &TableName) -> String {
    format!("{}.{}", quote(&name.schema), quote(&name.table))
}

/// The text as a literal; for statements that take no parameters, and with backslashes as escapes,
/// which is what our sessions are set to.
pub(crate) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for character in text.chars() {
        match character {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_a_name_stays_in_it() {
        assert_eq!(quote("a`b"), "`a``b`");
        assert_eq!(
            quote_table(&TableName::new("my db", "x'; DROP TABLE t; --")),
            "`my db`.`x'; DROP TABLE t; --`"
        );
        assert_eq!(literal("it's \\ here"), "'it''s \\\\ here'");
    }
}
