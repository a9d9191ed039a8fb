//! The demo's migration file: short enough to read at a glance, and a first example to copy from.

use std::path::Path;

/// Moves all tables of `database` to the lake at `lake`.
pub fn migration_yaml(database: &Path, lake: &Path) -> String {
    TEMPLATE
        .replace("DATABASE", &quoted(database))
        .replace("LAKE", &quoted(lake))
}

/// A JSON text is a YAML text, whatever the path holds.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}

const TEMPLATE: &str = r"# Moves a whole shop database into a lake. Check, look, go:
#   godwit check FILE
#   godwit plan FILE
#   godwit run FILE

version: 1

data-sources:
  shop: { type: sqlite, path: DATABASE }
  lake: { type: lake, path: LAKE }

migration:
  name: shop_to_lake
  source: { data-source: shop }
  destination: { data-source: lake, namespace: shop }

  # All tables. A view moves when it is listed by name: listed: [orders, open_orders]
  tables: { all: true }

  # Names such as `Mixed Case` become legal ones, always the same; the plan shows which.
  names: { illegal: convert }

  # This column has no declared type, so it is said here what to read it as.
  each:
    - { table: main.notes, columns: { extra: { as: text } } }

  # One table of the shop is empty; without this, overwriting by nothing is refused.
  empty-overwrite: allow

  # Counts are compared before anything is committed.
  verify: counts
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted() {
        let odd = Path::new("/tmp/it's \"odd\": #1/shop.db");
        let yaml = migration_yaml(odd, Path::new("lake"));
        assert!(
            yaml.contains(r#"path: "/tmp/it's \"odd\": #1/shop.db" }"#),
            "{yaml}"
        );
        assert!(yaml.contains(r#"path: "lake" }"#));
    }
}
