//! How MySQL spells identifiers, literals and tables.

use contract::Dialect;
use model::plan::{Column, Partition, Scan, TableSchema, Write};
use model::{Finding, NativeColumn, TableName};

use super::destination::limits::{self, COLUMN_COMMENT, TABLE_COMMENT};
use super::keys::by_keys;
use super::split;

/// The dialect of MySQL and MariaDB.
pub(crate) struct MysqlDialect;

impl Dialect for MysqlDialect {
    fn quote(&self, identifier: &str) -> String {
        quote(identifier)
    }

    fn create_table(&self, table: &TableSchema, _partition: Option<&Partition>) -> Vec<String> {
        vec![create_table(table, "")]
    }

    fn review(&self, write: &Write) -> Vec<Finding> {
        limits::review(write)
    }

    fn review_scan(&self, scan: &Scan) -> Vec<Finding> {
        split::review(scan).into_iter().collect()
    }

    fn key_condition(&self, columns: &[NativeColumn], keys: &[Vec<String>]) -> Option<String> {
        by_keys(columns, keys)
    }
}

/// The statement that makes the table; `words` stand before its name.
pub(crate) fn create_table(table: &TableSchema, words: &str) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(column_line).collect();
    if !table.primary_key.is_empty() {
        let key: Vec<String> = table.primary_key.iter().map(|name| quote(name)).collect();
        lines.push(format!("  PRIMARY KEY ({})", key.join(", ")));
    }
    let comment = comment_words(table.comment.as_deref(), "=", TABLE_COMMENT);
    format!(
        "CREATE TABLE {words}{} (\n{}\n) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 \
         COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC{comment}",
        quote_table(&table.name),
        lines.join(",\n")
    )
}

fn column_line(column: &Column) -> String {
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    let comment = comment_words(column.comment.as_deref(), " ", COLUMN_COMMENT);
    format!(
        "  {} {} {null}{comment}",
        quote(&column.name),
        column.native
    )
}

fn comment_words(comment: Option<&str>, between: &str, longest: usize) -> String {
    match comment {
        None | Some("") => String::new(),
        Some(comment) => {
            let kept: String = limits::storable(comment).chars().take(longest).collect();
            format!(" COMMENT{between}{}", literal(&kept))
        }
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
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use model::LogicalType;

    use super::*;

    #[test]
    fn a_table_with_its_key_and_comments() {
        let column = |name: &str, native: &str, nullable| Column {
            name: name.to_owned(),
            holds: LogicalType::TEXT,
            native: native.to_owned(),
            nullable,
            comment: nullable.then(|| "it's\\".to_owned()),
        };
        let table = TableSchema {
            name: TableName::new("d", "t"),
            columns: vec![
                column("id", "bigint", false),
                column("a`b", "longtext", true),
            ],
            primary_key: vec!["id".to_owned()],
            comment: Some("all".to_owned()),
        };
        assert_eq!(
            create_table(&table, "IF NOT EXISTS "),
            "CREATE TABLE IF NOT EXISTS `d`.`t` (\n  `id` bigint NOT NULL,\n  \
             `a``b` longtext NULL COMMENT 'it''s\\\\',\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB \
             DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC COMMENT='all'"
        );
    }

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
