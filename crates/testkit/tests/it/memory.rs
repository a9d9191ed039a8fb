//! The destination in memory keeps the protocol that the real ones are held to, and the suite sees
//! what a destination, a source or a commit does wrong.

use std::sync::Arc;

use contract::{AnyConnector, Destination};
use model::migration::LoadingPolicy;
use model::{RunId, TableName};
use service::StoreJournal;
use store::Store;
use testkit::conformance::{
    DEATHS, Load, Notes, STUMBLES, Subject, a_key_that_comes_twice_is_refused,
    first_load_is_all_or_nothing, load, walk_every_fault, walk_every_fault_after_another,
    walk_every_fault_when_taken_up, what_stands_staged_is_read_back,
};
use testkit::faults::{FaultPlan, Sabotage};
use testkit::memory_destination::{MemoryDestination, Rows};

#[derive(Default)]
pub(crate) struct Memory(pub(crate) MemoryDestination);

#[async_trait::async_trait]
impl Subject for Memory {
    fn connector(&self) -> &'static dyn AnyConnector {
        connectors::connector("files").expect("registered")
    }

    async fn open(&self) -> Arc<dyn Destination> {
        Arc::new(self.0.clone())
    }

    async fn read(&self, table: &TableName) -> Option<Rows> {
        let mut rows = self.0.world().published.get(table)?.clone();
        rows.sort();
        Some(rows)
    }

    async fn leftovers(&self, _table: &TableName) -> Vec<String> {
        self.0
            .world()
            .staged
            .keys()
            .map(ToString::to_string)
            .collect()
    }

    async fn reset(&self) {
        *self.0.world() = Default::default();
    }
}

const POLICIES: [LoadingPolicy; 3] = [
    LoadingPolicy::Overwrite,
    LoadingPolicy::Append,
    LoadingPolicy::Update,
];

/// What a load asks of every seam, and how often: 36 rows in three splits of two batches each.
const EFFECTS: [(&str, usize); 27] = [
    ("read-journal", 1),
    ("started", 1),
    ("open-snapshot", 1),
    ("describe", 1),
    ("snapshot", 1),
    ("split", 1),
    ("splits", 1),
    ("prepared", 1),
    ("prepare", 1),
    ("read", 3),
    ("batch", 6),
    ("end", 3),
    ("writer", 3),
    ("write", 6),
    ("finish", 3),
    ("keep-rejected", 3),
    ("finish-rejected", 3),
    ("split-done", 3),
    ("check-held", 1),
    ("replaces", 1),
    ("evidence", 1),
    ("verified", 1),
    ("committing", 1),
    ("commit", 1),
    ("committed", 1),
    ("clean", 1),
    ("close", 1),
];

/// The number of effects falls only where somebody changes this list.
#[tokio::test]
async fn every_effect_of_every_seam_is_met_in_five_ways() {
    for policy in POLICIES {
        let walk = walk_every_fault(&Memory::default(), policy, None)
            .await
            .unwrap();
        println!("{policy:?}: {walk:?}");
        for (label, times) in EFFECTS {
            let met = walk.met.get(label).copied().unwrap_or_default();
            assert!(met >= 5 * times, "{label} was met {met} times");
        }
        assert!(walk.unknown >= 4 && walk.settled >= 2, "{walk:?}");
        assert!(walk.gone_over > 0 && walk.taken_up > 0, "{walk:?}");
    }
}

#[tokio::test]
async fn so_is_every_effect_of_taking_a_dead_run_up() {
    for died in DEATHS {
        for policy in POLICIES {
            let walk = walk_every_fault_when_taken_up(&Memory::default(), policy, died)
                .await
                .unwrap();
            assert!(walk.effects >= 3, "{died:?}: {walk:?}");
            let settling = walk.met.get("settle").copied().unwrap_or_default();
            assert!(died.0 == "committed" || settling >= 5, "{died:?}: {walk:?}");
        }
    }
}

#[tokio::test]
async fn and_every_effect_behind_a_first_fault() {
    for (stumbled, effects, label) in [
        (STUMBLES[0], 3, "abort"),
        (STUMBLES[1], 12, "writer"),
        (STUMBLES[2], 3, "settle"),
        (STUMBLES[3], 4, "aborted"),
    ] {
        for policy in POLICIES {
            let walk = walk_every_fault_after_another(&Memory::default(), policy, stumbled)
                .await
                .unwrap();
            println!("{stumbled:?}, {policy:?}: {walk:?}");
            assert!(walk.effects >= effects, "{stumbled:?}: {walk:?}");
            let met = walk.met.get(label).copied().unwrap_or_default();
            assert!(met >= 5, "{stumbled:?}: {walk:?}");
        }
    }
}

