//! `godwit migration apply`: a project's migration becomes what a file says. Nothing is changed where the file
//! is not right, and nothing where the project has it already.

use std::path::{Path, PathBuf};

use model::table::escape_controls;
use model::{Error, ErrorKind, Finding};
use reqwest::Method;
use serde_json::{Value as Json, json};
use service::migration_file::{self, Loaded};

use super::data_sources::{Described, make};
use super::differences::{Difference, differences, lines};
use super::only_as;
use super::publish::{generate, publish};
use crate::cli::Exit;
use crate::cli::remote::failure::Failure;
use crate::cli::remote::session::{Project, Session};
use crate::cli::remote::tables::{read_findings, word};
use crate::render::findings::{Palette, findings};
use crate::render::numbers::plural;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The migration file; - for standard input
    file: PathBuf,
    /// What the migration is called in the project; as the file says by default
    #[arg(long)]
    name: Option<String>,
    /// Make data sources that the project lacks as the file describes them, with their secrets
    #[arg(long)]
    with_data_sources: bool,
    /// Generate its pipelines, too
    #[arg(long, conflicts_with = "dry_run")]
    generate: bool,
    /// Generate its pipelines, and bring them to production
    #[arg(long, conflicts_with = "dry_run")]
    publish: bool,
    /// What is to be said of the versions that are published
    #[arg(long, value_name = "TEXT", default_value = "", requires = "publish")]
    remark: String,
    /// Tell what would be changed, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// What was done, as it is told at the end.
struct Report {
    name: String,
    id: Json,
    change: &'static str,
    /// Nothing of it is done.
    dry: bool,
    differences: Vec<Difference>,
    data_sources: Vec<String>,
    findings: Vec<Finding>,
    generated: Json,
    published: Json,
}

pub(super) async fn run(
    arguments: Arguments,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let loaded = read(&arguments.file, session).await?;
    let mut report = Report::new(&arguments, &loaded);
    let Some(mut document) = loaded.migration().cloned() else {
        report.findings.clone_from(&loaded.findings);
        return Ok(report.refused(&arguments.file, session));
    };
    if let (Some(name), Json::Object(keys)) = (&arguments.name, &mut document) {
        keys.insert("name".to_owned(), json!(name));
    }
    let project = session.project().await?;
    let described = Described::read(session, &project, &loaded).await?;
    let found = check(session, &project, (&document, &loaded)).await?;
    let makes = arguments.with_data_sources;
    report
        .findings
        .extend(judged(found, (&document, &loaded), (&described, makes)));
    if report.is_blocked() {
        return Ok(report.refused(&arguments.file, session));
    }
    if makes && !described.missing.is_empty() {
        for (name, source) in &described.missing {
            if !arguments.dry_run {
                make(session, &project, (name, source), &loaded.base).await?;
            }
            report.data_sources.push(name.clone());
        }
        if !arguments.dry_run {
            let found = check(session, &project, (&document, &loaded)).await?;
            report.findings = judged(found, (&document, &loaded), (&Described::default(), false));
        }
    }
    report.findings.extend(described.findings);
    if report.is_blocked() {
        return Ok(report.refused(&arguments.file, session));
    }
    report
        .settle(session, &project, (&document, arguments.dry_run))
        .await?;
    report.tell(session);
    let exit = carry_on(&mut report, &arguments, session, &project).await?;
    if session.json {
        session.terminal.print_json(&report.document());
    }
    Ok(exit)
}

async fn read(file: &Path, session: &mut Session<'_, '_>) -> Result<Loaded, Failure> {
    if file != Path::new("-") {
        return Ok(migration_file::load(file).await?);
    }
    let text = session.terminal.read().map_err(|cause| {
        let message = "standard input is no text";
        Error::new(ErrorKind::Config, "FILE_UNREADABLE", message)
            .hint("pipe the file in, as UTF-8")
            .caused_by(cause)
    })?;
    let base = std::env::current_dir().unwrap_or_default();
    Ok(migration_file::understand(&text, base))
}

/// What the server finds, with its places in the file.
async fn check(
    session: &Session<'_, '_>,
    project: &Project,
    (document, loaded): (&Json, &Loaded),
) -> Result<Vec<Finding>, Failure> {
    let path = project.path(&["migrations", "check"]);
    let checked = session
        .remote
        .post(&path, &json!({ "document": document }))
        .await?;
    let mut found = read_findings(&checked["findings"]);
    loaded.locate(found.iter_mut());
    Ok(found)
}

