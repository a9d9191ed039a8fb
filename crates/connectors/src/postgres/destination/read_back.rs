//! What stands staged, read back by this connector's own reader: binary COPY out, decoded as for any
//! source.

use std::sync::Arc;

use arrow::array::RecordBatch;
use contract::{BatchLimits, Batches, Manifest, Rejected};
use model::plan::{Column, Scan, ScanColumn};
use model::{Error, LogicalType, NativeTable, Result, SplitId, TableKind};
use serde_json::Value as Json;

use super::sessions::{Sessions, here};
use super::staged::{Staged, parts};
use crate::postgres::catalog;
use crate::postgres::connect::Session;
use crate::postgres::copy_decode::{CopyDecoder, Step};
use crate::postgres::copy_out::CopyOut;
use crate::postgres::ddl::{literal, quote_table};
use crate::postgres::read_options::PostgresRead;
use crate::postgres::types::staged_decoding;

/// One stream of all rows that the parts named brought.
pub(super) async fn read(
    sessions: &Arc<Sessions>,
    staged: &Staged<'_>,
    manifests: &[Manifest],
) -> Result<Vec<Batches>> {
    let turn = sessions.turn().await?;
    let tables = [staged.table.clone()];
    let described = catalog::describe(&turn.session, &PostgresRead::default(), &tables).await;
    let described = described.map_err(here)?.pop().flatten();
    sessions.give_back(turn.session);
    let native = described.ok_or_else(|| staged.gone())?;
    let scan = scan(staged.columns(), &native)?;
    let transactions: Vec<String> = parts(manifests)?.iter().map(|part| literal(part)).collect();
    let condition = if transactions.is_empty() {
        "false".to_owned()
    } else {
        format!("xmin::text IN ({})", transactions.join(", "))
    };
    let query = format!(
        "COPY (SELECT {} FROM {} WHERE {condition}) TO STDOUT (FORMAT binary)",
        staged.column_list(""),
        quote_table(&staged.table)
    );
    let rejected = Rejected::new(&staged.table, &SplitId::new("staged"));
    let reading = Reading {
        sessions: Arc::clone(sessions),
        query: Some(query),
        decoder: CopyDecoder::new(&scan, BatchLimits::default(), rejected.clone())?,
        rejected,
        open: None,
    };
    let batches = futures::stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next().await?.map(|batch| (batch, reading)))
    });
    Ok(vec![Box::pin(batches)])
}

/// The staging table as a scan of its columns, each decoded into what it holds.
fn scan(columns: &[Column], table: &NativeTable) -> Result<Scan> {
    let columns = columns.iter().map(|column| {
        let native = table
            .columns
            .iter()
            .find(|native| native.name == column.name);
        let native = native.ok_or_else(|| {
            Error::internal(format!("the staging table has no column {:?}", column.name))
        })?;
        Ok(ScanColumn {
            native: native.clone(),
            logical: column.holds.clone(),
            expression: None,
            decode: staged_decoding(&column.holds).to_owned(),
        })
    });
    Ok(Scan {
        columns: columns.collect::<Result<_>>()?,
        table: table.name.clone(),
        kind: TableKind::Table,
        filter: None,
        split_by: Vec::new(),
        primary_key: Vec::new(),
        estimated_rows: None,
        estimated_bytes: None,
        fingerprint: String::new(),
        private: Json::Null,
    })
}

/// Why values of a column come back otherwise than they were sent.
pub(super) fn normalises(column: &Column) -> Option<String> {
    if column.native.trim_end_matches("[]") == "jsonb" {
        return Some("jsonb keeps what a document says, not how it is written".to_owned());
    }
    let mut innermost = &column.holds;
    while let LogicalType::List(element) = innermost {
        innermost = element;
    }
    let is_list = innermost != &column.holds;
    (is_list && matches!(innermost, LogicalType::Time { .. }))
        .then(|| "arrays of times of day are not read back".to_owned())
}

/// One stream, from its first poll on.
struct Reading {
    sessions: Arc<Sessions>,
    query: Option<String>,
    decoder: CopyDecoder,
    rejected: Rejected,
    open: Option<(Session, CopyOut)>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(query) = self.query.take() {
            let session = self.sessions.open().await?;
            let rows = CopyOut::start(&session, &query).await.map_err(here)?;
            self.open = Some((session, rows));
        }
        loop {
            if self.decoder.advance()? == Step::Full {
                return self.take();
            }
            let Some((_, rows)) = &mut self.open else {
                return Ok(None);
            };
            match rows.next().await.map_err(here)? {
                Some(messages) => self.decoder.feed(messages),
                None => {
                    self.decoder.finish()?;
                    if let Some((session, rows)) = self.open.take() {
                        drop(rows);
                        self.sessions.give_back(session);
                    }
                    return self.take();
                }
            }
        }
    }

    /// What was decoded. A staged row that cannot be is no row of ours.
    fn take(&mut self) -> Result<Option<RecordBatch>> {
        if self.rejected.count() > 0 {
            return Err(here(Error::internal("a staged row cannot be read back")));
        }
        self.decoder.take()
    }
}
