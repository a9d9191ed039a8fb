//! Native types in full: domains down to their base, arrays to their element, composites to their
//! parts, ranges to their subtype. One value for all columns of a description, loaded at once.

use std::collections::HashMap;

use model::{NativeColumn, Result};
use serde_json::json;
use tokio_postgres::SimpleQueryMessage;

use super::connect::Session;
use super::errors::{error_of, protocol};

/// Deeper nesting than this is not described, and then refused as unknown.
const DEEPEST: usize = 12;

const CLOSURE: &str = "
WITH RECURSIVE closure(oid) AS (
  SELECT o FROM unnest($1::oid[]) AS t(o)
  UNION
  SELECT next.oid FROM closure JOIN pg_catalog.pg_type t ON t.oid = closure.oid
  CROSS JOIN LATERAL (
    SELECT t.typbasetype AS oid WHERE t.typbasetype <> 0
    UNION ALL SELECT t.typelem WHERE t.typelem <> 0 AND t.typcategory = 'A'
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid {or_multirange}
  ) AS next
)
SELECT t.oid, t.typname::text AS name, n.nspname::text AS schema, t.typtype::text AS kind,
       t.typbasetype AS base, t.typtypmod AS modifier, t.typndims AS dimensions,
       CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END AS element,
       coalesce((SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid {or_multirange}), 0) AS subtype,
       pg_catalog.format_type(t.oid, NULL) AS text,
       ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
FROM closure JOIN pg_catalog.pg_type t ON t.oid = closure.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace";

const PARTS: &str = "
SELECT t.oid AS owner, a.attname::text AS name, a.atttypid, a.atttypmod, a.attndims::int4 AS dimensions,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid
WHERE t.oid = ANY($1::oid[]) AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY t.oid, a.attnum";

/// All types that a description needs.
pub(super) struct Types {
    types: HashMap<u32, Described>,
    /// How many places behind the point money has in this database; `None` where nobody asked.
    money_places: Option<u64>,
}

struct Described {
    name: String,
    schema: String,
    kind: String,
    /// The type of a domain, element, subtype.
    inner: Option<Inner>,
    labels: Vec<String>,
    parts: Vec<(String, TypeUse)>,
    text: String,
}

#[derive(Clone, Copy)]
struct Inner {
    oid: u32,
    modifier: i32,
    dimensions: i32,
}

/// A type as a column uses it.
#[derive(Clone)]
pub(super) struct TypeUse {
    pub(super) oid: u32,
    pub(super) modifier: i32,
    pub(super) dimensions: i32,
    /// As the server prints it.
    pub(super) text: String,
}

impl Types {
    /// Loads `wanted` and whatever they are made of.
    pub(super) async fn load(session: &Session, mut wanted: Vec<u32>) -> Result<Self> {
        wanted.sort_unstable();
        wanted.dedup();
        let or_multirange = if session.major >= 14 {
            "OR r.rngmultitypid = t.oid"
        } else {
            ""
        };
        let closure = CLOSURE.replace("{or_multirange}", or_multirange);
        let rows = session
            .client
            .query(&closure, &[&wanted])
            .await
            .map_err(error_of)?;
        let mut types = HashMap::with_capacity(rows.len());
        for row in &rows {
            let (base, element, subtype): (u32, u32, u32) =
                (row.get("base"), row.get("element"), row.get("subtype"));
            let inner = [(base, row.get("modifier")), (element, -1), (subtype, -1)]
                .into_iter()
                .find(|(oid, _)| *oid != 0)
                .map(|(oid, modifier)| Inner {
                    oid,
                    modifier,
                    dimensions: row.get("dimensions"),
                });
            let described = Described {
                name: row.get("name"),
                schema: row.get("schema"),
                kind: if element == 0 {
                    row.get("kind")
                } else {
                    "a".to_owned()
                },
                inner,
                labels: row.get("labels"),
                parts: Vec::new(),
                text: row.get("text"),
            };
            types.insert(row.get("oid"), described);
        }
        let has_money = types.values().any(is_money);
        let money_places = if has_money {
            Some(money_places(session).await?)
        } else {
            None
        };
        let all: Vec<u32> = types.keys().copied().collect();
        let rows = session
            .client
            .query(PARTS, &[&all])
            .await
            .map_err(error_of)?;
        for row in &rows {
            if let Some(owner) = types.get_mut(&row.get::<_, u32>("owner")) {
                let part = TypeUse {
                    oid: row.get("atttypid"),
                    modifier: row.get("atttypmod"),
                    dimensions: row.get("dimensions"),
                    text: row.get("type"),
                };
                owner.parts.push((row.get("name"), part));
            }
        }
        Ok(Self {
            types,
            money_places,
        })
    }

