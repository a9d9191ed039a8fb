//! Logical types as MySQL holds them, and what an existing column holds. Pure. What no type of MySQL
//! holds exactly is refused here, or rejected row by row in [`super::fit`].

use contract::{Holding, Refusal};
use model::plan::Fidelity;
use model::{LogicalType, NativeColumn};

/// The longest text that a column states as a limit; above it the text is held without one. All
/// columns of a row share 65,535 bytes, four for each such character.
const LONGEST_VARCHAR: u32 = 1_024;

/// Bytes of a whole key.
pub(super) const KEY_BYTES: usize = 3_072;

/// Places behind the point of a decimal.
const MOST_PLACES: u8 = 30;

/// The type of a column that nothing can be written to but null.
pub(super) const NOTHING: LogicalType = LogicalType::Text { max_chars: Some(0) };

/// The type that holds `logical`.
pub(crate) fn held(logical: &LogicalType) -> Result<Holding, Refusal> {
    let exact = |native: &str| holding(native, logical.clone(), Fidelity::Exact);
    let widened = |native: &str, holds| holding(native, holds, Fidelity::Widened);
    Ok(match logical {
        LogicalType::Boolean => exact("tinyint(1)"),
        LogicalType::Integer { bits, signed } => {
            let name = match bits {
                8 => "tinyint",
                16 => "smallint",
                32 => "int",
                _ => "bigint",
            };
            exact(&format!("{name}{}", if *signed { "" } else { " unsigned" }))
        }
        LogicalType::Decimal { scale, .. } if *scale > MOST_PLACES => {
            return Err(Refusal::new(
                "DECIMAL_SCALE",
                format!("{logical} has more than {MOST_PLACES} places behind the point"),
            )
            .propose("text"));
        }
        LogicalType::Decimal { precision, scale } => {
            exact(&format!("decimal({precision},{scale})"))
        }
        LogicalType::Float32 => exact("float"),
        LogicalType::Float64 => exact("double"),
        LogicalType::Text {
            max_chars: Some(limit @ 1..=LONGEST_VARCHAR),
        } => exact(&format!("varchar({limit})")),
        LogicalType::Text { max_chars: None } => exact("longtext"),
        LogicalType::Text { .. } => widened("longtext", LogicalType::TEXT),
        LogicalType::Json => widened("longtext", LogicalType::Json),
        LogicalType::Uuid => widened(UUID, LogicalType::Uuid),
        LogicalType::Binary => exact("longblob"),
        LogicalType::Date => exact("date"),
        LogicalType::Time { precision } => exact(&format!("time({precision})")),
        LogicalType::Timestamp {
            precision,
            zoned: false,
        } => exact(&format!("datetime({precision})")),
        // TIMESTAMP ends in 2038; the wall clock of UTC holds every instant.
        LogicalType::Timestamp { precision, .. } => widened(
            &format!("datetime({precision})"),
            LogicalType::Timestamp {
                precision: *precision,
                zoned: false,
            },
        ),
        LogicalType::List(_) | LogicalType::Struct(_) | LogicalType::Map(_) => {
            return Err(
                Refusal::new("UNKNOWN_TYPE", format!("MySQL has no type for {logical}"))
                    .propose("text"),
            );
        }
    })
}

const UUID: &str = "char(36) CHARACTER SET ascii COLLATE ascii_bin";

