//! Roles and rights in one table. What is not given is refused.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Error, ErrorKind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one may be allowed to do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// See a project, what is in it and how its runs went; without row values.
    ViewProject,
    /// Make and change migrations and pipelines.
    EditMigrations,
    /// Write SQL into them: filters, and what runs before and after.
    EditStatements,
    /// Have tables of the destination dropped and made anew.
    RecreateTables,
    /// Name a data source in a migration, and look at what is in it.
    UseDataSources,
    /// Make and change data sources. Whoever may can have a data source's secrets sent to a host of
    /// their choice.
    ManageDataSources,
    /// See the values of rejected rows.
    SeeRejectedRows,
    /// Run, stop, rerun, pause.
    Operate,
    /// Bring to production what was submitted.
    Publish,
    /// Change a project and who has which role in it.
    ManageProject,
    /// Read who did what.
    ReadAudit,
    /// Make and change users, their passwords and roles.
    ManageUsers,
    /// Change what concerns the whole installation: servers, keys, network, projects.
    ManageSystem,
}

/// What a person is, in a project or in the whole installation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Of the whole installation: everything.
    Administrator,
    /// Of the whole installation: sees projects and who did what; changes nothing.
    Auditor,
    /// Everything in a project.
    ProjectAdmin,
    /// Makes migrations, and tries them.
    Developer,
    /// Keeps them running.
    Operator,
    /// Looks on.
    Viewer,
}

const YES: bool = true;
const NO: bool = false;

/// The single truth of who may what: the columns are those of [`Role::ALL`].
#[rustfmt::skip]
const MATRIX: [(Right, [bool; 6]); 13] = [
    //                         administrator auditor project-admin developer operator viewer
    (Right::ViewProject,       [YES,         YES,    YES,          YES,      YES,     YES]),
    (Right::EditMigrations,    [YES,         NO,     YES,          YES,      NO,      NO ]),
    (Right::EditStatements,    [YES,         NO,     YES,          YES,      NO,      NO ]),
    (Right::RecreateTables,    [YES,         NO,     YES,          NO,       NO,      NO ]),
    (Right::UseDataSources,    [YES,         NO,     YES,          YES,      NO,      NO ]),
    (Right::ManageDataSources, [YES,         NO,     YES,          NO,       NO,      NO ]),
    (Right::SeeRejectedRows,   [YES,         NO,     YES,          YES,      NO,      NO ]),
    (Right::Operate,           [YES,         NO,     YES,          YES,      YES,     NO ]),
    (Right::Publish,           [YES,         NO,     YES,          NO,       YES,     NO ]),
    (Right::ManageProject,     [YES,         NO,     YES,          NO,       NO,      NO ]),
    (Right::ReadAudit,         [YES,         YES,    YES,          NO,       NO,      NO ]),
    (Right::ManageUsers,       [YES,         NO,     NO,           NO,       NO,      NO ]),
    (Right::ManageSystem,      [YES,         NO,     NO,           NO,       NO,      NO ]),
];

impl Role {
    /// All roles, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Administrator,
        Self::Auditor,
        Self::ProjectAdmin,
        Self::Developer,
        Self::Operator,
        Self::Viewer,
    ];

    /// Whether the role has the right, where the role holds.
    pub fn may(self, right: Right) -> bool {
        let column = Self::ALL.iter().position(|role| *role == self);
        let row = MATRIX.iter().find(|(known, _)| *known == right);
        column
            .zip(row)
            .is_some_and(|(column, (_, cells))| cells[column])
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::ProjectAdmin => "project-admin",
            Self::Developer => "developer",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// Whether it is a role in the whole installation; the others are roles in a project.
    pub fn is_of_installation(self) -> bool {
        matches!(self, Self::Administrator | Self::Auditor)
    }
}

