//! Where connections may lead. A name is looked up and its addresses are judged each time that a connection is
//! made, and what was judged is what is connected to: a name that leads elsewhere the next time leads nowhere.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use model::Result;

/// Looks names up, and judges where they lead.
#[async_trait]
pub trait Judge: Send + Sync + 'static {
    /// The addresses of host and port, all of them fit to be connected to; an error where one of them is not.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>>;
}

/// Where connections may lead: anywhere, unless there is a judge.
#[derive(Clone, Default)]
pub struct Reach(Option<Arc<dyn Judge>>);

impl Reach {
    /// Only where this judge lets them.
    pub fn judged(judge: Arc<dyn Judge>) -> Self {
        Self(Some(judge))
    }

    /// The addresses to connect to, instead of the name; `None` where anything may be connected to.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Option<Vec<SocketAddr>>> {
        match &self.0 {
            Some(judge) => judge.addresses(host, port).await.map(Some),
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Reach(judged)"
        } else {
            "Reach(anywhere)"
        })
    }
}
