//! A way to the server that keeps the data of copies for [`Aside`] and lets all else through. Every
//! message of the server begins with its kind and its length.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::copy_out::Aside;

/// How much is asked of the way below at once.
const CHUNK: usize = 64 << 10;
/// Kind and length; the length counts itself.
const HEADER: usize = 5;
const COPY_DATA: u8 = b'd';
/// The server's limit for one message is 1 GiB; more is no message.
const LONGEST: usize = (1 << 30) + HEADER;

/// The way. Without a place to put them, data go through, too.
pub(super) struct DataTap<S> {
    stream: S,
    aside: Option<Aside>,
    buffer: BytesMut,
    /// So many bytes at the buffer's front are for the driver.
    passing: usize,
    /// What is for the driver and did not arrive yet.
    passing_later: usize,
}

impl<S> DataTap<S> {
    pub(super) fn new(stream: S, aside: Option<Aside>) -> Self {
        Self {
            stream,
            aside,
            buffer: BytesMut::new(),
            passing: 0,
            passing_later: 0,
        }
    }

    /// Hands on what stands at the front, as far as `to` has room. Whether that was anything.
    fn pass(&mut self, to: &mut ReadBuf<'_>) -> bool {
        let count = self.passing.min(to.remaining());
        to.put_slice(&self.buffer[..count]);
        self.buffer.advance(count);
        self.passing -= count;
        count > 0
    }
}

/// What stands at the front of what arrived.
enum Front {
    /// Whole messages of data, so many bytes.
    Data(usize),
    /// A message for the driver, of so many bytes.
    Other(usize),
    /// The start of a message that needs so many bytes.
    Needs(usize),
}

fn front(bytes: &[u8]) -> io::Result<Front> {
    let mut data = 0;
    loop {
        let rest = &bytes[data..];
        let Some(header) = rest.first_chunk::<HEADER>() else {
            return Ok(data_or(data, Front::Needs(HEADER)));
        };
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize + 1;
        if !(HEADER..=LONGEST).contains(&length) {
            let message = "the server sent a message of an impossible length";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if header[0] != COPY_DATA {
            return Ok(data_or(data, Front::Other(length)));
        }
        if rest.len() < length {
            return Ok(data_or(data, Front::Needs(length)));
        }
        data += length;
    }
}

fn data_or(data: usize, other: Front) -> Front {
    match data {
        0 => other,
        data => Front::Data(data),
    }
}

impl<S: AsyncRead + Unpin> DataTap<S> {
    /// Waits for more bytes; `false` where the other end hung up.
    fn poll_fill(&mut self, needs: usize, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // A long message gets the room that it needs and no more: a buffer that is full grows to twice
        // its size, which would be another copy of a huge value.
        let room = match needs < CHUNK {
            true => CHUNK,
            false => needs.saturating_sub(self.buffer.len()),
        };
        self.buffer.reserve(room);
        // Stateless: given up half-way, it is begun anew by the next call.
        let read = pin!(self.stream.read_buf(&mut self.buffer));
        let count = ready!(read.poll(context))?;
        Poll::Ready(Ok(count > 0))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DataTap<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let tap = self.get_mut();
        let Some(aside) = tap.aside.clone() else {
            return Pin::new(&mut tap.stream).poll_read(context, to);
        };
        loop {
            if tap.pass(to) || to.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if tap.passing_later > 0 && !tap.buffer.is_empty() {
                tap.passing = tap.passing_later.min(tap.buffer.len());
                tap.passing_later -= tap.passing;
                continue;
            }
            let needs = match tap.passing_later {
                0 => front(&tap.buffer)?,
                _ => Front::Needs(1),
            };
            match needs {
                Front::Data(count) => {
                    ready!(aside.poll_room(0, context));
                    aside.put(tap.buffer.split_to(count).freeze());
                }
                Front::Other(length) => tap.passing_later = length,
                Front::Needs(length) => {
                    ready!(aside.poll_room(length, context));
                    if !ready!(tap.poll_fill(length, context))? {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DataTap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
