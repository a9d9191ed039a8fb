//! A small application behind the door: pipelines in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{Error, ErrorKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::http::cookie::Cookie;
use crate::http::events::{Event, EventStream, stream};
use crate::http::identity::unauthenticated;
use crate::http::{Answer, Created, Door, Front, Identity, Input, Route, Settings, public};

#[derive(Clone)]
pub(super) struct Shop {
    pipelines: Arc<Mutex<BTreeMap<i64, Pipeline>>>,
    bell: watch::Sender<()>,
}

impl Shop {
    pub(super) fn new() -> Self {
        Self {
            pipelines: Arc::default(),
            bell: watch::channel(()).0,
        }
    }

    pub(super) fn front(self, shutdown: CancellationToken) -> Front<Self> {
        let settings = Settings {
            shutdown,
            ..Settings::default()
        };
        Front::new(self, settings).routes(routes())
    }
}

pub(super) struct Person(&'static str);

impl Door for Shop {
    type Caller = Person;

    async fn identify(&self, request: &Identity) -> Result<Person, Error> {
        let shown =
            |token: &Option<crate::http::Token>| token.as_ref().map(|it| it.reveal().to_owned());
        match (
            shown(&request.bearer).as_deref(),
            shown(&request.session).as_deref(),
        ) {
            (Some("good"), _) => Ok(Person("program")),
            (_, Some("s1")) => match shown(&request.csrf).as_deref() {
                Some("c1") => Ok(Person("person")),
                None if !request.is_unsafe() => Ok(Person("person")),
                _ => Err(Error::new(
                    ErrorKind::Auth,
                    "CSRF_TOKEN",
                    "another session's token",
                )),
            },
            _ => Err(unauthenticated("nobody is logged in")),
        }
    }
}

pub(super) fn routes() -> Vec<Route<Shop>> {
    vec![
        Route::get("/projects/{project}/pipelines", "Lists pipelines", list),
        Route::post("/projects/{project}/pipelines", "Makes a pipeline", create).body_limit(4096),
        Route::put(
            "/projects/{project}/pipelines/{pipeline}",
            "Changes a pipeline",
            change,
        )
        .conditional(),
        Route::delete(
            "/projects/{project}/pipelines/{pipeline}",
            "Removes a pipeline",
            remove,
        )
        .conditional(),
        Route::post("/session", "Logs in", public(log_in)),
        Route::get("/events", "Tells of pipelines as they are made", events),
        Route::post("/troubles/{kind}", "Goes wrong", trouble).timeout(Duration::from_millis(50)),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InProject {
    /// The project's number.
    project: i64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OnePipeline {
    #[allow(dead_code)]
    project: i64,
    pipeline: i64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// How many at most.
    #[serde(default = "twenty")]
    limit: u16,
    /// Only those called so.
    name: Option<String>,
    /// Of these states.
    #[serde(default)]
    state: Vec<PipelineState>,
}

fn twenty() -> u16 {
    20
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum PipelineState {
    #[default]
    Draft,
    Live,
}

/// One table to one table.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pipeline {
    /// Unique in its project.
    name: String,
    #[serde(default)]
    state: PipelineState,
    #[serde(default)]
    edition: i64,
}

#[derive(Serialize, JsonSchema)]
struct Page {
    project: i64,
    asked_by: String,
    pipelines: Vec<Pipeline>,
}

async fn list(
    shop: Shop,
    caller: Person,
    input: Input<InProject, Search>,
) -> Result<Answer<Page>, Error> {
    let pipelines = shop.pipelines.lock().unwrap();
    let wanted = |pipeline: &&Pipeline| {
        let query = &input.query;
        query
            .name
            .as_ref()
            .is_none_or(|name| *name == pipeline.name)
            && (query.state.is_empty() || query.state.contains(&pipeline.state))
    };
    let pipelines = pipelines.values().filter(wanted);
    Ok(Answer::of(Page {
        project: input.path.project,
        asked_by: caller.0.to_owned(),
        pipelines: pipelines.take(input.query.limit.into()).cloned().collect(),
    }))
}

async fn create(
    shop: Shop,
    _caller: Person,
    input: Input<InProject, (), Pipeline>,
) -> Result<Created<Pipeline>, Error> {
    let mut pipelines = shop.pipelines.lock().unwrap();
    let number = i64::try_from(pipelines.len()).unwrap() + 1;
    let pipeline = Pipeline {
        edition: 1,
        ..input.body
    };
    pipelines.insert(number, pipeline.clone());
    shop.bell.send_replace(());
    let path = format!("/projects/{}/pipelines/{number}", input.path.project);
    Ok(Created::at(&path, pipeline).edition(1))
}

async fn change(
    shop: Shop,
    _caller: Person,
    input: Input<OnePipeline, (), Pipeline>,
) -> Result<Answer<Pipeline>, Error> {
    let seen = input.required_edition()?;
    let mut pipelines = shop.pipelines.lock().unwrap();
    let pipeline = pipelines
        .get_mut(&input.path.pipeline)
        .ok_or_else(no_pipeline)?;
    if pipeline.edition != seen {
        let message = "somebody edited the pipeline meanwhile";
        return Err(Error::new(ErrorKind::Conflict, "EDITED_MEANWHILE", message));
    }
    *pipeline = Pipeline {
        edition: seen + 1,
        ..input.body
    };
    Ok(Answer::of(pipeline.clone()).edition(seen + 1))
}

async fn remove(
    shop: Shop,
    _caller: Person,
    input: Input<OnePipeline>,
) -> Result<Answer<()>, Error> {
    let mut pipelines = shop.pipelines.lock().unwrap();
    pipelines
        .remove(&input.path.pipeline)
        .ok_or_else(no_pipeline)?;
    Ok(Answer::nothing())
}

fn no_pipeline() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "UNKNOWN_PIPELINE",
        "there is no such pipeline",
    )
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    name: String,
    password: String,
}

#[derive(Serialize, JsonSchema)]
struct Session {
    /// To be sent as `X-CSRF-Token`.
    csrf: String,
}

async fn log_in(_shop: Shop, input: Input<(), (), Credentials>) -> Result<Answer<Session>, Error> {
    if (input.body.name.as_str(), input.body.password.as_str()) != ("ann", "right") {
        return Err(unauthenticated("the name or the password is wrong"));
    }
    let cookie = Cookie::session("s1", Duration::from_secs(3600), input.identity.secure);
    let csrf = "c1".to_owned();
    Ok(Answer::of(Session { csrf }).cookie(cookie))
}

async fn events(shop: Shop, _caller: Person, input: Input) -> Result<EventStream, Error> {
    let waker = shop.bell.subscribe();
    Ok(stream(input.last_event, waker, move |after: i64| {
        let pipelines = shop.pipelines.lock().unwrap();
        let newer = pipelines.range(after + 1..);
        let newer = newer.map(|(number, pipeline)| Event {
            number: *number,
            kind: Cow::Borrowed("pipeline"),
            data: json!({ "name": pipeline.name }),
        });
        let newer: Vec<Event> = newer.collect();
        async move { Ok(newer) }
    }))
}

#[derive(Deserialize, JsonSchema)]
struct TroubleKind {
    kind: String,
}

async fn trouble(
    _shop: Shop,
    _caller: Person,
    input: Input<TroubleKind, (), Option<Pipeline>>,
) -> Result<Answer<()>, Error> {
    match input.path.kind.as_str() {
        "panic" => panic!("secret of the house"),
        "slow" => tokio::time::sleep(Duration::from_secs(60)).await,
        "defect" => return Err(Error::internal("secret of the house")),
        "unavailable" => {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "STORE_BUSY",
                "the store is held",
            ));
        }
        _ => {}
    }
    Ok(Answer::nothing())
}
