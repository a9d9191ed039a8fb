//! Sequences from which columns get their numbers: after rows that bring their own, the next number must
//! be one that is not there yet.

use model::{Finding, Result, TableName};
use tokio_postgres::Row;

use super::sessions::here;
use crate::postgres::connect::Session;
use crate::postgres::ddl::{literal, quote, quote_table};
use crate::postgres::errors::error_of;

/// Of identity columns, and those that belong to a column. Asked for many tables at once.
const OWNED: &str = "
SELECT asked.ord, n.nspname::text AS schema, s.relname::text AS name, a.attname::text AS column,
       q.seqincrement > 0 AS ascending, q.seqmin, q.seqmax,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(s.oid, 'UPDATE')
         AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT') AS right,
       EXISTS (SELECT 1 FROM pg_catalog.pg_index i
               JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
               JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
               WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid) AS indexed
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(s, r, ord)
JOIN pg_catalog.pg_namespace home ON home.nspname = asked.s::name AND home.nspname::text = asked.s
JOIN pg_catalog.pg_class c ON c.relnamespace = home.oid AND c.relname = asked.r::name AND c.relname::text = asked.r
JOIN pg_catalog.pg_depend d ON d.refobjid = c.oid
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  AND a.atttypid IN ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype)
ORDER BY asked.ord, a.attnum, s.relname";

struct Owned {
    /// Its table's place in the list of those asked for.
    place: usize,
    name: TableName,
    column: String,
    ascending: bool,
    bounds: (i64, i64),
    right: bool,
    indexed: bool,
}

async fn of(session: &Session, tables: &[TableName]) -> Result<Vec<Owned>> {
    let schemas: Vec<&str> = tables.iter().map(|name| name.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|name| name.table.as_str()).collect();
    let rows = session.client.query(OWNED, &[&schemas, &names]).await;
    let rows = rows.map_err(|cause| here(error_of(cause)))?;
    let owned = rows.iter().map(|row: &Row| Owned {
        place: usize::try_from(row.get::<_, i64>("ord") - 1).unwrap_or_default(),
        name: TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
        column: row.get("column"),
        ascending: row.get("ascending"),
        bounds: (row.get("seqmin"), row.get("seqmax")),
        right: row.get("right"),
        indexed: row.get("indexed"),
    });
    Ok(owned.collect())
}

impl Owned {
    /// Moves it on to the last value that stands in the table, never back. One statement: what another
    /// session draws from it meanwhile falls into a moment.
    fn raise(&self, table: &TableName) -> String {
        let (last, beyond) = if self.ascending {
            ("max", ">")
        } else {
            ("min", "<")
        };
        let name = quote_table(&self.name);
        format!(
            "SELECT pg_catalog.setval({}, t.last) FROM {name} s, \
             (SELECT pg_catalog.{last}({})::bigint AS last FROM {}) t \
             WHERE t.last BETWEEN {} AND {} \
               AND (t.last {beyond} s.last_value OR (t.last = s.last_value AND NOT s.is_called))",
            literal(&name),
            quote(&self.column),
            quote_table(table),
            self.bounds.0,
            self.bounds.1,
        )
    }
}

/// Within the commit, behind its rows. A column without an index would be read from end to end, and a
/// sequence without the right stays as it is: both were told by the plan.
pub(super) async fn raise(session: &Session, table: &TableName) -> Result<()> {
    for owned in of(session, std::slice::from_ref(table)).await? {
        if owned.right && owned.indexed {
            session.run(&owned.raise(table)).await.map_err(here)?;
        }
    }
    Ok(())
}

/// Sequences that a load leaves behind, by the places of their tables.
pub(super) async fn findings(
    session: &Session,
    tables: &[TableName],
) -> Result<Vec<(usize, Finding)>> {
    let owned = of(session, tables).await?.into_iter();
    let behind = owned.filter(|owned| !(owned.right && owned.indexed));
    let findings = behind.map(|owned| {
        let table = &tables[owned.place];
        let at = format!("{table}.{}", owned.column);
        let why = if owned.right {
            "no index tells its last value"
        } else {
            "this user may not set it"
        };
        let message =
            format!("the sequence of {at} stays behind values that are loaded into it: {why}");
        let finding = Finding::warning("SEQUENCE_BEHIND", &at, message);
        (
            owned.place,
            finding.hint(format!("after the run: {}", owned.raise(table))),
        )
    });
    Ok(findings.collect())
}
