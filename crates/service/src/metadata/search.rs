//! Looking for tables: by exact names in bulk, by keywords, page by page.

use std::collections::{BTreeMap, BTreeSet};

use model::plan::Environment;
use model::table::ListedTable;
use model::{ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{CatalogSearch, CatalogTable};

use super::{asked, kind};
use crate::access::rights::Caller;
use crate::data_sources::open_to_read;
use crate::installation::Service;
use crate::tasks::Table;
use crate::within::Within;

/// So many tables are shown at once, at most.
const MOST: u32 = 10_000;
const USUAL: u32 = 500;
/// So many names are looked for in one query.
const NAMES_AT_ONCE: usize = 5_000;

/// Which tables are looked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Search {
    /// Whose connection; development where the project has it, else production.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub environment: Option<Environment>,
    /// In these schemas; in all where there are none.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// Of exactly these names, `table` or `schema.table`.
    #[serde(default)]
    pub names: Vec<String>,
    /// Whose names hold each of these.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Whether capital and small letters count as the same.
    #[serde(default)]
    pub any_case: bool,
    /// Behind this table.
    #[serde(default)]
    pub after: Option<Table>,
    /// At most so many: 500 unless told, 10,000 at most.
    #[serde(default)]
    pub limit: Option<Within<1, MOST>>,
}

/// What was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// By schema and name.
    pub tables: Vec<FoundTable>,
    /// Names that match nothing, as they were given.
    pub unmatched: Vec<String>,
    /// Where the next page begins, where there may be one.
    pub next: Option<Table>,
    /// When the catalog was filled, in milliseconds since 1970; none where nothing was collected and the source
    /// was asked itself.
    pub collected_at: Option<i64>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FoundTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// What it is: `table`, `view`.
    pub kind: String,
    /// About how many rows.
    pub estimated_rows: Option<i64>,
    /// About how many bytes.
    pub estimated_bytes: Option<i64>,
    /// What its owner says of it.
    pub comment: String,
}

/// Requirements R2.09, R4.01 and R4.02: tables of a data source.
pub async fn search(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    search: &Search,
) -> Result<Found> {
    let environment = asked(service, caller, (project, id), search.environment).await?;
    let limit = search.limit.map_or(USUAL, Within::get);
    let (_, collected_at) = service.store().catalog_size(id, environment).await?;
    let mut tables = match collected_at {
        Some(_) => collected(service, (id, environment), search, limit).await?,
        None => {
            let source = open_to_read(service, (project, id), environment).await?;
            live(source.tables(&search.schemas).await?, search)
        }
    };
    let unmatched = unmatched(search, &tables);
    let more = tables.len() > limit as usize;
    tables.truncate(limit as usize);
    let next = tables.last().filter(|_| more).map(|last| Table {
        schema: last.schema.clone(),
        table: last.table.clone(),
    });
    Ok(Found {
        tables,
        unmatched,
        next,
        collected_at,
    })
}

/// From the catalog: one more than the limit, so that it is known whether there are more; all where names are
/// given.
async fn collected(
    service: &Service,
    of: (&ObjectId, Environment),
    search: &Search,
    limit: u32,
) -> Result<Vec<FoundTable>> {
    let asked = CatalogSearch {
        schemas: search.schemas.clone(),
        names: Vec::new(),
        keywords: search.keywords.clone(),
        any_case: search.any_case,
        after: search
            .after
            .clone()
            .map(|after| (after.schema, after.table)),
        limit: limit.saturating_add(1),
    };
    if search.names.is_empty() {
        let listed = service.store().catalog(of.0, of.1, &asked).await?;
        return Ok(listed.into_iter().map(FoundTable::from).collect());
    }
    let wanted = Wanted::of(search);
    let mut found = BTreeMap::new();
    let mut keep = |listed: Vec<CatalogTable>| {
        let named = listed
            .into_iter()
            .filter(|table| wanted.has(&table.schema, &table.table));
        found.extend(named.map(|table| {
            let key = (table.schema.clone(), table.table.clone());
            (key, FoundTable::from(table))
        }));
    };
    if search.any_case {
        // The catalog knows exact names alone: all of them are looked at.
        let mut asked = asked;
        asked.limit = MOST;
        loop {
            let listed = service.store().catalog(of.0, of.1, &asked).await?;
            let last = listed
                .last()
                .map(|last| (last.schema.clone(), last.table.clone()));
            let is_last = listed.len() < MOST as usize;
            keep(listed);
            match last {
                Some(last) if !is_last => asked.after = Some(last),
                _ => return Ok(found.into_values().collect()),
            }
        }
    }
    let names: BTreeSet<String> = search
        .names
        .iter()
        .flat_map(|name| meanings(name))
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    for names in names.chunks(NAMES_AT_ONCE) {
        let asked = CatalogSearch {
            names: names.to_vec(),
            limit: u32::MAX,
            ..asked.clone()
        };
        keep(service.store().catalog(of.0, of.1, &asked).await?);
    }
    Ok(found.into_values().collect())
}

