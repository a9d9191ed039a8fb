//! What the tests of the destination share: a table read by the source, and written under another name.

use std::sync::Arc;

use arrow::array::RecordBatch;
use contract::{CommitOutcome, Destination, Manifest, Opening, Staging, Unfit};
use model::migration::LoadingPolicy;
use model::plan::{Column, Scan, TableChange, TableSchema, Write};
use model::{Error, LoadId, Result, SplitId, TableName, TimeZone};
use serde_json::json;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::support::{client, describe, open, options, read_all, scan, task_of};

/// A database with a source side, a destination side and a client to look with.
pub(super) struct World {
    pub(super) client: Client,
    pub(super) destination: Arc<dyn Destination>,
    pub(super) database: String,
}

impl World {
    pub(super) async fn of(database: &str) -> Self {
        Self {
            client: client(database).await,
            destination: destination(database, "there").await,
            database: database.to_owned(),
        }
    }

    /// Rows of texts as the server prints them, null being `∅`.
    pub(super) async fn rows(&self, query: &str) -> Vec<String> {
        let messages = self.client.simple_query(query).await.unwrap();
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|cell| row.get(cell).unwrap_or("∅"))
                    .collect::<Vec<_>>()
                    .join("|"),
            ),
            _ => None,
        });
        rows.collect()
    }

    pub(super) async fn run(&self, statements: &str) {
        self.client.batch_execute(statements).await.unwrap();
    }

    /// `public.from`, to be written to `there.to`.
    pub(super) async fn plan(&self, from: &str, to: &str, policy: LoadingPolicy) -> Plan {
        let source = open(&self.database).await;
        let table = describe(source.as_ref(), from).await;
        let (scan, refused) = scan(&table, &[], None);
        assert_eq!(refused, Vec::<String>::new());
        let name = TableName::new("there", to);
        let existing = self
            .destination
            .describe(std::slice::from_ref(&name))
            .await
            .unwrap()
            .remove(0);
        let columns = match &existing {
            Some(existing) => existing.columns.clone(),
            None => columns(&scan),
        };
        let write = Write {
            table: TableSchema {
                name,
                columns,
                primary_key: table.primary_key.clone(),
                comment: table.comment.clone(),
            },
            policy,
            partition: None,
            exists: existing.is_some(),
            change: TableChange::Keep,
            ddl: Vec::new(),
            update_key: match policy {
                LoadingPolicy::Update => table.primary_key.clone(),
                _ => Vec::new(),
            },
            without_source: Vec::new(),
            statements: model::migration::Statements::default(),
            indexes: table.indexes.clone(),
        };
        Plan { scan, write }
    }

    /// The rows of the scan as they travel.
    pub(super) async fn read(&self, scan: &Scan) -> Vec<RecordBatch> {
        let source = open(&self.database).await;
        let (rows, _) = read_all(source.as_ref(), scan, 1).await.unwrap();
        assert!(rows.rejected.is_empty(), "{:?}", rows.rejected);
        rows.batches
    }

    /// Everything up to the commit; what is unfit is left out and told.
    pub(super) async fn staged(&self, plan: &Plan, load: &str) -> Result<Load> {
        let batches = self.read(&plan.scan).await;
        self.staged_of(&plan.write, load, batches).await
    }

    pub(super) async fn staged_of(
        &self,
        write: &Write,
        load: &str,
        batches: Vec<RecordBatch>,
    ) -> Result<Load> {
        let staging = self.destination.stage(write, &LoadId::new(load))?;
        self.destination.prepare(&staging).await?;
        let mut unfit = Vec::new();
        for batch in &batches {
            unfit.extend(self.destination.unfit(write, batch)?);
        }
        let manifest = self.part(&staging, "00000", 1, batches).await?;
        Ok(Load {
            staging,
            manifests: vec![manifest],
            unfit,
        })
    }

    pub(super) async fn part(
        &self,
        staging: &Staging,
        split: &str,
        attempt: u32,
        batches: Vec<RecordBatch>,
    ) -> Result<Manifest> {
        let split = SplitId::new(split);
        let task = task_of(&staging.write.table.name, &split);
        let mut writer = self.destination.writer(staging, &task).await?;
        for batch in batches {
            writer.write(batch).await?;
        }
        let part = writer.finish().await?;
        Ok(Manifest {
            split,
            attempt,
            read: part.written,
            rejected: 0,
            filtered: 0,
            part,
        })
    }

    /// A whole load. The error is that of a commit that did not come about.
    pub(super) async fn load(&self, plan: &Plan, load: &str) -> Result<Load> {
        let load = self.staged(plan, load).await?;
        self.commit(&load).await?;
        Ok(load)
    }

    pub(super) async fn commit(&self, load: &Load) -> Result<(), Error> {
        let written: u64 = load.manifests.iter().map(|m| m.part.written).sum();
        let evidence = self.destination.evidence(&load.staging, &load.manifests);
        assert_eq!(evidence.await.unwrap().rows, written);
        match self
            .destination
            .commit(&load.staging, &load.manifests)
            .await
        {
            CommitOutcome::Done(_) => {
                self.destination.clean(&load.staging).await.unwrap();
                Ok(())
            }
            CommitOutcome::NotDone(error) => {
                self.destination.abort(&load.staging).await.unwrap();
                Err(error)
            }
            CommitOutcome::Unknown(error) => panic!("unknown: {error}"),
        }
    }

    /// Tables of ours that nothing needs any more.
    pub(super) async fn leftovers(&self) -> Vec<String> {
        self.rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'godwit\\_%' \
             AND relname <> 'godwit_loads'",
        )
        .await
    }
}

pub(super) struct Plan {
    pub(super) scan: Scan,
    pub(super) write: Write,
}

pub(super) struct Load {
    pub(super) staging: Staging,
    pub(super) manifests: Vec<Manifest>,
    pub(super) unfit: Vec<Unfit>,
}

/// The columns of a new table for what is read.
fn columns(scan: &Scan) -> Vec<Column> {
    let types = crate::connector("postgresql").unwrap().types();
    let columns = scan.columns.iter().map(|column| {
        let holding = types.to_native(&column.logical).unwrap();
        Column {
            name: column.native.name.clone(),
            holds: holding.holds,
            native: holding.native,
            nullable: column.native.nullable,
            comment: column.native.comment.clone(),
        }
    });
    columns.collect()
}

pub(super) async fn destination(database: &str, namespace: &str) -> Arc<dyn Destination> {
    destination_as(&options(database), namespace).await
}

pub(super) async fn destination_as(
    options: &serde_json::Value,
    namespace: &str,
) -> Arc<dyn Destination> {
    let zone = TimeZone::parse("America/New_York").unwrap();
    let opening = Opening::new(".", zone, namespace);
    let connector = crate::connector("postgresql").unwrap();
    let write = json!({ "lock-timeout-seconds": 5 });
    connector
        .destination(options, &write, &opening)
        .await
        .unwrap()
}
