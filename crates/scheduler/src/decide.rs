//! What is to be done now, from the whole situation.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use model::schedule::{InstanceState, Resources};

use crate::board::{Action, Board, Instance, InstanceId, Reason};

/// Smaller ones go past an instance for which its group has no room; for so long. Then the group keeps its
/// room for it.
const PASSED_BY_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What is to be done now. The same board at the same moment gives the same actions, and once they are
/// done, none.
///
/// An instance waits, in this order: for the person who paused it, for those upstream, for its time, for
/// another one that moves the same, for connections to its data sources, for quota of its group. Of those for which all is there the more
/// urgent go first, then those whose time came first. A group never gives more than it has, and groups do
/// not wait for each other.
pub fn decide(board: &Board, now: Timestamp) -> Vec<Action> {
    let mut room = Room::of(board);
    let mut actions = Vec::new();
    let mut ready = Vec::new();
    for (id, instance) in &board.instances {
        if instance.state == InstanceState::Running {
            let over = instance
                .since
                .and_then(|since| since.checked_add(instance.timeout).ok());
            if over.is_some_and(|over| over <= now) {
                actions.push(Action::TimeOut(*id));
            }
        } else if instance.state.is_waiting() {
            match held_back(board, instance, now) {
                Some((state, reason)) => wait(&mut actions, *id, instance, state, reason),
                None => ready.push((*id, instance)),
            }
        }
    }
    ready.sort_by_key(|(id, instance)| {
        (
            std::cmp::Reverse(instance.priority),
            instance.not_before,
            *id,
        )
    });
    for (id, instance) in ready {
        match room.take(id, instance, now) {
            Ok(()) => actions.push(Action::Start(id)),
            Err((state, reason)) => wait(&mut actions, id, instance, state, reason),
        }
    }
    actions
}

type Waiting = (InstanceState, Reason);

/// What an instance waits for before it asks for room.
fn held_back(board: &Board, instance: &Instance, now: Timestamp) -> Option<Waiting> {
    if instance.paused {
        return Some((InstanceState::NotRun, Reason::Paused));
    }
    if !instance.forced {
        let succeeded = |id: &&InstanceId| {
            let upstream = board.instances.get(id);
            upstream.is_some_and(|upstream| upstream.state == InstanceState::Succeeded)
        };
        let mut waits_for = instance.upstream.iter().filter(|id| !succeeded(id));
        if let Some(first) = waits_for.next() {
            let reason = Reason::Upstream(*first, 1 + waits_for.count());
            return Some((InstanceState::NotRun, reason));
        }
    }
    let until = Reason::Until(instance.not_before);
    (instance.not_before > now).then_some((InstanceState::WaitingForTime, until))
}

fn wait(
    actions: &mut Vec<Action>,
    id: InstanceId,
    instance: &Instance,
    state: InstanceState,
    reason: Reason,
) {
    if instance.state != state || instance.reason.as_ref() != Some(&reason) {
        actions.push(Action::Wait(id, state, reason));
    }
}

/// What is left of the groups' quota and of the data sources' connections.
struct Room<'a> {
    board: &'a Board,
    quota: BTreeMap<&'a str, Resources>,
    connections: BTreeMap<&'a str, u32>,
    /// What is moved, and by whom.
    moved: BTreeMap<&'a str, InstanceId>,
    /// Groups that keep their room for one that has waited for long.
    kept: BTreeSet<&'a str>,
}

impl<'a> Room<'a> {
    fn of(board: &'a Board) -> Self {
        let mut room = Self {
            board,
            quota: BTreeMap::new(),
            connections: BTreeMap::new(),
            moved: BTreeMap::new(),
            kept: BTreeSet::new(),
        };
        let running = board.instances.iter();
        for (id, instance) in running.filter(|(_, one)| one.state == InstanceState::Running) {
            room.occupy(*id, instance);
        }
        room
    }

    fn occupy(&mut self, id: InstanceId, instance: &'a Instance) {
        if let Some(moves) = &instance.moves {
            self.moved.insert(moves, id);
        }
        let used = self.quota.entry(&instance.group).or_default();
        *used = used.plus(instance.needs);
        for (data_source, count) in &instance.connections {
            let used = self.connections.entry(data_source).or_default();
            *used = used.saturating_add(*count);
        }
    }

