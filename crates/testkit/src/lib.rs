//! For tests alone: data makers and the like. Never part of the product.

pub mod tpch;
