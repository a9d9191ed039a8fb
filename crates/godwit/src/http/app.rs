//! The service behind the door: who asks is told by their session or token.

use model::Error;
use service::access::rights::Caller;
use service::sessions::{self, Credentials, Origin};
use service::{Service, projects};

use super::{Door, Front, Identity, Settings};

/// The running service, as handlers get it.
#[derive(Clone)]
pub struct App {
    /// Whose verbs are called.
    pub service: Service,
    /// Whether browsers reach us by TLS.
    pub secure: bool,
}

impl App {
    /// The door before it, with all its routes.
    pub fn front(self, settings: Settings) -> Front<Self> {
        let store = self.service.store().clone();
        let check = move || {
            let store = store.clone();
            async move { store.check().await }
        };
        Front::new(self, settings)
            .routes(super::routes::routes())
            .page(super::web::page())
            .ready(check)
    }
}

impl Door for App {
    type Caller = Caller;

    async fn identify(&self, request: &Identity) -> Result<Caller, Error> {
        let credentials = Credentials {
            session: request.session.as_ref().map(super::Token::reveal),
            bearer: request.bearer.as_ref().map(super::Token::reveal),
            csrf: request.csrf.as_ref().map(super::Token::reveal),
            is_unsafe: request.is_unsafe(),
            origin: origin(request),
        };
        sessions::identify(&self.service, &credentials).await
    }

    async fn admit(&self, caller: &Caller, project: &str) -> Result<(), Error> {
        projects::admit(&self.service, caller, project).await
    }
}

/// Where a request comes from.
pub(super) fn origin(request: &Identity) -> Origin<'_> {
    Origin {
        address: request.client,
        request: request.request.as_str(),
    }
}
