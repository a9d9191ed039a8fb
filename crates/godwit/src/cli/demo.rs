//! `godwit demo`: makes a sample shop database, moves all of it into a lake, reads it back through the
//! lake, and prints the counts and the lines that read the same lake from Python.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use model::run::{RunReport, RunState};
use model::{Error, ErrorKind, Result};
use serde_json::json;
use service::clock::Clock;
use service::opening::{self, Configuration, Start};
use service::read_back::{ReadBack, read_back};
use service::run::RunRequest;
use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::cli::run::exit;
use crate::cli::serve::Serving;
use crate::demo::data::{self, DEFAULT_SCALE};
use crate::demo::{migration_yaml, served};
use crate::http::{Listen, Server};
use crate::progress::{self, Watch};
use crate::render;
use crate::render::columns::{Align, Columns};
use crate::render::findings::Palette;
use crate::render::numbers::count;
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the database, the migration file and the lake are made
    #[arg(long, value_name = "DIR", default_value = "godwit-demo")]
    dir: PathBuf,
    /// How large the database is: 1 is 8.6 million rows, about a gigabyte
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SCALE, allow_negative_numbers = true)]
    scale: f64,
    /// Then serve the web page on what was made, until it is stopped
    #[arg(long)]
    serve: bool,
    /// Where to listen with --serve
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

const DATABASE: &str = "shop.db";
const LAKE: &str = "lake";
const NAMESPACE: &str = "shop";
/// The table of which rows are shown, and how many.
const SHOWN_TABLE: &str = "orders";
const SHOWN: usize = 5;

pub(super) async fn run(
    arguments: &Arguments,
    json: bool,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Result<Exit> {
    data::check_scale(arguments.scale)?;
    if arguments.serve && json {
        let message = "demo --serve prints no document";
        return Err(Error::new(ErrorKind::Config, "USAGE", message).hint("leave --json out"));
    }
    // Before all the work: an address that is taken is told at once.
    let server = match arguments.serve {
        true => Some(Server::bind(&Listen {
            address: arguments.listen,
            ..Listen::default()
        })?),
        false => None,
    };
    let dir =
        std::path::absolute(&arguments.dir).map_err(|cause| unmade(&arguments.dir, &cause))?;
    let database = dir.join(DATABASE);
    terminal.tell(&format!("making a shop database: {}\n", database.display()));
    make(&dir, arguments.scale).await?;
    let file = dir.join("shop.yaml");
    let request = RunRequest {
        file: file.clone(),
        data: Some(dir.join("data")),
        cancel: cancel.clone(),
        ..RunRequest::default()
    };
    let watch = Watch::default();
    let running = service::run::run(request, &watch);
    let report = Box::pin(progress::show(&watch, terminal, running)).await?;
    let read = if report.state == RunState::Succeeded {
        read_back(&file, LAKE, NAMESPACE, SHOWN).await?
    } else {
        Vec::new()
    };
    let differing = differing(&report, &read);
    if json {
        terminal.print_json(&json!({
            "report": report, "folder": dir, "agrees": differing.is_empty(),
            "read_back": read.iter().map(|table| json!({
                "table": table.table.to_string(), "rows": table.rows,
            })).collect::<Vec<_>>(),
        }));
    } else {
        let text = told(&report, &read, &differing, &dir, terminal);
        terminal.print(&text);
    }
    if !differing.is_empty() {
        return Ok(Exit::Refused);
    }
    match (exit(report.state), server) {
        (Exit::Done, Some(server)) => Box::pin(serve(server, &dir, terminal, cancel)).await,
        (exit, _) => Ok(exit),
    }
}

/// Serves what the demo made, from a store that is made anew.
async fn serve(
    server: Server,
    dir: &Path,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Result<Exit> {
    let data = dir.join("service");
    match std::fs::remove_dir_all(&data) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            return Err(unmade(&data, &cause));
        }
        _ => {}
    }
    let configuration = Configuration {
        roots: vec![dir.to_owned()],
        ..Configuration::default()
    };
    let start = Start {
        data: Some(&data),
        own: server.address(),
        clock: Clock::default(),
        restored: false,
    };
    let opened = Box::pin(opening::open(&configuration, start)).await?;
    let serving = Serving::begin(&configuration, &opened, &cancel).await?;
    terminal.tell("filling a service with what was made\n");
    let set_up = opened.set_up.as_ref().map_or("", |token| token.as_str());
    let login = served::fill(&opened.service, set_up, dir).await?;
    terminal.print(&format!(
        "\ngodwit serves at {url}\nlog in as {name} with the password {password}\n\
         stop it with Ctrl-C; godwit demo --serve begins anew\n",
        url = server.url(),
        name = login.name,
        password = login.password,
    ));
    serving.until_told(server, cancel).await
}

