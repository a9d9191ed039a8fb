//! One split's rows into the staging table: one transaction, one binary COPY.

use std::pin::Pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use contract::{CancellationToken, Part, SplitWriter, TaskContext};
use futures::SinkExt;
use model::{Error, ErrorKind, Result, Side};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::CopyInSink;

use super::encode;
use super::sessions::{Sessions, here};
use super::staged::Staged;
use crate::postgres::connect::Session;
use crate::postgres::ddl::quote_table;
use crate::postgres::errors::error_of;
use crate::postgres::held::{Wire, wire_of};

/// What is sent at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A COPY under way.
pub(super) struct CopyIn {
    sessions: Arc<Sessions>,
    /// In a transaction until the end.
    session: Session,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    wires: Vec<Wire>,
    buffer: BytesMut,
    /// Low 32 bits of the transaction's number, as rows carry it.
    transaction: String,
    rows: u64,
    bytes: u64,
    cancel: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl CopyIn {
    pub(super) async fn start(
        sessions: &Arc<Sessions>,
        staged: &Staged<'_>,
        task: &TaskContext,
    ) -> Result<Self> {
        let permit = tokio::select! {
            biased;
            () = task.cancel.cancelled() => return Err(Error::cancelled()),
            permit = sessions.permit() => permit?,
        };
        let session = sessions.open().await?;
        session.run("BEGIN").await.map_err(here)?;
        let number = "SELECT (pg_catalog.txid_current() % 4294967296)::text";
        let row = session.client.query_one(number, &[]).await;
        let row = row.map_err(|cause| here(error_of(cause)))?;
        let (table, columns) = (quote_table(&staged.table), staged.column_list(""));
        let copy = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
        let sink = session.client.copy_in(&copy).await;
        let sink = sink.map_err(|cause| here(error_of(cause)))?;
        Ok(Self {
            sessions: Arc::clone(sessions),
            transaction: row.get(0),
            session,
            sink: Box::pin(sink),
            wires: staged.columns().iter().map(wire_of).collect(),
            buffer: BytesMut::from(encode::HEADER),
            rows: 0,
            bytes: 0,
            cancel: task.cancel.clone(),
            _permit: permit,
        })
    }

    /// Sends what is buffered. A server that stands still is left when the task is cancelled.
    async fn send(&mut self) -> Result<()> {
        let chunk = self.buffer.split().freeze();
        self.bytes += chunk.len() as u64;
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::cancelled()),
            sent = self.sink.send(chunk) => sent.map_err(|cause| here(error_of(cause))),
        }
    }
}

#[async_trait]
impl SplitWriter for CopyIn {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        encode::rows(&batch, &self.wires, &mut self.buffer)?;
        if self.buffer.len() >= CHUNK_BYTES {
            self.send().await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Part> {
        self.buffer.extend_from_slice(encode::TRAILER);
        self.send().await?;
        let taken = self.sink.as_mut().finish().await;
        let taken = taken.map_err(|cause| here(error_of(cause)))?;
        if taken != self.rows {
            let message = format!("{} rows were sent, the server took {taken}", self.rows);
            return Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination));
        }
        self.session.run("COMMIT").await.map_err(here)?;
        let Self {
            sessions,
            session,
            rows,
            bytes,
            transaction,
            ..
        } = *self;
        sessions.give_back(session);
        Ok(Part {
            written: rows,
            bytes,
            payload: json!({ "transaction": transaction }),
        })
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        // Hanging up ends the COPY, and the server rolls the transaction back.
        let Self { session, sink, .. } = *self;
        drop(sink);
        session.close().await;
        Ok(())
    }
}
