//! The route of events: what happens in a project, as it happens.

use futures::FutureExt;
use futures::future::BoxFuture;
use model::Error;
use service::access::rights::Caller;
use service::operating::Events;

use crate::http::app::App;
use crate::http::events::{Event, EventStream, Source, stream};
use crate::http::wire::InProject;
use crate::http::{Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![Route::get(
        "/projects/{project}/events",
        "Tells what happens in a project, as it happens",
        watch,
    )]
}

async fn watch(app: App, caller: Caller, input: Input<InProject>) -> Result<EventStream, Error> {
    let project = &input.path.project;
    let news = app.service.news();
    let events = Events::watch(&app.service, &caller, project, input.last_event).await?;
    Ok(stream(Some(events.seen()), news, OfProject(events)))
}

/// Events of one project; they keep by themselves how far they are.
struct OfProject(Events);

impl Source for OfProject {
    fn after(&mut self, _number: i64) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        async move {
            let events = self.0.next().await?;
            let events = events.into_iter().map(|event| Event {
                number: event.sequence,
                kind: event.kind.into(),
                data: serde_json::json!({ "subject": event.subject, "at": event.at, "what": event.json }),
            });
            Ok(events.collect())
        }
        .boxed()
    }
}
