//! What a person should know of a table before it is read: rights, policies, what its rows leave out.

use model::{Finding, NativeColumn, TableName};
use tokio_postgres::Row;

use super::ddl::{quote, quote_table};
use super::read_options::{PostgresRead, RowSecurity};

/// What the catalog's line of a table gives reason to say.
pub(super) fn findings(
    row: &Row,
    how: &PostgresRead,
    name: &TableName,
    columns: &[NativeColumn],
) -> Vec<Finding> {
    let at = name.to_string();
    let mut findings = Vec::new();
    if !row.get::<_, bool>("usage") {
        let message = format!("this user has no right to use schema {:?}", name.schema);
        let grant = format!("GRANT USAGE ON SCHEMA {}", quote(&name.schema));
        findings.push(Finding::blocker("NO_RIGHT", &at, message).hint(grant));
    } else if !row.get::<_, bool>("readable") && !row.get::<_, bool>("some_readable") {
        let grant = format!("GRANT SELECT ON {}", quote_table(name));
        let message = "this user has no right to read the table";
        findings.push(Finding::blocker("NO_RIGHT", &at, message).hint(grant));
    }
    if row.get("row_security") {
        findings.push(row_security(how, &at));
    }
    if row.get("out_of_reach") {
        findings.push(unlogged_on_standby(&at));
    }
    if !row.get::<_, bool>("populated") {
        let message = "the materialized view holds no rows yet; reading it will fail";
        let hint = format!("REFRESH MATERIALIZED VIEW {}", quote_table(name));
        findings.push(Finding::warning("NOT_POPULATED", &at, message).hint(hint));
    }
    if columns.is_empty() {
        findings.push(Finding::blocker(
            "NO_COLUMNS",
            &at,
            "the table has no columns",
        ));
    }
    if row.get("has_large_objects") {
        findings.extend(large_objects(&at, columns));
    }
    findings
}

fn row_security(how: &PostgresRead, at: &str) -> Finding {
    match how.row_security {
        RowSecurity::Refuse => {
            let message = "row-level security would hide rows from this user without a word";
            Finding::blocker("ROW_SECURITY", at, message).hint(
                "read as the table's owner or as a role with BYPASSRLS, or accept what this user \
                 may see: source: { row-security: accept-filtered-rows }",
            )
        }
        RowSecurity::AcceptFilteredRows => {
            let message = "only the rows that row-level security shows to this user are read";
            Finding::warning("ROW_SECURITY_FILTERED", at, message)
        }
    }
}

fn unlogged_on_standby(at: &str) -> Finding {
    let message = "the table is unlogged, and a standby has no rows of such tables";
    Finding::blocker("UNLOGGED_ON_STANDBY", at, message).hint("read it from the primary server")
}

/// A number that may name a large object, in a database that has some: which of the numbers do
/// cannot be told without reading the table.
fn large_objects(table: &str, columns: &[NativeColumn]) -> Vec<Finding> {
    let numbers = columns.iter().filter(|column| column.base == "oid");
    let findings = numbers.map(|column| {
        let at = format!("{table}.{}", model::table::escape_controls(&column.name));
        let message = "numbers of large objects are copied, the objects themselves are not";
        Finding::warning("LARGE_OBJECT_NOT_COPIED", at, message)
            .hint("if the column holds such numbers, read the content: as: binary")
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_without_the_rows_blocks_the_table() {
        let finding = unlogged_on_standby("s.t");
        assert!(finding.is_blocker() && finding.hint.is_some());
    }

    #[test]
    fn hidden_rows_are_refused_unless_accepted() {
        let mut how = PostgresRead::default();
        assert!(row_security(&how, "s.t").is_blocker());
        how.row_security = RowSecurity::AcceptFilteredRows;
        assert_eq!(row_security(&how, "s.t").code, "ROW_SECURITY_FILTERED");
    }
}
