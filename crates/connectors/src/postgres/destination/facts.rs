//! What the catalog says of tables that are there and will be written to: whether they can be replaced
//! as a whole, and what a person should know before.

use model::{Result, TableName};
use tokio_postgres::Row;

use super::sessions::here;
use crate::postgres::connect::Session;
use crate::postgres::errors::error_of;

/// Asked for many tables at once. `dependents` are things that would be left with the old table if
/// another took its name.
const FACTS: &str = "
WITH asked AS (
  SELECT ord, s, r FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t(s, r, ord)
)
SELECT t.ord, c.relkind::text AS kind,
       ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p
             WHERE NOT pg_catalog.has_table_privilege(c.oid, p)) AS lacking,
       pg_catalog.row_security_active(c.oid) AS row_security,
       ARRAY(SELECT g.tgname::text FROM pg_catalog.pg_trigger g
             WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D' ORDER BY 1) AS triggers,
       ARRAY(SELECT w.rulename::text FROM pg_catalog.pg_rewrite w
             WHERE w.ev_class = c.oid AND c.relkind IN ('r', 'p') ORDER BY 1) AS rules,
       ARRAY(SELECT f.conrelid::pg_catalog.regclass::text FROM pg_catalog.pg_constraint f
             WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.confdeltype IN ('c', 'n', 'd') ORDER BY 1) AS cascades,
       ARRAY(SELECT f.conrelid::pg_catalog.regclass::text FROM pg_catalog.pg_constraint f
             WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.confdeltype IN ('a', 'r') ORDER BY 1) AS referenced,
       ARRAY(SELECT DISTINCT pg_catalog.regexp_replace(
               pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), '^rule _RETURN on ', '')
             FROM pg_catalog.pg_depend d
             WHERE d.deptype = 'n'
               AND ((d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid)
                 OR (d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid IN (c.reltype,
                     (SELECT y.typarray FROM pg_catalog.pg_type y WHERE y.oid = c.reltype))))
               AND NOT (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                 AND EXISTS (SELECT 1 FROM pg_catalog.pg_attrdef b WHERE b.oid = d.objid AND b.adrelid = c.oid))
               AND NOT (d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                 AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint b WHERE b.oid = d.objid AND b.conrelid = c.oid))
             ORDER BY 1 LIMIT 20) AS dependents,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> '') AS generated,
       ARRAY(SELECT pg_catalog.quote_ident(a.attname) || ' TYPE '
               || pg_catalog.rtrim(pg_catalog.format_type(a.atttypid, a.atttypmod), '[]') || pg_catalog.repeat('[]', a.attndims)
             FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attndims > 1) AS dimensions,
       c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence = 'p' AND c.reltablespace = 0
         AND c.reloptions IS NULL AND c.reloftype = 0 AND c.relreplident = 'd' AND NOT c.relrowsecurity
         AND NOT c.relhasrules AND c.relowner = r.oid
         AND c.relam = (SELECT m.oid FROM pg_catalog.pg_am m WHERE m.amname = 'heap')
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid)
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint f
                         WHERE f.contype = 'f' AND c.oid IN (f.conrelid, f.confrelid))
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_statistic_ext x WHERE x.stxrelid = c.oid)
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication_tables p
                         WHERE p.schemaname = n.nspname AND p.tablename = c.relname)
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_seclabel l
                         WHERE l.objoid = c.oid AND l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass)
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a
                         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                           AND (a.attacl IS NOT NULL OR a.attoptions IS NOT NULL OR coalesce(a.attstattarget, -1) >= 0))
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i
                         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                         WHERE i.indrelid = c.oid AND (NOT i.indisvalid OR i.indisclustered OR i.indisreplident
                           OR x.reltablespace <> 0
                           OR (x.reloptions IS NOT NULL
                               AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conindid = x.oid))))
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.aclexplode(c.relacl) x WHERE x.grantor <> c.relowner) AS plain,
       pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS can_stage
FROM asked t
JOIN pg_catalog.pg_namespace n ON n.nspname = t.s::name AND n.nspname::text = t.s
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.r::name AND c.relname::text = t.r
JOIN pg_catalog.pg_roles r ON r.rolname = current_user
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
ORDER BY t.ord";

/// What is there under a table's name.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Its place in the list of those asked for, from 0.
    pub(super) place: usize,
    /// The catalog's letter: `r`, `p`, `v`.
    pub(super) kind: String,
    /// Rights that this user lacks.
    pub(super) lacking: Vec<String>,
    pub(super) row_security: bool,
    /// Enabled ones of users.
    pub(super) triggers: Vec<String>,
    pub(super) rules: Vec<String>,
    /// Tables whose rows go, or lose their reference, where rows of this one go.
    pub(super) cascades: Vec<String>,
    /// Tables whose rows keep rows of this one from going.
    pub(super) referenced: Vec<String>,
    /// Views and the like.
    pub(super) dependents: Vec<String>,
    /// Columns that the server computes.
    pub(super) generated: Vec<String>,
    /// Columns that were declared with several dimensions, each with its type: `a TYPE integer[][]`.
    pub(super) dimensions: Vec<String>,
    plain: bool,
    /// Whether this user may make tables beside it.
    pub(super) can_stage: bool,
}

impl Facts {
    /// What is there; tables that are not are left out.
    pub(super) async fn of(session: &Session, tables: &[TableName]) -> Result<Vec<Self>> {
        let schemas: Vec<&str> = tables.iter().map(|name| name.schema.as_str()).collect();
        let names: Vec<&str> = tables.iter().map(|name| name.table.as_str()).collect();
        let rows = session
            .client
            .query(FACTS, &[&schemas, &names])
            .await
            .map_err(|cause| here(error_of(cause)))?;
        Ok(rows.iter().map(Self::read).collect())
    }

    /// What is there under one name.
    pub(super) async fn of_one(session: &Session, table: &TableName) -> Result<Option<Self>> {
        Ok(Self::of(session, std::slice::from_ref(table)).await?.pop())
    }

    fn read(row: &Row) -> Self {
        Self {
            place: usize::try_from(row.get::<_, i64>("ord") - 1).unwrap_or_default(),
            kind: row.get("kind"),
            lacking: row.get("lacking"),
            row_security: row.get("row_security"),
            triggers: row.get("triggers"),
            rules: row.get("rules"),
            cascades: row.get("cascades"),
            referenced: row.get("referenced"),
            dependents: row.get("dependents"),
            generated: row.get("generated"),
            dimensions: row.get("dimensions"),
            plain: row.get("plain"),
            can_stage: row.get("can_stage"),
        }
    }

    /// Whether another table can take its name and nobody would miss anything.
    pub(super) fn can_be_swapped(&self) -> bool {
        self.plain && self.dependents.is_empty()
    }

    /// Whether rows can be put into it.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
    }

    /// `ONLY`, where rows of tables that inherit must stay.
    pub(super) fn only(&self) -> &'static str {
        if self.kind == "p" { "" } else { "ONLY " }
    }
}