    /// A column of this type, with all that its type is made of.
    pub(super) fn column(&self, name: String, of: TypeUse) -> NativeColumn {
        self.nested(name, of, DEEPEST)
    }

    fn nested(&self, name: String, of: TypeUse, depth: usize) -> NativeColumn {
        let mut column = NativeColumn {
            name,
            type_text: of.text,
            nullable: true,
            private: json!({"oid": of.oid}),
            ..NativeColumn::default()
        };
        let Some(described) = self.types.get(&of.oid).filter(|_| depth > 0) else {
            "unknown".clone_into(&mut column.base);
            return column;
        };
        described.name.clone_into(&mut column.base);
        column.labels.clone_from(&described.labels);
        column.private = json!({"oid": of.oid, "schema": described.schema, "kind": described.kind});
        if of.dimensions > 1 {
            column.private["dimensions"] = json!(of.dimensions);
        }
        if let Some(places) = self.money_places.filter(|_| is_money(described)) {
            column.private["places"] = json!(places);
        }
        apply_modifier(&mut column, of.modifier);
        if let Some(inner) = described.inner {
            let (word, inner) = self.inner(described, inner, of.modifier);
            column
                .parts
                .push(self.nested(word.to_owned(), inner, depth - 1));
        }
        for (name, part) in &described.parts {
            column
                .parts
                .push(self.nested(name.clone(), part.clone(), depth - 1));
        }
        column
    }

    /// What a type is made of, and what that is called.
    fn inner(&self, described: &Described, inner: Inner, modifier: i32) -> (&'static str, TypeUse) {
        let (word, modifier, dimensions) = match described.kind.as_str() {
            // An array's modifier is its element's; a domain has its own.
            "a" => ("element", modifier, 0),
            "d" => ("base", inner.modifier, inner.dimensions),
            _ => ("subtype", -1, 0),
        };
        let text = self.types.get(&inner.oid);
        let text = text.map_or_else(String::new, |described| described.text.clone());
        let of = TypeUse {
            oid: inner.oid,
            modifier,
            dimensions,
            text,
        };
        (word, of)
    }
}

fn is_money(described: &Described) -> bool {
    described.name == "money" && described.schema == "pg_catalog"
}

/// How many places the database's own locale gives money, whatever the session is set to.
async fn money_places(session: &Session) -> Result<u64> {
    let ask = "RESET lc_monetary; \
               SELECT pg_catalog.scale(1::pg_catalog.int4::pg_catalog.money::pg_catalog.numeric); \
               SET lc_monetary = 'C'";
    let answer = session.client.simple_query(ask).await.map_err(error_of)?;
    let places = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    places.ok_or_else(|| protocol("the server did not say how it prints money"))
}

/// What the type modifier says, by the type's own rules.
fn apply_modifier(column: &mut NativeColumn, modifier: i32) {
    if modifier < 0 {
        return;
    }
    let number = modifier.unsigned_abs();
    match column.base.as_str() {
        "numeric" if modifier >= 4 => {
            column.precision = Some(((number - 4) >> 16) & 0xffff);
            // Eleven bits with sign, from version 15 on; earlier scales are positive and fit.
            let scale = (modifier - 4) & 0x7ff;
            column.scale = Some((scale ^ 1024) - 1024);
        }
        "varchar" | "bpchar" if modifier >= 4 => column.length = Some(u64::from(number - 4)),
        "bit" | "varbit" => column.length = Some(u64::from(number)),
        "time" | "timetz" | "timestamp" | "timestamptz" => column.precision = Some(number),
        "interval" if number & 0xffff != 0xffff => column.precision = Some(number & 0xffff),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        base: &str,
        modifier: i32,
        precision: Option<u32>,
        scale: Option<i32>,
        length: Option<u64>,
    ) {
        let mut column = NativeColumn {
            base: base.to_owned(),
            ..NativeColumn::default()
        };
        apply_modifier(&mut column, modifier);
        assert_eq!(
            (column.precision, column.scale, column.length),
            (precision, scale, length),
            "{base} {modifier}"
        );
    }

    #[test]
    fn modifiers_as_the_server_stores_them() {
        check("numeric", (9 << 16 | 2) + 4, Some(9), Some(2), None);
        check(
            "numeric",
            (5 << 16 | (-2_i32 & 0x7ff)) + 4,
            Some(5),
            Some(-2),
            None,
        );
        check(
            "numeric",
            (1000 << 16 | 500) + 4,
            Some(1000),
            Some(500),
            None,
        );
        check("numeric", -1, None, None, None);
        check("varchar", 404, None, None, Some(400));
        check("bit", 9, None, None, Some(9));
        check("timestamp", 0, Some(0), None, None);
        check("interval", 0x7fff << 16 | 0xffff, None, None, None);
    }
}
