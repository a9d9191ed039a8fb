//! What kin among the connectors share. Knows no connector by name.

pub(crate) mod address;
pub(crate) mod batch;
pub(crate) mod calendar;
pub(crate) mod charset;
pub(crate) mod charset_exceptions;
pub(crate) mod column_builder;
pub(crate) mod decimal;
pub(crate) mod figures;
pub(crate) mod key_list;
pub(crate) mod key_range;
pub(crate) mod own_tables;
pub(crate) mod parquet_split;
pub(crate) mod probe_query;
pub(crate) mod reading_thread;
pub(crate) mod said;
#[cfg(test)]
pub(crate) mod skipped;
pub(crate) mod stream;
pub(crate) mod tls;
