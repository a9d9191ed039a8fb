//! A proxy between a client and a server that makes one kind of trouble: it resets a connection after
//! so many bytes, half-closes it, stalls, or hands on one byte at a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use contract::CancellationToken;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Both sides are reset.
    Reset,
    /// The receiver sees the end of the stream; what it sends still arrives.
    HalfClose,
    /// Nothing more is handed on, and nobody is told.
    Stall,
    /// For a while one byte at a time is handed on.
    Dribble,
}

impl Trouble {
    /// By its name on a command line.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "reset" => Self::Reset,
            "half-close" => Self::HalfClose,
            "stall" => Self::Stall,
            "dribble" => Self::Dribble,
            _ => return None,
        })
    }
}

/// What goes wrong, where.
#[derive(Debug, Clone, Copy)]
pub struct Toxic {
    /// What.
    pub trouble: Trouble,
    /// After so many bytes.
    pub after: u64,
    /// Of what the client sends; else of what the server answers.
    pub upwards: bool,
    /// On each connection after so many of its own bytes; else once, after so many of all.
    pub each: bool,
}

/// What passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Connections taken.
    pub connections: u64,
    /// Bytes from client to server.
    pub up: u64,
    /// Bytes from server to client.
    pub down: u64,
    /// How often there was trouble.
    pub troubles: u64,
}

/// Bytes that a dribble lasts.
const DRIBBLE: u64 = 3_000;
const CHUNK: usize = 16 << 10;
/// How long the server may take to be reached.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    troubles: AtomicU64,
    spent: AtomicBool,
}

/// A proxy to one server.
pub struct FaultProxy {
    listener: TcpListener,
    server: String,
    toxic: Toxic,
    counts: Arc<Counts>,
}

impl FaultProxy {
    /// Listens on a port of its own, on this machine alone.
    pub async fn bind(server: &str, toxic: Toxic) -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(("127.0.0.1", 0)).await?,
            server: server.to_owned(),
            toxic,
            counts: Arc::default(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Hands on until `stop`; then every connection ends.
    pub async fn serve(self, stop: CancellationToken) -> Passed {
        let mut connections = JoinSet::new();
        loop {
            let client = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((client, _)) = client else { continue };
            self.counts.connections.fetch_add(1, Ordering::SeqCst);
            let connection = Connection {
                toxic: self.toxic,
                counts: Arc::clone(&self.counts),
            };
            let server = self.server.clone();
            connections.spawn(async move {
                let reached = tokio::time::timeout(PATIENCE, TcpStream::connect(server)).await;
                if let Ok(Ok(server)) = reached {
                    connection.carry(client, server).await;
                }
            });
            while connections.try_join_next().is_some() {}
        }
        connections.shutdown().await;
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        Passed {
            connections: read(&self.counts.connections),
            up: read(&self.counts.up),
            down: read(&self.counts.down),
            troubles: read(&self.counts.troubles),
        }
    }
}

/// How one direction ended.
enum Ended {
    /// The sender has no more to say, and the receiver was told.
    Closed,
    /// The connection is to be reset.
    Reset,
}

struct Connection {
    toxic: Toxic,
    counts: Arc<Counts>,
}

impl Connection {
    async fn carry(&self, client: TcpStream, server: TcpStream) {
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let mut up = Direction::new(self, from_client, to_server, true);
        let mut down = Direction::new(self, from_server, to_client, false);
        let reset = {
            let (upwards, downwards) = (up.pump(), down.pump());
            tokio::pin!(upwards, downwards);
            let (first, rest) = tokio::select! {
                ended = &mut upwards => (ended, futures::future::Either::Left(downwards)),
                ended = &mut downwards => (ended, futures::future::Either::Right(upwards)),
            };
            matches!(first, Ended::Reset)
                || matches!(
                    match rest {
                        futures::future::Either::Left(rest) => rest.await,
                        futures::future::Either::Right(rest) => rest.await,
                    },
                    Ended::Reset
                )
        };
        if reset {
            for half in [up.to, down.to] {
                // A socket that is closed already cannot be reset.
                let _ = half.as_ref().set_zero_linger();
                // Dropped, it would say goodbye first.
                half.forget();
            }
        }
    }

    /// How many of the next `size` bytes may pass before there is trouble; `None` where all may.
    fn trouble_within(&self, upwards: bool, own: u64, size: u64) -> Option<u64> {
        let all = if upwards {
            &self.counts.up
        } else {
            &self.counts.down
        };
        let before_all = all.fetch_add(size, Ordering::SeqCst);
        if self.toxic.trouble == Trouble::None || self.toxic.upwards != upwards {
            return None;
        }
        let before = if self.toxic.each { own } else { before_all };
        let within = self
            .toxic
            .after
            .checked_sub(before)
            .filter(|left| *left < size)?;
        if !self.toxic.each && self.counts.spent.swap(true, Ordering::SeqCst) {
            return None;
        }
        self.counts.troubles.fetch_add(1, Ordering::SeqCst);
        Some(within)
    }
}

/// One direction of a connection.
struct Direction<'a> {
    connection: &'a Connection,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    upwards: bool,
    own: u64,
    /// Bytes that are still to be handed on one by one.
    dribble: u64,
}

impl<'a> Direction<'a> {
    fn new(
        connection: &'a Connection,
        from: OwnedReadHalf,
        to: OwnedWriteHalf,
        upwards: bool,
    ) -> Self {
        Self {
            connection,
            from,
            to,
            upwards,
            own: 0,
            dribble: 0,
        }
    }

    async fn pump(&mut self) -> Ended {
        let mut chunk = vec![0; CHUNK];
        loop {
            let size = match self.from.read(&mut chunk).await {
                Ok(0) => {
                    let _ = self.to.shutdown().await;
                    return Ended::Closed;
                }
                Ok(size) => size,
                Err(_) => return Ended::Reset,
            };
            let bytes = &chunk[..size];
            let within = self.connection.trouble_within(
                self.upwards,
                self.own,
                u64::try_from(size).unwrap_or(0),
            );
            self.own += u64::try_from(size).unwrap_or(0);
            let passed = within.map_or(size, |within| usize::try_from(within).unwrap_or(size));
            if self.hand_on(&bytes[..passed]).await.is_err() {
                return Ended::Reset;
            }
            if within.is_none() {
                continue;
            }
            match self.connection.toxic.trouble {
                Trouble::None => {}
                Trouble::Reset => return Ended::Reset,
                Trouble::HalfClose => {
                    let _ = self.to.shutdown().await;
                    return self.swallow().await;
                }
                Trouble::Stall => return self.swallow().await,
                Trouble::Dribble => {
                    self.dribble = DRIBBLE;
                    if self.hand_on(&bytes[passed..]).await.is_err() {
                        return Ended::Reset;
                    }
                }
            }
        }
    }

    /// Takes what comes and hands nothing on, until there is no more.
    async fn swallow(&mut self) -> Ended {
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.from.read(&mut chunk).await {
                Ok(0) => return Ended::Closed,
                Ok(_) => {}
                Err(_) => return Ended::Reset,
            }
        }
    }

    async fn hand_on(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let singly = usize::try_from(self.dribble)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        for byte in &bytes[..singly] {
            self.to.write_all(std::slice::from_ref(byte)).await?;
            tokio::task::yield_now().await;
        }
        self.dribble -= u64::try_from(singly).unwrap_or(0);
        self.to.write_all(&bytes[singly..]).await
    }
}