impl Right {
    /// All rights, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        MATRIX.iter().map(|(right, _)| *right)
    }

    /// As it is written in an API token's scopes.
    pub fn name(self) -> &'static str {
        match self {
            Self::ViewProject => "view-project",
            Self::EditMigrations => "edit-migrations",
            Self::EditStatements => "edit-statements",
            Self::RecreateTables => "recreate-tables",
            Self::UseDataSources => "use-data-sources",
            Self::ManageDataSources => "manage-data-sources",
            Self::SeeRejectedRows => "see-rejected-rows",
            Self::Operate => "operate",
            Self::Publish => "publish",
            Self::ManageProject => "manage-project",
            Self::ReadAudit => "read-audit",
            Self::ManageUsers => "manage-users",
            Self::ManageSystem => "manage-system",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user's id.
    pub user: String,
    /// The user's name, for people and the audit.
    pub name: String,
    /// The role in the whole installation. One that is a project's gives nothing here.
    pub system_role: Option<Role>,
    /// The role in each project, by the project's id. One of the whole installation gives nothing here.
    pub project_roles: BTreeMap<String, Role>,
    /// What an API token is limited to; `None` for all that its user may.
    pub scopes: Option<Vec<Right>>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// Tells the request from others, for the audit; empty where there is none.
    pub request: String,
}

impl Caller {
    /// Whether the right is given: in this project, or in the whole installation where `project` is
    /// `None`. `NO_RIGHT` where it is not; for a project that the caller cannot even view
    /// `UNKNOWN_PROJECT`, word for word as if there were none. Asked before each verb, and before
    /// anything is looked up.
    pub fn may(&self, project: Option<&str>, right: Right) -> Result<()> {
        if let Some(project) = project
            && !self.views(project)
        {
            return Err(unknown_project(project));
        }
        let scoped = self.scopes.as_ref();
        if scoped.is_some_and(|scopes| !scopes.contains(&right)) {
            let message = format!("the API token is not made for the right {}", right.name());
            return Err(Error::new(ErrorKind::Auth, "NO_RIGHT", message)
                .hint("make a token with this scope"));
        }
        if self.has(project, right) {
            return Ok(());
        }
        let place = project.map_or("in the whole installation", |_| "in this project");
        let message = format!(
            "user {:?} lacks the right {} {place}",
            self.name,
            right.name()
        );
        let hint = match project {
            Some(_) => "ask an administrator of the project for a role that has it",
            None => "ask an administrator for a role that has it",
        };
        Err(Error::new(ErrorKind::Auth, "NO_RIGHT", message).hint(hint))
    }

    /// Whether the project is one that the caller may know of; to list projects by. The scopes of a
    /// token do not count: its user knows the project all the same.
    pub fn views(&self, project: &str) -> bool {
        self.has(Some(project), Right::ViewProject)
    }

    fn has(&self, project: Option<&str>, right: Right) -> bool {
        let of_installation = self
            .system_role
            .filter(|role| role.is_of_installation())
            .is_some_and(|role| role.may(right));
        let of_project = project
            .and_then(|project| self.project_roles.get(project))
            .filter(|role| !role.is_of_installation())
            .is_some_and(|role| role.may(right));
        of_installation || of_project
    }
}

