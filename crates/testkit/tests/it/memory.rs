//! The destination in memory keeps the protocol that the real ones are held to.

use std::sync::Arc;

use contract::{AnyConnector, Destination};
use model::TableName;
use model::migration::LoadingPolicy;
use testkit::conformance::{
    Subject, a_key_that_comes_twice_is_refused, first_load_is_all_or_nothing, survives_every_fault,
    what_stands_staged_is_read_back,
};
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

#[tokio::test]
async fn every_fault_leaves_old_or_new() {
    for policy in [
        LoadingPolicy::Overwrite,
        LoadingPolicy::Append,
        LoadingPolicy::Update,
    ] {
        let cases = survives_every_fault(&Memory::default(), policy).await;
        assert!(cases > 40, "{cases} cases");
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

/// Forgets what it published: the suite must notice.
#[tokio::test]
#[should_panic(expected = "lost or doubled")]
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

    survives_every_fault(&Forgetful(Memory::default()), LoadingPolicy::Append).await;
}
