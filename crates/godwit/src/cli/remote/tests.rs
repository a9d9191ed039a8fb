//! Commands as they are typed, against a server that serves.

mod applying;
mod entering;
mod served;
mod working;