    /// Takes what the instance needs, or says what is missing.
    fn take(
        &mut self,
        id: InstanceId,
        instance: &'a Instance,
        now: Timestamp,
    ) -> Result<(), Waiting> {
        let moves = instance.moves.as_deref();
        if let Some(other) = moves.and_then(|moves| self.moved.get(moves)) {
            return Err((InstanceState::Throttled, Reason::SameMoves(*other)));
        }
        for (data_source, count) in &instance.connections {
            let used = self
                .connections
                .get(data_source.as_str())
                .copied()
                .unwrap_or(0);
            let most = self.board.connections.get(data_source).copied();
            // Alone it runs, whatever it opens: else it never would.
            let is_full = most.is_some_and(|most| used > 0 && used.saturating_add(*count) > most);
            if is_full {
                let reason = Reason::Connections(data_source.clone());
                return Err((InstanceState::Throttled, reason));
            }
        }
        let group = instance.group.as_str();
        let waits = |reason: fn(String) -> Reason| {
            Err((InstanceState::WaitingForResources, reason(group.to_owned())))
        };
        let quota = self.board.groups.get(group).copied();
        let Some(quota) = quota.filter(|quota| instance.needs.fits(*quota)) else {
            return waits(Reason::NeverFits);
        };
        let used = self.quota.get(group).copied().unwrap_or_default();
        let has_room = used.plus(instance.needs).fits(quota);
        if !has_room || self.kept.contains(group) {
            let waits_since = instance
                .since
                .filter(|_| instance.state == InstanceState::WaitingForResources);
            let passed_by = waits_since.map(|since| now.duration_since(since));
            if passed_by.is_some_and(|passed_by| passed_by >= PASSED_BY_FOR) {
                self.kept.insert(group);
            }
            return waits(Reason::Quota);
        }
        self.occupy(id, instance);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use model::schedule::Priority;
    use proptest::prelude::*;

    use super::*;

    const CORE: Resources = Resources {
        cpu_millis: 1_000,
        memory_mb: 1_024,
    };

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn instance() -> Instance {
        Instance {
            state: InstanceState::NotRun,
            reason: None,
            paused: false,
            forced: false,
            upstream: Vec::new(),
            not_before: minute(0),
            priority: Priority::Medium,
            group: "g".to_owned(),
            needs: CORE,
            connections: Vec::new(),
            moves: None,
            since: None,
            timeout: SignedDuration::from_hours(48),
        }
    }

    fn cores(count: u32) -> Resources {
        Resources {
            cpu_millis: count * 1_000,
            memory_mb: count * 1_024,
        }
    }

    fn board(cores_of_group: u32, instances: Vec<Instance>) -> Board {
        Board {
            instances: (1..).zip(instances).collect(),
            groups: [("g".to_owned(), cores(cores_of_group))].into(),
            connections: [("shop".to_owned(), 4)].into(),
        }
    }

    /// Does what was decided, as the shell around does it.
    fn apply(board: &mut Board, actions: &[Action], now: Timestamp) {
        for action in actions {
            match action {
                Action::Wait(id, state, reason) => {
                    let instance = board.instances.get_mut(id).unwrap();
                    if instance.state != *state {
                        assert!(instance.state.may_become(*state));
                        instance.since = Some(now);
                    }
                    (instance.state, instance.reason) = (*state, Some(reason.clone()));
                }
                Action::Start(id) => {
                    let instance = board.instances.get_mut(id).unwrap();
                    assert!(instance.state.may_become(InstanceState::Running));
                    instance.state = InstanceState::Running;
                    (instance.reason, instance.since) = (None, Some(now));
                }
                Action::TimeOut(id) => {
                    board.instances.get_mut(id).unwrap().state = InstanceState::Failed;
                }
            }
        }
    }

    fn started(actions: &[Action]) -> Vec<InstanceId> {
        let started = actions.iter().filter_map(|action| match action {
            Action::Start(id) => Some(*id),
            _ => None,
        });
        started.collect()
    }

    #[test]
    fn an_instance_waits_for_one_thing_after_another() {
        let upstream = Instance {
            state: InstanceState::Running,
            ..instance()
        };
        let waiting = Instance {
            upstream: vec![1],
            not_before: minute(10),
            paused: true,
            connections: vec![("shop".to_owned(), 3)],
            ..instance()
        };
        let reader = Instance {
            state: InstanceState::Running,
            needs: Resources::default(),
            connections: vec![("shop".to_owned(), 2)],
            ..instance()
        };
        let mut board = board(1, vec![upstream, waiting, reader]);
        let next = |board: &mut Board, now: i64| {
            let actions = decide(board, minute(now));
            apply(board, &actions, minute(now));
            assert_eq!(decide(board, minute(now)), [], "what is done is done");
            let instance = &board.instances[&2];
            (instance.state, instance.reason.clone())
        };
        assert_eq!(
            next(&mut board, 0),
            (InstanceState::NotRun, Some(Reason::Paused))
        );
        board.instances.get_mut(&2).unwrap().paused = false;
        let upstream = Some(Reason::Upstream(1, 1));
        assert_eq!(next(&mut board, 1), (InstanceState::NotRun, upstream));
        board.instances.get_mut(&1).unwrap().state = InstanceState::Succeeded;
        let until = Some(Reason::Until(minute(10)));
        assert_eq!(next(&mut board, 2), (InstanceState::WaitingForTime, until));
        let connections = Some(Reason::Connections("shop".to_owned()));
        assert_eq!(
            next(&mut board, 10),
            (InstanceState::Throttled, connections)
        );
        let reader = board.instances.get_mut(&3).unwrap();
        (reader.connections, reader.needs) = (Vec::new(), CORE);
        let quota = Some(Reason::Quota("g".to_owned()));
        assert_eq!(
            next(&mut board, 11),
            (InstanceState::WaitingForResources, quota)
        );
        board.instances.get_mut(&3).unwrap().state = InstanceState::Succeeded;
        assert_eq!(next(&mut board, 12), (InstanceState::Running, None));
    }

    #[test]
    fn a_forced_one_waits_for_nobody_upstream_and_for_room_all_the_same() {
        let failed = Instance {
            state: InstanceState::Failed,
            ..instance()
        };
        let forced = Instance {
            upstream: vec![1, 77],
            forced: true,
            ..instance()
        };
        let board = board(1, vec![failed, forced.clone(), forced]);
        assert_eq!(started(&decide(&board, minute(0))), [2]);
    }

    #[test]
    fn of_those_that_move_the_same_one_runs_at_a_time() {
        let moves = |what: &str| Instance {
            moves: Some(what.to_owned()),
            ..instance()
        };
        let mut board = board(9, vec![moves("a"), moves("a"), moves("b")]);
        let actions = decide(&board, minute(0));
        assert_eq!(started(&actions), [1, 3]);
        let waits = Action::Wait(2, InstanceState::Throttled, Reason::SameMoves(1));
        assert!(actions.contains(&waits));
        apply(&mut board, &actions, minute(0));
        assert_eq!(decide(&board, minute(1)), []);
        board.instances.get_mut(&1).unwrap().state = InstanceState::Failed;
        assert_eq!(started(&decide(&board, minute(2))), [2]);
    }

    #[test]
    fn the_urgent_go_first_then_the_early() {
        let with = |priority: Priority, at: i64| Instance {
            priority,
            not_before: minute(at),
            ..instance()
        };
        let board = board(
            3,
            vec![
                with(Priority::Low, 0),
                with(Priority::Medium, 2),
                with(Priority::Medium, 1),
                with(Priority::Highest, 3),
            ],
        );
        assert_eq!(started(&decide(&board, minute(5))), [4, 3, 2]);
    }

    #[test]
    fn what_needs_more_than_its_group_has_says_so_and_holds_nobody_up() {
        let large = Instance {
            needs: cores(3),
            ..instance()
        };
        let elsewhere = Instance {
            group: "nowhere".to_owned(),
            ..instance()
        };
        let board = board(2, vec![large, elsewhere, instance()]);
        let actions = decide(&board, minute(60));
        let never = |id, group: &str| {
            let reason = Reason::NeverFits(group.to_owned());
            Action::Wait(id, InstanceState::WaitingForResources, reason)
        };
        assert_eq!(
            actions,
            [never(1, "g"), never(2, "nowhere"), Action::Start(3)]
        );
    }

    #[test]
    fn small_ones_pass_a_large_one_for_a_while_and_no_longer() {
        let running = Instance {
            state: InstanceState::Running,
            since: Some(minute(0)),
            ..instance()
        };
        let large = Instance {
            needs: cores(2),
            ..instance()
        };
        let mut board = board(2, vec![running, large, instance()]);
        let actions = decide(&board, minute(0));
        assert_eq!(started(&actions), [3]);
        apply(&mut board, &actions, minute(0));
        board.instances.get_mut(&3).unwrap().state = InstanceState::Succeeded;
        board.instances.insert(4, instance());
        assert_eq!(started(&decide(&board, minute(9))), [4]);
        assert_eq!(started(&decide(&board, minute(10))), [0; 0]);
        board.instances.get_mut(&1).unwrap().state = InstanceState::Succeeded;
        assert_eq!(started(&decide(&board, minute(11))), [2]);
    }

    #[test]
    fn r8_02_what_runs_too_long_is_stopped_once() {
        let running = Instance {
            state: InstanceState::Running,
            since: Some(minute(0)),
            timeout: SignedDuration::from_mins(30),
            ..instance()
        };
        let mut board = board(1, vec![running]);
        assert_eq!(decide(&board, minute(29)), []);
        let actions = decide(&board, minute(30));
        assert_eq!(actions, [Action::TimeOut(1)]);
        apply(&mut board, &actions, minute(30));
        assert_eq!(decide(&board, minute(31)), []);
    }

    prop_compose! {
        fn any_instance(id: i64)(
            upstream in prop::collection::vec(0..id.max(1), 0..3),
            at in 0..200_i64,
            minutes in 1..40_i64,
            priority in 0..5_usize,
            group in 0..2_usize,
            size in 1..4_u32,
            connections in 0..3_u32,
        ) -> (Instance, i64) {
            let priorities = [Priority::Lowest, Priority::Low, Priority::Medium, Priority::High, Priority::Highest];
            let upstream: BTreeSet<i64> = upstream.into_iter().filter(|up| (1..id).contains(up)).collect();
            let instance = Instance {
                upstream: upstream.into_iter().collect(),
                not_before: minute(at),
                priority: priorities[priority],
                group: ["g", "h"][group].to_owned(),
                needs: cores(size),
                connections: vec![("shop".to_owned(), connections)],
                ..instance()
            };
            (instance, minutes)
        }
    }

    fn any_instances() -> impl Strategy<Value = Vec<(Instance, i64)>> {
        (1..40_i64).prop_flat_map(|count| (1..=count).map(any_instance).collect::<Vec<_>>())
    }

    proptest! {
        /// Whatever there is: no group gives more than it has, no data source is opened more often than it
        /// may, nobody starts before those upstream or before its time, and all come to their end.
        #[test]
        fn all_run_in_order_and_within_what_there_is(instances in any_instances()) {
            let minutes: Vec<i64> = instances.iter().map(|(_, minutes)| *minutes).collect();
            let mut board = board(4, instances.into_iter().map(|(instance, _)| instance).collect());
            board.groups.insert("h".to_owned(), cores(3));
            let mut ends = BTreeMap::new();
            for now in 0..5_000 {
                if board.instances.values().all(|one| one.state == InstanceState::Succeeded) {
                    break;
                }
                ends.retain(|id, end| {
                    let ended = *end <= now;
                    if ended {
                        board.instances.get_mut(id).unwrap().state = InstanceState::Succeeded;
                    }
                    !ended
                });
                let actions = decide(&board, minute(now));
                for id in started(&actions) {
                    let instance = &board.instances[&id];
                    prop_assert!(instance.not_before <= minute(now));
                    for upstream in &instance.upstream {
                        prop_assert_eq!(board.instances[upstream].state, InstanceState::Succeeded);
                    }
                    ends.insert(id, now + minutes[usize::try_from(id).unwrap() - 1]);
                }
                apply(&mut board, &actions, minute(now));
                let running = || board.instances.values().filter(|one| one.state == InstanceState::Running);
                for (group, quota) in &board.groups {
                    let used = running().filter(|one| one.group == *group);
                    let used = used.fold(Resources::default(), |sum, one| sum.plus(one.needs));
                    prop_assert!(used.fits(*quota));
                }
                let opened: u32 = running().map(|one| one.connections[0].1).sum();
                prop_assert!(opened <= 4);
            }
            let all = board.instances.values();
            prop_assert!(all.map(|one| one.state).all(|state| state == InstanceState::Succeeded));
        }
    }
}
