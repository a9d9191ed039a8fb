//! A project of SQLite tables that go to Parquet files, and servers that step as a test says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::plan::{Environment, Part};
use model::schedule::{Priority, Resources};
use model::{ObjectId, Result};
use serde_json::{Value as Json, json};
use store::{By, Instance, InstanceFilter, KeyRing, Store, Task};

use super::super::*;
use crate::access::network::{LocalRoots, NetworkPolicy};
use crate::access::rights::{Caller, Role};
use crate::access::token::SetUp;
use crate::clock::Clock;
use crate::data_sources::DataSource;
use crate::installation::Settings;
use crate::instances::{Act, act};
use crate::projects::Project;
use crate::resource_groups::ResourceGroup;
use crate::run::Unwatched;
use crate::run::wave;
use crate::tasks::{Runs, Table, TaskBody};

/// A clock of this test alone, and where it stands.
macro_rules! clock {
    ($at:literal) => {{
        static NOW: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
        fn now() -> jiff::Timestamp {
            let millis = NOW.load(std::sync::atomic::Ordering::SeqCst);
            jiff::Timestamp::from_millisecond(millis).unwrap()
        }
        let at: jiff::Timestamp = $at.parse().unwrap();
        NOW.store(at.as_millisecond(), std::sync::atomic::Ordering::SeqCst);
        (&NOW, $crate::clock::Clock::reading(now))
    }};
}
pub(crate) use clock;

type Now = &'static std::sync::atomic::AtomicI64;

pub(crate) struct Setting {
    folder: tempfile::TempDir,
    now: Now,
    clock: Clock,
    pub(crate) store: Store,
    pub(crate) service: Service,
    pub(crate) caller: Caller,
    pub(crate) project: ObjectId,
    source: ObjectId,
    destination: ObjectId,
}

fn by() -> By {
    By {
        person: "ann".to_owned(),
        ..By::default()
    }
}

fn caller(role: Role, project: &ObjectId) -> Caller {
    Caller {
        user: "u1".to_owned(),
        name: "ann".to_owned(),
        system_role: None,
        project_roles: BTreeMap::from([(project.to_string(), role)]),
        scopes: None,
        address: None,
        request: String::new(),
    }
}

