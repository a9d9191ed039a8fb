//! The versions of a pipeline, and what differs between two of them.

use model::{ObjectId, Result};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use store::{Stored, Version};

use crate::access::rights::{Caller, Right};
use crate::document::join;
use crate::installation::{LONGEST_PAGE, Service, not_there};
use crate::pipelines::Pipeline;

/// One place where two versions differ.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// Its path: `document.filter.daily`.
    pub at: String,
    /// What stood there; none where nothing did.
    pub old: Option<Json>,
    /// What stands there.
    pub new: Option<Json>,
}

/// The versions of a pipeline, newest first.
pub async fn versions(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Vec<Version>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let _: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
    service.store().versions(id, LONGEST_PAGE).await
}

/// What differs from one version to another.
pub async fn differences(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    (old, new): (i64, i64),
) -> Result<Vec<Difference>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let _: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
    let version = async |number: i64| {
        let found = service.store().version(id, number).await?;
        found.ok_or_else(|| not_there("version", &number.to_string()))
    };
    let (old, new) = (version(old).await?, version(new).await?);
    let mut found = Vec::new();
    compare("", Some(&old.body), Some(&new.body), &mut found);
    Ok(found)
}

fn compare(at: &str, old: Option<&Json>, new: Option<&Json>, found: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Json::Object(one)), Some(Json::Object(other))) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                compare(&join(at, key), one.get(key), other.get(key), found);
            }
        }
        (Some(Json::Array(one)), Some(Json::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                let at = format!("{at}[{index}]");
                compare(&at, one.get(index), other.get(index), found);
            }
        }
        _ => found.push(Difference {
            at: at.to_owned(),
            old: old.cloned(),
            new: new.cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_told_by_their_paths() {
        let old = json!({"a": {"b": 1, "c": [1, 2]}, "d": "x", "same": [{}]});
        let new = json!({"a": {"b": 2, "c": [1]}, "e": true, "same": [{}]});
        let mut found = Vec::new();
        compare("", Some(&old), Some(&new), &mut found);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.at.as_str(), one.old.clone(), one.new.clone()))
            .collect();
        let expected = [
            ("a.b", Some(json!(1)), Some(json!(2))),
            ("a.c[1]", Some(json!(2)), None),
            ("d", Some(json!("x")), None),
            ("e", None, Some(json!(true))),
        ];
        assert_eq!(told, expected);
    }
}
