//! Godwit.
