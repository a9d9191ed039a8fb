//! How one table moves: snapshot, splits, staging, account, proof, commit, resume. Knows connectors
//! through `contract` alone; no connector's name, no SQL text.

mod ahead;
mod attempt;
mod checksum;
pub mod journal;
mod outcomes;
mod plan;
pub mod progress;
mod recovery;
mod rejected;
mod reshape;
mod run;
mod stops;
mod table;
mod verify;
mod write_exec;

pub use ahead::make_table;
pub use journal::{Entry, Journal};
pub use outcomes::Landed;
pub use progress::{Progress, Rerun, TablePhase, TableProgress};
pub use recovery::{Settled, SettledTables, has_open_loads, settle_tables, settle_unfinished};
pub use rejected::{
    KeptTable, RejectedPart, Shelf, ShelfFolder, Shelves, export_rejected, kept_tables,
    read_rejected,
};
pub use run::{Flight, Patience, run};
pub use stops::{Stop, Stops};
