//! JSON that is posted to an address that a person gave: to where the network policy lets it, past no
//! redirect, within seconds.

use std::net::SocketAddr;
use std::time::Duration;

use model::{Error, ErrorKind, Result};
use reqwest::Url;
use reqwest::redirect::Policy;
use serde_json::Value as Json;

use crate::installation::Service;

const LONGEST: Duration = Duration::from_secs(10);

/// Refuses what is no address of a webhook, and hosts that nobody here may connect to.
pub(super) async fn check(service: &Service, address: &str) -> Result<(Url, Vec<SocketAddr>)> {
    let refuse = |why: &str| {
        let message = format!("the address {why}");
        let error = Error::new(ErrorKind::Config, "BAD_WEBHOOK", message);
        Err(error.hint("give it as https://host/path"))
    };
    let Ok(url) = Url::parse(address) else {
        return refuse("is no URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("is neither http nor https");
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return refuse("names no host");
    };
    let found = service.settings().network.check(host, port).await?;
    Ok((url, found))
}

/// Posts a document. The answer's text is shown to nobody: it may be of any service of the network.
pub(super) async fn post(service: &Service, address: &str, document: &Json) -> Result<()> {
    let (url, addresses) = check(service, address).await?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let client = reqwest::Client::builder()
        .user_agent(concat!("godwit/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .timeout(LONGEST)
        // What was checked is what is connected to, whatever the name says by then.
        .resolve_to_addrs(&host, &addresses)
        .build();
    let client = client.map_err(|cause| failed("could not begin", cause))?;
    let answer = client.post(url).json(document).send().await;
    let answer = answer.map_err(|cause| {
        let how = if cause.is_timeout() {
            "did not answer"
        } else {
            "could not be reached"
        };
        failed(how, cause)
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let message = format!("the webhook answered {}", status.as_u16());
    Err(
        Error::new(ErrorKind::Unavailable, "WEBHOOK_FAILED", message)
            .hint("look there for why it refuses what is posted"),
    )
}

/// Without the cause's own words, which tell the address.
fn failed(how: &str, cause: reqwest::Error) -> Error {
    let message = format!("the webhook {how}");
    Error::new(ErrorKind::Unavailable, "WEBHOOK_FAILED", message)
        .hint("check its address, and that it can be reached from the server")
        .caused_by(cause.without_url())
}
