//! What answers a request: a function of the application, with its types told to the table before
//! they are forgotten.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::response::Response;
use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::answer::{Form, Reply, Setting};
use super::identity::Door;
use super::input::{Arrived, Input};
use super::problem::Problem;

/// A handler, its parameters read.
type Call<A> =
    dyn Fn(A, Arrived, Setting) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync;

/// A handler whose types are known no more, but for the document.
#[derive(Clone)]
pub struct Endpoint<A> {
    pub(super) call: Arc<Call<A>>,
    /// Where the function is declared: `godwit::http::pipelines::list`.
    pub(super) name: &'static str,
    pub(super) public: bool,
    pub(super) types: Types,
}

/// Gives the schema of one of the handler's types.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What the handler's types say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Types {
    /// An object with one property for each parameter of the path.
    pub(super) path: SchemaOf,
    /// The same of the query.
    pub(super) query: SchemaOf,
    /// The body; `null` where there is none.
    pub(super) body: SchemaOf,
    pub(super) reply: fn(&mut SchemaGenerator) -> Form,
}

impl Types {
    fn of<P, Q, B, R>() -> Self
    where
        P: JsonSchema,
        Q: JsonSchema,
        B: JsonSchema,
        R: Reply,
    {
        Self {
            path: P::json_schema,
            query: Q::json_schema,
            body: SchemaGenerator::subschema_for::<B>,
            reply: R::form,
        }
    }
}

/// A function that answers requests: with a caller, or without one where it is wrapped in [`public`].
/// `S` keeps the two apart and holds the types that follow from the function.
pub trait Handler<A, S> {
    /// The function with its types told.
    fn endpoint(self) -> Endpoint<A>;
}

/// Types that follow from a handler.
pub struct Shape<P, Q, B, F>(PhantomData<(P, Q, B, F)>);

impl<A, H, P, Q, B, F, R, E> Handler<A, Shape<P, Q, B, F>> for H
where
    A: Door,
    H: Fn(A, A::Caller, Input<P, Q, B>) -> F + Clone + Send + Sync + 'static,
    P: DeserializeOwned + JsonSchema + Send + 'static,
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    F: Future<Output = Result<R, E>> + Send + 'static,
    R: Reply,
    E: Into<Problem> + 'static,
{
    fn endpoint(self) -> Endpoint<A> {
        let call = move |app: A, arrived: Arrived, setting: Setting| {
            let handler = self.clone();
            async move {
                let caller = app.identify(&arrived.identity).await?;
                if let Some(project) = &arrived.project {
                    app.admit(&caller, project).await?;
                }
                let input = Input::read(arrived).await?;
                let reply = handler(app, caller, input).await.map_err(Into::into)?;
                reply.response(&setting)
            }
            .boxed()
        };
        Endpoint {
            call: Arc::new(call),
            name: std::any::type_name::<H>(),
            public: false,
            types: Types::of::<P, Q, B, R>(),
        }
    }
}

/// A handler that anybody may ask: it gets no caller.
pub struct Public<H>(H);

/// Opens a handler to anybody: `Route::post("/session", "Logs in", public(log_in))` where `log_in` is
/// an `async fn(App, Input<P, Q, B>) -> Result<Answer<R>, Error>`.
pub fn public<H>(handler: H) -> Public<H> {
    Public(handler)
}

impl<A, H, P, Q, B, F, R, E> Handler<A, Shape<P, Q, B, F>> for Public<H>
where
    A: Door,
    H: Fn(A, Input<P, Q, B>) -> F + Clone + Send + Sync + 'static,
    P: DeserializeOwned + JsonSchema + Send + 'static,
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    F: Future<Output = Result<R, E>> + Send + 'static,
    R: Reply,
    E: Into<Problem> + 'static,
{
    fn endpoint(self) -> Endpoint<A> {
        let handler = self.0;
        let call = move |app: A, arrived: Arrived, setting: Setting| {
            let handler = handler.clone();
            async move {
                let input = Input::read(arrived).await?;
                let reply = handler(app, input).await.map_err(Into::into)?;
                reply.response(&setting)
            }
            .boxed()
        };
        Endpoint {
            call: Arc::new(call),
            name: std::any::type_name::<H>(),
            public: true,
            types: Types::of::<P, Q, B, R>(),
        }
    }
}