/// What counts: of the migration what the server says; of the rest of the file what is wrong with that itself,
/// and with data sources that are made of it.
fn judged(
    found: Vec<Finding>,
    (document, loaded): (&Json, &Loaded),
    (described, makes): (&Described, bool),
) -> Vec<Finding> {
    let named = |finding: &Finding| {
        let end = match finding.at.contains("destination") {
            true => "destination",
            false => "source",
        };
        word(&document[end], "data-source").to_owned()
    };
    let mut kept = Vec::new();
    for mut finding in found {
        let lacks = finding.code == "UNKNOWN_DATA_SOURCE" && described.lacks(&named(&finding));
        match (lacks, makes) {
            (true, true) => continue,
            (true, false) => {
                let hint = "--with-data-sources makes it as the file describes it";
                finding.hint = Some(hint.to_owned());
            }
            (false, _) => {}
        }
        kept.push(finding);
    }
    let own = loaded.findings.iter().filter(|finding| {
        let mut parts = finding.at.split('.');
        match parts.next() {
            Some("migration") => false,
            Some("data-sources") => makes && described.lacks(parts.next().unwrap_or_default()),
            _ => finding.code != "MISSING_KEY",
        }
    });
    kept.extend(own.cloned());
    Finding::by_weight(&mut kept);
    kept
}

/// Generates and publishes, as far as it is asked for.
async fn carry_on(
    report: &mut Report,
    arguments: &Arguments,
    session: &mut Session<'_, '_>,
    project: &Project,
) -> Result<Exit, Failure> {
    if !arguments.generate && !arguments.publish {
        return Ok(Exit::Done);
    }
    let id = report.id.as_str().unwrap_or_default().to_owned();
    let generated = generate(session, project, (&id, &json!({}))).await?;
    report.generated = generated.document();
    print(session, |palette| generated.text(palette));
    let first = generated.exit();
    if !arguments.publish || first == Exit::Refused {
        return Ok(first);
    }
    let published = publish(session, project, (&id, &arguments.remark)).await?;
    report.published = published.document();
    print(session, |palette| published.text(palette));
    Ok(match (first, published.exit()) {
        (Exit::Done, second) => second,
        (_, Exit::Refused) => Exit::Refused,
        _ => Exit::Partial,
    })
}

/// Prints for people what machines get in one document at the end.
fn print(session: &mut Session<'_, '_>, text: impl FnOnce(Palette) -> String) {
    if !session.json {
        let palette = Palette::new(session.terminal.colour);
        session.terminal.print(&text(palette));
    }
}

impl Report {
    fn new(arguments: &Arguments, loaded: &Loaded) -> Self {
        let name = arguments.name.as_deref().or(loaded.name());
        Self {
            name: name.unwrap_or_default().to_owned(),
            id: Json::Null,
            change: "refused",
            dry: arguments.dry_run,
            differences: Vec::new(),
            data_sources: Vec::new(),
            findings: Vec::new(),
            generated: Json::Null,
            published: Json::Null,
        }
    }

    fn is_blocked(&self) -> bool {
        self.findings.iter().any(Finding::is_blocker)
    }

    /// Makes or changes the migration, where the project does not have it as it should be.
    async fn settle(
        &mut self,
        session: &Session<'_, '_>,
        project: &Project,
        (document, dry_run): (&Json, bool),
    ) -> Result<(), Failure> {
        let path = project.path(&["migrations"]);
        let body = json!({ "name": self.name, "document": document });
        let Some(old) = session.remote.find((&path, &[]), &self.name).await? else {
            self.change = "made";
            if !dry_run {
                let made = session.remote.post(&path, &body).await?;
                self.id = made["id"].clone();
            }
            return Ok(());
        };
        self.id = old["id"].clone();
        self.differences = differences(&old["document"], document);
        self.change = match self.differences.is_empty() {
            true => "unchanged",
            false => "changed",
        };
        if !self.differences.is_empty() && !dry_run {
            let one = project.path(&["migrations", word(&old, "id")]);
            let request = session.remote.request(Method::PUT, &one).json(&body);
            session.remote.send(only_as(request, &old)).await?;
        }
        Ok(())
    }

    fn document(&self) -> Json {
        json!({
            "migration": self.name, "id": self.id, "change": self.change, "dry-run": self.dry,
            "differences": self.differences, "data-sources": self.data_sources,
            "findings": self.findings, "generated": self.generated, "published": self.published,
        })
    }

    fn tell(&self, session: &mut Session<'_, '_>) {
        let change = match (self.dry, self.change) {
            (true, "made" | "changed") => format!("would be {}", self.change),
            _ => self.change.to_owned(),
        };
        print(session, |palette| {
            let (name, change) = (escape_controls(&self.name), palette.good(&change));
            self.found(palette) + &format!("{name}: {change}\n{}", lines(&self.differences))
        });
    }

    /// Tells why nothing was changed.
    fn refused(&self, file: &Path, session: &mut Session<'_, '_>) -> Exit {
        let blockers = self
            .findings
            .iter()
            .filter(|found| found.is_blocker())
            .count();
        session.show(&self.document(), |palette, _| {
            let verdict = palette.bad(&format!("refused: {}", plural(blockers, "error")));
            self.found(palette) + &format!("{}: {verdict}\n", file.display())
        });
        Exit::Refused
    }

    /// Findings, and data sources that stand however it goes on.
    fn found(&self, palette: Palette) -> String {
        let mut text = findings(&self.findings, palette);
        let made = match self.dry {
            true => "would be made",
            false => "made",
        };
        for name in &self.data_sources {
            text.push_str(&format!("data source {name}: {made}\n"));
        }
        text
    }
}
