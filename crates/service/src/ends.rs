//! Opening both ends of a migration, and asking whether they can be used. What fails is a blocker at
//! the data source's place in the file.

use std::path::Path;
use std::sync::Arc;

use connectors::connector;
use contract::{AnyConnector, Destination, Opening, Reach, Source};
use model::migration::{DataSource, IllegalNames, MigrationFile, NameRules};
use model::plan::Environment;
use model::secret::Unsealed;
use model::{Error, Finding, Result, Side, TableName};
use serde_json::{Map, Value as Json};

/// Both ends, opened and found usable.
pub(crate) struct Ends {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) source_connector: &'static dyn AnyConnector,
    pub(crate) destination_connector: &'static dyn AnyConnector,
    pub(crate) namespace: String,
}

impl Ends {
    /// Whether both ends are one place, as far as they can tell.
    pub(crate) fn same_place(&self) -> bool {
        let source = self.source.place();
        source.is_some() && source == self.destination.place()
    }
}

/// What a service lends whoever opens a data source; nothing where a migration file is run.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    /// The texts of sealed secrets.
    pub(crate) unsealed: Unsealed,
    /// Where connections may lead.
    pub(crate) reach: Reach,
}

impl Trusted {
    pub(crate) fn lend(&self, opening: Opening) -> Opening {
        let opening = opening.with_unsealed(self.unsealed.clone());
        opening.with_reach(self.reach.clone())
    }
}

/// How the ends of a file are opened.
#[derive(Debug, Clone)]
pub(crate) struct Access<'a> {
    /// The folder that relative paths start at.
    pub(crate) base: &'a Path,
    pub(crate) environment: Environment,
    /// What a service lends.
    pub(crate) trusted: &'a Trusted,
}

impl Access<'_> {
    /// To the ends of this file, with that namespace at the destination.
    fn opening(&self, file: &MigrationFile, namespace: String) -> Opening {
        let time_zone = file.migration.source.time_zone.clone();
        self.trusted
            .lend(Opening::new(self.base, time_zone, namespace))
    }
}

/// Opens both ends. `None` where one cannot be used; the findings say why, of both ends at once.
pub(crate) async fn open(
    file: &MigrationFile,
    access: &Access<'_>,
) -> (Option<Ends>, Vec<Finding>) {
    let spec = &file.migration;
    let (from, to) = (&spec.source.data_source, &spec.destination.data_source);
    let (Some(reads), Some(writes)) = (typed(file, from), typed(file, to)) else {
        // Checked when the file was read.
        return (None, Vec::new());
    };
    let namespace = match namespace(file, writes.1) {
        Ok(namespace) => namespace,
        Err(finding) => return (None, vec![*finding]),
    };
    let opening = access.opening(file, namespace);
    let reading = resolved(reads.0, access.environment);
    let writing = resolved(writes.0, access.environment);
    let (source, destination) = tokio::join!(
        open_source((&reading, reads.1), &spec.source.options, &opening),
        open_destination((&writing, writes.1), &spec.destination.options, &opening),
    );
    let mut findings = Vec::new();
    let source = usable(source, from, Side::Source, &mut findings);
    let destination = usable(destination, to, Side::Destination, &mut findings);
    let ends = source.zip(destination).map(|(source, destination)| Ends {
        namespace: destination.namespace(),
        source,
        destination,
        source_connector: reads.1,
        destination_connector: writes.1,
    });
    (ends, findings)
}

/// The file's destination alone, opened and found usable.
pub(crate) async fn destination(
    file: &MigrationFile,
    access: &Access<'_>,
) -> Result<Arc<dyn Destination>> {
    let end = &file.migration.destination;
    let Some(writes) = typed(file, &end.data_source) else {
        let message = format!("there is no data source {:?}", end.data_source);
        return Err(Error::internal(message));
    };
    let namespace =
        namespace(file, writes.1).map_err(|finding| Error::internal(finding.message.clone()))?;
    let opening = access.opening(file, namespace);
    let writing = resolved(writes.0, access.environment);
    let (destination, _) = open_destination((&writing, writes.1), &end.options, &opening).await?;
    Ok(destination)
}

