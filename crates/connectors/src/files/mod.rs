//! The `files` connector.
