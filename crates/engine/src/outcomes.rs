//! What became of each table so far: its report, whether another round may take it, and who is told once
//! none will. Decides; moves nothing.

use std::collections::HashMap;
use std::sync::Arc;

use model::migration::OnLostSnapshot;
use model::plan::{Pipeline, Plan, Policy};
use model::run::TableReport;
use model::{Error, PipelineId};

/// How often unfinished tables are read at another moment after one was lost.
const MOST_LOST_MOMENTS: usize = 3;

/// Told of each table once, as soon as no further round will take it. Called from the run itself: must
/// not block.
pub type Landed = Arc<dyn Fn(&Pipeline, &TableReport) + Send + Sync>;

/// A table that still may succeed.
pub(crate) struct Waiting {
    pub(crate) pipeline: Pipeline,
    /// Of its last flight.
    pub(crate) error: Option<Error>,
}

/// What comes after a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: what waits has ended.
    End,
    /// What waits is read at another moment.
    Moment,
    /// What waits is run again, after a pause.
    Rerun,
}

pub(crate) struct Outcomes {
    policy: Policy,
    reports: HashMap<PipelineId, TableReport>,
    waiting: Vec<Waiting>,
    landed: Option<Landed>,
    lost_moments: usize,
    reruns: u8,
}

impl Outcomes {
    /// All tables of the plan wait.
    pub(crate) fn new(plan: &Plan, landed: Option<Landed>) -> Self {
        let waiting = plan.pipelines.iter().map(|pipeline| Waiting {
            pipeline: pipeline.clone(),
            error: None,
        });
        Self {
            policy: plan.policy.clone(),
            reports: HashMap::new(),
            waiting: waiting.collect(),
            landed,
            lost_moments: 0,
            reruns: 0,
        }
    }

    /// No further round takes the table.
    pub(crate) fn land(&mut self, pipeline: &Pipeline, report: TableReport) {
        if let Some(landed) = &self.landed {
            landed(pipeline, &report);
        }
        self.reports.insert(pipeline.id.clone(), report);
    }

    /// The table failed: it waits for a further round, or has landed.
    pub(crate) fn set_back(&mut self, pipeline: Pipeline, report: TableReport, error: Error) {
        if self.may_fly_again(&error) {
            self.reports.insert(pipeline.id.clone(), report);
            self.wait(pipeline, Some(error));
        } else {
            self.land(&pipeline, report);
        }
    }

    /// The table waits for a round.
    pub(crate) fn wait(&mut self, pipeline: Pipeline, error: Option<Error>) {
        self.waiting.push(Waiting { pipeline, error });
    }

    /// All that wait; nothing waits then.
    pub(crate) fn take_waiting(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiting)
    }

    /// What comes after a round. Counts: a round is meant to follow.
    pub(crate) fn next(&mut self) -> Next {
        let mut errors = self.waiting.iter().filter_map(|table| table.error.as_ref());
        let lost_one = errors.any(is_lost);
        if self.waiting.is_empty() {
            Next::End
        } else if lost_one && self.lost_moments < MOST_LOST_MOMENTS {
            if self.policy.on_lost_snapshot == OnLostSnapshot::Fail {
                return Next::End;
            }
            self.lost_moments += 1;
            Next::Moment
        } else if self.reruns < self.policy.run.reruns {
            self.reruns += 1;
            Next::Rerun
        } else {
            Next::End
        }
    }

    /// Which rerun it is, from 1.
    pub(crate) fn reruns(&self) -> u8 {
        self.reruns
    }

    /// How many tables wait, and what went wrong with the first of them.
    pub(crate) fn waiting(&self) -> (usize, String) {
        let mut errors = self.waiting.iter().filter_map(|table| table.error.as_ref());
        let first = errors.next().map(|error| error.message.clone());
        (self.waiting.len(), first.unwrap_or_default())
    }

    /// Whether a table that fails for a while is taken again only if the moment is lost: its reader may
    /// be the first to meet that.
    pub(crate) fn moment_decides(&self) -> bool {
        self.reruns >= self.policy.run.reruns && self.has_moments()
    }

    /// The reports of tables that wait no more, or that have flown once at least.
    pub(crate) fn report(&self, pipeline: &PipelineId) -> Option<&TableReport> {
        self.reports.get(pipeline)
    }

    /// The report of its last flight, taken back.
    pub(crate) fn take_report(&mut self, pipeline: &PipelineId) -> Option<TableReport> {
        self.reports.remove(pipeline)
    }

    fn may_fly_again(&self, error: &Error) -> bool {
        let rerun = self.reruns < self.policy.run.reruns;
        match is_lost(error) {
            true => rerun || self.has_moments(),
            false => rerun && error.is_retryable(),
        }
    }

    fn has_moments(&self) -> bool {
        self.policy.on_lost_snapshot != OnLostSnapshot::Fail
            && self.lost_moments < MOST_LOST_MOMENTS
    }
}

