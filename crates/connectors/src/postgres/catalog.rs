//! What the server's catalog says of tables: the listing, and the description in full, each in a
//! handful of round trips however many tables are asked for.

use std::collections::HashMap;

use model::table::{Index, ListedTable};
use model::{NativeColumn, NativeTable, Result, TableKind, TableName};
use serde_json::json;
use tokio_postgres::Row;

use super::catalog_types::{TypeUse, Types};
use super::connect::Session;
use super::errors::error_of;
use super::read_options::{CharPadding, InheritedRows, PostgresRead};
use super::table_findings::findings;
use crate::family::own_tables::is_own;

const LISTING: &str = "
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.relispartition AS partition,
       EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AS child,
       c.reltuples::float8 AS rows, c.relpages::int8 AS pages
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r','p','v','m','f','S') AND c.relpersistence <> 't' AND n.nspname::text = ANY($1::text[])
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2";

const TABLES: &str = "
WITH asked AS (
  SELECT ord, s, r FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t(s, r, ord)
)
SELECT t.ord, c.oid, c.relkind::text AS kind, c.relispartition AS partition,
       EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AS child,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usage,
       pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
       pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS some_readable,
       pg_catalog.row_security_active(c.oid) AS row_security, c.relispopulated AS populated,
       c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery() AS out_of_reach,
       EXISTS (SELECT 1 FROM pg_catalog.pg_largeobject_metadata) AS has_large_objects
FROM asked t
JOIN pg_catalog.pg_namespace n ON n.nspname = t.s::name AND n.nspname::text = t.s
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.r::name AND c.relname::text = t.r
WHERE c.relkind IN ('r','p','v','m','f','S') AND c.relpersistence <> 't'
ORDER BY t.ord";

/// `{size}` is the size of one relation in bytes.
const EXTENTS: &str = "
WITH RECURSIVE tree(root, oid) AS (
  SELECT o, o FROM unnest($1::oid[]) AS t(o)
  UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
)
SELECT tree.root AS oid, sum({size})::int8 AS bytes,
       bool_and(c.reltuples > 0 OR (c.reltuples = 0 AND c.relpages > 0)) FILTER (WHERE c.relkind <> 'p') AS known,
       sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind <> 'p')::float8 AS rows
FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid
GROUP BY tree.root";

const COLUMNS: &str = "
SELECT a.attrelid, a.attnum, a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       a.atttypid, a.atttypmod, a.attndims::int4 AS dimensions, a.attnotnull AS required, {generated} AS generated,
       pg_catalog.col_description(a.attrelid, a.attnum) AS comment, l.collname::text AS collation,
       a.attcollation <> 0 AS is_text,
       pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default'
WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum";

const KEYS: &str = "
SELECT i.indrelid, i.indisprimary AS primary, i.indisunique AS unique, n.relname::text AS name,
       array_agg(a.attname::text ORDER BY k.place) AS columns
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class n ON n.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = n.relam AND m.amname IN ('btree', 'hash')
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = ANY($1::oid[]) AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND k.place <= {key_columns}
GROUP BY i.indexrelid, i.indrelid, i.indisprimary, i.indisunique, n.relname
ORDER BY i.indexrelid";

/// The schemas that this user may look into, but for the server's own.
pub(super) async fn schemas(session: &Session) -> Result<Vec<String>> {
    let rows = session
        .client
        .query(
            "SELECT nspname::text AS name FROM pg_catalog.pg_namespace \
             WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \
             AND pg_catalog.has_schema_privilege(oid, 'USAGE') ORDER BY nspname",
            &[],
        )
        .await
        .map_err(error_of)?;
    Ok(rows.iter().map(|row| row.get("name")).collect())
}

/// Everything in `schemas` that a person could select.
pub(super) async fn list(
    session: &Session,
    how: &PostgresRead,
    schemas: &[String],
) -> Result<Vec<ListedTable>> {
    let rows = session
        .client
        .query(LISTING, &[&schemas])
        .await
        .map_err(error_of)?;
    let listed = rows.iter().filter(|row| !is_own(row.get("name")));
    let listed = listed.map(|row| ListedTable {
        name: TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
        kind: kind_of(row, how),
        estimated_rows: known_rows(row.get("rows"), row.get("pages")),
    });
    Ok(listed.collect())
}

/// The tables in full, in the order asked.
pub(super) async fn describe(
    session: &Session,
    how: &PostgresRead,
    tables: &[TableName],
) -> Result<Vec<Option<NativeTable>>> {
    let schemas: Vec<&str> = tables.iter().map(|name| name.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|name| name.table.as_str()).collect();
    let rows = session
        .client
        .query(TABLES, &[&schemas, &names])
        .await
        .map_err(error_of)?;
    let oids: Vec<u32> = rows.iter().map(|row| row.get("oid")).collect();
    let mut columns = columns(session, &oids).await?;
    let mut keys = keys(session, &oids).await?;
    let extents = extents(session, &oids).await?;
    let mut described: Vec<Option<NativeTable>> = tables.iter().map(|_| None).collect();
    for row in &rows {
        let place = usize::try_from(row.get::<_, i64>("ord") - 1).unwrap_or_default();
        let oid: u32 = row.get("oid");
        let columns = columns.remove(&oid).unwrap_or_default();
        let (primary_key, indexes) = keys.remove(&oid).unwrap_or_default();
        let unique = indexes.iter().filter(|index| index.unique);
        let extent = extents.get(&oid).copied().unwrap_or_default();
        described[place] = Some(NativeTable {
            findings: findings(row, how, &tables[place], &columns),
            private: private(row, how),
            name: tables[place].clone(),
            kind: kind_of(row, how),
            columns,
            primary_key,
            unique_keys: unique.map(|index| index.columns.clone()).collect(),
            indexes,
            comment: row.get("comment"),
            estimated_rows: extent.rows,
            estimated_bytes: extent.bytes,
        });
    }
    Ok(described)
}