/// The data source as it is in this environment: in development, what it says of that goes before the
/// rest.
pub(crate) fn resolved(source: &DataSource, environment: Environment) -> DataSource {
    let mut resolved = source.clone();
    let development = resolved.development.take();
    if environment == Environment::Development {
        resolved.options.extend(development.unwrap_or_default());
    }
    resolved
}

type Typed<'a> = (&'a DataSource, &'static dyn AnyConnector);

/// The data source of that name, with its connector.
pub(crate) fn typed<'a>(file: &'a MigrationFile, name: &str) -> Option<Typed<'a>> {
    let source = file.data_sources.get(name)?;
    Some((source, connector(&source.connector)?))
}

/// Opens for reading and asks whether it works.
pub(crate) async fn open_source(
    (source, connector): Typed<'_>,
    read: &Map<String, Json>,
    opening: &Opening,
) -> Result<(Arc<dyn Source>, Vec<Finding>)> {
    let connection = Json::Object(source.options.clone());
    let read = Json::Object(read.clone());
    let opened = connector.source(&connection, &read, opening).await?;
    let findings = opened.check().await?;
    Ok((opened, findings))
}

/// Opens for writing and asks whether it works.
pub(crate) async fn open_destination(
    (source, connector): Typed<'_>,
    write: &Map<String, Json>,
    opening: &Opening,
) -> Result<(Arc<dyn Destination>, Vec<Finding>)> {
    let connection = Json::Object(source.options.clone());
    let write = Json::Object(write.clone());
    let opened = connector.destination(&connection, &write, opening).await?;
    let findings = opened.check().await?;
    Ok((opened, findings))
}

fn usable<T: ?Sized>(
    opened: Result<(Arc<T>, Vec<Finding>)>,
    name: &str,
    side: Side,
    findings: &mut Vec<Finding>,
) -> Option<Arc<T>> {
    match opened {
        Ok((opened, more)) => {
            let blocked = more.iter().any(Finding::is_blocker);
            findings.extend(
                more.into_iter()
                    .map(|finding| at_data_source(finding, name)),
            );
            (!blocked).then_some(opened)
        }
        Err(error) => {
            findings.push(blocker(&error.on(side), name));
            None
        }
    }
}

/// The finding's path, from the data source on.
pub(crate) fn at_data_source(finding: Finding, name: &str) -> Finding {
    let base = format!("data-sources.{name}");
    Finding {
        at: crate::document::join(&base, &finding.at),
        ..finding
    }
}

/// The blocker that an error of a data source amounts to.
pub(crate) fn blocker(error: &Error, name: &str) -> Finding {
    let at = format!("data-sources.{name}");
    Finding::of_error(
        error,
        crate::document::join(&at, error.option.unwrap_or_default()),
    )
}

/// The namespace as written, or the migration's name made legal.
fn namespace(file: &MigrationFile, writes: &dyn AnyConnector) -> Result<String, Box<Finding>> {
    let spec = &file.migration;
    let Some(write) = writes.capabilities().write else {
        // Told when the file was read.
        return Ok(spec.name.clone());
    };
    let (text, illegal) = match &spec.destination.namespace {
        Some(namespace) => (namespace, IllegalNames::Refuse),
        None => (&spec.name, IllegalNames::Convert),
    };
    let rules = NameRules {
        illegal,
        ..NameRules::default()
    };
    let name = TableName::new("namespace", text);
    planner::table_name(&rules, &name, write.names).map_err(|_| {
        let message = format!("{text:?} is no legal namespace at the destination");
        let at = "migration.destination.namespace";
        let hint = "use letters, digits and underscores, a letter first";
        Box::new(Finding::blocker("ILLEGAL_NAME", at, message).hint(hint))
    })
}
