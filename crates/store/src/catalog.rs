//! What was collected of the tables of data sources: found by name, however many there are.

use model::plan::Environment;
use model::{ObjectId, Result};
use serde_json::Value as Json;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::failure::{failure, unreadable};
use crate::open::Store;
use crate::statement::Statement;
use crate::words::{read_word, word};

/// One collected table.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogTable {
    /// Of which data source.
    pub data_source: ObjectId,
    /// Of which of its variants.
    pub environment: Environment,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// What kind it is: the connector's word.
    pub kind: String,
    /// About how many rows.
    pub estimated_rows: Option<i64>,
    /// About how many bytes.
    pub estimated_bytes: Option<i64>,
    /// What its owner says of it.
    pub comment: String,
    /// Columns, keys and the like: the service's document.
    pub body: Json,
    /// In milliseconds since 1970.
    pub collected_at: i64,
}

/// Which tables are looked for: all that every part of this is true of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CatalogSearch {
    /// In these schemas; in all where there are none.
    pub schemas: Vec<String>,
    /// Of exactly these names; of all where there are none.
    pub names: Vec<String>,
    /// Whose names hold each of these.
    pub keywords: Vec<String>,
    /// Whether capital and small letters are told apart in keywords.
    pub any_case: bool,
    /// Behind this schema and table.
    pub after: Option<(String, String)>,
    /// At most so many.
    pub limit: u32,
}

const COLUMNS: &str = "data_source, environment, schema_name, table_name, kind, estimated_rows, \
                       estimated_bytes, comment, body, collected_at";
/// Ten values each; PostgreSQL takes 65,535 in a statement, SQLite 32,766.
const AT_ONCE: usize = 2_000;