impl Setting {
    pub(crate) async fn new((now, clock): (Now, Clock)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let store = Store::open(&data).await.unwrap();
        let service = service(&folder, &store, clock, "none");
        let project: Project = serde_json::from_value(json!({ "time-zone": "UTC" })).unwrap();
        let project = store.create(&by(), ("", "p"), project).await.unwrap().id;
        let kept = async |name: &str, kind: &str, path: PathBuf| {
            let body = json!({ "type": kind, "options": { "path": path } });
            let body: DataSource = serde_json::from_value(body).unwrap();
            let made = store.create(&by(), (project.as_str(), name), body).await;
            made.unwrap().id
        };
        let source = kept("shop", "sqlite", folder.path().join("shop.db")).await;
        let destination = kept("lake", "files", folder.path().join("lake")).await;
        let setting = Self {
            caller: caller(Role::ProjectAdmin, &project),
            now,
            clock,
            service,
            project,
            source,
            destination,
            store,
            folder,
        };
        for name in ["a", "b", "c"] {
            setting.sql(&format!(
                "CREATE TABLE {name} (id INTEGER PRIMARY KEY, name TEXT)"
            ));
            for id in 0..3 {
                setting.sql(&format!("INSERT INTO {name} VALUES ({id}, 'row')"));
            }
        }
        setting
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn sql(&self, statement: &str) {
        let connection = rusqlite::Connection::open(self.path("shop.db")).unwrap();
        connection.execute(statement, []).unwrap();
    }

    pub(crate) fn store_sql(&self, statement: &str) {
        let connection = rusqlite::Connection::open(self.path("data/godwit.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.execute(statement, []).unwrap();
    }

    pub(crate) fn viewer(&self) -> Caller {
        caller(Role::Viewer, &self.project)
    }

    pub(crate) fn pass_minutes(&self, minutes: i64) {
        let millis = minutes * 60_000;
        self.now
            .fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }

    pub(crate) fn pass_hours(&self, hours: i64) {
        self.pass_minutes(hours * 60);
    }

    /// Publishes a task that moves the table of its name, appending to what is there.
    pub(crate) async fn publish(
        &self,
        name: &str,
        upstream: &[&Task],
        change: impl FnOnce(&mut TaskBody),
    ) -> Task {
        let migration = json!({
            "name": "shop", "source": { "data-source": "shop" },
            "destination": { "data-source": "lake", "loading-policy": "append" },
            "tables": { "listed": [format!("main.{name}")] }, "method": { "kind": "daily" },
        });
        let mut body = TaskBody {
            runs: Runs::Pipeline {
                table: Table {
                    schema: "main".to_owned(),
                    table: name.to_owned(),
                },
                part: Part::Daily,
                source: self.source.clone(),
                destination: self.destination.clone(),
                migration: Box::new(serde_json::from_value(migration).unwrap()),
                generated_from: None,
            },
            timeout_hours: 48.0,
            reruns: 0,
            rerun_interval_minutes: 5,
            rerun_after_timeout: false,
            hour: Some(0),
            needs: Resources::default(),
            resource_group: None,
        };
        change(&mut body);
        let task = Task {
            id: ObjectId::generate(),
            environment: Environment::Production,
            project: self.project.to_string(),
            name: name.to_owned(),
            version: 1,
            first_bizdate: "20240501".to_owned(),
            suspended: false,
            priority: Priority::Medium,
            upstream: upstream.iter().map(|task| task.id.clone()).collect(),
            body: serde_json::to_value(&body).unwrap(),
            changed_at: 0,
            changed_by: String::new(),
        };
        self.store
            .publish(&by(), std::slice::from_ref(&task))
            .await
            .unwrap();
        task
    }

    /// As if generated from the migration of this id.
    pub(crate) fn generated(&self, body: &mut TaskBody, id: &str) {
        if let Runs::Pipeline { generated_from, .. } = &mut body.runs {
            *generated_from = Some(ObjectId::new(id));
        }
    }

    /// With a filter.
    pub(crate) fn filtered(&self, body: &mut TaskBody, filter: &str) {
        if let Runs::Pipeline { migration, .. } = &mut body.runs {
            migration.filter = serde_json::from_value(json!({ "daily": filter })).unwrap();
        }
    }

    /// Over what is there.
    pub(crate) fn overwriting(body: &mut TaskBody) {
        if let Runs::Pipeline { migration, .. } = &mut body.runs {
            migration.destination.loading_policy = model::migration::LoadingPolicy::Overwrite;
        }
    }

    /// Each business date into a partition of its own.
    pub(crate) fn partitioned(&self, body: &mut TaskBody) {
        if let Runs::Pipeline { migration, .. } = &mut body.runs {
            let method = json!({ "kind": "daily", "partition": { "daily": {} } });
            migration.method = serde_json::from_value(method).unwrap();
        }
    }

    pub(crate) async fn group(&self, cpu_millis: u32) -> ObjectId {
        let body = json!({
            "cpu-millis": cpu_millis, "memory-mb": 100_000, "projects": [self.project],
        });
        let body: ResourceGroup = serde_json::from_value(body).unwrap();
        self.store
            .create(&by(), ("", "small"), body)
            .await
            .unwrap()
            .id
    }

    /// All instances, newest first.
    pub(crate) async fn all(&self) -> Vec<Instance> {
        let filter = InstanceFilter {
            limit: 500,
            ..InstanceFilter::default()
        };
        let listed = self
            .store
            .instances(self.project.as_str(), Environment::Production, &filter);
        listed.await.unwrap()
    }

    pub(crate) async fn of_task(&self, task: &Task) -> Vec<Instance> {
        let mut all = self.all().await;
        all.retain(|instance| instance.made.task == task.id);
        all
    }

    pub(crate) async fn one_of(&self, task: &Task) -> Instance {
        let mut all = self.of_task(task).await;
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    pub(crate) async fn act(&self, id: i64, what: Act) -> Result<Vec<i64>> {
        act(&self.service, &self.caller, (&self.project, id), what).await
    }

    /// Rows that stand at the destination, by what its manifest says.
    pub(crate) fn rows(&self, name: &str) -> u64 {
        rows_below(&self.path("lake").join(name))
    }

    /// A copy of the store, as a backup is made while it is in use.
    pub(crate) fn back_up(&self) {
        let database = rusqlite::Connection::open(self.path("data/godwit.db")).unwrap();
        let copy = self.path("backup.db");
        database
            .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
            .unwrap();
    }

    /// The store as it was then.
    pub(crate) async fn put_back(&mut self) {
        self.store.close().await;
        for side in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.path(&format!("data/godwit.db{side}")));
        }
        std::fs::copy(self.path("backup.db"), self.path("data/godwit.db")).unwrap();
        self.store = Store::open(&self.path("data")).await.unwrap();
        self.service = service(&self.folder, &self.store, self.clock, "none");
    }

    /// A server of its own over the same store, which has come to its lease.
    pub(crate) async fn server(&self, name: &str) -> Server {
        let service = service(&self.folder, &self.store, self.clock, name);
        let operator = Operator::new(&service);
        let server = Server { operator };
        server.beat(Duration::ZERO).await;
        server
    }
}

/// All rows of manifests in a folder and below.
fn rows_below(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let mut rows = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rows += rows_below(&path);
        } else if path.ends_with("_godwit.json") {
            let manifest: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let files = manifest["files"].as_array().unwrap();
            rows += files
                .iter()
                .map(|file| file["rows"].as_u64().unwrap())
                .sum::<u64>();
        }
    }
    rows
}

