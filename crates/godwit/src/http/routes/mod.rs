//! The table of routes: one file per noun, each with its own part. A handler reads what came, calls a verb of
//! the service, and shows what it gave.

mod alerts;
mod audit;
mod backfills;
mod connectors;
mod dashboard;
mod data_sources;
mod events;
mod folders;
mod instances;
mod metadata;
mod migrations;
mod operations;
mod pipelines;
mod projects;
mod publishing;
mod resource_groups;
mod sessions;
mod tasks;
mod tokens;
mod users;

use super::Route;
use super::app::App;

/// All routes of the service.
pub fn routes() -> Vec<Route<App>> {
    let all = [
        sessions::routes(),
        users::routes(),
        tokens::routes(),
        projects::routes(),
        resource_groups::routes(),
        audit::routes(),
        alerts::routes(),
        connectors::routes(),
        dashboard::routes(),
        data_sources::routes(),
        metadata::routes(),
        migrations::routes(),
        folders::routes(),
        pipelines::routes(),
        publishing::routes(),
        operations::routes(),
        backfills::routes(),
        events::routes(),
        instances::routes(),
        tasks::routes(),
    ];
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