/// What is needed again when the table is read.
fn private(row: &Row, how: &PostgresRead) -> serde_json::Value {
    let mut private = json!({});
    if how.inherited_rows == InheritedRows::LeaveOut && row.get::<_, &str>("kind") == "r" {
        private["only"] = json!(true);
    }
    if row.get("row_security") {
        private["row-security"] = json!("filtered");
    }
    if how.char_padding == CharPadding::Trim {
        private["char-padding"] = json!("trim");
    }
    private
}

fn kind_of(row: &Row, how: &PostgresRead) -> TableKind {
    match (
        row.get::<_, &str>("kind"),
        row.get("partition"),
        row.get("child"),
    ) {
        (_, true, _) => TableKind::Partition,
        ("p", ..) => TableKind::PartitionedTable,
        ("v", ..) => TableKind::View,
        ("m", ..) => TableKind::MaterializedView,
        ("f", ..) => TableKind::ForeignTable,
        ("S", ..) => TableKind::Sequence,
        (_, _, true) if how.inherited_rows == InheritedRows::Include => TableKind::InheritanceChild,
        _ => TableKind::Table,
    }
}

/// −1, or 0 of a table without pages, means that nobody counted.
fn known_rows(rows: f64, pages: i64) -> Option<u64> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate"
    )]
    (rows > 0.0 || (rows == 0.0 && pages > 0)).then_some(rows as u64)
}

async fn columns(session: &Session, oids: &[u32]) -> Result<HashMap<u32, Vec<NativeColumn>>> {
    let generated = if session.major >= 12 {
        "a.attgenerated <> ''"
    } else {
        "false"
    };
    let query = COLUMNS.replace("{generated}", generated);
    let rows = session
        .client
        .query(&query, &[&oids])
        .await
        .map_err(error_of)?;
    let wanted: Vec<u32> = rows.iter().map(|row| row.get("atttypid")).collect();
    let types = Types::load(session, wanted).await?;
    let mut columns: HashMap<u32, Vec<NativeColumn>> = HashMap::new();
    for row in &rows {
        let of = TypeUse {
            oid: row.get("atttypid"),
            modifier: row.get("atttypmod"),
            dimensions: row.get("dimensions"),
            text: row.get("type"),
        };
        let mut column = types.column(row.get("name"), of);
        column.nullable = !row.get::<_, bool>("required");
        column.generated = row.get("generated");
        column.comment = row.get("comment");
        column.collation = row.get("collation");
        if row.get("is_text") && session.encoding != "UTF8" {
            column.charset = Some(session.encoding.clone());
        }
        if !row.get::<_, bool>("readable") {
            column.private["no-right"] = json!(true);
        }
        columns.entry(row.get("attrelid")).or_default().push(column);
    }
    Ok(columns)
}

/// The primary key, and the other indexes.
type Keys = (Vec<String>, Vec<Index>);

async fn keys(session: &Session, oids: &[u32]) -> Result<HashMap<u32, Keys>> {
    let count = if session.major >= 11 {
        "i.indnkeyatts"
    } else {
        "i.indnatts"
    };
    let query = KEYS.replace("{key_columns}", count);
    let rows = session
        .client
        .query(&query, &[&oids])
        .await
        .map_err(error_of)?;
    let mut keys: HashMap<u32, Keys> = HashMap::new();
    for row in &rows {
        let entry = keys.entry(row.get("indrelid")).or_default();
        if row.get("primary") {
            entry.0 = row.get("columns");
        } else {
            entry.1.push(Index {
                name: row.get("name"),
                columns: row.get("columns"),
                unique: row.get("unique"),
            });
        }
    }
    Ok(keys)
}

#[derive(Clone, Copy, Default)]
struct Extent {
    rows: Option<u64>,
    bytes: Option<u64>,
}

/// Sizes are asked of the files; where somebody's lock is in the way, the last count serves.
async fn extents(session: &Session, oids: &[u32]) -> Result<HashMap<u32, Extent>> {
    let exact = EXTENTS.replace("{size}", "pg_catalog.pg_relation_size(c.oid)");
    let rows = match session
        .client
        .query(&exact, &[&oids])
        .await
        .map_err(error_of)
    {
        Err(error) if error.code == "LOCK_TIMEOUT" => {
            let pages = "c.relpages::int8 * pg_catalog.current_setting('block_size')::int8";
            let counted = EXTENTS.replace("{size}", pages);
            session
                .client
                .query(&counted, &[&oids])
                .await
                .map_err(error_of)?
        }
        other => other?,
    };
    let extents = rows.iter().map(|row| {
        let known = row.get::<_, Option<bool>>("known").unwrap_or(false);
        let rows: Option<f64> = row.get("rows");
        let bytes: Option<i64> = row.get("bytes");
        let extent = Extent {
            rows: rows.filter(|_| known).and_then(|rows| known_rows(rows, 1)),
            bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        };
        (row.get("oid"), extent)
    });
    Ok(extents.collect())
}
