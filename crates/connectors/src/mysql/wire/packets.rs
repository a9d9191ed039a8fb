//! Packets: three bytes of length, one that counts, the payload. A payload of 16 MiB - 1 goes on in the
//! next packet. Reading never loses bytes when it is given up half-way.

use std::io;
use std::ops::Range;

use mysql_async::{DriverError, Error as Failure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::family::stream::Stream;

/// How much is asked of the kernel at once.
const CHUNK: usize = 256 << 10;
const HEADER: usize = 4;
const LONGEST_FRAME: usize = 0xff_ffff;

/// Both directions of one connection, in packets.
pub(super) struct Packets {
    stream: Stream,
    buffer: Vec<u8>,
    /// What of the buffer arrived and was not taken yet.
    arrived: Range<usize>,
    /// The payload so far of a packet that came in several frames.
    joined: Vec<u8>,
    joining: bool,
    sequence: u8,
    /// A larger payload is an error.
    limit: usize,
}

/// Where a payload lies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Buffer(Range<usize>),
    Joined,
}

impl Packets {
    pub(super) fn new(stream: Stream, limit: usize) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            arrived: 0..0,
            joined: Vec::new(),
            joining: false,
            sequence: 0,
            limit,
        }
    }

    pub(super) fn is_private(&self) -> bool {
        self.stream.is_private()
    }

    /// The same connection over another way, before anything else was received.
    pub(super) async fn over<F>(self, change: impl FnOnce(Stream) -> F) -> io::Result<Self>
    where
        F: Future<Output = io::Result<Stream>>,
    {
        if !self.arrived.is_empty() {
            // Clear text behind the request for encryption is somebody else's.
            return Err(io::Error::other("the server spoke before it was encrypted"));
        }
        let stream = change(self.stream).await?;
        Ok(Self { stream, ..self })
    }

    /// Begins a command: its packets are counted from 0.
    pub(super) fn begin(&mut self) {
        self.sequence = 0;
    }

    /// Sends one payload.
    pub(super) async fn send(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(payload.len() + HEADER);
        let mut rest = payload;
        loop {
            let (frame, after) = rest.split_at(rest.len().min(LONGEST_FRAME));
            let length = u32::try_from(frame.len()).unwrap_or(0).to_le_bytes();
            bytes.extend_from_slice(&[length[0], length[1], length[2], self.sequence]);
            bytes.extend_from_slice(frame);
            self.sequence = self.sequence.wrapping_add(1);
            rest = after;
            if frame.len() < LONGEST_FRAME {
                break;
            }
        }
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// The next payload.
    pub(super) async fn receive(&mut self) -> Result<&[u8], Failure> {
        let place = loop {
            match self.take()? {
                Some(place) => break place,
                None => self.fill().await?,
            }
        };
        Ok(self.at(&place))
    }

    /// The next payload, where all of it has arrived.
    #[inline]
    pub(super) fn arrived(&mut self) -> Result<Option<&[u8]>, Failure> {
        match self.take()? {
            Some(place) => Ok(Some(self.at(&place))),
            None => Ok(None),
        }
    }

    fn at(&self, place: &Place) -> &[u8] {
        match place {
            Place::Buffer(range) => &self.buffer[range.clone()],
            Place::Joined => &self.joined,
        }
    }

    /// Takes the next payload off what arrived; `None` where more of it has to come.
    #[inline]
    fn take(&mut self) -> Result<Option<Place>, Failure> {
        loop {
            let bytes = &self.buffer[self.arrived.clone()];
            let Some(header) = bytes.first_chunk::<HEADER>() else {
                return Ok(None);
            };
            let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
            if bytes.len() < HEADER + length {
                return Ok(None);
            }
            if header[3] != self.sequence {
                return Err(DriverError::PacketOutOfOrder.into());
            }
            self.sequence = self.sequence.wrapping_add(1);
            let start = self.arrived.start + HEADER;
            self.arrived.start = start + length;
            if !self.joining && length < LONGEST_FRAME {
                return Ok(Some(Place::Buffer(start..start + length)));
            }
            if !self.joining {
                self.joined = Vec::new();
                self.joining = true;
            }
            if self.joined.len() + length > self.limit {
                return Err(DriverError::PacketTooLarge.into());
            }
            self.joined.reserve_exact(length);
            self.joined
                .extend_from_slice(&self.buffer[start..start + length]);
            if length < LONGEST_FRAME {
                self.joining = false;
                return Ok(Some(Place::Joined));
            }
        }
    }

    /// Waits for more bytes. Given up half-way, nothing is lost.
    pub(super) async fn fill(&mut self) -> Result<(), Failure> {
        self.make_room();
        let filled = self.arrived.end;
        let read = self.stream.read(&mut self.buffer[filled..]).await?;
        if read == 0 {
            let closed = io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up");
            return Err(closed.into());
        }
        self.arrived.end += read;
        Ok(())
    }

    /// Room behind what arrived: for the whole packet that has begun, and a chunk at least.
    fn make_room(&mut self) {
        if !self.joining && !self.joined.is_empty() {
            self.joined = Vec::new();
        }
        let waiting = self.arrived.len();
        let begun = self.buffer[self.arrived.clone()].first_chunk::<HEADER>();
        let begun = begun.map_or(0, |header| {
            HEADER + u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize
        });
        let size = begun.max(CHUNK);
        if self.arrived.start > 0 {
            self.buffer.copy_within(self.arrived.clone(), 0);
            self.arrived = 0..waiting;
        }
        if self.buffer.len() < size {
            self.buffer.reserve_exact(size - self.buffer.len());
            self.buffer.resize(size, 0);
        } else if self.buffer.len() > size && waiting <= size {
            self.buffer.truncate(size);
            self.buffer.shrink_to_fit();
        }
    }

    /// Lets go of room that a large packet needed, all packets being done with.
    pub(super) fn trim(&mut self) {
        if self.joining {
            return;
        }
        self.joined = Vec::new();
        if self.buffer.len() > CHUNK && self.arrived.len() < CHUNK {
            self.make_room();
        }
    }

    /// Says goodbye to the other end.
    pub(super) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
    }
}
