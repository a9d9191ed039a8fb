//! Rows by their keys, for those that were rejected and are read again.

use contract::{Dialect, TypeMapping};
use model::migration::ColumnChoice;
use model::{LogicalType, NativeColumn};

use super::ddl::SqliteDialect;
use super::types::SqliteTypes;
use crate::family::key_list;

/// A condition on rows by their keys, where the declared type says what stands for a value.
pub(super) fn by_keys(columns: &[NativeColumn], keys: &[Vec<String>]) -> Option<String> {
    let quote = |column: &NativeColumn| SqliteDialect.quote(&column.name);
    let names: Vec<String> = columns.iter().map(quote).collect();
    key_list::condition(&names, keys, "VALUES ", |place, value| {
        let reading = SqliteTypes.to_logical(&columns[place], &ColumnChoice::default());
        match reading.ok()?.logical {
            LogicalType::Integer { .. } => key_list::whole_number(value),
            LogicalType::Text { .. } if !value.contains('\0') => {
                Some(format!("'{}'", value.replace('\'', "''")))
            }
            _ => None,
        }
    })
}