/// The same for one of `parts` columns of a primary key, which take a length.
pub(crate) fn held_in_key(logical: &LogicalType, parts: usize) -> Result<Holding, Refusal> {
    let bytes = KEY_BYTES / parts.max(1);
    let chars = u32::try_from(bytes / 4).unwrap_or(u32::MAX);
    let price = |limit: u32, what: &str| {
        Fidelity::Lossy(format!(
            "a key takes a length: rows with more than {limit} {what} in it are rejected"
        ))
    };
    match logical {
        LogicalType::Text {
            max_chars: Some(limit),
        } if *limit <= chars.min(LONGEST_VARCHAR) => held(logical),
        LogicalType::Text { .. } => {
            let limit = chars.min(LONGEST_VARCHAR);
            let holds = LogicalType::Text {
                max_chars: Some(limit),
            };
            Ok(holding(
                &format!("varchar({limit})"),
                holds,
                price(limit, "characters"),
            ))
        }
        LogicalType::Binary => {
            let limit = u32::try_from(bytes).unwrap_or(u32::MAX);
            Ok(holding(
                &format!("varbinary({limit})"),
                LogicalType::Binary,
                price(limit, "bytes"),
            ))
        }
        LogicalType::Json => {
            Err(Refusal::new("UNKNOWN_TYPE", "MySQL has no key of JSON documents").propose("text"))
        }
        _ => held(logical),
    }
}

fn holding(native: &str, holds: LogicalType, fidelity: Fidelity) -> Holding {
    Holding {
        native: native.to_owned(),
        holds,
        fidelity,
    }
}

/// What an existing column holds exactly; [`NOTHING`] for types that are not written to.
pub(super) fn holds(column: &NativeColumn) -> LogicalType {
    let signed = !column.unsigned;
    let fraction = column
        .precision
        .and_then(|digits| u8::try_from(digits).ok())
        .unwrap_or(0)
        .min(6);
    match column.base.as_str() {
        "tinyint" => LogicalType::Integer { bits: 8, signed },
        "smallint" => LogicalType::Integer { bits: 16, signed },
        "int" | "integer" => LogicalType::Integer { bits: 32, signed },
        // Three bytes hold every number of two.
        "mediumint" => LogicalType::Integer { bits: 16, signed },
        "bigint" => LogicalType::Integer { bits: 64, signed },
        "bit" if column.precision == Some(1) => LogicalType::Boolean,
        "decimal" | "numeric" => decimal(column),
        // With digits stated (`float(7,4)`) the server rounds without a word.
        "float" if !column.type_text.contains('(') => LogicalType::Float32,
        "double" | "real" if !column.type_text.contains('(') => LogicalType::Float64,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => text(column),
        "json" => LogicalType::Json,
        "uuid" => LogicalType::Uuid,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
            LogicalType::Binary
        }
        "date" => LogicalType::Date,
        "time" => LogicalType::Time {
            precision: fraction,
        },
        "datetime" => LogicalType::Timestamp {
            precision: fraction,
            zoned: false,
        },
        "timestamp" => LogicalType::Timestamp {
            precision: fraction,
            zoned: true,
        },
        _ => NOTHING,
    }
}

fn decimal(column: &NativeColumn) -> LogicalType {
    let scale = column.scale.and_then(|scale| u8::try_from(scale).ok());
    let precision = column
        .precision
        .and_then(|digits| u8::try_from(digits).ok());
    match (precision, scale) {
        // What travels has 38 digits at most: more in front of the point are room to spare.
        (Some(precision), Some(scale)) if scale <= 38 => LogicalType::Decimal {
            precision: precision.min(38),
            scale,
        },
        _ => NOTHING,
    }
}

/// Character sets whose characters can be told from the others here; see [`super::fit`].
fn text(column: &NativeColumn) -> LogicalType {
    let charset = column.charset.as_deref().unwrap_or_default();
    if !matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "ascii") {
        return NOTHING;
    }
    let max_chars = match column.base.as_str() {
        "char" | "varchar" => column.length.and_then(|length| u32::try_from(length).ok()),
        // Limits in bytes: so many characters fit whatever they are.
        "tinytext" => Some(255 / 4),
        "text" => Some(65_535 / 4),
        "mediumtext" => Some(16_777_215 / 4),
        _ => None,
    };
    LogicalType::Text { max_chars }
}

