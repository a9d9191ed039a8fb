//! Stopping single tables of a run while its others go on. A stop holds whenever it is said: before the
//! run knows its tables, while one moves, and between two rounds.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use contract::CancellationToken;
use model::run::{TableReport, TableState};
use model::{Error, TableName};

/// Why a table is stopped: what its report says then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    state: TableState,
    code: String,
    message: String,
    hint: Option<String>,
}

impl Stop {
    /// A person stopped it: it ends as cancelled.
    pub fn asked() -> Self {
        Self {
            state: TableState::Cancelled,
            ..Self::of(&Error::cancelled())
        }
    }

    /// Its time is over: it ends as failed. `message` is for a person.
    pub fn timed_out(message: impl Into<String>) -> Self {
        Self {
            state: TableState::Failed,
            code: "TIMED_OUT".to_owned(),
            message: message.into(),
            hint: None,
        }
    }

    /// The same stop, with the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// It fails with all others of its run.
    pub(crate) fn of(error: &Error) -> Self {
        Self {
            state: TableState::Failed,
            code: error.code.to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        }
    }

    /// What it makes of the table's report.
    pub fn end(self, report: TableReport) -> TableReport {
        TableReport {
            state: self.state,
            code: Some(self.code),
            message: Some(self.message),
            hint: self.hint,
            ..report
        }
    }
}

/// The stops of a run's tables, by source table; shared by the run and by whoever may stop one. The
/// first stop of a table stands. A load that is being published is not held up by it.
#[derive(Debug, Default)]
pub struct Stops {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    all: Option<Stop>,
    tables: HashMap<TableName, Table>,
}

#[derive(Debug, Default)]
struct Table {
    stop: Option<Stop>,
    tokens: Vec<CancellationToken>,
}

impl Stops {
    /// Stops one table. Nothing, where it has ended.
    pub fn stop(&self, table: &TableName, why: Stop) {
        let mut known = self.known();
        let table = known.tables.entry(table.clone()).or_default();
        table.stop.get_or_insert(why);
        table.tokens.iter().for_each(CancellationToken::cancel);
    }

    /// Why the table is stopped, where it is.
    pub fn of(&self, table: &TableName) -> Option<Stop> {
        let known = self.known();
        let own = known.tables.get(table).and_then(|table| table.stop.clone());
        own.or_else(|| known.all.clone())
    }

    /// A token below `parent` that is cancelled when the table is stopped, too.
    pub fn token(&self, table: &TableName, parent: &CancellationToken) -> CancellationToken {
        let token = parent.child_token();
        let mut known = self.known();
        let stopped = known.all.is_some();
        let table = known.tables.entry(table.clone()).or_default();
        if stopped || table.stop.is_some() {
            token.cancel();
        }
        table.tokens.push(token.clone());
        token
    }

    /// Stops all tables, those that nobody named yet, too.
    pub(crate) fn stop_all(&self, why: Stop) {
        let mut known = self.known();
        known.all.get_or_insert(why);
        let tokens = known.tables.values().flat_map(|table| &table.tokens);
        tokens.for_each(CancellationToken::cancel);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> TableName {
        TableName::new("main", name)
    }

    fn end(stop: Stop) -> (TableState, String, String) {
        let report = stop.end(TableReport::blank(
            "main.a".to_owned(),
            None,
            TableState::Succeeded,
        ));
        let (code, message) = (report.code.unwrap(), report.message.unwrap());
        (report.state, code, message)
    }

    #[test]
    fn one_table_is_stopped_and_its_neighbour_goes_on() {
        let (stops, run) = (Stops::default(), CancellationToken::new());
        let (one, other) = (
            stops.token(&table("a"), &run),
            stops.token(&table("b"), &run),
        );
        stops.stop(&table("a"), Stop::asked());
        assert!(one.is_cancelled() && !other.is_cancelled() && !run.is_cancelled());
        assert_eq!(stops.of(&table("b")), None);
        run.cancel();
        assert!(other.is_cancelled());
        assert_eq!(stops.of(&table("b")), None, "that is the run's own");
    }

    #[test]
    fn a_stop_holds_before_anybody_asks_for_a_token() {
        let (stops, run) = (Stops::default(), CancellationToken::new());
        stops.stop(&table("a"), Stop::timed_out("after 3 hours"));
        assert!(stops.token(&table("a"), &run).is_cancelled());
        stops.stop_all(Stop::of(&Error::internal("gone")));
        assert!(stops.token(&table("b"), &run).is_cancelled());
    }

    #[test]
    fn the_first_stop_stands_and_its_own_goes_before_that_of_all() {
        let stops = Stops::default();
        stops.stop(&table("a"), Stop::timed_out("late").hint("more time"));
        stops.stop(&table("a"), Stop::asked());
        stops.stop_all(Stop::of(&Error::internal("gone")));
        let first = stops.of(&table("a")).unwrap();
        let told = end(first);
        let expected = (TableState::Failed, "TIMED_OUT".into(), "late".into());
        assert_eq!(told, expected);
        let other = end(stops.of(&table("b")).unwrap());
        assert_eq!(
            other,
            (TableState::Failed, "INTERNAL".into(), "gone".into())
        );
        let asked = end(Stop::asked());
        let expected = (
            TableState::Cancelled,
            "CANCELLED".into(),
            "cancelled".into(),
        );
        assert_eq!(asked, expected);
    }
}
