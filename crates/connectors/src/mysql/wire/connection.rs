//! One session: small questions answered at once, and one large answer read packet by packet.

use std::sync::Arc;

use mysql_async::consts::{CapabilityFlags, Command};
use mysql_async::{Column, DriverError, Error as Failure, Row, ServerError, Value};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{ComStmtClose, ComStmtExecuteRequestBuilder, ErrPacket, StmtPacket};
use mysql_common::proto::MySerialize;
use mysql_common::row::new_row;

use super::cell::{self, Kind, malformed};
use super::handshake::{Login, log_in};
use super::packets::Packets;
use crate::family::stream::{Address, Stream};

/// A longer packet is not taken.
pub(super) const MOST_BYTES: u32 = 1 << 30;

/// An open session. After an error other than the server's own it can only be dropped.
pub(crate) struct Connection {
    packets: Packets,
    id: u32,
    capabilities: CapabilityFlags,
    /// A statement that was prepared and is not needed any more.
    stale: Option<u32>,
}

/// What stands next in an answer.
#[derive(Debug)]
pub(crate) enum Arrived<'a> {
    /// A row, in the binary protocol's form.
    Row(&'a [u8]),
    /// The answer's end.
    End,
    /// Nothing that is complete: [`Connection::fill`] waits for more.
    Nothing,
}

impl Connection {
    /// Opens a session.
    pub(crate) async fn open(address: &Address, login: &Login) -> Result<Self, Failure> {
        let stream = Stream::open(address).await?;
        let packets = Packets::new(stream, MOST_BYTES as usize);
        let (packets, greeted) = log_in(packets, login).await?;
        Ok(Self {
            packets,
            id: greeted.id,
            capabilities: greeted.capabilities,
            stale: None,
        })
    }

    /// The session's number at the server.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Runs a statement whose answer is not wanted.
    pub(crate) async fn run(&mut self, statement: &str) -> Result<(), Failure> {
        self.ask(statement).await.map(drop)
    }

    /// Asks something small, in the protocol that prepares nothing: each value is text.
    pub(crate) async fn ask(&mut self, statement: &str) -> Result<Vec<Row>, Failure> {
        self.command(Command::COM_QUERY, statement.as_bytes())
            .await?;
        let columns: Arc<[Column]> = self.columns().await?.into();
        let mut rows = Vec::new();
        if columns.is_empty() {
            return Ok(rows);
        }
        loop {
            let packet = self.packets.receive().await?;
            match packet.first() {
                Some(0xfe) if packet.len() < TERMINATOR_BYTES => return Ok(rows),
                Some(0xff) => return Err(server_error(packet, self.capabilities)),
                _ => {
                    let values = cell::text_values(packet, columns.len())?;
                    rows.push(new_row(values, Arc::clone(&columns)));
                }
            }
        }
    }

    /// Asks something small with values in it; the answer's values are of their types.
    pub(crate) async fn exec(
        &mut self,
        statement: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, Failure> {
        let columns: Arc<[Column]> = self.execute(statement, values).await?.into();
        let kinds = columns
            .iter()
            .map(Kind::of)
            .collect::<Result<Vec<_>, _>>()?;
        let mut rows = Vec::new();
        if columns.is_empty() {
            return Ok(rows);
        }
        loop {
            match self.next()? {
                Arrived::Row(row) => {
                    rows.push(new_row(cell::values(row, &kinds)?, Arc::clone(&columns)));
                }
                Arrived::End => return Ok(rows),
                Arrived::Nothing => self.fill().await?,
            }
        }
    }

    /// Sends the query whose rows [`Self::next`] gives, and says how their values lie.
    pub(crate) async fn start(
        &mut self,
        statement: &str,
        values: &[Value],
    ) -> Result<Vec<Kind>, Failure> {
        let columns = self.execute(statement, values).await?;
        columns.iter().map(Kind::of).collect()
    }

    /// What of the answer has arrived. Call until it says that this is the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Arrived<'_>, Failure> {
        let capabilities = self.capabilities;
        let Some(packet) = self.packets.arrived()? else {
            return Ok(Arrived::Nothing);
        };
        match packet.first() {
            Some(0x00) => Ok(Arrived::Row(packet)),
            Some(0xfe) if packet.len() < TERMINATOR_BYTES => Ok(Arrived::End),
            Some(0xff) => Err(server_error(packet, capabilities)),
            _ => Err(malformed(packet)),
        }
    }