#[tokio::test]
async fn a_key_twice_is_refused() {
    a_key_that_comes_twice_is_refused(&Memory::default()).await;
}

#[tokio::test]
async fn a_first_load_is_all_or_nothing() {
    first_load_is_all_or_nothing(&Memory::default()).await;
    what_stands_staged_is_read_back(&Memory::default()).await;
}

/// The same loop with the product's own journal.
struct Stored {
    memory: Memory,
    folder: tempfile::TempDir,
}

#[async_trait::async_trait]
impl Subject for Stored {
    fn connector(&self) -> &'static dyn AnyConnector {
        self.memory.connector()
    }

    async fn open(&self) -> Arc<dyn Destination> {
        self.memory.open().await
    }

    async fn read(&self, table: &TableName) -> Option<Rows> {
        self.memory.read(table).await
    }

    async fn leftovers(&self, table: &TableName) -> Vec<String> {
        self.memory.leftovers(table).await
    }

    async fn reset(&self) {
        self.memory.reset().await;
    }

    async fn notes(&self) -> Notes {
        let folder = self.folder.path().join(RunId::generate().as_str());
        let store = Store::open(&folder).await.expect("opens");
        Notes::new(Arc::new(StoreJournal(store)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_what_the_journal_promises() {
    let shm = std::path::Path::new("/dev/shm");
    let stored = Stored {
        memory: Memory::default(),
        folder: tempfile::tempdir_in(shm)
            .or_else(|_| tempfile::tempdir())
            .expect("a folder"),
    };
    let walk = walk_every_fault(&stored, LoadingPolicy::Append, None)
        .await
        .unwrap();
    assert!(walk.effects >= 40, "{walk:?}");
}

#[tokio::test]
async fn saboteurs_are_seen() {
    for (sabotage, expected) in [
        (Sabotage::SwallowSplit, "lost or doubled"),
        (Sabotage::EarlyEnd, "could not be taken up"),
        (Sabotage::DoublePart, "half visible"),
        (Sabotage::LosePart, "half visible"),
    ] {
        for policy in POLICIES {
            let walk = walk_every_fault(&Memory::default(), policy, Some(sabotage)).await;
            let seen = walk.expect_err("a saboteur got past the suite");
            println!("{sabotage:?}: {seen}");
            let known = ["lost or doubled", "half visible", "could not be taken up"];
            assert!(
                known.iter().any(|known| seen.contains(known)),
                "{seen}, not {expected}"
            );
        }
    }
}

/// Forgets what it published: the suite must notice.
#[tokio::test]
async fn a_destination_that_forgets_its_loads_is_noticed() {
    struct Forgetful(Memory);

    #[async_trait::async_trait]
    impl Subject for Forgetful {
        fn connector(&self) -> &'static dyn AnyConnector {
            self.0.connector()
        }
        async fn open(&self) -> Arc<dyn Destination> {
            self.0.0.world().loads.clear();
            self.0.open().await
        }
        async fn read(&self, table: &TableName) -> Option<Rows> {
            self.0.read(table).await
        }
        async fn leftovers(&self, table: &TableName) -> Vec<String> {
            self.0.leftovers(table).await
        }
        async fn reset(&self) {
            self.0.reset().await;
        }
    }

    let forgetful = Forgetful(Memory::default());
    let walk = walk_every_fault(&forgetful, LoadingPolicy::Append, None).await;
    let seen = walk.expect_err("nothing was noticed");
    assert!(seen.contains("lost or doubled"), "{seen}");
}

/// The row is rejected by name before a writer sees it, and counts against the limit.
#[tokio::test]
async fn what_a_destination_cannot_hold_is_rejected_and_not_written() {
    let memory = Memory::default();
    let unfit = Load {
        rows: vec![(1, "fine".to_owned()), (2, "a\0b".to_owned())],
        rejects: false,
        policy: LoadingPolicy::Overwrite,
        run: "unfit",
        notes: &memory.notes().await,
        faults: &FaultPlan::none(),
    };
    let report = load(&memory, unfit).await.expect("does not hang");
    let table = &report.tables[0];
    let counts = (table.rows_read, table.rows_written, table.rows_rejected);
    assert_eq!(counts, (2, 1, 1), "{table:?}");
    let published: Vec<Rows> = memory.0.world().published.values().cloned().collect();
    assert_eq!(published, [vec![(1, "fine".to_owned())]]);
}
