//! Figures of the scheduler, for whoever collects them.

use std::collections::BTreeMap;
use std::time::Duration;

use model::schedule::InstanceState;

const INSTANCES: &str = "godwit_instances";
const TICK: &str = "godwit_scheduler_tick_seconds";
const DELAY: &str = "godwit_start_delay_seconds";
const PICK_UP: &str = "godwit_pick_up_seconds";
const WAVES: &str = "godwit_waves_running";

/// How many instances are in each state, of those that have not ended.
pub(super) fn instances(states: impl Iterator<Item = InstanceState>) {
    let open = InstanceState::ALL.iter().filter(|state| !state.is_ended());
    let mut counts: BTreeMap<InstanceState, u32> = open.map(|state| (*state, 0)).collect();
    for state in states {
        if let Some(count) = counts.get_mut(&state) {
            *count += 1;
        }
    }
    for (state, count) in counts {
        let name = serde_json::to_value(state).unwrap_or_default();
        let label = name.as_str().unwrap_or_default().to_owned();
        metrics::gauge!(INSTANCES, "state" => label).set(count);
    }
}

/// How long one round of the scheduler took, all of it: days made, changes read, starts decided and written.
pub(super) fn tick(took: Duration) {
    metrics::histogram!(TICK).record(took);
}

/// How long after its time had come, and nobody upstream held it up, an instance was given to a server.
pub(super) fn start_delay(millis: i64) {
    metrics::histogram!(DELAY).record(seconds(millis));
}

/// How long after it was given to this server an instance was begun.
pub(super) fn pick_up(millis: i64) {
    metrics::histogram!(PICK_UP).record(seconds(millis));
}

fn seconds(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// A wave that is carried out, as long as this is held.
pub(super) struct Wave;

impl Wave {
    pub(super) fn begin() -> Self {
        metrics::gauge!(WAVES).increment(1);
        Self
    }
}

impl Drop for Wave {
    fn drop(&mut self) {
        metrics::gauge!(WAVES).decrement(1);
    }
}
