//! Cutting a table: whole, or by ranges of blocks of its members (itself, its partitions, its
//! inheritance children). The ranges are half-open and disjoint; each member's last one is open.

use model::plan::Scan;
use model::{Error, Result, TableName};
use serde::{Deserialize, Serialize};

use super::ddl::{quote, quote_table};
use super::key_split::KeyPart;

/// A split below this many blocks (128 KiB) is not worth a query.
const SMALLEST_BLOCKS: u64 = 16;

/// What one split reads, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payload {
    pub(super) pieces: Vec<Piece>,
    /// The stretch of a key that the rows are in, where it is cut by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<KeyPart>,
}

/// A range of blocks of one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Piece {
    /// The member.
    pub(super) table: TableName,
    /// Without the tables that inherit from it.
    pub(super) only: bool,
    /// The first block.
    pub(super) from: u64,
    /// The block behind the last one; open where there is none.
    pub(super) to: Option<u64>,
}

/// Whether the rows of tables that inherit from it are left out.
pub(super) fn is_read_alone(scan: &Scan) -> bool {
    scan.private["only"] == true
}

/// One table that holds rows, and how many blocks they take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) table: TableName,
    pub(super) blocks: u64,
    /// Whether it can be read by ranges of blocks.
    pub(super) divisible: bool,
}

impl Payload {
    /// The table as one part, read as a person would.
    pub(super) fn whole(scan: &Scan) -> Self {
        let piece = Piece {
            table: scan.table.clone(),
            only: is_read_alone(scan),
            from: 0,
            to: None,
        };
        Self {
            pieces: vec![piece],
            key: None,
        }
    }

    /// A part of the table by its key.
    pub(super) fn stretch(scan: &Scan, key: KeyPart) -> Self {
        Self {
            key: Some(key),
            ..Self::whole(scan)
        }
    }

    /// The query of this split.
    pub(super) fn query(&self, scan: &Scan) -> Result<String> {
        if self.pieces.is_empty() || scan.columns.is_empty() {
            return Err(Error::internal(format!(
                "nothing to read of {}",
                scan.table
            )));
        }
        let columns: Vec<String> = scan
            .columns
            .iter()
            .map(|column| {
                column
                    .expression
                    .clone()
                    .unwrap_or_else(|| quote(&column.native.name))
            })
            .collect();
        let columns = columns.join(", ");
        let key = self.key.as_ref().and_then(KeyPart::condition);
        let queries = self.pieces.iter().map(|piece| {
            let condition = piece.condition(key.as_deref(), scan.filter.as_deref());
            format!(
                "SELECT {columns} FROM {}{condition}",
                piece.relation(&scan.table)
            )
        });
        Ok(queries.collect::<Vec<_>>().join(" UNION ALL "))
    }
}

impl Piece {
    /// The member under the name that filters know it by.
    pub(super) fn relation(&self, scanned: &TableName) -> String {
        let only = if self.only { "ONLY " } else { "" };
        let alias = if self.table == *scanned {
            String::new()
        } else {
            format!(" AS {}", quote(&scanned.table))
        };
        format!("{only}{}{alias}", quote_table(&self.table))
    }

    fn condition(&self, key: Option<&str>, filter: Option<&str>) -> String {
        let mut conditions: Vec<String> = key.map(str::to_owned).into_iter().collect();
        if self.from > 0 {
            conditions.push(format!(
                "ctid OPERATOR(pg_catalog.>=) '({},0)'::pg_catalog.tid",
                self.from
            ));
        }
        if let Some(to) = self.to {
            conditions.push(format!(
                "ctid OPERATOR(pg_catalog.<) '({to},0)'::pg_catalog.tid"
            ));
        }
        if let Some(filter) = filter {
            // The line breaks keep a comment at the filter's end from swallowing the bracket.
            conditions.push(format!("(\n{filter}\n)"));
        }
        if conditions.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", conditions.join(" AND "))
    }
}

/// Cuts `members`, one after the other on one axis of blocks, into about `wanted` parts of the same
/// size or fewer. Each part comes with its number of blocks.
pub(super) fn cut(members: &[Member], wanted: usize) -> Vec<(Payload, u64)> {
    let total: u64 = members.iter().map(|member| member.blocks).sum();
    let parts = u64::try_from(wanted)
        .unwrap_or(u64::MAX)
        .min(total / SMALLEST_BLOCKS)
        .max(1);
    let ends = (1..=parts).map(|part| {
        let end = u128::from(total) * u128::from(part) / u128::from(parts);
        u64::try_from(end).unwrap_or(u64::MAX)
    });
    let mut ends = ends.peekable();
    let mut payloads = vec![(Payload::default(), 0)];
    let mut passed = 0;
    for member in members {
        let mut from = 0;
        // A border at the very end of a member opens the next part with the next member.
        while let Some(end) = ends
            .peek()
            .copied()
            .filter(|end| *end < passed + member.blocks)
        {
            ends.next();
            let to = end - passed;
            if member.divisible && to > from {
                push(&mut payloads, member, from, Some(to));
                from = to;
            }
            if !payloads
                .last()
                .is_none_or(|(payload, _)| payload.pieces.is_empty())
            {
                payloads.push((Payload::default(), 0));
            }
        }
        push(&mut payloads, member, from, None);
        passed += member.blocks;
    }
    payloads.retain(|(payload, _)| !payload.pieces.is_empty());
    payloads
}

fn push(payloads: &mut [(Payload, u64)], member: &Member, from: u64, to: Option<u64>) {
    if let Some((payload, blocks)) = payloads.last_mut() {
        *blocks += to.unwrap_or(member.blocks).saturating_sub(from);
        payload.pieces.push(Piece {
            table: member.table.clone(),
            only: true,
            from,
            to,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(sizes: &[(u64, bool)]) -> Vec<Member> {
        sizes
            .iter()
            .enumerate()
            .map(|(index, (blocks, divisible))| Member {
                table: TableName::new("s", format!("t{index}")),
                blocks: *blocks,
                divisible: *divisible,
            })
            .collect()
    }

    #[test]
    fn an_empty_table_is_one_split() {
        let payloads = cut(&members(&[(0, true)]), 8);
        assert_eq!(payloads.len(), 1);
        assert_eq!(payloads[0].0.pieces[0].to, None);
    }

    #[test]
    fn small_tables_are_not_cut() {
        assert_eq!(cut(&members(&[(20, true)]), 8).len(), 1);
        assert_eq!(cut(&members(&[(64, true)]), 8).len(), 4);
        assert_eq!(
            cut(&members(&[(1, true), (1, true), (1, true)]), 8).len(),
            1
        );
    }

    proptest! {
        #[test]
        fn every_block_is_in_exactly_one_part(
            sizes in prop::collection::vec((0_u64..5_000, any::<bool>()), 1..20),
            wanted in 0_usize..40,
        ) {
            let members = members(&sizes);
            let payloads = cut(&members, wanted);
            prop_assert!(payloads.len() <= wanted.max(1));
            let pieces: Vec<&Piece> = payloads.iter().flat_map(|(payload, _)| &payload.pieces).collect();
            for member in &members {
                let mut expected = 0;
                let mut open = 0;
                for piece in pieces.iter().filter(|piece| piece.table == member.table) {
                    prop_assert_eq!(piece.from, expected);
                    prop_assert!(member.divisible || (piece.from == 0 && piece.to.is_none()));
                    match piece.to {
                        Some(to) => {
                            prop_assert!(to > piece.from);
                            expected = to;
                        }
                        None => open += 1,
                    }
                }
                prop_assert_eq!(open, 1);
            }
        }
    }
}