/// From the source's own list.
fn live(listed: Vec<ListedTable>, search: &Search) -> Vec<FoundTable> {
    let cased = |text: &str| cased(search, text);
    let wanted = Wanted::of(search);
    let keywords: Vec<String> = search.keywords.iter().map(|word| cased(word)).collect();
    let mut found: Vec<FoundTable> = listed
        .into_iter()
        .filter(|table| {
            let name = cased(&table.name.table);
            let behind = search.after.as_ref().is_none_or(|after| {
                (&after.schema, &after.table) < (&table.name.schema, &table.name.table)
            });
            let named = wanted.has(&table.name.schema, &table.name.table);
            behind && named && keywords.iter().all(|word| name.contains(word))
        })
        .map(|table| FoundTable {
            kind: kind(&table),
            estimated_rows: table
                .estimated_rows
                .and_then(|rows| i64::try_from(rows).ok()),
            estimated_bytes: None,
            comment: String::new(),
            schema: table.name.schema,
            table: table.name.table,
        })
        .collect();
    found.sort_by(|one, other| (&one.schema, &one.table).cmp(&(&other.schema, &other.table)));
    found
}

/// The names that match none of what was found.
fn unmatched(search: &Search, tables: &[FoundTable]) -> Vec<String> {
    let found = tables.iter().flat_map(|found| {
        let table = cased(search, &found.table);
        let whole = cased(search, &format!("{}.{}", found.schema, found.table));
        [table, whole]
    });
    let found: BTreeSet<String> = found.collect();
    let names = search
        .names
        .iter()
        .filter(|name| !found.contains(&cased(search, name)));
    names.cloned().collect()
}

/// The names that are looked for.
struct Wanted<'a> {
    search: &'a Search,
    names: BTreeSet<String>,
}

impl<'a> Wanted<'a> {
    fn of(search: &'a Search) -> Self {
        let names = search
            .names
            .iter()
            .map(|name| cased(search, name))
            .collect();
        Self { search, names }
    }

    /// Whether the table is one of them; any is, where there are none.
    fn has(&self, schema: &str, table: &str) -> bool {
        let named = |text: &str| self.names.contains(&cased(self.search, text));
        self.names.is_empty() || named(table) || named(&format!("{schema}.{table}"))
    }
}

/// The tables that a name may mean: itself, or what stands behind a schema.
fn meanings(name: &str) -> Vec<String> {
    let behind = name.split_once('.').map(|(_, table)| table.to_owned());
    [Some(name.to_owned()), behind]
        .into_iter()
        .flatten()
        .collect()
}

fn cased(search: &Search, text: &str) -> String {
    match search.any_case {
        true => text.to_lowercase(),
        false => text.to_owned(),
    }
}

impl From<CatalogTable> for FoundTable {
    fn from(table: CatalogTable) -> Self {
        Self {
            schema: table.schema,
            table: table.table,
            kind: table.kind,
            estimated_rows: table.estimated_rows,
            estimated_bytes: table.estimated_bytes,
            comment: table.comment,
        }
    }
}
