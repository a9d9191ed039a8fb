//! A service that holds what the demo made: its project, data sources, migrations, pipelines, and some days
//! of runs, so that there is something to look at.

use std::path::Path;
use std::time::Duration;

use jiff::ToSpan;
use model::plan::Environment;
use model::{Error, ObjectId, Result};
use serde_json::{Value as Json, json};
use service::access::rights::Caller;
use service::access::token;
use service::backfills::{self, Backfill};
use service::data_sources::{self, DataSource};
use service::generation::{self, Generate};
use service::metadata::{self, Collect};
use service::migrations;
use service::projects::{self, Project};
use service::resource_groups::{self, ResourceGroup};
use service::sessions::{self, Credentials, Origin};
use service::tasks::{self, ByHand};
use service::work::{self, Progress};
use service::{Service, publishing};

use super::migration_yaml;

/// As whom a person logs in.
const NAME: &str = "demo";
/// How long the password is.
const PASSWORD: usize = 16;
/// The project's name, and that of its resource group.
const PROJECT: &str = "shop";
/// Tables that are loaded day by day beside the migration of everything.
const DAILY: [&str; 3] = ["main.orders", "main.customer", "main.lineitem"];
/// So many days of them are made up for.
const DAYS: i64 = 5;
const ALL: (Option<String>, Option<String>, Option<u32>) = (None, None, Some(500));

/// What a person needs to look at it.
pub struct Login {
    /// The name.
    pub name: &'static str,
    /// The password, made for this service.
    pub password: String,
}

/// Makes the first administrator by the service's `set_up` token, and as them all the rest. What runs then goes
/// on by itself.
pub async fn fill(service: &Service, set_up: &str, dir: &Path) -> Result<Login> {
    let mut password = token::nonce()?;
    password.truncate(PASSWORD);
    let origin = Origin {
        address: None,
        request: "demo",
    };
    let first = (NAME, password.clone());
    let begun = sessions::set_up(service, origin, set_up, first).await?;
    let shown = Credentials {
        session: Some(&begun.cookie),
        bearer: None,
        csrf: Some(&begun.csrf),
        is_unsafe: true,
        origin,
    };
    let caller = sessions::identify(service, &shown).await?;
    Filling { service, caller }.all(dir).await?;
    Ok(Login {
        name: NAME,
        password: password.to_string(),
    })
}

struct Filling<'a> {
    service: &'a Service,
    caller: Caller,
}

impl Filling<'_> {
    async fn all(&self, dir: &Path) -> Result<()> {
        let project = self.project().await?;
        let lake = dir.join("lake");
        let sources = [
            ("shop", "sqlite", dir.join("shop.db")),
            ("lake", "lake", lake),
        ];
        for (name, connector, path) in sources {
            let written = json!({ "type": connector, "options": { "path": path } });
            let source: DataSource = understood(written)?;
            let of = (&project, name);
            let made = data_sources::create(self.service, &self.caller, of, source).await?;
            if name == "shop" {
                let (of, all) = ((&project, &made.id), Collect::default());
                let begun = metadata::collect(self.service, &self.caller, of, all).await?;
                self.ended(&project, begun).await?;
            }
        }
        let text = migration_yaml(Path::new("shop.db"), Path::new("lake"));
        let of = (&project, None);
        let whole = migrations::import(self.service, &self.caller, of, &text).await?;
        let whole = whole.migration;
        let mut daily = whole.body.document.clone();
        daily["tables"] = json!({ "listed": DAILY });
        daily["method"] = json!({ "kind": "daily", "partition": { "daily": {} } });
        daily["destination"]["namespace"] = json!("shop_daily");
        daily["each"] = json!([]);
        daily["schedule"] = json!({ "mode": "concurrent" });
        let of = (&project, "shop_day_by_day");
        let daily = migrations::create(self.service, &self.caller, of, daily).await?;
        let of_all = self.pipelines(&project, &whole.id).await?;
        let of_days = self.pipelines(&project, &daily.id).await?;
        for task in of_all {
            let by_hand: ByHand = understood(json!({}))?;
            let of = (&project, Environment::Production);
            tasks::run_now(self.service, &self.caller, of, (&task, by_hand)).await?;
        }
        self.days(&project, &of_days).await
    }

    /// The project, with a group that its runs take their quota from.
    async fn project(&self) -> Result<ObjectId> {
        let project: Project = understood(json!({
            "description": "What godwit demo made", "mode": "basic", "time-zone": "UTC",
        }))?;
        let made = projects::create(self.service, &self.caller, PROJECT, project).await?;
        let group: ResourceGroup = understood(json!({
            "cpu-millis": 2000, "memory-mb": 4096, "daily-scheduling": true, "projects": [made.id],
        }))?;
        let group = resource_groups::create(self.service, &self.caller, PROJECT, group).await?;
        let id = made.id.clone();
        let mut grouped = made;
        grouped.body.default_group = Some(group.id);
        projects::edit(self.service, &self.caller, grouped).await?;
        Ok(id)
    }

    /// A migration, generated and submitted: its tasks.
    async fn pipelines(&self, project: &ObjectId, migration: &ObjectId) -> Result<Vec<ObjectId>> {
        let (service, caller) = (self.service, &self.caller);
        let of = (project, migration);
        let generating = generation::generate(service, caller, of, Generate::default()).await?;
        self.ended(project, generating).await?;
        let results = generation::results(service, caller, of, (None, 0, 500)).await?;
        let pipelines: Vec<_> = results.into_iter().filter_map(|one| one.pipeline).collect();
        let submitting = publishing::submit(service, caller, (project, &pipelines), "demo").await?;
        self.ended(project, submitting).await?;
        // A pipeline's task goes by the pipeline's id.
        let listed = tasks::list(service, caller, (project, Environment::Production), ALL).await?;
        let tasks = listed.into_iter().map(|task| task.id);
        Ok(tasks.filter(|task| pipelines.contains(task)).collect())
    }

    /// Some days of these tasks, each day waiting for the one before it.
    async fn days(&self, project: &ObjectId, tasks: &[ObjectId]) -> Result<()> {
        let today = self
            .service
            .clock()
            .now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        let written = |days: i64| {
            today
                .saturating_sub(days.days())
                .strftime("%Y%m%d")
                .to_string()
        };
        for task in tasks {
            let backfill: Backfill = understood(json!({
                "task": task, "first": written(DAYS), "last": written(1),
            }))?;
            let new = (None, backfill, None);
            backfills::create(self.service, &self.caller, project, new).await?;
        }
        Ok(())
    }

    async fn ended(&self, project: &ObjectId, operation: Progress) -> Result<()> {
        let mut at = operation;
        while at.ended_at.is_none() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            at = work::show(self.service, &self.caller, project, &at.id).await?;
        }
        match at
            .result
            .as_ref()
            .and_then(|result| result["error"]["message"].as_str())
        {
            Some(message) => Err(Error::internal(format!(
                "the demo's {}: {message}",
                at.kind
            ))),
            None => Ok(()),
        }
    }
}

fn understood<T: serde::de::DeserializeOwned>(written: Json) -> Result<T> {
    serde_json::from_value(written)
        .map_err(|cause| Error::internal("the demo is not understood").caused_by(cause))
}
