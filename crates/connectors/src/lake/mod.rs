//! The `lake` connector.
