//! Which rows that are there have the key of a staged one. Null counts as one value, and no index finds
//! and no hash holds what `IS NOT DISTINCT FROM` compares: so rows with a null in their key are told
//! apart by where it stands, and every other part of a key is compared with `=`.

use model::plan::Column;
use model::Result;

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
