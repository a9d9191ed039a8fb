//! How the server keeps names of databases and tables. Where it folds them, or takes two that differ in case for
//! one, what its catalog says of a table is found by the folded name alone.

use contract::Staging;
use model::{Result, TableName};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::failed;
use super::room::Room;

/// What `lower_case_table_names` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folding {
    /// 0: names are what they are written.
    Exact,
    /// 1: names are kept in lower case.
    Lower,
    /// 2: names are kept as they were written first, and found in any case.
    AnyCase,
}

impl Folding {
    /// As the server says.
    pub(super) async fn of(connection: &mut Conn) -> Result<Self> {
        let number: Option<u8> = connection
            .query_first("SELECT @@lower_case_table_names")
            .await
            .map_err(failed)?;
        Ok(Self::from_number(number.unwrap_or(0)))
    }

    fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Exact,
            1 => Self::Lower,
            _ => Self::AnyCase,
        }
    }

    /// The name as the server keeps it, as far as that can be told.
    pub(super) fn kept(self, name: &TableName) -> TableName {
        match self {
            Self::Lower => TableName::new(name.schema.to_lowercase(), name.table.to_lowercase()),
            Self::Exact | Self::AnyCase => name.clone(),
        }
    }

    /// The same for all spellings that the server takes for one.
    pub(super) fn same(self, name: &str) -> String {
        match self {
            Self::Exact => name.to_owned(),
            Self::Lower | Self::AnyCase => name.to_lowercase(),
        }
    }

    /// A staging whose target and room are named as the server keeps them.
    pub(super) fn staging(self, staging: &Staging) -> Result<(Staging, Room)> {
        let mut staging = staging.clone();
        staging.write.table.name = self.kept(&staging.write.table.name);
        let mut room = Room::from_payload(&staging.payload)?;
        room.database.clone_from(&staging.write.table.name.schema);
        Ok((staging, room))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_as_the_server_does() {
        let name = TableName::new("Shop", "Orders");
        let lower = TableName::new("shop", "orders");
        for (number, kept, same) in [
            (0, &name, "Orders"),
            (1, &lower, "orders"),
            (2, &name, "orders"),
        ] {
            let folding = Folding::from_number(number);
            assert_eq!(folding.kept(&name), *kept);
            assert_eq!(folding.same(&name.table), same);
        }
    }

    #[test]
    fn one_name_stands_in_the_write_and_in_its_room() {
        let policy = model::migration::LoadingPolicy::Overwrite;
        let (mut staging, _) = super::super::commit::tests::staging(policy);
        staging.write.table.name = TableName::new("Shop", "Orders");
        staging.payload = serde_json::json!(Room::of("Shop", &staging.load));
        let (folded, room) = Folding::Lower.staging(&staging).unwrap();
        assert_eq!(folded.write.table.name, TableName::new("shop", "orders"));
        assert_eq!(room, Room::of("shop", &staging.load));
    }
}
