//! What a logical type becomes in PostgreSQL, what a column that is there holds, and how both are sent
//! in binary COPY. Pure.

use contract::{Holding, Refusal};
use model::logical_type::MAX_DECIMAL_PRECISION;
use model::plan::{Column, Fidelity};
use model::{LogicalType, NativeColumn};

use super::binary_types::{dimensions, element, is_system, kind, listed, without_domain};

/// The longest `varchar(n)` that the server makes.
const LONGEST_VARCHAR: u32 = 10_485_760;
/// The server's arrays have at most so many dimensions.
const MOST_DIMENSIONS: usize = 6;

/// What a column holds that is never written but null: no value of ours fits into it.
pub(super) const NOTHING: LogicalType = LogicalType::Struct(Vec::new());

/// What a logical type becomes.
pub(super) fn holding(logical: &LogicalType) -> Result<Holding, Refusal> {
    let (holds, fidelity) = held(logical)?;
    Ok(Holding {
        native: native(&holds),
        holds,
        fidelity,
    })
}

fn held(logical: &LogicalType) -> Result<(LogicalType, Fidelity), Refusal> {
    let exact = |holds| Ok((holds, Fidelity::Exact));
    let widened = |holds| Ok((holds, Fidelity::Widened));
    match logical {
        LogicalType::Integer { bits: 8, .. } => widened(LogicalType::int(16)),
        LogicalType::Integer {
            bits,
            signed: false,
        } => widened(match bits {
            16 => LogicalType::int(32),
            32 => LogicalType::int(64),
            _ => LogicalType::Decimal {
                precision: 20,
                scale: 0,
            },
        }),
        LogicalType::Text {
            max_chars: Some(limit),
        } if !(1..=LONGEST_VARCHAR).contains(limit) => widened(LogicalType::TEXT),
        LogicalType::List(inner) => {
            let (inner, fidelity) = held(inner)?;
            let list = LogicalType::List(Box::new(inner));
            if depth(&list) > MOST_DIMENSIONS {
                let reason = format!("arrays have at most {MOST_DIMENSIONS} dimensions");
                return Err(Refusal::new("UNSUPPORTED", reason).propose("text"));
            }
            Ok((list, fidelity))
        }
        LogicalType::Struct(_) | LogicalType::Map(_) => {
            let reason = format!("{logical} has no counterpart among PostgreSQL's own types");
            Err(Refusal::new("UNSUPPORTED", reason).propose("text"))
        }
        other => exact(other.clone()),
    }
}

/// The type in PostgreSQL's words.
fn native(holds: &LogicalType) -> String {
    let with_fraction = |name: &str, precision: u8| match precision {
        6 => name.to_owned(),
        digits => format!("{name}({digits})"),
    };
    match holds {
        LogicalType::Boolean => "boolean".to_owned(),
        LogicalType::Integer { bits: ..=16, .. } => "smallint".to_owned(),
        LogicalType::Integer { bits: 32, .. } => "integer".to_owned(),
        LogicalType::Integer { .. } => "bigint".to_owned(),
        LogicalType::Decimal { precision, scale } => format!("numeric({precision},{scale})"),
        LogicalType::Float32 => "real".to_owned(),
        LogicalType::Float64 => "double precision".to_owned(),
        LogicalType::Text {
            max_chars: Some(limit),
        } => format!("varchar({limit})"),
        LogicalType::Binary => "bytea".to_owned(),
        LogicalType::Date => "date".to_owned(),
        LogicalType::Time { precision } => with_fraction("time", *precision),
        LogicalType::Timestamp { precision, zoned } => {
            with_fraction(if *zoned { "timestamptz" } else { "timestamp" }, *precision)
        }
        LogicalType::Uuid => "uuid".to_owned(),
        LogicalType::Json => "json".to_owned(),
        LogicalType::List(element) => format!("{}[]", native(element)),
        LogicalType::Text { .. } | LogicalType::Struct(_) | LogicalType::Map(_) => {
            "text".to_owned()
        }
    }
}