/// The database, anew, and the migration file.
async fn make(dir: &Path, scale: f64) -> Result<()> {
    let dir = dir.to_owned();
    let made = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&dir).map_err(|cause| unmade(&dir, &cause))?;
        data::make(&dir.join(DATABASE), scale)?;
        let file = dir.join("shop.yaml");
        let text = migration_yaml(Path::new(DATABASE), Path::new(LAKE));
        std::fs::write(&file, text).map_err(|cause| unmade(&file, &cause))
    });
    made.await
        .map_err(|cause| Error::internal("the database was not made").caused_by(cause))?
}

fn unmade(path: &Path, cause: &std::io::Error) -> Error {
    let message = format!("could not make {path:?}: {cause}");
    Error::new(ErrorKind::Config, "DEMO_FOLDER", message).hint("name another folder with --dir")
}

/// Tables whose count, read back, is not what the report says.
fn differing(report: &RunReport, read: &[ReadBack]) -> Vec<String> {
    let moved = report.tables.iter().filter(|_| !read.is_empty());
    moved
        .filter_map(|table| {
            let name = table.destination.clone()?;
            let found = read.iter().find(|back| back.table.to_string() == name);
            let same = found.is_some_and(|back| back.rows == table.rows_written);
            (!same).then_some(name)
        })
        .collect()
}

fn told(
    report: &RunReport,
    read: &[ReadBack],
    differing: &[String],
    dir: &Path,
    terminal: &Terminal<'_>,
) -> String {
    let palette = Palette::new(terminal.colour);
    let mut text = render::report::report(report, palette, terminal.width);
    if read.is_empty() {
        return text;
    }
    text.push_str("\nread back through the lake:\n");
    let mut counts = Columns::new(&[("table", Align::Left), ("rows", Align::Right)]).indented(2);
    for table in read {
        counts.line(vec![table.table.to_string(), count(table.rows)]);
    }
    text.push_str(&counts.render(terminal.width));
    match differing {
        [] => text.push_str(&format!("{}: every count agrees\n", palette.good("proven"))),
        names => {
            let names = names.join(", ");
            text.push_str(&format!(
                "{}: counts differ in {names}\n",
                palette.bad("not proven")
            ));
        }
    }
    if let Some(table) = read.iter().find(|back| back.table.table == SHOWN_TABLE) {
        text.push_str(&format!("\nthe first rows of {}:\n", table.table));
        for row in &table.first {
            let values = table.columns.iter().zip(row);
            let values: Vec<_> = values
                .map(|(column, value)| format!("{column}={value}"))
                .collect();
            let line = model::table::escape_controls(&values.join("  "));
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push_str(&next(dir));
    text
}

fn next(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "
the same lake from Python (pip install 'pyiceberg[sql-sqlite,pyarrow]'):

# --- PyIceberg ---
from pyiceberg.catalog.sql import SqlCatalog
catalog = SqlCatalog(\"godwit\", uri=\"sqlite:///{dir}/{LAKE}/catalog.db\", warehouse=\"file://{dir}/{LAKE}\")
for name in sorted(catalog.list_tables(\"{NAMESPACE}\")):
    print(\".\".join(name), catalog.load_table(name).scan().to_arrow().num_rows)
# --- end ---

next: look at {dir}/shop.yaml, change it, and run
  godwit plan {dir}/shop.yaml
  godwit run {dir}/shop.yaml --data {dir}/data
  godwit runs list --data {dir}/data
"
    )
}
