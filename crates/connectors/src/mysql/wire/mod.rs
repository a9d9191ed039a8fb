//! A client of our own for the sessions that read: rows are decoded from the bytes that arrived, where
//! a driver would make an owned value of each cell first. What is written and asked otherwise goes
//! through the driver; packets other than rows are parsed by its protocol crate.

mod cell;
mod connection;
mod handshake;
mod packets;

pub(crate) use cell::{Cell, Cells, Date, Kind, Span, malformed, values};
pub(crate) use connection::{Arrived, Connection};
pub(crate) use handshake::Login;