/// What is said of a project that is not there; the same of one that the caller cannot view.
pub fn unknown_project(project: &str) -> Error {
    let message = format!("there is no project {project:?}");
    Error::new(ErrorKind::NotFound, "UNKNOWN_PROJECT", message)
        .hint("it does not exist, or you have no role in it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(system_role: Option<Role>, project_roles: &[(&str, Role)]) -> Caller {
        let roles = project_roles.iter();
        Caller {
            user: "u1".to_owned(),
            name: "ann".to_owned(),
            system_role,
            project_roles: roles.map(|(id, role)| ((*id).to_owned(), *role)).collect(),
            scopes: None,
            address: None,
            request: String::new(),
        }
    }

    fn code(caller: &Caller, project: Option<&str>, right: Right) -> &'static str {
        caller
            .may(project, right)
            .map_or_else(|error| error.code, |()| "")
    }

    #[test]
    fn the_matrix() {
        let mut lines = vec![format!("{:<20}", "") + &Role::ALL.map(|role| word(&role)).join(" ")];
        for right in Right::all() {
            let cells = Role::ALL.map(|role| {
                let width = word(&role).len();
                format!("{:<width$}", if role.may(right) { "yes" } else { "·" })
            });
            let line = format!("{:<20}{}", word(&right), cells.join(" "));
            lines.push(line.trim_end().to_owned());
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    fn word(value: &impl Serialize) -> String {
        let json = serde_json::to_value(value).unwrap();
        json.as_str().unwrap().to_owned()
    }

    #[test]
    fn every_right_has_one_line_and_is_written_as_its_name() {
        let written = schemars::schema_for!(Right).to_value();
        let known = written["oneOf"].as_array().unwrap().len();
        assert_eq!(Right::all().count(), known, "a right has no line");
        for (index, right) in Right::all().enumerate() {
            assert_eq!(
                right as usize, index,
                "{right:?} stands twice, or elsewhere"
            );
            assert_eq!(word(&right), right.name());
        }
        for role in Role::ALL {
            assert_eq!(word(&role), role.name());
        }
    }

    #[test]
    fn who_may_act_for_all_may_act_in_each_project() {
        let (admin, auditor) = (
            caller(Some(Role::Administrator), &[]),
            caller(Some(Role::Auditor), &[]),
        );
        for right in Right::all() {
            for project in [None, Some("p"), Some("nowhere")] {
                assert_eq!(code(&admin, project, right), "");
                let reads = [Right::ViewProject, Right::ReadAudit].contains(&right);
                let expected = if reads { "" } else { "NO_RIGHT" };
                assert_eq!(code(&auditor, project, right), expected, "{right:?}");
            }
        }
    }

    #[test]
    fn a_role_holds_in_its_project_alone() {
        let roles = Role::ALL.iter().filter(|role| !role.is_of_installation());
        for role in roles {
            let caller = caller(None, &[("ours", *role)]);
            for right in Right::all() {
                let expected = if role.may(right) { "" } else { "NO_RIGHT" };
                assert_eq!(
                    code(&caller, Some("ours"), right),
                    expected,
                    "{role:?} {right:?}"
                );
                assert_eq!(code(&caller, Some("theirs"), right), "UNKNOWN_PROJECT");
                assert_eq!(code(&caller, None, right), "NO_RIGHT");
            }
            assert!(caller.views("ours") && !caller.views("theirs"));
        }
    }

    #[test]
    fn a_role_at_the_wrong_place_gives_nothing() {
        let system = caller(Some(Role::ProjectAdmin), &[]);
        let project = caller(None, &[("ours", Role::Administrator)]);
        for right in Right::all() {
            assert_eq!(code(&system, None, right), "NO_RIGHT");
            assert_eq!(code(&system, Some("ours"), right), "UNKNOWN_PROJECT");
            assert_eq!(code(&project, Some("ours"), right), "UNKNOWN_PROJECT");
        }
    }

    #[test]
    fn a_token_may_what_it_was_made_for_and_its_user_may() {
        let mut caller = caller(None, &[("ours", Role::Operator)]);
        caller.scopes = Some(vec![Right::Operate, Right::ManageSystem]);
        assert_eq!(code(&caller, Some("ours"), Right::Operate), "");
        assert_eq!(code(&caller, Some("ours"), Right::ViewProject), "NO_RIGHT");
        assert_eq!(code(&caller, Some("ours"), Right::Publish), "NO_RIGHT");
        assert_eq!(code(&caller, None, Right::ManageSystem), "NO_RIGHT");
        assert_eq!(
            code(&caller, Some("theirs"), Right::Operate),
            "UNKNOWN_PROJECT"
        );
        caller.scopes = Some(Vec::new());
        assert_eq!(code(&caller, Some("ours"), Right::Operate), "NO_RIGHT");
    }

    #[test]
    fn a_project_that_one_cannot_view_looks_like_none() {
        let error = caller(None, &[])
            .may(Some("p"), Right::Operate)
            .unwrap_err();
        let none = unknown_project("p");
        assert_eq!(
            (error.kind, error.code, error.message, error.hint),
            (none.kind, none.code, none.message, none.hint)
        );
    }
}
