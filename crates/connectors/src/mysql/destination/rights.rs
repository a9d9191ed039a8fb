//! What the user may do, as far as its grants tell: those that come by a role are not shown.

use model::Result;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::failed;

/// The user's rights.
#[derive(Debug, Default)]
pub(super) struct Rights {
    grants: Vec<Grant>,
    /// Some rights come by a role.
    by_role: bool,
    /// Some rights are taken away again for single databases.
    revoked: bool,
}

/// Each of these, held everywhere, shows the user all foreign keys.
const SHOW_TABLES: &str = "ALL,ALL PRIVILEGES,ALTER,CREATE,CREATE VIEW,DELETE,DROP,INDEX,INSERT,REFERENCES,SELECT,\
     SHOW VIEW,TRIGGER,UPDATE";

#[derive(Debug)]
struct Grant {
    rights: Vec<String>,
    /// A pattern of database names.
    database: String,
    /// On everything there is.
    everywhere: bool,
}

impl Rights {
    /// As the server tells them.
    pub(super) async fn of(connection: &mut Conn) -> Result<Self> {
        let lines: Vec<String> = connection.query("SHOW GRANTS").await.map_err(failed)?;
        Ok(Self::parse(&lines))
    }

    fn parse(lines: &[String]) -> Self {
        let mut rights = Self::default();
        for line in lines {
            rights.revoked |= line.starts_with("REVOKE ");
            let Some(rest) = line.strip_prefix("GRANT ") else {
                continue;
            };
            let Some((words, rest)) = rest.split_once(" ON ") else {
                rights.by_role = true;
                continue;
            };
            let object = rest.split(" TO ").next().unwrap_or_default();
            let Some(database) = object.strip_suffix(".*") else {
                continue;
            };
            rights.grants.push(Grant {
                rights: words.split(", ").map(str::to_ascii_uppercase).collect(),
                database: database.trim_matches('`').replace("``", "`"),
                everywhere: object == "*.*",
            });
        }
        rights
    }

    /// Whether the user has `right` on all tables of `database`; `None` where that cannot be told.
    pub(super) fn may(&self, right: &str, database: &str) -> Option<bool> {
        let granted = self.grants.iter().any(|grant| {
            let words = grant.rights.iter();
            (grant.database == "*" || like(grant.database.as_bytes(), database.as_bytes()))
                && words
                    .into_iter()
                    .any(|word| word == right || word == "ALL PRIVILEGES" || word == "ALL")
        });
        match (granted, self.by_role) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }

    /// Whether the server is known to show the user every table's foreign keys.
    pub(super) fn see_all(&self) -> bool {
        let shows = |grant: &Grant| {
            let mut words = grant.rights.iter();
            grant.everywhere && words.any(|word| SHOW_TABLES.split(',').any(|known| known == word))
        };
        !self.revoked && self.grants.iter().any(shows)
    }

    /// Those of `wanted` that the user is known not to have.
    pub(super) fn missing<'a>(&self, wanted: &[&'a str], database: &str) -> Vec<&'a str> {
        let missing = |right: &&&str| self.may(right, database) == Some(false);
        wanted.iter().filter(missing).copied().collect()
    }
}

/// A pattern of LIKE: `%` any text, `_` any character, `\` takes their meaning away.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'%', rest @ ..] => (0..=text.len()).any(|at| like(rest, &text[at..])),
        [b'\\', literal, rest @ ..] => {
            text.first() == Some(literal) && like(rest, text.get(1..).unwrap_or_default())
        }
        [one, rest @ ..] => match text {
            [first, after @ ..] => (*one == b'_' || one == first) && like(rest, after),
            [] => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(grants: &[&str], right: &str, database: &str, expected: Option<bool>) {
        let lines: Vec<String> = grants.iter().map(|line| (*line).to_owned()).collect();
        let found = Rights::parse(&lines).may(right, database);
        assert_eq!(found, expected, "{right} on {database} by {grants:?}");
    }

    #[test]
    fn only_a_right_on_everything_shows_the_keys_of_all_tables() {
        for (grants, expected) in [
            (&["GRANT REFERENCES ON *.* TO `u`@`%`"][..], true),
            (&["GRANT ALL PRIVILEGES ON *.* TO `u`@`%`"], true),
            (&["GRANT PROCESS, RELOAD ON *.* TO `u`@`%`"], false),
            (
                &[
                    "GRANT USAGE ON *.* TO `u`@`%`",
                    "GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`",
                ],
                false,
            ),
            (&["GRANT ALL PRIVILEGES ON `*`.* TO `u`@`%`"], false),
            (
                &[
                    "GRANT SELECT ON *.* TO `u`@`%`",
                    "REVOKE SELECT ON `hr`.* FROM `u`@`%`",
                ],
                false,
            ),
            (
                &["GRANT `dba` TO `u`@`%`", "GRANT USAGE ON *.* TO `u`@`%`"],
                false,
            ),
        ] {
            let lines: Vec<String> = grants.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(Rights::parse(&lines).see_all(), expected, "{grants:?}");
        }
    }

    #[test]
    fn grants_are_read_as_the_server_prints_them() {
        let all = ["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"];
        check(&all, "TRIGGER", "shop", Some(true));
        let some = [
            "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*0'",
            "GRANT SELECT, INSERT, CREATE ON `shop\\_%`.* TO `u`@`%`",
            "GRANT DROP ON `shop_a`.`t` TO `u`@`%`",
        ];
        check(&some, "INSERT", "shop_a", Some(true));
        check(&some, "INSERT", "shopxa", Some(false));
        check(&some, "DROP", "shop_a", Some(false));
        let role = ["GRANT `writer` TO `u`@`%`", "GRANT USAGE ON *.* TO `u`@`%`"];
        check(&role, "INSERT", "shop", None);
    }
}
