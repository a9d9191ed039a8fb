//! Native types to logical types and back, per connector, never per pair of connectors. Pure, so
//! that the planner may ask without a connection.

use model::migration::ColumnChoice;
use model::plan::Fidelity;
use model::{Finding, LogicalType, NativeColumn};

/// Native ⇄ logical, both ways.
pub trait TypeMapping: Send + Sync {
    /// How `column` is read. May refuse, with proposals that a person accepts in the migration file
    /// (`each[].columns`). Called for destinations that can only be written to: never.
    fn to_logical(&self, column: &NativeColumn, choice: &ColumnChoice) -> Result<Reading, Refusal>;

    /// What a column of that type becomes. Called for sources that can only be read: never.
    fn to_native(&self, logical: &LogicalType) -> Result<Holding, Refusal>;

    /// The same for one of the `parts` columns of a new table's primary key.
    fn to_key(&self, logical: &LogicalType, _parts: usize) -> Result<Holding, Refusal> {
        self.to_native(logical)
    }
}

/// How a native column is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What arrives in the batches.
    pub logical: LogicalType,
    /// What is selected instead of the bare column (`"c"::text`), where it is.
    pub expression: Option<String>,
    /// How the connector decodes what arrives; a word of its own, kept in the plan.
    pub decode: String,
    /// The price.
    pub fidelity: Fidelity,
    /// What a person should know; `at` is filled in by the planner.
    pub findings: Vec<Finding>,
}

impl Reading {
    /// Exactly `logical`, selected as it is.
    pub fn exact(logical: LogicalType, decode: impl Into<String>) -> Self {
        Self {
            logical,
            expression: None,
            decode: decode.into(),
            fidelity: Fidelity::Exact,
            findings: Vec::new(),
        }
    }

    /// The same, at this price.
    #[must_use]
    pub fn at(mut self, fidelity: Fidelity) -> Self {
        self.fidelity = fidelity;
        self
    }

    /// The same, selected by this expression.
    #[must_use]
    pub fn by(mut self, expression: impl Into<String>) -> Self {
        self.expression = Some(expression.into());
        self
    }

    /// The same, with something to know.
    #[must_use]
    pub fn with(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }
}

/// What a logical type becomes at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its type in the destination's words.
    pub native: String,
    /// What the destination holds then; the engine converts to `holds.arrow()`.
    pub holds: LogicalType,
    /// The price.
    pub fidelity: Fidelity,
}

/// Why a column cannot be read, or not be held, and what would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable, upper case: `UNKNOWN_TYPE`, `DECIMAL_PRECISION`.
    pub code: &'static str,
    /// One sentence for a person.
    pub reason: String,
    /// Choices that a person may accept, best first.
    pub proposals: Vec<ColumnChoice>,
}

impl Refusal {
    /// A refusal with no way out but leaving the column out, which is always among the proposals.
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        let skip = ColumnChoice {
            skip: true,
            ..ColumnChoice::default()
        };
        Self {
            code,
            reason: reason.into(),
            proposals: vec![skip],
        }
    }

    /// The same, proposing to read it as this type first.
    #[must_use]
    pub fn propose(mut self, read_as: impl Into<String>) -> Self {
        let at = self.proposals.len() - 1;
        let choice = ColumnChoice {
            read_as: Some(read_as.into()),
            ..ColumnChoice::default()
        };
        self.proposals.insert(at, choice);
        self
    }
}
