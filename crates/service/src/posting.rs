//! JSON that is posted to somebody's address: past no proxy and no redirect, within seconds. What is answered is
//! shown to nobody, for it may be of any service of the network; nor is the address, which often holds a secret.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use serde_json::Value as Json;

const LONGEST: Duration = Duration::from_secs(10);

/// Where something is posted.
#[derive(Clone, Copy)]
pub(crate) struct Letterbox<'a> {
    pub(crate) url: &'a Url,
    /// What is connected to, whatever the name says by then; wherever the name leads where there are none.
    pub(crate) addresses: &'a [SocketAddr],
    /// What is shown as a bearer token.
    pub(crate) token: Option<&'a str>,
}

/// Why it did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// It was answered by something else than success.
    #[error("answered {0}")]
    Refused(u16),
    /// No answer came.
    #[error("{0}")]
    Unanswered(&'static str, #[source] reqwest::Error),
}

impl Letterbox<'_> {
    /// Posts a document.
    pub(crate) async fn post(&self, document: &Json) -> Result<(), Lost> {
        let lost = |how: &'static str| {
            move |cause: reqwest::Error| Lost::Unanswered(how, cause.without_url())
        };
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("godwit/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(LONGEST);
        if !self.addresses.is_empty() {
            let host = self.url.host_str().unwrap_or_default();
            client = client.resolve_to_addrs(host, self.addresses);
        }
        let client = client.build().map_err(lost("could not begin"))?;
        let mut request = client.post(self.url.clone()).json(document);
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        let answer = request
            .send()
            .await
            .map_err(|cause| match cause.is_timeout() {
                true => lost("did not answer")(cause),
                false => lost("could not be reached")(cause),
            })?;
        match answer.status() {
            status if StatusCode::is_success(&status) => Ok(()),
            status => Err(Lost::Refused(status.as_u16())),
        }
    }
}
