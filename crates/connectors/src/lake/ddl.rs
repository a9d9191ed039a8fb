//! How a table of the lake is shown in a plan. Nothing here is carried out: tables are made by
//! metadata, in the commit.

use contract::Dialect;
use model::plan::{Partition, TableSchema};

/// Spark's spelling of Iceberg tables.
pub(super) struct IcebergDialect;

impl Dialect for IcebergDialect {
    fn quote(&self, identifier: &str) -> String {
        format!("`{}`", identifier.replace('`', "``"))
    }

    fn create_table(&self, table: &TableSchema, partition: Option<&Partition>) -> Vec<String> {
        let columns = table.columns.iter().map(|column| {
            let required = if column.nullable { "" } else { " NOT NULL" };
            let comment = column
                .comment
                .as_deref()
                .map(|comment| format!(" COMMENT {}", literal(comment)))
                .unwrap_or_default();
            format!(
                "  {} {}{required}{comment}",
                self.quote(&column.name),
                column.native
            )
        });
        let columns = columns.collect::<Vec<_>>().join(",\n");
        let comment = table
            .comment
            .as_deref()
            .map(|comment| format!("\nCOMMENT {}", literal(comment)))
            .unwrap_or_default();
        let partitioned = partition
            .map(|partition| format!("\nPARTITIONED BY ({})", self.quote(&partition.column)))
            .unwrap_or_default();
        vec![format!(
            "CREATE TABLE {} (\n{columns}\n) USING iceberg{comment}{partitioned}",
            self.table(&table.name)
        )]
    }
}

/// On one line, whatever the text holds.
fn literal(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut out, c| {
        match c {
            '\\' | '\'' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
        out
    });
    format!("'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(literal("it's\na \\ \u{1}"), r"'it\'s\na \\ \u0001'");
    }
}
