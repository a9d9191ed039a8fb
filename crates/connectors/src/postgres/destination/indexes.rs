//! The keys of a new table, made after its rows.

use model::plan::Write;

use crate::postgres::ddl::{quote, quote_table};

/// The primary key, then the other indexes; one that repeats the key is left out. The server chooses the
/// names: those of the source need not be free, for here they belong to the schema.
pub(super) fn statements(write: &Write) -> Vec<String> {
    let table = quote_table(&write.table.name);
    let list = |names: &[String]| -> String {
        let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
        names.join(", ")
    };
    let key = &write.table.primary_key;
    let primary =
        (!key.is_empty()).then(|| format!("ALTER TABLE {table} ADD PRIMARY KEY ({})", list(key)));
    let others = write.indexes.iter().filter(|index| index.columns != *key);
    let others = others.map(|index| {
        let unique = if index.unique { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX ON {table} ({})", list(&index.columns))
    });
    primary.into_iter().chain(others).collect()
}
