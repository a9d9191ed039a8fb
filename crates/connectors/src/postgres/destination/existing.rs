//! What a person should know before: whether the database can be written to, and what stands under the
//! names that tables go to.

use contract::ExistingTable;
use model::plan::Column;
use model::{Finding, NativeTable, Result, TableName};

use super::facts::Facts;
use super::sequences;
use super::sessions::here;
use crate::postgres::catalog;
use crate::postgres::connect::Session;
use crate::postgres::ddl::{quote, quote_table};
use crate::postgres::errors::error_of;
use crate::postgres::held::{native_of_existing, of_existing};
use crate::postgres::read_options::PostgresRead;

const PLACE: &str = "
SELECT pg_catalog.current_setting('server_encoding') AS encoding, pg_catalog.pg_is_in_recovery() AS standby,
       coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()), false)
         OR pg_catalog.inet_server_addr() IS NULL AS safe,
       (SELECT pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        FROM pg_catalog.pg_namespace n WHERE n.nspname = $1) AS schema_right,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS database_right,
       pg_catalog.current_database()::text AS database";

/// Whether the database can hold what comes, and whether this user may put it into `schema`.
pub(super) async fn check(session: &Session, schema: &str) -> Result<Vec<Finding>> {
    let row = session
        .client
        .query_one(PLACE, &[&schema])
        .await
        .map_err(|cause| here(error_of(cause)))?;
    let mut findings = Vec::new();
    let encoding: String = row.get("encoding");
    if encoding != "UTF8" {
        let message =
            format!("the database keeps text in {encoding}, which does not hold every text");
        findings.push(
            Finding::blocker("DATABASE_ENCODING", "database", message)
                .hint("write into a database made with ENCODING 'UTF8' TEMPLATE template0"),
        );
    }
    if row.get("standby") {
        let message = "the server is a standby, which takes no writes";
        findings.push(Finding::blocker("READ_ONLY", "host", message).hint("name its primary"));
    }
    let schema_right: Option<bool> = row.get("schema_right");
    if !schema_right.unwrap_or_else(|| row.get("database_right")) {
        let (message, grant) = if schema_right.is_some() {
            let quoted = quote(schema);
            (
                format!("this user may not make tables in schema {schema:?}"),
                format!("GRANT USAGE, CREATE ON SCHEMA {quoted} TO …"),
            )
        } else {
            let database = quote(row.get("database"));
            (
                format!("there is no schema {schema:?}, and this user may not make one"),
                format!("GRANT CREATE ON DATABASE {database} TO …, or make the schema for it"),
            )
        };
        findings.push(Finding::blocker("NO_RIGHT", "user", message).hint(grant));
    }
    if !row.get::<_, bool>("safe") {
        let message = "the connection is not encrypted";
        findings.push(Finding::note("NOT_ENCRYPTED", "tls.mode", message));
    }
    Ok(findings)
}

/// What is there, in the order asked.
pub(super) async fn describe(
    session: &Session,
    tables: &[TableName],
) -> Result<Vec<Option<ExistingTable>>> {
    let described = catalog::describe(session, &PostgresRead::default(), tables)
        .await
        .map_err(here)?;
    let mut existing: Vec<Option<ExistingTable>> = tables.iter().map(|_| None).collect();
    let behind = sequences::findings(session, tables).await?;
    for facts in Facts::of(session, tables).await? {
        let name = &tables[facts.place];
        let native = described.get(facts.place).and_then(Option::as_ref);
        let mut findings = findings(name, &facts);
        let columns = native.map_or_else(Vec::new, columns);
        findings.extend(native.into_iter().flat_map(|table| of_columns(name, table)));
        let behind = behind.iter().filter(|(place, _)| *place == facts.place);
        findings.extend(behind.map(|(_, finding)| finding.clone()));
        existing[facts.place] = Some(ExistingTable {
            columns,
            partition_column: None,
            findings,
        });
    }
    Ok(existing)
}

