//! The exchange of a table on which nothing depends: the staging table takes its name, its owner's
//! grants, its comment and its sequences, and gets its indexes; the old one goes. All within the
//! transaction of the commit.

use model::{Result, TableName};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::sessions::here;
use super::staged::{Staged, TAKES_PLACE};
use crate::postgres::connect::Session;
use crate::postgres::ddl::{literal, quote, quote_table};
use crate::postgres::errors::error_of;

/// What a table is beside its rows: the columns by which rows fit, and all that an exchange must keep.
/// Generated columns are no part of what comes, and belong to the latter.
const SHAPE: &str = "
SELECT ARRAY(SELECT pg_catalog.format('%I %s %s %s', a.attname, a.atttypid, a.atttypmod, a.attnotnull)
             FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             ORDER BY a.attnum) AS columns,
       ARRAY(SELECT pg_catalog.format('%I %s %s %s %s %s %s %s %s', a.attname, a.atttypid, a.atttypmod, a.attnotnull,
                                      a.attcollation, a.attstorage, a.attidentity, a.attgenerated, pg_catalog.pg_get_expr(d.adbin, d.adrelid))
             FROM pg_catalog.pg_attribute a
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
       || ARRAY(SELECT pg_catalog.format('%I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid))
                FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' ORDER BY 1) AS details,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment, c.relacl IS NULL AS default_grants
FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)";

/// The table's indexes, as the statements that make them: keys as constraints, the others as they are
/// spelled, name and table included.
const INDEXES: &str = "
SELECT n.relname::text AS name, k.conname::text AS constraint,
       coalesce(pg_catalog.pg_get_constraintdef(k.oid), pg_catalog.pg_get_indexdef(i.indexrelid)) AS definition,
       pg_catalog.obj_description(i.indexrelid, 'pg_class') AS comment,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS constraint_comment
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class n ON n.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
WHERE i.indrelid = pg_catalog.to_regclass($1)
ORDER BY i.indisprimary DESC, i.indexrelid";

/// Sequences that belong to columns: `a` to be handed over, `i` the column's own.
const SEQUENCES: &str = "
SELECT n.nspname::text AS schema, s.relname::text AS name, a.attname::text AS column, d.deptype::text AS kind,
       s.relacl IS NULL AS default_grants
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refobjid = pg_catalog.to_regclass($1) AND d.deptype IN ('a', 'i')
ORDER BY 3, 2";

const GRANTS: &str = "
SELECT r.rolname::text AS grantee, x.privilege_type AS privilege, x.is_grantable AS grantable
FROM pg_catalog.pg_class c
CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) x
LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
WHERE c.oid = pg_catalog.to_regclass($1)";

/// Whether rows of the staging table fit the target as it is now.
pub(super) async fn same_columns(session: &Session, staged: &Staged<'_>) -> Result<bool> {
    let old = one(session, SHAPE, staged.target()).await?;
    let new = one(session, SHAPE, &staged.table).await?;
    Ok(match (old, new) {
        (Some(old), Some(new)) => columns(&old) == columns(&new),
        _ => false,
    })
}

fn columns(shape: &Row) -> Vec<String> {
    shape.get("columns")
}

/// An exchange, as the statements that carry it out.
pub(super) struct Swap {
    statements: Vec<String>,
}

impl Swap {
    /// `None` where the staging table is not all that the target is now. The target is locked.
    pub(super) async fn of(session: &Session, staged: &Staged<'_>) -> Result<Option<Self>> {
        let old = one(session, SHAPE, staged.target()).await?;
        let new = one(session, SHAPE, &staged.table).await?;
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(None);
        };
        let details = |shape: &Row| -> Vec<String> { shape.get("details") };
        let made_for_it: Option<String> = new.get("comment");
        if made_for_it.as_deref() != Some(TAKES_PLACE)
            || columns(&old) != columns(&new)
            || details(&old) != details(&new)
        {
            return Ok(None);
        }
        let names: [String; 2] = [quote_table(staged.target()), quote_table(&staged.table)];
        let indexes = all(session, INDEXES, &[&names[0]]).await?;
        let old_sequences = all(session, SEQUENCES, &[&names[0]]).await?;
        let new_sequences = all(session, SEQUENCES, &[&names[1]]).await?;
        let Some((before, after)) = sequences(staged, &old_sequences, &new_sequences) else {
            return Ok(None);
        };
        let old_grants = all(session, GRANTS, &[&names[0]]).await?;
        let new_grants = all(session, GRANTS, &[&names[1]]).await?;
        let comment: Option<String> = old.get("comment");
        let comment = comment.map_or_else(|| "NULL".to_owned(), |text| literal(&text));
        let [target, staging] = &names;
        let mut statements = before;
        statements.push(format!("DROP TABLE {target}"));
        statements.push(format!(
            "ALTER TABLE {staging} RENAME TO {}",
            quote(&staged.target().table)
        ));
        let indexes = indexes.iter();
        statements.extend(indexes.flat_map(|index| index_statements(staged.target(), index)));
        statements.extend(after);
        statements.extend(grants(
            target,
            old.get("default_grants"),
            &old_grants,
            &new_grants,
        ));
        statements.push(format!("COMMENT ON TABLE {target} IS {comment}"));
        Ok(Some(Self { statements }))
    }

    pub(super) async fn carry_out(&self, session: &Session) -> Result<()> {
        for statement in &self.statements {
            session.run(statement).await.map_err(here)?;
        }
        Ok(())
    }
}

