//! The `mysql` connector.
