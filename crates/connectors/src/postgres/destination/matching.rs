//! Which rows that are there have the key of a staged one. Null counts as one value, and no index finds
//! and no hash holds what `IS NOT DISTINCT FROM` compares: so rows with a null in their key are told
//! apart by where it stands, and every other part of a key is compared with `=`.

use model::plan::Column;
use model::{Error, ErrorKind, Result, Side};

use super::sessions::here;
use super::staged::Staged;
use crate::postgres::connect::Session;
use crate::postgres::ddl::{quote, quote_table};
use crate::postgres::errors::error_of;

/// Staged rows whose keys have null in the same columns.
pub(in crate::postgres) struct Keys {
    parts: Vec<KeyPart>,
}

struct KeyPart {
    column: String,
    nullable: bool,
    is_null: bool,
}

impl Keys {
    /// All kinds of keys that stand staged; one where none of them may be null.
    pub(super) async fn staged(session: &Session, staged: &Staged<'_>) -> Result<Vec<Self>> {
        let (key, columns) = (&staged.write().update_key, staged.columns());
        let nullable = nullable(key, columns);
        if nullable.is_empty() {
            return Ok(vec![Self::of(key, columns, &[])]);
        }
        let nulls: Vec<String> = nullable
            .iter()
            .map(|name| format!("{} IS NULL", quote(name)))
            .collect();
        let query = format!(
            "SELECT DISTINCT ARRAY[{}] FROM {}",
            nulls.join(", "),
            quote_table(&staged.table)
        );
        let rows = session.client.query(&query, &[]).await;
        let rows = rows.map_err(|cause| here(error_of(cause)))?;
        let kinds = rows.iter().map(|row| {
            let is_null: Vec<bool> = row.get(0);
            let nulls = nullable.iter().zip(is_null).filter(|(_, is_null)| *is_null);
            let nulls: Vec<&str> = nulls.map(|(name, _)| *name).collect();
            Self::of(key, columns, &nulls)
        });
        Ok(kinds.collect())
    }

    /// Keys with null in `nulls` and nowhere else.
    pub(in crate::postgres) fn of(key: &[String], columns: &[Column], nulls: &[&str]) -> Self {
        let nullable = nullable(key, columns);
        let parts = key.iter().map(|name| KeyPart {
            column: quote(name),
            nullable: nullable.contains(&name.as_str()),
            is_null: nulls.contains(&name.as_str()),
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// Whether a row `t` that is there and a staged one `s` have the same key, of this kind.
    pub(in crate::postgres) fn meet(&self) -> String {
        let parts = self.parts.iter().map(|part| match part.is_null {
            true => format!("t.{0} IS NULL AND s.{0} IS NULL", part.column),
            false => format!("t.{0} = s.{0}", part.column),
        });
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// Whether a staged row is of this kind, and no row of `target` has its key.
    pub(in crate::postgres) fn absent(&self, target: &str) -> String {
        let parts = self.parts.iter().filter(|part| part.nullable);
        let kind = parts.map(|part| {
            let not = if part.is_null { "" } else { "NOT " };
            format!("s.{} IS {not}NULL AND ", part.column)
        });
        format!(
            "{}NOT EXISTS (SELECT 1 FROM {target} t WHERE {})",
            kind.collect::<String>(),
            self.meet()
        )
    }
}

fn nullable<'a>(key: &'a [String], columns: &[Column]) -> Vec<&'a str> {
    let may_be_null = |name: &&String| columns.iter().any(|c| c.name == **name && c.nullable);
    key.iter().filter(may_be_null).map(String::as_str).collect()
}

/// Columns of the key that take different texts for the same.
const LENIENT: &str = "
SELECT a.attname::text
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attname::text = ANY ($2) AND NOT c.collisdeterministic
ORDER BY a.attnum";

/// A row that stays under its old key and gets the values of another one is wrong without a word.
pub(super) async fn refuse_alike(
    session: &Session,
    staged: &Staged<'_>,
    kinds: &[Keys],
) -> Result<()> {
    let (target, staging) = (quote_table(staged.target()), quote_table(&staged.table));
    let key = &staged.write().update_key;
    let lenient = session.client.query(LENIENT, &[&target, key]).await;
    let lenient = lenient.map_err(|cause| here(error_of(cause)))?;
    let lenient: Vec<String> = lenient.iter().map(|row| row.get(0)).collect();
    if lenient.is_empty() {
        return Ok(());
    }
    let differ = lenient.iter().map(|name| {
        let column = quote(name);
        format!("t.{column} COLLATE pg_catalog.\"C\" <> s.{column} COLLATE pg_catalog.\"C\"")
    });
    let differ = differ.collect::<Vec<_>>().join(" OR ");
    for keys in kinds {
        let query = format!(
            "SELECT 1 FROM {target} t JOIN {staging} s ON {} WHERE {differ} LIMIT 1",
            keys.meet()
        );
        let alike = session.client.query_opt(&query, &[]).await;
        if alike.map_err(|cause| here(error_of(cause)))?.is_some() {
            let message = format!(
                "a key of {} stands there in other characters, which its collation takes for the same: {}",
                staged.target(),
                lenient.join(", ")
            );
            return Err(Error::new(ErrorKind::Data, "UPDATE_KEY_ALIKE", message)
                .on(Side::Destination)
                .hint("give the column a deterministic collation, or write the keys alike on both sides"));
        }
    }
    Ok(())
}
