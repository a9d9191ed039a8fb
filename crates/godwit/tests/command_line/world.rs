//! A folder with a shop database, a migration file and a data folder, and the command line over it.

use std::ffi::OsString;
use std::path::PathBuf;

use godwit::cli::{self, Exit};
use godwit::terminal::Terminal;
use serde_json::Value as Json;
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) folder: TempDir,
}

/// What one command did.
pub(crate) struct Done {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

const SHOP: &str = "
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, joined DATE);
    INSERT INTO customers VALUES (1, 'Ada', '2024-01-02'), (2, 'Grace', '2024-02-03');
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, amount DECIMAL(10,2));
    INSERT INTO orders VALUES (1, 1, 10.5), (2, 1, 7), (3, 2, NULL);
";

/// A whole and right file: all of the shop into a folder of Parquet files.
pub(crate) const FILE: &str = "\
version: 1
data-sources:
  shop: { type: sqlite, path: shop.db }
  lake: { type: files, path: ./lake }
migration:
  name: shop_to_lake
  source: { data-source: shop }
  destination: { data-source: lake, namespace: shop }
  tables: { all: true }
  run: { reruns: 0 }
";

impl World {
    pub(crate) fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        world.sql(SHOP);
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn sql(&self, statements: &str) {
        let shop = rusqlite::Connection::open(self.path("shop.db")).unwrap();
        shop.execute_batch(statements).unwrap();
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.path("shop.yaml"), text).unwrap();
    }

    /// Runs `godwit WORDS…`; `FILE` stands for the migration file.
    pub(crate) async fn godwit(&self, words: &[&str]) -> Done {
        let file = self.path("shop.yaml");
        let data = self.path("data");
        let mut arguments = vec![OsString::from("godwit")];
        for word in words {
            match *word {
                "FILE" => arguments.push(file.clone().into()),
                "DATA" => arguments.push(data.clone().into()),
                word => arguments.push(word.into()),
            }
        }
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut terminal = Terminal::plain(&mut out, &mut err);
        let exit = Box::pin(cli::run(arguments, &mut terminal, Default::default())).await;
        drop(terminal);
        Done {
            exit,
            out: self.without_place(out),
            err: self.without_place(err),
        }
    }

    /// The text with this world's folder left out: it has another name each time.
    fn without_place(&self, text: Vec<u8>) -> String {
        let text = String::from_utf8(text).unwrap();
        text.replace(&self.folder.path().display().to_string(), "WORLD")
    }

    /// `godwit run FILE --data DATA --json` with more words.
    pub(crate) async fn run(&self, words: &[&str]) -> Done {
        let mut all = vec!["run", "FILE", "--data", "DATA", "--json"];
        all.extend(words);
        self.godwit(&all).await
    }
}
