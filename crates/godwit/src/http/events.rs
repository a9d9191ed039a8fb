//! Server-sent events: what happens, as it happens, taken up again after a break where it was left.
//! The stream asks a source for what came after a number; it keeps nothing itself.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use model::Error;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::{Form, Reply, Setting};
use super::problem::Problem;

const CONTENT_TYPE: &str = "text/event-stream";

const PACE: Pace = Pace {
    heartbeat: Duration::from_secs(15),
    longest: Duration::from_secs(15 * 60),
};

/// After how many milliseconds a client comes again.
const RETRY: &str = "retry: 2000\n\n";

/// How a stream goes on where nothing happens.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// A sign of life after so long, so that neither end and nothing between takes silence for the end.
    heartbeat: Duration,
    /// The stream ends after so long; the client comes again, and who it is is asked again.
    longest: Duration,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Larger than those of all before; above 0.
    pub number: i64,
    /// What kind of thing: a word.
    pub kind: Cow<'static, str>,
    /// What is to be known of it.
    pub data: Json,
}

/// What happened after an event.
pub trait Source: Send + 'static {
    /// The next events after the one of this number, in their order; none where there are none yet.
    /// Called again until it gives none, and after each wake; dropped at an await where the client
    /// goes away.
    fn after(&mut self, number: i64) -> BoxFuture<'_, Result<Vec<Event>, Error>>;
}

impl<C, F> Source for C
where
    C: FnMut(i64) -> F + Send + 'static,
    F: Future<Output = Result<Vec<Event>, Error>> + Send + 'static,
{
    fn after(&mut self, number: i64) -> BoxFuture<'_, Result<Vec<Event>, Error>> {
        self(number).boxed()
    }
}

/// A reply that goes on until the client goes away, the server stops, or nobody can wake it.
pub struct EventStream {
    source: Box<dyn Source>,
    waker: watch::Receiver<()>,
    first: i64,
}

/// Streams what comes after the event `first` (of [`super::Input::last_event`]), or all of it. The
/// source is asked at once, and whenever the waker wakes.
pub fn stream(first: Option<i64>, waker: watch::Receiver<()>, source: impl Source) -> EventStream {
    EventStream {
        source: Box::new(source),
        waker,
        first: first.unwrap_or_default(),
    }
}

impl Reply for EventStream {
    fn response(self, setting: &Setting) -> Result<Response, Problem> {
        let chunks = chunks(self, setting.shutdown.clone(), PACE);
        let mut response = Response::new(Body::from_stream(chunks));
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(header::CONTENT_TYPE, CONTENT_TYPE);
        set(header::CACHE_CONTROL, "no-store");
        // Proxies that gather what they pass on would keep it back.
        set(HeaderName::from_static("x-accel-buffering"), "no");
        Ok(response)
    }

    fn form(generator: &mut SchemaGenerator) -> Form {
        Form {
            status: 200,
            content: Some((CONTENT_TYPE, String::json_schema(generator))),
            headers: Vec::new(),
            resumes: true,
        }
    }
}

struct State {
    source: Box<dyn Source>,
    waker: watch::Receiver<()>,
    shutdown: CancellationToken,
    heartbeat: Duration,
    ends_at: Instant,
    last: i64,
    ready: VecDeque<String>,
    ended: bool,
}

fn chunks(
    stream: EventStream,
    shutdown: CancellationToken,
    pace: Pace,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let state = State {
        source: stream.source,
        waker: stream.waker,
        shutdown,
        heartbeat: pace.heartbeat,
        ends_at: Instant::now() + pace.longest,
        last: stream.first,
        ready: VecDeque::from([RETRY.to_owned()]),
        ended: false,
    };
    futures::stream::unfold(state, |mut state| async move {
        let chunk = state.next().await?;
        Some((Ok(Bytes::from(chunk)), state))
    })
}

impl State {
    /// The next piece of the stream; none at its end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(chunk);
            }
            if self.ended {
                return None;
            }
            let shutdown = self.shutdown.clone();
            let filled = tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                filled = self.fill() => filled,
            };
            if filled {
                continue;
            }
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return None,
                woken = self.waker.changed() => if woken.is_err() {
                    // Nobody wakes any more; what came before that is still sent.
                    self.fill().await;
                    self.ended = true;
                },
                () = tokio::time::sleep_until(self.ends_at) => return None,
                () = tokio::time::sleep(self.heartbeat) => return Some(":\n\n".to_owned()),
            }
        }
    }

    /// Asks the source; whether it gave something. A wake that comes meanwhile is not lost.
    async fn fill(&mut self) -> bool {
        self.waker.borrow_and_update();
        match self.source.after(self.last).await {
            Ok(events) => {
                self.last = events.last().map_or(self.last, |event| event.number);
                self.ready.extend(events.iter().map(written));
            }
            Err(error) => {
                tracing::warn!(code = error.code, ?error, "stream ended");
                self.ready.push_back(told(&error));
                self.ended = true;
            }
        }
        !self.ready.is_empty()
    }
}

