//! The whole situation as data: what there is, what each waits for, what each group has.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::schedule::{InstanceState, Priority, Resources};

/// An instance, by the store's number.
pub type InstanceId = i64;

/// All open instances, those that they wait for, and what they share.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// Open ones. One that ended may stay as long as another waits for it; it changes no more.
    pub instances: BTreeMap<InstanceId, Instance>,
    /// What each resource group has.
    pub groups: BTreeMap<String, Resources>,
    /// How many connections each data source may have at once; one that is not named has no limit.
    pub connections: BTreeMap<String, u32>,
}

/// One instance, as far as it matters when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// How far it is.
    pub state: InstanceState,
    /// Why it is not further.
    pub reason: Option<Reason>,
    /// A person holds it back.
    pub paused: bool,
    /// It does not wait for those upstream.
    pub forced: bool,
    /// Those that must have succeeded.
    pub upstream: Vec<InstanceId>,
    /// When its time comes: as planned, or that of its next attempt.
    pub not_before: Timestamp,
    /// Which goes first.
    pub priority: Priority,
    /// The group that it takes its quota from.
    pub group: String,
    /// How much.
    pub needs: Resources,
    /// How many connections it opens at each data source.
    pub connections: Vec<(String, u32)>,
    /// What it moves: of those with the same, one runs at a time.
    pub moves: Option<String>,
    /// Since when it is in its state.
    pub since: Option<Timestamp>,
    /// The longest that it may run.
    pub timeout: SignedDuration,
}

/// Why an instance does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A person holds it back.
    Paused,
    /// This one upstream has not succeeded, and so many in all.
    Upstream(InstanceId, usize),
    /// It runs, or is tried again, from this moment on.
    Until(Timestamp),
    /// This data source has as many connections as it may.
    Connections(String),
    /// This one runs, and moves the same.
    SameMoves(InstanceId),
    /// This group has no quota left.
    Quota(String),
    /// It needs more than this group has, or there is no such group: it never runs as things are.
    NeverFits(String),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It waits, otherwise than before.
    Wait(InstanceId, InstanceState, Reason),
    /// It starts.
    Start(InstanceId),
    /// It has run longer than it may: it is stopped.
    TimeOut(InstanceId),
}
