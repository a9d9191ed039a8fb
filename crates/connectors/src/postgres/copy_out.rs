//! What a COPY gives, in large pieces: the driver hands its messages on one by one, a row each, which
//! costs more than decoding it. So the data go aside before they reach it; the driver sees the rest.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures::StreamExt;
use model::{Error, Result};
use tokio_postgres::CopyOutStream;

use super::connect::Session;
use super::errors::error_of;

/// So many bytes wait for their reader; then the connection waits.
const MOST_WAITING: usize = 512 << 10;

/// Where a session's data of copies go.
#[derive(Clone, Default)]
pub(super) struct Aside(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    waiting: usize,
    /// Whether somebody reads; else what comes is thrown away.
    wanted: bool,
    connection: Option<Waker>,
    reader: Option<Waker>,
}

impl Aside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for another piece; where not, the connection is woken once there is. A piece
    /// that is larger than all that may wait is not even begun while others do.
    pub(super) fn poll_room(&self, piece: usize, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        let has_room = match piece < MOST_WAITING {
            true => state.waiting < MOST_WAITING,
            false => state.waiting == 0,
        };
        if has_room {
            return Poll::Ready(());
        }
        state.connection = Some(context.waker().clone());
        Poll::Pending
    }

    /// Messages of data, whole ones, as the protocol has them.
    pub(super) fn put(&self, piece: Bytes) {
        let mut state = self.state();
        if state.wanted {
            state.waiting += piece.len();
            state.pieces.push_back(piece);
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
    }

    fn poll_take(&self, context: &mut Context<'_>) -> Poll<Bytes> {
        let mut state = self.state();
        let Some(piece) = state.pieces.pop_front() else {
            state.reader = Some(context.waker().clone());
            return Poll::Pending;
        };
        state.waiting -= piece.len();
        if state.waiting < MOST_WAITING
            && let Some(connection) = state.connection.take()
        {
            connection.wake();
        }
        Poll::Ready(piece)
    }

    fn want(&self, wanted: bool) {
        let mut state = self.state();
        state.pieces.clear();
        state.waiting = 0;
        state.wanted = wanted;
        if let Some(connection) = state.connection.take() {
            connection.wake();
        }
    }
}

/// One COPY under way. Dropped early, what still comes is thrown away.
pub(super) struct CopyOut {
    aside: Aside,
    /// The driver's side: ends when the copy has ended, or with its error.
    driver: Pin<Box<CopyOutStream>>,
    ended: bool,
}

impl CopyOut {
    /// Sends the statement. One at a time in a session.
    pub(super) async fn start(session: &Session, statement: &str) -> Result<Self> {
        let aside = session.aside.clone();
        aside.want(true);
        let driver = session.client.copy_out(statement).await;
        let driver = driver
            .inspect_err(|_| aside.want(false))
            .map_err(error_of)?;
        Ok(Self {
            aside,
            driver: Box::pin(driver),
            ended: false,
        })
    }

    /// The next messages of data; `None` once the server has ended the copy.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        // All data are aside before the driver hears of the end, so it is asked first.
        if !self.ended {
            match self.driver.poll_next_unpin(context) {
                Poll::Ready(Some(Err(cause))) => return Poll::Ready(Err(error_of(cause))),
                Poll::Ready(Some(Ok(_))) => {
                    let message = "data of a copy did not go aside";
                    return Poll::Ready(Err(Error::internal(message)));
                }
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => {}
            }
        }
        match self.aside.poll_take(context) {
            Poll::Ready(piece) => Poll::Ready(Ok(Some(piece))),
            Poll::Pending if self.ended => Poll::Ready(Ok(None)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for CopyOut {
    fn drop(&mut self) {
        self.aside.want(false);
    }
}
