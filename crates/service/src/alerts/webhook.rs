//! JSON that is posted to an address that a person gave: to where the network policy lets it.

use std::net::SocketAddr;

use model::{Error, ErrorKind, Result};
use reqwest::Url;
use serde_json::Value as Json;

use crate::installation::Service;
use crate::posting::{Letterbox, Lost};

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

/// Posts a document to where the network policy lets it.
pub(super) async fn post(service: &Service, address: &str, document: &Json) -> Result<()> {
    let (url, addresses) = check(service, address).await?;
    let letterbox = Letterbox {
        url: &url,
        addresses: &addresses,
        token: None,
    };
    letterbox.post(document).await.map_err(|lost| {
        let hint = match lost {
            Lost::Refused(_) => "look there for why it refuses what is posted",
            Lost::Unanswered(..) => "check its address, and that it can be reached from the server",
        };
        let message = format!("the webhook {lost}");
        Error::new(ErrorKind::Unavailable, "WEBHOOK_FAILED", message)
            .hint(hint)
            .caused_by(lost)
    })
}
