//! The data sources that a migration file describes, beside those that the project has. Those that it has are
//! never changed by a file; those that it lacks are made where that is said, with the secrets that the file's
//! places lead to here.

use std::path::Path;

use model::migration::DataSource;
use model::secret::Unsealed;
use model::{Error, ErrorKind, Finding, Secret};
use serde_json::{Map, Value as Json, json};
use service::access::secrets;
use service::migration_file::Loaded;

use crate::cli::remote::failure::Failure;
use crate::cli::remote::session::{Project, Session};
use crate::cli::remote::tables::word;

/// What the file says of data sources that the migration names.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// Those that the project lacks, as they would be made.
    pub(super) missing: Vec<(String, DataSource)>,
    /// What to know of the others.
    pub(super) findings: Vec<Finding>,
}

impl Described {
    /// Compares what the file describes with what the project has.
    pub(super) async fn read(
        session: &Session<'_, '_>,
        project: &Project,
        loaded: &Loaded,
    ) -> Result<Self, Failure> {
        let mut described = Self::default();
        let Some(file) = &loaded.file else {
            return Ok(described);
        };
        let ends = [
            &file.migration.source.data_source,
            &file.migration.destination.data_source,
        ];
        let path = project.path(&["data-sources"]);
        for (name, source) in &file.data_sources {
            if !ends.contains(&name) {
                continue;
            }
            match session.remote.find((&path, &[]), name).await? {
                None => described.missing.push((name.clone(), source.clone())),
                Some(found) if word(&found, "type") != source.connector => {
                    let message = format!("the project's data source {name:?} is of another type");
                    let at = format!("data-sources.{name}");
                    let finding = Finding::warning("OTHER_TYPE", at, message);
                    described
                        .findings
                        .push(finding.hint("the project's own is taken"));
                }
                Some(_) => {}
            }
        }
        Ok(described)
    }

    /// Whether the file describes this one, and the project lacks it.
    pub(super) fn lacks(&self, name: &str) -> bool {
        self.missing.iter().any(|(missing, _)| missing == name)
    }
}

/// Makes a data source as the file describes it. What is a secret there, the connector's form tells.
pub(super) async fn make(
    session: &Session<'_, '_>,
    project: &Project,
    (name, source): (&str, &DataSource),
    base: &Path,
) -> Result<Json, Failure> {
    let types = service::sources::types();
    let known = types.into_iter().find(|known| known.id == source.connector);
    let form = known.ok_or_else(|| {
        let message = format!("unknown type {:?}", source.connector);
        Error::new(ErrorKind::Config, "UNKNOWN_CONNECTOR", message)
            .hint("godwit source types lists them")
    })?;
    let form = form.options.connection;
    let revealed = |options: &Map<String, Json>| {
        let mut options = Json::Object(options.clone());
        let shown = secrets::show(&form, &options);
        reveal(&mut options, &shown, base).map(|()| options)
    };
    let mut body = json!({
        "name": name, "type": source.connector, "options": revealed(&source.options)?,
    });
    if let Some(development) = &source.development {
        body["development"] = revealed(development)?;
    }
    session
        .remote
        .post(&project.path(&["data-sources"]), &body)
        .await
}

/// Puts the text of each secret in its place: they are those that `shown` hides.
fn reveal(options: &mut Json, shown: &Json, base: &Path) -> Result<(), Error> {
    match (options, shown) {
        (Json::String(place), shown) if shown["has-secret"] == true => {
            *place = Secret::parse(place)?.reveal(base, &Unsealed::default())?;
            Ok(())
        }
        (Json::Object(keys), shown) => keys
            .iter_mut()
            .try_for_each(|(key, value)| reveal(value, &shown[key.as_str()], base)),
        (Json::Array(items), shown) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, value)| reveal(value, &shown[index], base)),
        _ => Ok(()),
    }
}