/// An event as it is sent; JSON has no line breaks of its own.
fn written(event: &Event) -> String {
    let kind: String = event.kind.chars().filter(|c| !c.is_control()).collect();
    format!(
        "id: {}\nevent: {kind}\ndata: {}\n\n",
        event.number, event.data
    )
}

/// Why the stream ends, without a number: the client takes it up where it was.
fn told(error: &Error) -> String {
    format!(
        "event: problem\ndata: {}\n\n",
        json!({ "code": error.code })
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::StreamExt;
    use model::ErrorKind;

    use super::*;

    const QUICK: Pace = Pace {
        heartbeat: Duration::from_millis(20),
        longest: Duration::from_millis(300),
    };

    /// Events that a test adds, and the waker that it wakes.
    struct Ledger {
        events: Arc<Mutex<Vec<Event>>>,
        bell: watch::Sender<()>,
        shutdown: CancellationToken,
    }

    impl Ledger {
        fn new() -> Self {
            Self {
                events: Arc::default(),
                bell: watch::channel(()).0,
                shutdown: CancellationToken::new(),
            }
        }

        fn add(&self, number: i64) {
            let kind = Cow::Borrowed("run");
            let data = json!({ "text": format!("line\n{number}") });
            self.events
                .lock()
                .unwrap()
                .push(Event { number, kind, data });
            self.bell.send_replace(());
        }

        /// At most two events at a time, as a page of a table would be.
        fn stream(&self, first: Option<i64>) -> futures::stream::BoxStream<'static, String> {
            let events = self.events.clone();
            let source = move |after: i64| {
                let events = events.lock().unwrap();
                let newer = events.iter().filter(|event| event.number > after);
                let page: Vec<Event> = newer.take(2).cloned().collect();
                async move { Ok(page) }
            };
            let stream = stream(first, self.bell.subscribe(), source);
            chunks(stream, self.shutdown.clone(), QUICK)
                .map(|chunk| String::from_utf8(chunk.unwrap().to_vec()).unwrap())
                .boxed()
        }
    }

    fn sent(number: i64) -> String {
        format!("id: {number}\nevent: run\ndata: {{\"text\":\"line\\n{number}\"}}\n\n")
    }

    #[tokio::test]
    async fn events_come_in_order_and_as_they_happen() {
        let ledger = Ledger::new();
        for number in 1..=3 {
            ledger.add(number);
        }
        let mut stream = ledger.stream(None);
        assert_eq!(stream.next().await.unwrap(), RETRY);
        for number in 1..=3 {
            assert_eq!(stream.next().await.unwrap(), sent(number));
        }
        let (next, ()) = tokio::join!(stream.next(), async { ledger.add(4) });
        assert_eq!(next.unwrap(), sent(4));
    }

    #[tokio::test]
    async fn a_break_is_taken_up_where_it_was() {
        let ledger = Ledger::new();
        for number in 1..=5 {
            ledger.add(number);
        }
        let stream = ledger.stream(Some(3)).skip(1).take(2);
        assert_eq!(stream.collect::<Vec<_>>().await, [sent(4), sent(5)]);
    }

    #[tokio::test]
    async fn silence_is_broken_and_has_an_end() {
        let ledger = Ledger::new();
        let mut stream = ledger.stream(None).skip(1);
        let started = Instant::now();
        assert_eq!(stream.next().await.unwrap(), ":\n\n");
        assert!(started.elapsed() >= QUICK.heartbeat);
        assert!(stream.all(async |chunk| chunk == ":\n\n").await);
        assert!(started.elapsed() >= QUICK.longest);
    }

    #[tokio::test]
    async fn it_ends_when_the_server_stops() {
        let ledger = Ledger::new();
        let mut stream = ledger.stream(None).skip(1);
        let (next, ()) = tokio::join!(stream.next(), async { ledger.shutdown.cancel() });
        assert_eq!(next, None);
    }

    #[tokio::test]
    async fn it_ends_when_nobody_wakes_it_and_nothing_is_lost() {
        let ledger = Ledger::new();
        let mut stream = ledger.stream(None).skip(1);
        let (next, ()) = tokio::join!(stream.next(), async {
            ledger.add(1);
            drop(ledger);
        });
        assert_eq!(next.unwrap(), sent(1));
        assert_eq!(stream.next().await, None);
    }

    #[tokio::test]
    async fn a_failure_is_told_and_ends_it() {
        let bell = watch::channel(()).0;
        let failing = |_| async { Err(Error::new(ErrorKind::Unavailable, "STORE_BUSY", "busy")) };
        let stream = stream(None, bell.subscribe(), failing);
        let chunks: Vec<_> = chunks(stream, CancellationToken::new(), QUICK)
            .collect()
            .await;
        let last = chunks.last().unwrap().as_ref().unwrap();
        assert_eq!(
            &last[..],
            b"event: problem\ndata: {\"code\":\"STORE_BUSY\"}\n\n"
        );
        assert_eq!(chunks.len(), 2);
    }
}
