//! Being let in: the server's greeting, encryption where it is asked for, and the password in the form
//! that the server wants, never in clear text over a way that others can read.

use std::sync::Arc;

use mysql_async::consts::CapabilityFlags;
use mysql_async::{DriverError, Error as Failure};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{
    AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse, SslRequest,
};
use mysql_common::proto::MySerialize;
use rustls::ClientConfig;

use super::cell::malformed;
use super::connection::{MOST_BYTES, server_error};
use super::packets::Packets;

/// Who we are, and how what we say is encrypted.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    /// What is checked of a host of that name.
    pub(crate) tls: Option<(Arc<ClientConfig>, String)>,
}

const UTF8MB4_GENERAL_CI: u8 = 45;
const WANTED: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_LONG_PASSWORD)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH);

/// What the greeting says of the session.
pub(super) struct Greeted {
    pub(super) id: u32,
    pub(super) capabilities: CapabilityFlags,
}

/// Carries the login to its end.
pub(super) async fn log_in(
    mut packets: Packets,
    login: &Login,
) -> Result<(Packets, Greeted), Failure> {
    let greeting = packets.receive().await?;
    if greeting.first() == Some(&0xff) {
        return Err(server_error(greeting, CapabilityFlags::empty()));
    }
    let greeting: HandshakePacket<'static> = ParseBuf(greeting)
        .parse::<HandshakePacket<'_>>(())?
        .into_owned();
    let mut capabilities = greeting.capabilities() & WANTED;
    if let Some((config, host)) = &login.tls {
        if !greeting
            .capabilities()
            .contains(CapabilityFlags::CLIENT_SSL)
        {
            return Err(DriverError::NoClientSslFlagFromServer.into());
        }
        capabilities |= CapabilityFlags::CLIENT_SSL;
        let request = SslRequest::new(capabilities, MOST_BYTES, UTF8MB4_GENERAL_CI);
        packets.send(&serialized(&request)).await?;
        packets = packets
            .over(|stream| stream.encrypt(Arc::clone(config), host))
            .await?;
    }
    let greeted = Greeted {
        id: greeting.connection_id(),
        capabilities,
    };
    let plugin = match greeting.auth_plugin() {
        Some(AuthPlugin::CachingSha2Password) => AuthPlugin::CachingSha2Password,
        _ => AuthPlugin::MysqlNativePassword,
    };
    let mut nonce = greeting.nonce();
    nonce.resize(NONCE_BYTES, 0);
    let proof = plugin.gen_data(login.password.as_deref(), &nonce);
    let version = greeting
        .maria_db_server_version_parsed()
        .or_else(|| greeting.server_version_parsed())
        .unwrap_or_default();
    let response = HandshakeResponse::new(
        proof.as_deref(),
        version,
        Some(login.user.as_bytes()),
        None::<&[u8]>,
        Some(plugin.borrow()),
        capabilities,
        None,
        MOST_BYTES,
    );
    packets.send(&serialized(&response)).await?;
    let mut asked = Asked {
        packets,
        login,
        plugin: plugin.into_owned(),
        nonce,
        switched: false,
        capabilities,
    };
    asked.answer().await?;
    Ok((asked.packets, greeted))
}

const NONCE_BYTES: usize = 20;

fn serialized(packet: &impl MySerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.serialize(&mut bytes);
    bytes
}

/// A login that the server still has questions about.
struct Asked<'a> {
    packets: Packets,
    login: &'a Login,
    plugin: AuthPlugin<'static>,
    nonce: Vec<u8>,
    switched: bool,
    capabilities: CapabilityFlags,
}

/// What the server says to a proof.
enum Said {
    In,
    /// It wants another kind of proof.
    Switch(AuthSwitchRequest<'static>),
    /// Words of the plugin's own.
    More(Vec<u8>),
}

impl Asked<'_> {
    /// Answers until the server lets us in, or does not.
    async fn answer(&mut self) -> Result<(), Failure> {
        loop {
            match self.hear().await? {
                Said::In => return Ok(()),
                Said::Switch(_) if self.switched => return Err(malformed(&[0xfe])),
                Said::Switch(request) => self.switch(&request).await?,
                Said::More(words) => self.more(&words).await?,
            }
        }
    }

    async fn hear(&mut self) -> Result<Said, Failure> {
        let capabilities = self.capabilities;
        let packet = self.packets.receive().await?;
        match packet.split_first() {
            Some((0x00, _)) => Ok(Said::In),
            Some((0x01, words)) => Ok(Said::More(words.to_vec())),
            // The form of a protocol that keeps passwords no better than in clear text.
            Some((0xfe, [])) => Err(DriverError::MysqlOldPasswordDisabled.into()),
            Some((0xfe, _)) => {
                let request: AuthSwitchRequest<'_> = ParseBuf(packet).parse(())?;
                Ok(Said::Switch(request.into_owned()))
            }
            Some((0xff, _)) => Err(server_error(packet, capabilities)),
            _ => Err(malformed(packet)),
        }
    }

    async fn switch(&mut self, request: &AuthSwitchRequest<'_>) -> Result<(), Failure> {
        self.switched = true;
        self.nonce = request.plugin_data().to_vec();
        self.plugin = request.auth_plugin().into_owned();
        let proof = match &self.plugin {
            AuthPlugin::MysqlOldPassword => {
                return Err(DriverError::MysqlOldPasswordDisabled.into());
            }
            AuthPlugin::MysqlClearPassword => {
                return Err(DriverError::CleartextPluginDisabled.into());
            }
            AuthPlugin::Other(name) => {
                let name = String::from_utf8_lossy(name).into_owned();
                return Err(DriverError::UnknownAuthPlugin { name }.into());
            }
            // It first gives its salt, when it is asked by nothing.
            AuthPlugin::MariadbParsec { .. } => None,
            plugin => plugin.gen_data(self.login.password.as_deref(), &self.nonce),
        };
        let proof = proof.map(|proof| serialized(&proof)).unwrap_or_default();
        self.packets.send(&proof).await
    }

    /// Goes on as the plugin asks.
    async fn more(&mut self, words: &[u8]) -> Result<(), Failure> {
        const FAST: &[u8] = &[3];
        const FULL: &[u8] = &[4];
        match &mut self.plugin {
            AuthPlugin::CachingSha2Password if words == FAST => Ok(()),
            AuthPlugin::CachingSha2Password if words == FULL => self.in_full().await,
            plugin @ AuthPlugin::MariadbParsec { .. } => {
                plugin
                    .read_add_data(words)
                    .ok_or(DriverError::InvalidParsecSalt)?;
                let proof = plugin.gen_data(self.login.password.as_deref(), &self.nonce);
                let proof = proof.map(|proof| serialized(&proof)).unwrap_or_default();
                self.packets.send(&proof).await
            }
            _ => Err(malformed(words)),
        }
    }

    /// The whole password: as it is where nobody listens, else under the server's public key.
    async fn in_full(&mut self) -> Result<(), Failure> {
        const KEY_PLEASE: &[u8] = &[2];
        let mut password = self.login.password.clone().unwrap_or_default().into_bytes();
        password.push(0);
        if self.packets.is_private() {
            return self.packets.send(&password).await;
        }
        self.packets.send(KEY_PLEASE).await?;
        let Said::More(key) = self.hear().await? else {
            return Err(malformed(KEY_PLEASE));
        };
        for (byte, mask) in password.iter_mut().zip(self.nonce.iter().cycle()) {
            *byte ^= mask;
        }
        let hidden = mysql_common::crypto::encrypt(&password, &key);
        self.packets.send(&hidden).await
    }
}
