//! The route of events: what happens in a project, as it happens.

use futures::FutureExt;
use futures::future::BoxFuture;
use model::{Error, ObjectId};
use serde_json::json;
use service::access::rights::{Caller, Right};
use service::operating::Events;

use crate::http::app::App;
use crate::http::events::{Event, EventStream, Source, stream};
use crate::http::wire::InProject;
use crate::http::{Door, Identity, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![Route::get(
        "/projects/{project}/events",
        "Tells what happens in a project, as it happens",
        watch,
    )]
}

async fn watch(app: App, caller: Caller, input: Input<InProject>) -> Result<EventStream, Error> {
    let project = input.path.project;
    let news = app.service.news();
    let events = Events::watch(&app.service, &caller, &project, input.last_event).await?;
    let seen = events.seen();
    let watched = OfProject {
        events,
        app,
        identity: input.identity,
        project,
    };
    Ok(stream(Some(seen), news, watched))
}

/// Events of one project; they keep by themselves how far they are.
struct OfProject {
    events: Events,
    app: App,
    identity: Identity,
    project: ObjectId,
}

impl OfProject {
    async fn next(&mut self) -> Result<Vec<Event>, Error> {
        let events = self.events.next().await?;
        if !events.is_empty() {
            // Roles are lost meanwhile, sessions and tokens end.
            let caller = self.app.identify(&self.identity).await?;
            caller.may(Some(self.project.as_str()), Right::ViewProject)?;
        }
        let told = events.into_iter().map(|event| Event {
            number: event.sequence,
            kind: event.kind.into(),
            data: json!({ "subject": event.subject, "at": event.at, "what": event.json }),
        });
        Ok(told.collect())
    }
}

impl Source for OfProject {
    fn after(&mut self, _number: i64) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        self.next().boxed()
    }
}
