//! What kin among the connectors share.
pub(crate) mod parquet_split;
