//! A kind of system: stateless, one value per connector. [`Connector`] is what a connector
//! implements; [`AnyConnector`] is the same seen through JSON, implemented once for all.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use model::secret::Unsealed;
use model::{Error, ErrorKind, Finding, Result, TimeZone};
use serde::Serialize;
use serde_json::Value as Json;

use crate::capabilities::Capabilities;
use crate::destination::Destination;
use crate::dialect::Dialect;
use crate::options::{Options, parse};
use crate::parts;
use crate::reach::Reach;
use crate::source::Source;
use crate::type_mapping::TypeMapping;

/// What a connector is called, and its manual.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct About {
    /// For people: `MySQL`.
    pub title: &'static str,
    /// One sentence: which systems and versions.
    pub summary: &'static str,
    /// Against what it was verified; shown in the support table.
    pub verified_against: &'static str,
    /// What the namespace of its tables begins with in OpenLineage events: `postgres`, `mysql`, `file`
    /// (openlineage.io/docs/spec/naming).
    #[serde(skip)]
    pub lineage: &'static str,
    /// The connector's README.md.
    #[serde(skip)]
    pub manual: &'static str,
}

/// What does not stand in the options and is needed to open either side.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The migration file's folder: relative paths start here.
    pub base: PathBuf,
    /// The migration's zone: filters are evaluated in it.
    pub time_zone: TimeZone,
    /// Where tables go; for destinations.
    pub namespace: String,
    /// The texts of the options' sealed secrets; empty where a migration file is read.
    pub unsealed: Unsealed,
    /// Where connections may lead.
    pub reach: Reach,
}

impl Opening {
    /// What a migration file says; nothing is unsealed.
    pub fn new(
        base: impl Into<PathBuf>,
        time_zone: TimeZone,
        namespace: impl Into<String>,
    ) -> Self {
        Self {
            base: base.into(),
            time_zone,
            namespace: namespace.into(),
            unsealed: Unsealed::default(),
            reach: Reach::default(),
        }
    }

    /// The same, with the texts of sealed secrets.
    #[must_use]
    pub fn with_unsealed(mut self, unsealed: Unsealed) -> Self {
        self.unsealed = unsealed;
        self
    }

    /// The same, with connections that lead only where they may.
    #[must_use]
    pub fn with_reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }
}

/// A kind of system.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Where it is and who we are: shared by both sides.
    type Connection: Options;
    /// How to read, per migration.
    type Read: Options;
    /// How to write, per migration.
    type Write: Options;
    /// What the migration file calls it.
    const ID: &'static str;

    /// What it is called.
    fn about(&self) -> About;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Its types.
    fn types(&self) -> &'static dyn TypeMapping;

    /// Its spelling.
    fn dialect(&self) -> &'static dyn Dialect;

    /// Opens it for reading.
    async fn source(
        &self,
        _at: Self::Connection,
        _how: Self::Read,
        _opening: &Opening,
    ) -> Result<Arc<dyn Source>> {
        Err(unsupported(self.about().title, "read from"))
    }

    /// Opens it for writing.
    async fn destination(
        &self,
        _at: Self::Connection,
        _how: Self::Write,
        _opening: &Opening,
    ) -> Result<Arc<dyn Destination>> {
        Err(unsupported(self.about().title, "written to"))
    }
}

fn unsupported(title: &str, verb: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "UNSUPPORTED",
        format!("{title} cannot be {verb}"),
    )
}

/// Three JSON Schemas.
#[derive(Debug, Clone, Serialize)]
pub struct Forms {
    /// For the connection.
    pub connection: Json,
    /// For reading.
    pub read: Json,
    /// For writing.
    pub write: Json,
}

/// A connector seen through JSON.
#[async_trait]
pub trait AnyConnector: Send + Sync + 'static {
    /// What the migration file calls it.
    fn id(&self) -> &'static str;
    /// What it is called.
    fn about(&self) -> About;
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// Its types.
    fn types(&self) -> &'static dyn TypeMapping;
    /// Its spelling.
    fn dialect(&self) -> &'static dyn Dialect;
    /// The JSON Schemas of its options.
    fn forms(&self) -> Forms;
    /// What is wrong with connection options; `at` is the path within them.
    fn check_connection(&self, options: &Json) -> Vec<Finding>;
    /// What is wrong with read options; `at` is the path within them.
    fn check_read(&self, options: &Json) -> Vec<Finding>;
    /// What is wrong with write options; `at` is the path within them.
    fn check_write(&self, options: &Json) -> Vec<Finding>;
    /// Opens it for reading.
    async fn source(
        &self,
        connection: &Json,
        read: &Json,
        opening: &Opening,
    ) -> Result<Arc<dyn Source>>;
    /// Opens it for writing.
    async fn destination(
        &self,
        connection: &Json,
        write: &Json,
        opening: &Opening,
    ) -> Result<Arc<dyn Destination>>;
}

#[async_trait]
impl<C: Connector> AnyConnector for C {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn about(&self) -> About {
        Connector::about(self)
    }

    fn capabilities(&self) -> Capabilities {
        Connector::capabilities(self)
    }

    fn types(&self) -> &'static dyn TypeMapping {
        Connector::types(self)
    }

    fn dialect(&self) -> &'static dyn Dialect {
        Connector::dialect(self)
    }

    fn forms(&self) -> Forms {
        Forms {
            connection: schemars::schema_for!(C::Connection).to_value(),
            read: schemars::schema_for!(C::Read).to_value(),
            write: schemars::schema_for!(C::Write).to_value(),
        }
    }

    fn check_connection(&self, options: &Json) -> Vec<Finding> {
        findings_of::<C::Connection>(options)
    }

    fn check_read(&self, options: &Json) -> Vec<Finding> {
        findings_of::<C::Read>(options)
    }

    fn check_write(&self, options: &Json) -> Vec<Finding> {
        findings_of::<C::Write>(options)
    }

    async fn source(
        &self,
        connection: &Json,
        read: &Json,
        opening: &Opening,
    ) -> Result<Arc<dyn Source>> {
        Connector::source(self, parsed(connection)?, parsed(read)?, opening).await
    }

    async fn destination(
        &self,
        connection: &Json,
        write: &Json,
        opening: &Opening,
    ) -> Result<Arc<dyn Destination>> {
        Connector::destination(self, parsed(connection)?, parsed(write)?, opening).await
    }
}

fn findings_of<T: Options>(options: &Json) -> Vec<Finding> {
    match parts::read::<T>(options, "") {
        (Some(options), findings) if findings.is_empty() => options.findings(),
        (_, findings) => findings,
    }
}

fn parsed<T: Options>(options: &Json) -> Result<T> {
    parse(options).map_err(|finding| {
        Error::new(
            ErrorKind::Config,
            "BAD_OPTIONS",
            format!("{}: {}", finding.at, finding.message),
        )
    })
}
