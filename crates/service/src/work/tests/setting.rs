//! What tests of long work and of what people make share: a service over a fresh store, a SQLite database and an
//! empty folder for files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::ObjectId;
use serde_json::{Value as Json, json};
use store::{KeyRing, OperationState, Store, Stored};

use crate::access::network::{LocalRoots, NetworkPolicy};
use crate::access::rights::{Caller, Role};
use crate::access::token::SetUp;
use crate::clock::Clock;
use crate::data_sources::{self, DataSource};
use crate::installation::{Service, Settings};
use crate::projects::{self, Mode, Project};
use crate::work::Progress;

pub(crate) struct Setting {
    folder: tempfile::TempDir,
    pub(crate) service: Service,
    pub(crate) caller: Caller,
    pub(crate) project: Stored<Project>,
}

impl Setting {
    /// A project of this mode, with a database `shop.db` of the tables `customers` and `orders`.
    pub(crate) async fn new(mode: Mode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(folder.path().join("ground")).unwrap();
        let store = Store::open(&data).await.unwrap();
        let (keys, _) = KeyRing::open(&data, true).unwrap();
        let settings = Settings {
            server: "one".to_owned(),
            owner: ObjectId::generate().to_string(),
            installation: ObjectId::new("store"),
            network: NetworkPolicy::default(),
            roots: LocalRoots {
                roots: vec![folder.path().join("ground")],
                own: vec![data],
            },
            most_days: 7,
            keep_instances_days: 30,
            keep_audit_days: 365,
            session_hours: 8,
            mail: None,
            lineage: None,
        };
        let clock = Clock::reading(|| "2024-03-01T10:00:00Z".parse().unwrap());
        let service = Service::new((store, keys), clock, settings, SetUp::done());
        let caller = caller(Some(Role::Administrator), BTreeMap::new());
        let project = Project {
            description: String::new(),
            mode,
            time_zone: model::TimeZone::utc(),
            default_group: None,
            development_group: None,
            members: BTreeMap::new(),
        };
        let project = projects::create(&service, &caller, "trade", project)
            .await
            .unwrap();
        let setting = Self {
            folder,
            service,
            caller,
            project,
        };
        for file in ["shop.db", "shop_dev.db"] {
            for table in ["customers", "orders"] {
                setting.make_table(file, table);
            }
        }
        setting
    }

    /// Somebody with this role in the project.
    pub(crate) fn somebody(&self, role: Role) -> Caller {
        let roles = [(self.project.id.to_string(), role)];
        caller(None, roles.into_iter().collect())
    }

    pub(crate) fn ground(&self) -> PathBuf {
        self.folder.path().join("ground")
    }

    pub(crate) fn data(&self) -> &Path {
        self.service.store().folder()
    }

    pub(crate) fn make_table(&self, file: &str, table: &str) {
        self.execute(
            file,
            &format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"),
        );
    }

    pub(crate) fn execute(&self, file: &str, statement: &str) {
        let connection = rusqlite::Connection::open(self.ground().join(file)).unwrap();
        connection.execute_batch(statement).unwrap();
    }

    pub(crate) async fn source(&self, name: &str, body: Json) -> Stored<DataSource> {
        let body: DataSource = serde_json::from_value(body).unwrap();
        let of = (&self.project.id, name);
        data_sources::create(&self.service, &self.caller, of, body)
            .await
            .unwrap()
    }

    /// `shop`, a database, and `lake`, a folder of files.
    pub(crate) async fn ends(&self) -> (Stored<DataSource>, Stored<DataSource>) {
        let ground = self.ground();
        let mut shop = json!({"type": "sqlite", "options": {"path": ground.join("shop.db")}});
        let mut lake = json!({"type": "files", "options": {"path": ground.join("lake")}});
        if self.project.body.mode == Mode::DevProd {
            shop["development"] = json!({"path": ground.join("shop_dev.db")});
            lake["development"] = json!({"path": ground.join("lake_dev")});
        }
        (
            self.source("shop", shop).await,
            self.source("lake", lake).await,
        )
    }

    /// The operation once it has ended.
    pub(crate) async fn ended(&self, begun: Progress) -> Progress {
        let mut news = self.service.news();
        loop {
            let (service, caller) = (&self.service, &self.caller);
            let now = crate::work::show(service, caller, &self.project.id, &begun.id)
                .await
                .unwrap();
            if now.state != OperationState::Running {
                return now;
            }
            let wait = std::time::Duration::from_millis(200);
            let _ = tokio::time::timeout(wait, news.changed()).await;
        }
    }

    pub(crate) fn id(&self) -> &ObjectId {
        &self.project.id
    }
}

fn caller(system_role: Option<Role>, project_roles: BTreeMap<String, Role>) -> Caller {
    Caller {
        user: "ann".to_owned(),
        name: "ann".to_owned(),
        system_role,
        project_roles,
        scopes: None,
        address: None,
        request: String::new(),
    }
}
