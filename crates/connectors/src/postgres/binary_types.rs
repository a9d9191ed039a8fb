//! Types whose binary form is read as it is: exact, and the same in every session. Also what the
//! catalog's description of a type says at a glance.

use model::logical_type::{Field, MAX_DECIMAL_PRECISION};
use model::{LogicalType, NativeColumn};

use super::values::Wire;

/// What is decoded from the binary form as it is: exact, and the same in every session.
pub(super) fn binary(column: &NativeColumn) -> Option<(LogicalType, Wire)> {
    match kind(column) {
        "d" => {
            let mut base = column.parts.first()?.clone();
            if column.private["dimensions"].is_u64() {
                base.private["dimensions"] = column.private["dimensions"].clone();
            }
            binary(&base)
        }
        "e" => Some((LogicalType::TEXT, Wire::Text)),
        "a" if !matches!(column.base.as_str(), "int2vector" | "oidvector") => {
            let (logical, wire) = binary(element(column))?;
            let dimensions = dimensions(column);
            Some((
                listed(dimensions, logical),
                Wire::List(dimensions, Box::new(wire)),
            ))
        }
        "c" => structure(column),
        "r" if element(column).base == "timestamptz" => {
            Some((LogicalType::TEXT, Wire::InstantRange))
        }
        "m" if element(column).base == "timestamptz" => {
            Some((LogicalType::TEXT, Wire::InstantMultirange))
        }
        "b" if is_system(column) => scalar(column),
        "b" => match column.base.as_str() {
            "citext" => Some((LogicalType::TEXT, Wire::Text)),
            "ltree" => Some((LogicalType::TEXT, Wire::VersionedText)),
            "hstore" => Some((LogicalType::Map(Box::new(LogicalType::TEXT)), Wire::Hstore)),
            _ => None,
        },
        _ => None,
    }
}

fn structure(column: &NativeColumn) -> Option<(LogicalType, Wire)> {
    let mut fields = Vec::with_capacity(column.parts.len());
    let mut wires = Vec::with_capacity(column.parts.len());
    for part in &column.parts {
        let base = without_domain(part);
        let (logical, wire) = match base.base.as_str() {
            "point" if is_system(base) => (LogicalType::TEXT, Wire::Point),
            _ => binary(part)?,
        };
        fields.push(Field {
            name: part.name.clone(),
            logical,
        });
        wires.push(wire);
    }
    (!fields.is_empty()).then_some((LogicalType::Struct(fields), Wire::Struct(wires)))
}

fn scalar(column: &NativeColumn) -> Option<(LogicalType, Wire)> {
    let fraction = column
        .precision
        .and_then(|digits| u8::try_from(digits).ok())
        .unwrap_or(6);
    let timestamp = |zoned| LogicalType::Timestamp {
        precision: fraction,
        zoned,
    };
    Some(match column.base.as_str() {
        "bool" => (LogicalType::Boolean, Wire::Boolean),
        "int2" => (LogicalType::int(16), Wire::Int2),
        "int4" => (LogicalType::int(32), Wire::Int4),
        "int8" => (LogicalType::int(64), Wire::Int8),
        "oid" => (LogicalType::int(64), Wire::Oid),
        "float4" => (LogicalType::Float32, Wire::Float4),
        "float8" => (LogicalType::Float64, Wire::Float8),
        "numeric" => {
            let (precision, scale) = digits(column.precision?, column.scale?)?;
            (
                LogicalType::Decimal { precision, scale },
                Wire::Numeric(precision, scale),
            )
        }
        "text" | "name" => (LogicalType::TEXT, Wire::Text),
        "varchar" | "bpchar" => {
            let max_chars = column.length.and_then(|length| u32::try_from(length).ok());
            let wire = if column.base == "bpchar" {
                Wire::PaddedText
            } else {
                Wire::Text
            };
            (LogicalType::Text { max_chars }, wire)
        }
        "json" => (LogicalType::Json, Wire::Text),
        "jsonb" => (LogicalType::Json, Wire::VersionedText),
        "bytea" => (LogicalType::Binary, Wire::Bytes),
        "date" => (LogicalType::Date, Wire::Date),
        "timestamp" => (timestamp(false), Wire::Timestamp),
        "timestamptz" => (timestamp(true), Wire::Timestamp),
        "uuid" => (LogicalType::Uuid, Wire::Uuid),
        "bit" if column.length == Some(1) => (LogicalType::Boolean, Wire::OneBit),
        "bit" | "varbit" => (LogicalType::TEXT, Wire::Bits),
        _ => return None,
    })
}

/// Digits in all and behind the point of a decimal that holds all values of `numeric(precision,
/// scale)`; the scale may be negative, or larger than the precision.
fn digits(precision: u32, scale: i32) -> Option<(u8, u8)> {
    let behind = u32::try_from(scale.max(0)).ok()?;
    let before = i64::from(precision) - i64::from(scale);
    let all = u32::try_from(before.max(0)).ok()? + behind;
    let (all, behind) = (u8::try_from(all).ok()?, u8::try_from(behind).ok()?);
    (1..=MAX_DECIMAL_PRECISION)
        .contains(&all)
        .then_some((all, behind))
}

/// The type's letter in the catalog, `a` for arrays.
pub(super) fn kind(column: &NativeColumn) -> &str {
    column.private["kind"].as_str().unwrap_or_default()
}

pub(super) fn is_system(column: &NativeColumn) -> bool {
    column.private["schema"] == "pg_catalog"
}

pub(super) fn without_domain(column: &NativeColumn) -> &NativeColumn {
    match column.parts.first() {
        Some(base) if kind(column) == "d" => without_domain(base),
        _ => column,
    }
}

pub(super) fn element(array: &NativeColumn) -> &NativeColumn {
    array.parts.first().map_or(array, without_domain)
}

/// How many brackets the declaration has; the server does not hold values to it.
pub(super) fn dimensions(column: &NativeColumn) -> usize {
    let declared = column.private["dimensions"].as_u64();
    match column.parts.first() {
        Some(base) if declared.is_none() && kind(column) == "d" => dimensions(base),
        _ => declared
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(1)
            .clamp(1, 6),
    }
}

pub(super) fn listed(dimensions: usize, element: LogicalType) -> LogicalType {
    (0..dimensions).fold(element, |inner, _| LogicalType::List(Box::new(inner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_that_hold_every_value_of_a_numeric() {
        for (precision, scale, expected) in [
            (9, 2, Some((9, 2))),
            (38, 38, Some((38, 38))),
            (5, -2, Some((7, 0))),
            (3, 5, Some((5, 5))),
            (39, 0, None),
            (37, -2, None),
            (1, 39, None),
            (1000, 1000, None),
        ] {
            assert_eq!(
                digits(precision, scale),
                expected,
                "numeric({precision},{scale})"
            );
        }
    }
}