async fn one(session: &Session, query: &str, table: &TableName) -> Result<Option<Row>> {
    let rows = all(session, query, &[&quote_table(table)]).await?;
    Ok(rows.into_iter().next())
}

async fn all(
    session: &Session,
    query: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>> {
    let rows = session.client.query(query, parameters).await;
    rows.map_err(|cause| here(error_of(cause)))
}

/// The old table's indexes anew, once it is gone and its name is the new one's.
fn index_statements(target: &TableName, index: &Row) -> Vec<String> {
    let table = quote_table(target);
    let (name, definition): (String, String) = (index.get("name"), index.get("definition"));
    let constraint: Option<String> = index.get("constraint");
    let constraint = constraint.map(|name| quote(&name));
    let mut statements = vec![match &constraint {
        Some(name) => format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"),
        None => definition,
    }];
    if let Some(comment) = index.get::<_, Option<String>>("comment") {
        let name = quote_table(&TableName::new(&target.schema, name));
        statements.push(format!("COMMENT ON INDEX {name} IS {}", literal(&comment)));
    }
    let comment = index.get::<_, Option<String>>("constraint_comment");
    if let Some((name, comment)) = constraint.zip(comment) {
        let comment = literal(&comment);
        statements.push(format!(
            "COMMENT ON CONSTRAINT {name} ON {table} IS {comment}"
        ));
    }
    statements
}

struct Sequence {
    name: TableName,
    column: String,
    /// The column's own, which goes with its table.
    internal: bool,
    default_grants: bool,
}

fn read_sequences(rows: &[Row]) -> Vec<Sequence> {
    let sequences = rows.iter().map(|row| Sequence {
        name: TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
        column: row.get("column"),
        internal: row.get::<_, &str>("kind") == "i",
        default_grants: row.get("default_grants"),
    });
    sequences.collect()
}

type BeforeAndAfter = (Vec<String>, Vec<String>);

/// Statements before the old table goes, and after. A serial column's sequence is handed over; a
/// column's own is made anew, goes on where the old one stood and takes its name.
fn sequences(staged: &Staged<'_>, old: &[Row], new: &[Row]) -> Option<BeforeAndAfter> {
    let (old, new) = (read_sequences(old), read_sequences(new));
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for sequence in &old {
        let name = quote_table(&sequence.name);
        if !sequence.internal {
            let column = format!("{}.{}", quote_table(&staged.table), quote(&sequence.column));
            before.push(format!("ALTER SEQUENCE {name} OWNED BY {column}"));
            continue;
        }
        let counterpart = new
            .iter()
            .find(|new| new.internal && new.column == sequence.column)?;
        if !sequence.default_grants {
            return None;
        }
        let new_name = quote_table(&counterpart.name);
        before.push(format!(
            "SELECT pg_catalog.setval({}, last_value, is_called) FROM {name}",
            literal(&new_name)
        ));
        after.push(format!(
            "ALTER SEQUENCE {new_name} RENAME TO {}",
            quote(&sequence.name.table)
        ));
    }
    let own = |sequences: &[Sequence]| sequences.iter().filter(|s| s.internal).count();
    (own(&old) == own(&new)).then_some((before, after))
}

/// The old table's grants, and no others. The owner's are there by themselves where nobody changed any.
fn grants(target: &str, default: bool, old: &[Row], new: &[Row]) -> Vec<String> {
    let role = |row: &Row| -> String {
        let name: Option<String> = row.get("grantee");
        name.map_or_else(|| "PUBLIC".to_owned(), |name| quote(&name))
    };
    let mut statements = Vec::new();
    if !new.is_empty() || !default {
        let mut roles: Vec<String> = new.iter().map(role).collect();
        roles.push("current_user".to_owned());
        roles.sort();
        roles.dedup();
        for role in roles {
            statements.push(format!("REVOKE ALL ON TABLE {target} FROM {role}"));
        }
        if default {
            statements.push(format!("GRANT ALL ON TABLE {target} TO current_user"));
        }
    }
    for row in old {
        let privilege: String = row.get("privilege");
        let grantable = if row.get("grantable") {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        statements.push(format!(
            "GRANT {privilege} ON TABLE {target} TO {}{grantable}",
            role(row)
        ));
    }
    statements
}