fn depth(logical: &LogicalType) -> usize {
    match logical {
        LogicalType::List(element) => 1 + depth(element),
        _ => 0,
    }
}

/// What a column that is there holds; [`NOTHING`] where no value of ours goes into its type.
pub(super) fn of_existing(column: &NativeColumn) -> LogicalType {
    let base = without_domain(column);
    if kind(base) == "a" {
        // Its elements would have to be announced by the domain's own number.
        if base
            .parts
            .first()
            .is_some_and(|element| kind(element) == "d")
        {
            return NOTHING;
        }
        let inner = scalar(element(base));
        return inner.map_or(NOTHING, |inner| listed(dimensions(base), inner));
    }
    scalar(base).unwrap_or(NOTHING)
}

/// Its type in the server's words; of a domain, that of its base, which is what is sent.
pub(super) fn native_of_existing(column: &NativeColumn) -> String {
    without_domain(column).type_text.clone()
}

fn scalar(column: &NativeColumn) -> Option<LogicalType> {
    if kind(column) != "b" || !is_system(column) {
        return None;
    }
    let fraction = column
        .precision
        .and_then(|digits| u8::try_from(digits).ok());
    let precision = fraction.unwrap_or(6);
    Some(match column.base.as_str() {
        "bool" => LogicalType::Boolean,
        "int2" => LogicalType::int(16),
        "int4" => LogicalType::int(32),
        "int8" => LogicalType::int(64),
        "float4" => LogicalType::Float32,
        "float8" => LogicalType::Float64,
        "numeric" => decimal(column)?,
        "text" => LogicalType::TEXT,
        "varchar" => LogicalType::Text {
            max_chars: column.length.and_then(|limit| u32::try_from(limit).ok()),
        },
        "bytea" => LogicalType::Binary,
        "date" => LogicalType::Date,
        "time" => LogicalType::Time { precision },
        "timestamp" | "timestamptz" => LogicalType::Timestamp {
            precision,
            zoned: column.base == "timestamptz",
        },
        "uuid" => LogicalType::Uuid,
        "json" | "jsonb" => LogicalType::Json,
        _ => return None,
    })
}

/// None where it is wider than a decimal that travels as a number, or counts in tens.
fn decimal(column: &NativeColumn) -> Option<LogicalType> {
    let precision = u8::try_from(column.precision?).ok()?;
    let scale = u8::try_from(column.scale?).ok()?;
    let travels = precision <= MAX_DECIMAL_PRECISION && scale <= precision;
    travels.then_some(LogicalType::Decimal { precision, scale })
}

/// How a column's values are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wire {
    Boolean,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// With so many digits behind the point.
    Numeric(u8),
    Text,
    Json,
    Jsonb,
    Bytes,
    Date,
    Time,
    Timestamp,
    Uuid,
    /// So many dimensions of elements, whose type has this number in the catalog.
    Array {
        depth: usize,
        element: Box<Wire>,
        oid: u32,
    },
    /// Null alone.
    Nothing,
}

/// How the values of `column` are sent, and the number of their type in the catalog (0 where it does
/// not matter).
pub(super) fn wire_of(column: &Column) -> Wire {
    let element = column.native.trim_end_matches("[]");
    wire(&column.holds, element).0
}

