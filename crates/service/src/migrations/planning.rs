//! Planning a migration of a project: both ends are opened in an environment, and the plan compiled.

use std::collections::{BTreeMap, BTreeSet};

use contract::AnyConnector;
use model::plan::{Environment, Part, Plan};
use model::{Finding, Result, TableName};

use super::whole::{self, Whole};
use crate::ends::{self, Access};
use crate::installation::Service;
use crate::plan::{Compiled, Occasion, Planning};

/// A plan, or why there is none.
pub(crate) struct Planned {
    /// Where one could be made.
    pub(crate) plan: Option<Plan>,
    /// Whether a run of it would not start.
    pub(crate) blocked: bool,
    /// Everything found.
    pub(crate) findings: Vec<Finding>,
}

/// Plans a migration for each of these occasions over one opening of both ends; of these tables, where some are
/// given. What the migration itself is blocked by is told without opening anything.
pub(crate) async fn plans(
    service: &Service,
    (project, environment): (&str, Environment),
    mut whole: Whole,
    (occasions, tables): (&[(Part, String)], Option<&BTreeSet<TableName>>),
) -> Result<Vec<Planned>> {
    let unplanned = |findings: Vec<Finding>| {
        let mut findings = findings;
        Finding::by_weight(&mut findings);
        vec![Planned {
            plan: None,
            blocked: true,
            findings,
        }]
    };
    if whole.loaded.is_blocked() {
        return Ok(unplanned(whole.loaded.findings));
    }
    let trusted = match whole::opened(service, project, &mut whole, environment).await {
        Ok(trusted) => trusted,
        Err(error) => return Ok(unplanned(vec![Finding::of_error(&error, "data-sources")])),
    };
    let loaded = &whole.loaded;
    let Some(file) = &loaded.file else {
        return Ok(unplanned(loaded.findings.clone()));
    };
    let base = service.base();
    let access = Access {
        base: &base,
        environment,
        trusted: &trusted,
    };
    let (ends, opening) = ends::open(file, &access).await;
    let Some(ends) = ends else {
        return Ok(unplanned(Compiled::none(loaded, opening).findings));
    };
    let mut planned = Vec::with_capacity(occasions.len());
    for (part, bizdate) in occasions {
        let occasion = Occasion {
            bizdate: bizdate.clone(),
            part: *part,
        };
        let planning = Planning {
            loaded,
            ends: &ends,
            occasion: &occasion,
            environment,
            tables,
            look: None,
        };
        let compiled = planning.compile(opening.clone(), &BTreeMap::new()).await;
        planned.push(Planned {
            blocked: compiled.runnable().is_none(),
            plan: compiled.plan,
            findings: compiled.findings,
        });
    }
    Ok(planned)
}

/// What people call a kind of system.
pub(crate) fn title(connector: &str) -> &'static str {
    connectors::connector(connector)
        .map_or("", |connector: &dyn AnyConnector| connector.about().title)
}