/// Those that rows can be written into: the server computes generated ones.
fn columns(table: &NativeTable) -> Vec<Column> {
    let written = table.columns.iter().filter(|column| !column.generated);
    let columns = written.map(|column| Column {
        name: column.name.clone(),
        holds: of_existing(column),
        native: native_of_existing(column),
        nullable: column.nullable,
        comment: column.comment.clone(),
    });
    columns.collect()
}

fn of_columns(name: &TableName, table: &NativeTable) -> Vec<Finding> {
    let is_jsonb = |text: &str| text.trim_end_matches("[]") == "jsonb";
    let normalised = table.columns.iter();
    let normalised = normalised.filter(|column| is_jsonb(&native_of_existing(column)));
    let findings = normalised.map(|column| {
        let message = format!(
            "{name}.{} is jsonb, which keeps what a document says and not how it is written: blanks, \
             the order of keys and all but the last of equal keys are lost",
            column.name
        );
        Finding::warning("JSONB", format!("{name}.{}", column.name), message)
            .hint("json keeps the text")
    });
    findings.collect()
}

fn findings(name: &TableName, facts: &Facts) -> Vec<Finding> {
    let at = name.to_string();
    let mut findings = Vec::new();
    if !facts.is_table() {
        let message = format!("{name} is there, and is no table");
        findings.push(
            Finding::blocker("NOT_WRITABLE", &at, message)
                .hint("choose other names, or another namespace"),
        );
        return findings;
    }
    if !facts.rules.is_empty() {
        let message = format!(
            "{name} has rules that rewrite what is written to it: {}",
            facts.rules.join(", ")
        );
        let finding = Finding::blocker("NOT_WRITABLE", &at, message);
        findings.push(finding.hint("drop the rules, or choose other names"));
    }
    if facts.row_security {
        let message = "row-level security would hide rows from this user without a word";
        findings.push(
            Finding::blocker("ROW_SECURITY", &at, message)
                .hint("write as the table's owner or as a role with BYPASSRLS"),
        );
    }
    if !facts.can_stage || facts.lacking.iter().any(|right| right != "UPDATE") {
        let mut lacking = facts.lacking.clone();
        if !facts.can_stage {
            lacking.push("CREATE on the schema".to_owned());
        }
        let message = format!("this user lacks rights on {name}: {}", lacking.join(", "));
        let grant = format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO …",
            quote_table(name)
        );
        findings.push(Finding::blocker("NO_RIGHT", &at, message).hint(grant));
    }
    findings.extend(side_effects(name, facts));
    findings
}

/// What else happens where rows of the table come and go.
fn side_effects(name: &TableName, facts: &Facts) -> Vec<Finding> {
    let at = name.to_string();
    let mut findings = Vec::new();
    if !facts.triggers.is_empty() {
        let message = format!(
            "{name} has triggers that see each row and may change it: {}",
            facts.triggers.join(", ")
        );
        findings.push(
            Finding::warning("TRIGGERS_FIRE", &at, message)
                .hint("ALTER TABLE … DISABLE TRIGGER USER for the time of the run"),
        );
    }
    if !facts.cascades.is_empty() {
        let message = format!(
            "where rows of {name} are removed, rows of {} go or lose their reference: overwriting it is refused",
            facts.cascades.join(", ")
        );
        let finding = Finding::warning("WOULD_CASCADE", &at, message);
        findings.push(finding.hint("load it with loading-policy append or update"));
    }
    if !facts.referenced.is_empty() {
        let message = format!(
            "rows of {} refer to {name}: overwriting fails where such a row would be left without its key",
            facts.referenced.join(", ")
        );
        findings.push(Finding::note("REFERENCED", &at, message));
    }
    if !facts.can_be_swapped() {
        let because = match facts.dependents.first() {
            Some(first) => format!("{first} depends on it"),
            None => "it has more to it than its columns, indexes and grants".to_owned(),
        };
        let message =
            format!("{name} is overwritten row by row, not exchanged as a whole: {because}");
        findings.push(Finding::note("OVERWRITTEN_IN_PLACE", &at, message));
    }
    findings
}
