//! Rows by their keys, for those that were rejected and are read again.

use model::NativeColumn;

use super::binary_types::{is_system, without_domain};
use super::ddl::{literal, quote};
use crate::family::key_list;

/// A condition on rows by their keys, of types whose text names a value for sure.
pub(super) fn by_keys(columns: &[NativeColumn], keys: &[Vec<String>]) -> Option<String> {
    const NAMING: [&str; 9] = [
        "int2", "int4", "int8", "oid", "uuid", "text", "varchar", "bpchar", "name",
    ];
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    // A list of rows is one alternative behind the other to the server, which ends some thousands deep.
    key_list::condition(&names, keys, "VALUES ", |place, value| {
        let base = without_domain(&columns[place]);
        let known = is_system(base) && NAMING.contains(&base.base.as_str());
        known.then(|| format!("{}::pg_catalog.{}", literal(value), quote(&base.base)))
    })
}