    /// Waits for more of the answer. Given up half-way, nothing is lost.
    pub(crate) async fn fill(&mut self) -> Result<(), Failure> {
        self.packets.fill().await
    }

    /// Lets go of room that large rows needed.
    pub(crate) fn trim(&mut self) {
        self.packets.trim();
    }

    /// Reads an answer to its end, which may be an error of the server's.
    pub(crate) async fn drain(&mut self) -> Result<(), Failure> {
        loop {
            match self.next() {
                Ok(Arrived::Row(_)) => {}
                Ok(Arrived::Nothing) => self.fill().await?,
                Ok(Arrived::End) | Err(Failure::Server(_)) => return Ok(()),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Says goodbye.
    pub(crate) async fn disconnect(mut self) {
        if self.command(Command::COM_QUIT, &[]).await.is_ok() {
            self.packets.close().await;
        }
    }

    async fn command(&mut self, command: Command, body: &[u8]) -> Result<(), Failure> {
        if let Some(id) = self.stale.take() {
            let mut close = Vec::new();
            ComStmtClose::new(id).serialize(&mut close);
            self.packets.begin();
            self.packets.send(&close).await?;
        }
        let mut payload = Vec::with_capacity(body.len() + 1);
        payload.push(command as u8);
        payload.extend_from_slice(body);
        self.packets.begin();
        self.packets.send(&payload).await
    }

    /// Prepares and executes; the columns of the answer.
    async fn execute(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Column>, Failure> {
        self.command(Command::COM_STMT_PREPARE, statement.as_bytes())
            .await?;
        let packet = self.packets.receive().await?;
        if packet.first() == Some(&0xff) {
            return Err(server_error(packet, self.capabilities));
        }
        let prepared: StmtPacket = ParseBuf(packet).parse(())?;
        for count in [prepared.num_params(), prepared.num_columns()] {
            self.definitions(count.into()).await?;
        }
        self.stale = Some(prepared.statement_id());
        if usize::from(prepared.num_params()) != values.len() {
            let mismatch = DriverError::StmtParamsMismatch {
                required: prepared.num_params(),
                supplied: values.len(),
            };
            return Err(mismatch.into());
        }
        let builder = ComStmtExecuteRequestBuilder::new(prepared.statement_id());
        let (request, too_long) = builder.build(values);
        if too_long {
            return Err(DriverError::PacketTooLarge.into());
        }
        let mut payload = Vec::new();
        request.serialize(&mut payload);
        self.packets.begin();
        self.packets.send(&payload).await?;
        self.columns().await
    }

    /// The head of an answer: its columns, none where it has no rows.
    async fn columns(&mut self) -> Result<Vec<Column>, Failure> {
        let packet = self.packets.receive().await?;
        match packet.first() {
            Some(0x00) => return Ok(Vec::new()),
            Some(0xff) => return Err(server_error(packet, self.capabilities)),
            // A request for a file of this machine, which is never answered.
            Some(0xfb) => return Err(malformed(packet)),
            _ => {}
        }
        let mut head = ParseBuf(packet);
        let count = head.checked_eat_lenenc_int();
        let count = count.and_then(|count| usize::try_from(count).ok());
        let count = count.ok_or_else(|| malformed(&[]))?;
        self.definitions(count).await
    }

    async fn definitions(&mut self, count: usize) -> Result<Vec<Column>, Failure> {
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            columns.push(ParseBuf(self.packets.receive().await?).parse(())?);
        }
        let ended = self
            .capabilities
            .contains(CapabilityFlags::CLIENT_DEPRECATE_EOF);
        if count > 0 && !ended {
            let packet = self.packets.receive().await?;
            if packet.first() != Some(&0xfe) {
                return Err(malformed(packet));
            }
        }
        Ok(columns)
    }
}

/// The packet that ends an answer is shorter than any value that begins with its first byte.
const TERMINATOR_BYTES: usize = 0xff_ffff;

/// What the server says of an error.
pub(super) fn server_error(packet: &[u8], capabilities: CapabilityFlags) -> Failure {
    match ParseBuf(packet).parse::<ErrPacket<'_>>(capabilities) {
        Ok(ErrPacket::Error(error)) => Failure::Server(ServerError {
            code: error.error_code(),
            message: error.message_str().into_owned(),
            state: error
                .sql_state_ref()
                .map_or_else(|| "HY000".to_owned(), |state| state.as_str().into_owned()),
        }),
        _ => malformed(packet),
    }
}
