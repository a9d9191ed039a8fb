//! Mail, through the server that an administrator names.

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message as Letter, Tokio1Executor};
use model::{Error, ErrorKind, Result};

use super::Message;

const LONGEST: Duration = Duration::from_secs(20);

/// The mail server, and as whom we write.
#[derive(Clone)]
pub struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl Mail {
    /// The server at `smtps://user:password@host:port`, or `smtp://…?tls=required`; `from` is an address, or
    /// `Name <address>`. `BAD_CONFIGURATION` where they are not that.
    pub fn new(url: &str, from: &str) -> Result<Self> {
        let refuse = |what: &str| {
            let message = format!("mail: {what}");
            Error::new(ErrorKind::Config, "BAD_CONFIGURATION", message)
                .hint("write url as smtps://user:password@host, from as name@host")
        };
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        // Its own words may hold the password.
        let server = server.map_err(|_| refuse("url is no address of a mail server"))?;
        let from = from
            .parse()
            .map_err(|_| refuse("from is no mail address"))?;
        let server = server.timeout(Some(LONGEST)).build();
        Ok(Self { server, from })
    }

    /// Sends a message to all of these at once.
    pub(super) async fn send(&self, to: &[String], message: &Message) -> Result<()> {
        let mut letter = Letter::builder()
            .from(self.from.clone())
            .subject(message.subject())
            .header(ContentType::TEXT_PLAIN);
        for address in to {
            let address = address
                .parse()
                .map_err(|cause| failed("an address is none", cause))?;
            letter = letter.to(Mailbox::new(None, address));
        }
        let letter = letter.body(message.text());
        let letter = letter.map_err(|cause| failed("the mail cannot be written", cause))?;
        let sent = self.server.send(letter).await;
        sent.map_err(|cause| failed("the mail server did not take the mail", cause))?;
        Ok(())
    }
}

fn failed(how: &str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Unavailable, "MAIL_FAILED", how)
        .hint("check the mail server that the configuration names")
        .caused_by(cause)
}

/// Whether mail can be sent there.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}