fn service(folder: &tempfile::TempDir, store: &Store, clock: Clock, server: &str) -> Service {
    let (keys, _) = KeyRing::open(&folder.path().join("data"), true).unwrap();
    let settings = Settings {
        server: server.to_owned(),
        owner: ObjectId::generate().to_string(),
        installation: ObjectId::new("store"),
        network: NetworkPolicy {
            allow_loopback: true,
            ..NetworkPolicy::default()
        },
        roots: LocalRoots {
            roots: vec![folder.path().canonicalize().unwrap()],
            own: Vec::new(),
        },
        most_days: 10,
        keep_instances_days: 365,
        keep_audit_days: 365,
        session_hours: 12,
        mail: None,
        lineage: None,
    };
    Service::new((store.clone(), keys), clock, settings, SetUp::done())
}

/// A server that steps as it is told.
pub(crate) struct Server {
    pub(in crate::operating) operator: Operator,
}

impl Server {
    pub(crate) async fn beat(&self, at: Duration) {
        beat(&self.operator.server, &self.operator.leader, at).await;
    }

    /// Steps until nothing more happens at this moment.
    pub(crate) async fn settle(&mut self, at: Duration) {
        for _ in 0..500 {
            self.beat(at).await;
            let before = self.operator.service.store().last_change().await.unwrap();
            self.operator.try_tick(at).await.unwrap();
            while self.operator.runner.is_busy() {
                tokio::time::sleep(Duration::from_millis(2)).await;
                self.operator.try_tick(at).await.unwrap();
            }
            let after = self.operator.service.store().last_change().await.unwrap();
            if before == after {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    /// Leads one round, and begins nothing of what is given.
    pub(crate) async fn give(&mut self, at: Duration) {
        self.beat(at).await;
        for _ in 0..2 {
            self.operator.follow().await.unwrap();
            self.operator.lead(at).await.unwrap();
        }
        self.operator.follow().await.unwrap();
    }

    /// Takes note of what changed, and no more.
    pub(crate) async fn follow(&mut self, at: Duration) {
        self.beat(at).await;
        self.operator.follow().await.unwrap();
    }

    /// Loads one of what was given, and tells nobody. The table's name.
    pub(crate) async fn load_untold(&mut self) -> String {
        let held = self.operator.server.held().unwrap();
        let wave = self.operator.runner.waves(&held).await.remove(0);
        let table = wave.tables.first().unwrap().table.clone();
        let (ends, _told) = tokio::sync::mpsc::unbounded_channel();
        wave::fly(wave, ends, &Unwatched).await.unwrap();
        table
    }
}
