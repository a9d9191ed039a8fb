//! Planning a migration of a project: both ends are opened in an environment, and the plan compiled.

use std::collections::{BTreeMap, BTreeSet};

use contract::AnyConnector;
use model::plan::{Environment, Part, Plan};
use model::{Finding, Result, TableName};

use super::whole::{self, Whole};
use crate::ends::{self, Access, Ends};
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

/// What was planned over one opening of both ends.
pub(crate) struct Plans {
    /// Both ends, where they could be opened.
    pub(crate) ends: Option<Ends>,
    /// A plan for each occasion; a single one without a plan where the ends could not be opened.
    pub(crate) planned: Vec<Planned>,
}

/// Plans a migration for each of these occasions over one opening of both ends; of these tables, where some are
/// given. What the migration itself is blocked by is told without opening anything.
pub(crate) async fn plans(
    service: &Service,
    (project, environment): (&str, Environment),
    mut whole: Whole,
    (occasions, tables): (&[(Part, String)], Option<&BTreeSet<TableName>>),
) -> Result<Plans> {
    let (ends, opening) = match open(service, (project, environment), &mut whole).await? {
        Ok(opened) => opened,
        Err(mut findings) => {
            Finding::by_weight(&mut findings);
            let none = Planned {
                plan: None,
                blocked: true,
                findings,
            };
            return Ok(Plans {
                ends: None,
                planned: vec![none],
            });
        }
    };
    let loaded = &whole.loaded;
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
    Ok(Plans {
        ends: Some(ends),
        planned,
    })
}

/// Both ends of a migration, opened in an environment, and what was found on the way; or only that, where it keeps
/// them from being used.
pub(crate) async fn open(
    service: &Service,
    (project, environment): (&str, Environment),
    whole: &mut Whole,
) -> Result<Result<(Ends, Vec<Finding>), Vec<Finding>>> {
    if whole.loaded.is_blocked() {
        return Ok(Err(whole.loaded.findings.clone()));
    }
    let trusted = match whole::opened(service, project, whole, environment).await {
        Ok(trusted) => trusted,
        Err(error) => return Ok(Err(vec![Finding::of_error(&error, "data-sources")])),
    };
    let Some(file) = &whole.loaded.file else {
        return Ok(Err(whole.loaded.findings.clone()));
    };
    let base = service.base();
    let access = Access {
        base: &base,
        environment,
        trusted: &trusted,
    };
    Ok(match ends::open(file, &access).await {
        (Some(ends), opening) => Ok((ends, opening)),
        (None, opening) => Err(Compiled::none(&whole.loaded, opening).findings),
    })
}

/// What people call a kind of system.
pub(crate) fn title(connector: &str) -> &'static str {
    connectors::connector(connector)
        .map_or("", |connector: &dyn AnyConnector| connector.about().title)
}