fn wire(holds: &LogicalType, element: &str) -> (Wire, u32) {
    match holds {
        LogicalType::Boolean => (Wire::Boolean, 16),
        LogicalType::Integer { bits: ..=16, .. } => (Wire::Int2, 21),
        LogicalType::Integer { bits: 32, .. } => (Wire::Int4, 23),
        LogicalType::Integer { .. } => (Wire::Int8, 20),
        LogicalType::Decimal { scale, .. } => (Wire::Numeric(*scale), 1700),
        LogicalType::Float32 => (Wire::Float4, 700),
        LogicalType::Float64 => (Wire::Float8, 701),
        LogicalType::Text { .. } if element.contains("char") => (Wire::Text, 1043),
        LogicalType::Text { .. } => (Wire::Text, 25),
        LogicalType::Binary => (Wire::Bytes, 17),
        LogicalType::Date => (Wire::Date, 1082),
        LogicalType::Time { .. } => (Wire::Time, 1083),
        LogicalType::Timestamp { zoned: false, .. } => (Wire::Timestamp, 1114),
        LogicalType::Timestamp { zoned: true, .. } => (Wire::Timestamp, 1184),
        LogicalType::Uuid => (Wire::Uuid, 2950),
        LogicalType::Json if element == "jsonb" => (Wire::Jsonb, 3802),
        LogicalType::Json => (Wire::Json, 114),
        LogicalType::List(inner) => array(inner, element),
        LogicalType::Struct(_) | LogicalType::Map(_) => (Wire::Nothing, 0),
    }
}

fn array(inner: &LogicalType, element: &str) -> (Wire, u32) {
    let mut innermost = inner;
    let mut depth = 1;
    while let LogicalType::List(deeper) = innermost {
        innermost = deeper;
        depth += 1;
    }
    let (wire, oid) = wire(innermost, element);
    let element = Box::new(wire);
    (
        Wire::Array {
            depth,
            element,
            oid,
        },
        0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(logical: &LogicalType, native: &str, fidelity: Fidelity) {
        let holding = holding(logical).unwrap();
        assert_eq!(
            (holding.native.as_str(), holding.fidelity),
            (native, fidelity)
        );
    }

    #[test]
    fn every_logical_type_becomes_the_nearest_of_the_servers() {
        let unsigned = |bits| LogicalType::Integer {
            bits,
            signed: false,
        };
        let text = |limit| LogicalType::Text { max_chars: limit };
        becomes(&LogicalType::int(8), "smallint", Fidelity::Widened);
        becomes(&unsigned(8), "smallint", Fidelity::Widened);
        becomes(&LogicalType::int(16), "smallint", Fidelity::Exact);
        becomes(&unsigned(16), "integer", Fidelity::Widened);
        becomes(&unsigned(32), "bigint", Fidelity::Widened);
        becomes(&unsigned(64), "numeric(20,0)", Fidelity::Widened);
        becomes(&text(None), "text", Fidelity::Exact);
        becomes(&text(Some(5)), "varchar(5)", Fidelity::Exact);
        becomes(&text(Some(0)), "text", Fidelity::Widened);
        becomes(&text(Some(20_000_000)), "text", Fidelity::Widened);
        becomes(&LogicalType::Json, "json", Fidelity::Exact);
        let instant = LogicalType::Timestamp {
            precision: 3,
            zoned: true,
        };
        becomes(&instant, "timestamptz(3)", Fidelity::Exact);
        let list = LogicalType::List(Box::new(LogicalType::List(Box::new(unsigned(16)))));
        becomes(&list, "integer[][]", Fidelity::Widened);
        let map = LogicalType::Map(Box::new(LogicalType::TEXT));
        assert_eq!(holding(&map).unwrap_err().code, "UNSUPPORTED");
    }

    #[test]
    fn elements_are_announced_by_their_own_number() {
        let column = |holds: LogicalType, native: &str| Column {
            name: "c".to_owned(),
            holds,
            native: native.to_owned(),
            nullable: true,
            comment: None,
        };
        let texts = LogicalType::List(Box::new(LogicalType::TEXT));
        for (native, oid) in [("text[]", 25), ("character varying(9)[]", 1043)] {
            match wire_of(&column(texts.clone(), native)) {
                Wire::Array { oid: found, .. } => assert_eq!(found, oid),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(wire_of(&column(LogicalType::Json, "jsonb")), Wire::Jsonb);
    }
}
