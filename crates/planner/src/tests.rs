//! Whole plans, and what refuses them.