impl Store {
    /// Keeps collected tables; each takes the place of what was collected of it before.
    pub async fn put_catalog(&self, tables: &[CatalogTable]) -> Result<()> {
        let failed = |cause| failure("could not keep what was collected", cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        for tables in tables.chunks(AT_ONCE) {
            let mut rows = Vec::with_capacity(tables.len());
            for table in tables {
                rows.push((table, word(&table.environment)?));
            }
            let insert = format!("INSERT INTO catalog_tables ({COLUMNS})");
            let mut query = Statement::new(insert);
            query.rows(rows, |row, (table, environment)| {
                row.bind(table.data_source.as_str().to_owned())
                    .bind(environment)
                    .bind(table.schema.clone())
                    .bind(table.table.clone())
                    .bind(table.kind.clone())
                    .bind(table.estimated_rows)
                    .bind(table.estimated_bytes)
                    .bind(table.comment.clone())
                    .bind(table.body.to_string())
                    .bind(table.collected_at);
            });
            query.push(
                " ON CONFLICT (data_source, environment, schema_name, table_name) DO UPDATE SET \
                 kind = excluded.kind, estimated_rows = excluded.estimated_rows, \
                 estimated_bytes = excluded.estimated_bytes, comment = excluded.comment, \
                 body = excluded.body, collected_at = excluded.collected_at",
            );
            let written = query
                .build()
                .map_err(failed)?
                .execute(&mut *transaction)
                .await;
            written.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Forgets what was collected of a data source before this moment: tables that are gone. How many.
    pub async fn cut_catalog(
        &self,
        data_source: &ObjectId,
        environment: Environment,
        before: i64,
    ) -> Result<u64> {
        let cut = sqlx::query(
            "DELETE FROM catalog_tables WHERE data_source = $1 AND environment = $2 \
             AND collected_at < $3",
        )
        .bind(data_source.as_str())
        .bind(word(&environment)?)
        .bind(before)
        .execute(&self.pool)
        .await
        .map_err(|cause| failure("could not cut what was collected", cause))?;
        Ok(cut.rows_affected())
    }

    /// Collected tables of a data source, by schema and name.
    pub async fn catalog(
        &self,
        data_source: &ObjectId,
        environment: Environment,
        search: &CatalogSearch,
    ) -> Result<Vec<CatalogTable>> {
        let select = format!("SELECT {COLUMNS} FROM catalog_tables WHERE data_source = ");
        let mut query = Statement::new(select);
        query.bind(data_source.as_str().to_owned());
        query.push(" AND environment = ").bind(word(&environment)?);
        among(&mut query, "schema_name", &search.schemas);
        among(&mut query, "table_name", &search.names);
        for keyword in &search.keywords {
            // What a text holds is told without LIKE, which the two databases read differently.
            let (name, keyword) = match search.any_case {
                true => ("LOWER(table_name)", keyword.to_lowercase()),
                false => ("table_name", keyword.clone()),
            };
            query.push(&format!(" AND REPLACE({name}, ")).bind(keyword);
            query.push(&format!(", '') <> {name}"));
        }
        if let Some((schema, table)) = &search.after {
            query.push(" AND (schema_name > ").bind(schema.clone());
            query.push(" OR (schema_name = ").bind(schema.clone());
            query
                .push(" AND table_name > ")
                .bind(table.clone())
                .push("))");
        }
        query.push(" ORDER BY schema_name, table_name LIMIT ");
        query.bind(i64::from(search.limit));
        let rows = query
            .build()
            .map_err(|cause| failure("could not read what was collected", cause))?
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read what was collected", cause))?;
        rows.iter().map(table).collect()
    }

    /// How many tables were collected of a data source, and when the last of them.
    pub async fn catalog_size(
        &self,
        data_source: &ObjectId,
        environment: Environment,
    ) -> Result<(i64, Option<i64>)> {
        let row = sqlx::query(
            "SELECT COUNT(*), MAX(collected_at) FROM catalog_tables \
             WHERE data_source = $1 AND environment = $2",
        )
        .bind(data_source.as_str())
        .bind(word(&environment)?)
        .fetch_one(&self.pool)
        .await
        .map_err(|cause| failure("could not read what was collected", cause))?;
        Ok((row.get(0), row.get(1)))
    }
}

/// One of these, where there are any.
fn among(query: &mut Statement, column: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    query.push(&format!(" AND {column} IN ("));
    query.list(names.iter().cloned()).push(")");
}

fn table(row: &AnyRow) -> Result<CatalogTable> {
    let body: String = row.get(8);
    Ok(CatalogTable {
        data_source: ObjectId::new(row.get::<String, _>(0)),
        environment: read_word("an environment", row.get(1))?,
        schema: row.get(2),
        table: row.get(3),
        kind: row.get(4),
        estimated_rows: row.get(5),
        estimated_bytes: row.get(6),
        comment: row.get(7),
        body: serde_json::from_str(&body)
            .map_err(|cause| unreadable("a collected table", cause))?,
        collected_at: row.get(9),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::on_each_database;

    fn collected(data_source: &ObjectId, schema: &str, table: &str, at: i64) -> CatalogTable {
        CatalogTable {
            data_source: data_source.clone(),
            environment: Environment::Production,
            schema: schema.to_owned(),
            table: table.to_owned(),
            kind: "table".to_owned(),
            estimated_rows: Some(7),
            estimated_bytes: None,
            comment: String::new(),
            body: serde_json::json!({ "columns": [] }),
            collected_at: at,
        }
    }

    #[tokio::test]
    async fn tables_are_found_by_exact_names_and_by_keywords() {
        on_each_database(async |store: Store| {
            let source = ObjectId::generate();
            let names = ["orders", "Orders_old", "order%items", "customers"];
            let mut tables: Vec<_> = names
                .iter()
                .map(|name| collected(&source, "shop", name, 5))
                .collect();
            tables.push(collected(&source, "aux", "orders", 5));
            store.put_catalog(&tables).await.unwrap();
            let check = async |search: CatalogSearch, expected: &[&str]| {
                let search = CatalogSearch {
                    limit: 10,
                    ..search
                };
                let found = store.catalog(&source, Environment::Production, &search);
                let mut found: Vec<String> = found
                    .await
                    .unwrap()
                    .into_iter()
                    .map(|table| format!("{}.{}", table.schema, table.table))
                    .collect();
                found.sort();
                assert_eq!(found, expected, "{search:?}");
            };
            let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
            let search = CatalogSearch {
                names: texts(&["orders", "nothing"]),
                ..CatalogSearch::default()
            };
            check(search, &["aux.orders", "shop.orders"]).await;
            let search = CatalogSearch {
                schemas: texts(&["shop"]),
                keywords: texts(&["rder", "s"]),
                ..CatalogSearch::default()
            };
            check(
                search,
                &["shop.Orders_old", "shop.order%items", "shop.orders"],
            )
            .await;
            let search = CatalogSearch {
                keywords: texts(&["%"]),
                ..CatalogSearch::default()
            };
            check(search, &["shop.order%items"]).await;
            let search = CatalogSearch {
                keywords: texts(&["ORDERS"]),
                any_case: true,
                ..CatalogSearch::default()
            };
            check(search, &["aux.orders", "shop.Orders_old", "shop.orders"]).await;
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_collected_again_takes_the_old_place_and_what_is_gone_goes() {
        on_each_database(async |store: Store| {
            let source = ObjectId::generate();
            let first = [
                collected(&source, "s", "a", 5),
                collected(&source, "s", "b", 5),
            ];
            store.put_catalog(&first).await.unwrap();
            let second = [collected(&source, "s", "b", 6)];
            store.put_catalog(&second).await.unwrap();
            let production = Environment::Production;
            assert_eq!(store.cut_catalog(&source, production, 6).await.unwrap(), 1);
            let size = store.catalog_size(&source, production).await.unwrap();
            assert_eq!(size, (1, Some(6)));
        })
        .await;
    }
}
