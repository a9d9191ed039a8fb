//! Rows by their keys, for those that were rejected and are read again.

use model::NativeColumn;

use super::ddl::{literal, quote};
use crate::family::key_list;

/// A condition on rows by their keys, of types whose text names a value for sure.
pub(crate) fn by_keys(columns: &[NativeColumn], keys: &[Vec<String>]) -> Option<String> {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    key_list::condition(&names, keys, "", |place, value| {
        let column = &columns[place];
        match column.base.as_str() {
            "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "year" => {
                key_list::whole_number(value)
            }
            "char" | "varchar" => {
                let charset = column.charset.as_deref().unwrap_or_default();
                let unicode = matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "ascii");
                unicode.then(|| literal(value))
            }
            "uuid" | "date" => Some(literal(value)),
            _ => None,
        }
    })
}
