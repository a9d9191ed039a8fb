//! The SELECT of one split: columns by name or expression, the person's filter on lines of its own,
//! the range as parameters.

use model::NativeColumn;
use model::plan::Scan;
use mysql_async::Value;
use serde::{Deserialize, Serialize};

use super::ddl::{quote, quote_table};
use crate::family::key_range::{KeyRange, Term};

/// A column of a split key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyColumn {
    pub(crate) name: String,
    /// What stands for a value: `?`, or an expression around it.
    pub(crate) place: String,
}

/// A split: a range of a key, or the rows whose key is null, or all rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) key: Vec<KeyColumn>,
    /// The index that must be used, where the key is the primary key.
    pub(crate) index: Option<String>,
    pub(crate) from: Option<Vec<KeyValue>>,
    pub(crate) until: Option<Vec<KeyValue>>,
    #[serde(default)]
    pub(crate) nulls: bool,
}

/// A value of a split key, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyValue {
    /// In digits: JSON has no room for all of them.
    Number(String),
    Text(String),
    /// In hex.
    Bytes(String),
    /// Year, month, day, hour, minute, second, microsecond.
    Date([u32; 7]),
}

impl KeyValue {
    /// The value that the server gave for a column of this kind; `None` for one that cannot be a
    /// boundary: null, a zero date.
    pub(crate) fn of(value: &Value, column: &NativeColumn) -> Option<Self> {
        Some(match value {
            Value::Int(number) => Self::Number(number.to_string()),
            Value::UInt(number) => Self::Number(number.to_string()),
            Value::Bytes(bytes) if is_bytes(column) => {
                Self::Bytes(bytes.iter().map(|byte| format!("{byte:02X}")).collect())
            }
            Value::Bytes(bytes) => Self::Text(String::from_utf8(bytes.clone()).ok()?),
            Value::Date(year, month, day, hour, minute, second, micro) => {
                if *year == 0 || *month == 0 || *day == 0 {
                    return None;
                }
                let [year, month, day] = [u32::from(*year), u32::from(*month), u32::from(*day)];
                let [hour, minute, second] = [*hour, *minute, *second].map(u32::from);
                Self::Date([year, month, day, hour, minute, second, *micro])
            }
            _ => return None,
        })
    }

    /// As a parameter.
    fn parameter(&self) -> Value {
        match self {
            Self::Number(digits) => match (digits.parse::<i64>(), digits.parse::<u64>()) {
                (Ok(number), _) => Value::Int(number),
                (_, Ok(number)) => Value::UInt(number),
                _ => Value::Bytes(digits.clone().into_bytes()),
            },
            Self::Text(text) | Self::Bytes(text) => Value::Bytes(text.clone().into_bytes()),
            Self::Date([year, month, day, hour, minute, second, micro]) => {
                let narrow = |number: &u32| u8::try_from(*number).unwrap_or(u8::MAX);
                Value::Date(
                    u16::try_from(*year).unwrap_or(u16::MAX),
                    narrow(month),
                    narrow(day),
                    narrow(hour),
                    narrow(minute),
                    narrow(second),
                    *micro,
                )
            }
        }
    }
}

fn is_bytes(column: &NativeColumn) -> bool {
    matches!(column.base.as_str(), "binary" | "varbinary")
}

/// A column that ranges can be cut by, with what stands for its values; `None` for types whose order
/// is not sure to be the same on both ends of a comparison.
pub(crate) fn key_column(column: &NativeColumn) -> Option<KeyColumn> {
    let place = match column.base.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "date" | "datetime" => {
            "?".to_owned()
        }
        "decimal" => {
            let (precision, scale) = (column.precision?, column.scale.unwrap_or(0));
            format!("CAST(? AS DECIMAL({precision},{scale}))")
        }
        "binary" | "varbinary" => "UNHEX(?)".to_owned(),
        // In the server's own order of UUIDs, which is the index's.
        "uuid" => "CAST(? AS UUID)".to_owned(),
        "char" | "varchar" => {
            let collation = column.collation.as_deref()?;
            let binary = matches!(
                collation,
                "ascii_bin" | "utf8mb4_bin" | "utf8mb3_bin" | "utf8_bin"
            );
            binary.then(|| "?".to_owned())?
        }
        _ => return None,
    };
    Some(KeyColumn {
        name: column.name.clone(),
        place,
    })
}

/// A statement and its parameters.
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

/// The SELECT of one part.
pub(crate) fn select(scan: &Scan, part: &Part) -> Statement {
    let columns: Vec<String> = scan
        .columns
        .iter()
        .map(|column| match &column.expression {
            Some(expression) => expression.clone(),
            None => quote(&column.native.name),
        })
        .collect();
    let columns = if columns.is_empty() {
        "1".to_owned()
    } else {
        columns.join(", ")
    };
    let mut text = format!("SELECT {columns} FROM {}", quote_table(&scan.table));
    let bounded = part.from.is_some() || part.until.is_some();
    if let (Some(index), true) = (&part.index, bounded) {
        text.push_str(&format!(" FORCE INDEX ({})", quote(index)));
    }
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    if let Some(filter) = &scan.filter {
        conditions.push(filter_condition(filter));
    }
    if part.nulls {
        conditions.extend(
            part.key
                .iter()
                .map(|column| format!("{} IS NULL", quote(&column.name))),
        );
    }
    let range = KeyRange {
        from: part.from.clone(),
        until: part.until.clone(),
    };
    for alternatives in range.condition() {
        conditions.push(any_of(&alternatives, &part.key, &mut values));
    }
    if !conditions.is_empty() {
        text.push_str(" WHERE ");
        text.push_str(&conditions.join(" AND "));
    }
    Statement { text, values }
}

/// The filter in parentheses, on lines of its own, so that a comment in it ends.
pub(crate) fn filter_condition(filter: &str) -> String {
    format!("(\n{filter}\n)")
}

/// Alternatives as SQL, their values appended as parameters.
pub(crate) fn any_of(
    alternatives: &[Vec<Term<'_, KeyValue>>],
    key: &[KeyColumn],
    values: &mut Vec<Value>,
) -> String {
    let all: Vec<String> = alternatives
        .iter()
        .map(|terms| {
            let terms: Vec<String> = terms
                .iter()
                .map(|(column, comparison, value)| {
                    values.push(value.parameter());
                    let KeyColumn { name, place } = &key[*column];
                    format!("{} {} {place}", quote(name), comparison.symbol())
                })
                .collect();
            format!("({})", terms.join(" AND "))
        })
        .collect();
    format!("({})", all.join(" OR "))
}