/// Whether the source's moment was lost.
pub(crate) fn is_lost(error: &Error) -> bool {
    error.code == "SNAPSHOT_LOST"
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use model::ErrorKind;
    use model::run::TableState;
    use serde_json::json;

    use super::*;

    fn plan(on_lost_snapshot: &str, reruns: u8) -> Plan {
        let pipeline = |id: &str| {
            let table = json!({"schema": "s", "table": id});
            json!({
                "id": id, "digest": "", "columns": [], "findings": [],
                "scan": {
                    "table": table, "kind": "table", "columns": [], "filter": null, "split_by": [],
                    "primary_key": [], "estimated_rows": null, "estimated_bytes": null,
                    "fingerprint": "",
                },
                "write": {
                    "table": {"name": table, "columns": [], "primary_key": [], "comment": null},
                    "policy": "overwrite", "partition": null, "exists": false, "ddl": [],
                },
            })
        };
        let end = json!({"data_source": "d", "connector": "c"});
        let plan = json!({
            "digest": "", "migration": "m", "environment": "production", "bizdate": "20240229",
            "part": "one-time", "source": end, "destination": end, "time_zone": "UTC",
            "policy": {
                "consistency": "snapshot", "verify": "counts", "rejected_rows": {},
                "empty_overwrite": "refuse", "on_lost_snapshot": on_lost_snapshot,
                "run": {"reruns": reruns},
            },
            "pipelines": [pipeline("a"), pipeline("b")], "refused": [], "findings": [],
        });
        serde_json::from_value(plan).unwrap()
    }

    fn report() -> TableReport {
        TableReport::blank("s.a".to_owned(), None, TableState::Failed)
    }

    fn error(code: &'static str, kind: ErrorKind) -> Error {
        Error::new(kind, code, code.to_lowercase())
    }

    fn lost() -> Error {
        error("SNAPSHOT_LOST", ErrorKind::Conflict)
    }

    fn broken() -> Error {
        error("BROKEN", ErrorKind::Unavailable)
    }

    /// Table `a` fails so after each round: what follows each, and after how many rounds it landed.
    fn check(policy: (&str, u8), failing: fn() -> Error, expected: (&[Next], usize)) {
        let landed = Arc::new(Mutex::new(0));
        let told: Landed = {
            let landed = Arc::clone(&landed);
            Arc::new(move |_, _| *landed.lock().unwrap() += 1)
        };
        let plan = plan(policy.0, policy.1);
        let mut outcomes = Outcomes::new(&plan, Some(told));
        let (mut nexts, mut rounds) = (Vec::new(), 0);
        loop {
            let waiting = outcomes.take_waiting();
            let Some(table) = waiting.into_iter().next() else {
                break;
            };
            rounds += 1;
            outcomes.set_back(table.pipeline, report(), failing());
            if *landed.lock().unwrap() > 0 {
                break;
            }
            nexts.push(outcomes.next());
            if nexts.last() == Some(&Next::End) {
                break;
            }
        }
        assert_eq!((nexts.as_slice(), rounds), expected, "{policy:?}");
    }

    #[test]
    fn a_failure_lands_as_soon_as_no_round_can_take_it() {
        let refused = || error("NO_RIGHT", ErrorKind::Auth);
        check(("restart-unfinished", 2), refused, (&[], 1));
        check(("restart-unfinished", 0), broken, (&[], 1));
        let reruns = [Next::Rerun, Next::Rerun];
        check(("restart-unfinished", 2), broken, (&reruns, 3));
        let moments = [Next::Moment; 3];
        check(("restart-unfinished", 0), lost, (&moments, 4));
        let both = [Next::Moment, Next::Moment, Next::Moment, Next::Rerun];
        check(("restart-unfinished", 1), lost, (&both, 5));
        check(("fail", 0), lost, (&[], 1));
        check(("fail", 1), lost, (&[Next::End], 1));
    }

    #[test]
    fn the_moment_decides_once_no_rerun_is_left() {
        let decides = |policy: (&str, u8)| {
            let mut outcomes = Outcomes::new(&plan(policy.0, policy.1), None);
            let before = outcomes.moment_decides();
            outcomes.take_waiting();
            let waiting = plan("fail", 0).pipelines.remove(0);
            outcomes.wait(waiting, Some(broken()));
            outcomes.next();
            (before, outcomes.moment_decides())
        };
        assert_eq!(decides(("restart-unfinished", 0)), (true, true));
        assert_eq!(decides(("restart-unfinished", 1)), (false, true));
        assert_eq!(decides(("fail", 1)), (false, false));
    }

    #[test]
    fn who_waits_is_told_with_the_first_error() {
        let mut outcomes = Outcomes::new(&plan("fail", 1), None);
        let tables = outcomes.take_waiting();
        for table in tables {
            outcomes.wait(table.pipeline, None);
        }
        let table = outcomes.take_waiting().remove(1);
        outcomes.set_back(table.pipeline, report(), broken());
        assert_eq!(outcomes.waiting(), (1, "broken".to_owned()));
        assert_eq!(outcomes.next(), Next::Rerun);
        assert_eq!(outcomes.reruns(), 1);
        assert!(outcomes.report(&PipelineId::new("b")).is_some());
    }
}