/// The existing column's type in full: what [`super::fit`] has to know of it stands in there.
pub(super) fn native(column: &NativeColumn) -> String {
    match column.charset.as_deref() {
        None | Some("utf8mb4") => column.type_text.clone(),
        Some(charset) => format!("{} CHARACTER SET {charset}", column.type_text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(logical: &LogicalType, expected: &str) {
        let found = match held(logical) {
            Ok(held) => {
                let price = match held.fidelity {
                    Fidelity::Exact => "exact",
                    Fidelity::Widened => "widened",
                    Fidelity::Lossy(_) => "lossy",
                };
                format!("{} {price}", held.native)
            }
            Err(refusal) => refusal.code.to_owned(),
        };
        assert_eq!(found, expected, "{logical}");
    }

    #[test]
    fn every_logical_type_has_its_place_or_its_refusal() {
        let text = |limit| LogicalType::Text {
            max_chars: Some(limit),
        };
        let timestamp = |precision, zoned| LogicalType::Timestamp { precision, zoned };
        check(&LogicalType::Boolean, "tinyint(1) exact");
        check(&LogicalType::int(8), "tinyint exact");
        check(
            &LogicalType::Integer {
                bits: 64,
                signed: false,
            },
            "bigint unsigned exact",
        );
        check(
            &LogicalType::Decimal {
                precision: 38,
                scale: 30,
            },
            "decimal(38,30) exact",
        );
        check(
            &LogicalType::Decimal {
                precision: 38,
                scale: 31,
            },
            "DECIMAL_SCALE",
        );
        check(&text(10), "varchar(10) exact");
        check(&text(1_025), "longtext widened");
        check(&text(0), "longtext widened");
        check(&LogicalType::TEXT, "longtext exact");
        check(&LogicalType::Json, "longtext widened");
        check(&LogicalType::Uuid, &format!("{UUID} widened"));
        check(&timestamp(3, false), "datetime(3) exact");
        check(&timestamp(6, true), "datetime(6) widened");
        check(
            &LogicalType::List(Box::new(LogicalType::TEXT)),
            "UNKNOWN_TYPE",
        );
    }

    #[test]
    fn keys_take_a_length() {
        for (logical, parts, expected) in [
            (LogicalType::TEXT, 1, "varchar(768)"),
            (LogicalType::TEXT, 3, "varchar(256)"),
            (
                LogicalType::Text {
                    max_chars: Some(36),
                },
                2,
                "varchar(36)",
            ),
            (LogicalType::Binary, 2, "varbinary(1536)"),
            (LogicalType::int(64), 16, "bigint"),
        ] {
            let held = held_in_key(&logical, parts).unwrap();
            assert_eq!(held.native, expected);
        }
        assert!(held_in_key(&LogicalType::Json, 1).is_err());
    }

    fn existing(type_text: &str, precision: Option<u32>, charset: Option<&str>) -> LogicalType {
        let base = type_text.split(['(', ' ']).next().unwrap_or_default();
        let column = NativeColumn {
            type_text: type_text.to_owned(),
            base: base.to_owned(),
            precision,
            scale: Some(2),
            length: Some(9),
            unsigned: type_text.ends_with("unsigned"),
            charset: charset.map(str::to_owned),
            ..NativeColumn::default()
        };
        holds(&column)
    }

    #[test]
    fn existing_columns_hold_what_they_hold() {
        for (type_text, precision, charset, expected) in [
            ("tinyint(1)", None, None, "int8"),
            ("int(10) unsigned", None, None, "uint32"),
            ("mediumint(9)", None, None, "int16"),
            ("decimal(65,2)", Some(65), None, "decimal(38,2)"),
            ("float", None, None, "float32"),
            ("float(7,4)", None, None, "text(0)"),
            ("varchar(9)", None, Some("utf8mb4"), "text(9)"),
            ("varchar(9)", None, Some("latin1"), "text(0)"),
            ("text", None, Some("utf8mb3"), "text(16383)"),
            ("longtext", None, Some("utf8mb4"), "text"),
            ("enum('a')", None, Some("utf8mb4"), "text(0)"),
            ("timestamp(3)", Some(3), None, "instant(3)"),
            ("geometry", None, None, "text(0)"),
        ] {
            let found = existing(type_text, precision, charset).to_string();
            assert_eq!(found, expected, "{type_text}");
        }
    }
}
