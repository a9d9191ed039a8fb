//! MySQL's types as logical types: exactly, wider, or refused with proposals; and what a person may
//! choose instead. Pure. The word in `decode` is understood by [`super::decode`] alone.

use contract::{Holding, Reading, Refusal, TypeMapping};
use model::migration::ColumnChoice;
use model::plan::Fidelity;
use model::{LogicalType, NativeColumn};

use super::choice::Choice;
use super::column::{SRID, is_geometry, is_unreadable, srid_of};
use super::ddl::quote;
use super::destination::types::{held, held_in_key};
use crate::family::charset::Charset;

/// The types of MySQL and MariaDB.
pub(crate) struct MysqlTypes;

type Read = Result<Reading, Refusal>;

impl TypeMapping for MysqlTypes {
    fn to_logical(&self, column: &NativeColumn, choice: &ColumnChoice) -> Read {
        if is_unreadable(column) {
            return Err(Refusal::new(
                "NO_RIGHT",
                format!("the user may not read column {:?}", column.name),
            ));
        }
        let chosen = match &choice.read_as {
            None => None,
            Some(text) => match Choice::parse(text) {
                Some(chosen) => Some(chosen),
                None => return Err(cannot(column, text)),
            },
        };
        let charset = choice.charset.as_deref();
        match (&chosen, family(&column.base)) {
            (_, Family::Unknown) => unknown(column),
            (_, Family::Geometry) => geometry(column, chosen.as_ref()),
            (_, Family::Srid) => srid(column, chosen.as_ref()),
            (None, family) => by_default(column, family, charset),
            (Some(chosen), family) => by_choice(column, family, chosen, charset),
        }
    }

    fn to_native(&self, logical: &LogicalType) -> Result<Holding, Refusal> {
        held(logical)
    }

    fn to_key(&self, logical: &LogicalType, parts: usize) -> Result<Holding, Refusal> {
        held_in_key(logical, parts)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Integer(u8),
    Bit,
    Decimal,
    Float,
    Double,
    Year,
    Date,
    DateTime,
    Instant,
    Time,
    Text,
    Labels,
    Json,
    Uuid,
    Address,
    Bytes,
    Geometry,
    Srid,
    Unknown,
}

fn family(base: &str) -> Family {
    match base {
        "tinyint" => Family::Integer(8),
        "smallint" => Family::Integer(16),
        "mediumint" | "int" | "integer" => Family::Integer(32),
        "bigint" => Family::Integer(64),
        "bit" => Family::Bit,
        "decimal" | "numeric" => Family::Decimal,
        "float" => Family::Float,
        "double" | "real" => Family::Double,
        "year" => Family::Year,
        "date" => Family::Date,
        "datetime" => Family::DateTime,
        "timestamp" => Family::Instant,
        "time" => Family::Time,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Family::Text,
        "enum" | "set" => Family::Labels,
        "json" => Family::Json,
        "uuid" => Family::Uuid,
        "inet4" | "inet6" => Family::Address,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Family::Bytes,
        _ if is_geometry(base) => Family::Geometry,
        SRID => Family::Srid,
        _ => Family::Unknown,
    }
}

fn by_default(column: &NativeColumn, family: Family, charset: Option<&str>) -> Read {
    Ok(match family {
        Family::Integer(bits) => Reading::exact(
            LogicalType::Integer {
                bits,
                signed: !column.unsigned,
            },
            "integer",
        ),
        Family::Bit => bit(column),
        Family::Decimal => return decimal(column),
        Family::Float => Reading::exact(LogicalType::Float32, "float"),
        Family::Double => Reading::exact(LogicalType::Float64, "float"),
        Family::Year => Reading::exact(LogicalType::int(32), "integer").at(Fidelity::Widened),
        Family::Date => Reading::exact(LogicalType::Date, "date"),
        Family::DateTime => {
            let logical = LogicalType::Timestamp {
                precision: fraction(column),
                zoned: false,
            };
            Reading::exact(logical, "datetime")
        }
        Family::Instant => {
            let logical = LogicalType::Timestamp {
                precision: fraction(column),
                zoned: true,
            };
            Reading::exact(logical, "instant").by(seconds_of(column))
        }
        Family::Time => Reading::exact(LogicalType::TEXT, time_text(column)).at(Fidelity::Widened),
        Family::Text => return text(column, charset),
        Family::Labels => return labels(column, charset),
        Family::Json => Reading::exact(LogicalType::Json, "text:utf8mb4"),
        Family::Uuid => Reading::exact(LogicalType::Uuid, "text:ascii"),
        Family::Address => Reading::exact(LogicalType::TEXT, "text:ascii").at(Fidelity::Widened),
        Family::Bytes if charset.is_some() => return text(column, charset),
        Family::Bytes => Reading::exact(LogicalType::Binary, "bytes"),
        Family::Geometry | Family::Srid | Family::Unknown => return unknown(column),
    })
}

fn by_choice(
    column: &NativeColumn,
    family: Family,
    chosen: &Choice,
    charset: Option<&str>,
) -> Read {
    let whole = matches!(
        family,
        Family::Integer(_) | Family::Year | Family::Bit | Family::Decimal
    );
    let exact = |logical: LogicalType, decode: &str| {
        Ok(Reading::exact(logical, decode).at(Fidelity::Widened))
    };
    let checked = |logical: LogicalType, decode: &str| {
        let price = "rows whose value does not fit are rejected".to_owned();
        Ok(Reading::exact(logical, decode).at(Fidelity::Lossy(price)))
    };
    match (chosen, family) {
        (Choice::Text, Family::Text | Family::Bytes) => text(column, charset),
        (Choice::Text, Family::Labels) => labels(column, charset),
        (Choice::TextList, Family::Labels) => members(column, charset),
        (Choice::Text, Family::Json | Family::Uuid | Family::Address) => {
            exact(LogicalType::TEXT, "text:utf8mb4")
        }
        (Choice::Text, Family::Time) => exact(LogicalType::TEXT, &time_text(column)),
        (Choice::Text, Family::Instant) => {
            let word = format!("instant-text:{}", fraction(column));
            Ok(Reading::exact(LogicalType::TEXT, word)
                .at(Fidelity::Widened)
                .by(seconds_of(column)))
        }
        (Choice::Text, Family::DateTime) => exact(
            LogicalType::TEXT,
            &format!("datetime-text:{}", fraction(column)),
        ),
        (Choice::Text, Family::Date) => exact(LogicalType::TEXT, "date-text"),
        (Choice::Text, Family::Bit) => exact(LogicalType::TEXT, "bit"),
        (Choice::Text, _) => exact(LogicalType::TEXT, "print"),
        (Choice::Binary, Family::Text | Family::Bytes | Family::Labels | Family::Json) => {
            exact(LogicalType::Binary, "bytes")
        }
        (Choice::Boolean, Family::Bit) => checked(LogicalType::Boolean, "bit"),
        (Choice::Boolean, Family::Integer(_)) => checked(LogicalType::Boolean, "integer"),
        (Choice::Integer(bits), Family::Bit) => checked(LogicalType::int(*bits), "bit"),
        (Choice::Integer(64), Family::Time) => exact(LogicalType::int(64), "time-micros"),
        (Choice::Integer(bits), Family::Decimal) => checked(LogicalType::int(*bits), "decimal"),
        (Choice::Integer(bits), _) if whole => checked(LogicalType::int(*bits), "integer"),
        (Choice::Decimal(20..=38, 0), Family::Bit) => exact(
            LogicalType::Decimal {
                precision: 20,
                scale: 0,
            },
            "bit",
        ),
        (Choice::Decimal(precision, scale), _) if whole && family != Family::Bit => checked(
            LogicalType::Decimal {
                precision: *precision,
                scale: *scale,
            },
            "decimal",
        ),
        (Choice::Float32, Family::Float) => Ok(Reading::exact(LogicalType::Float32, "float")),
        (Choice::Float64, Family::Float | Family::Double) => exact(LogicalType::Float64, "float"),
        (Choice::Time, Family::Time) => checked(
            LogicalType::Time {
                precision: fraction(column),
            },
            "time-of-day",
        ),
        (Choice::Date, Family::Date) | (Choice::Timestamp, Family::DateTime | Family::Instant) => {
            by_default(column, family, charset)
        }
        (Choice::Json, Family::Text | Family::Json) => {
            text(column, charset).map(|reading| Reading {
                logical: LogicalType::Json,
                ..reading
            })
        }
        (Choice::Uuid, Family::Uuid) => by_default(column, family, charset),
        _ => Err(cannot(column, &chosen.to_string())),
    }
}

fn bit(column: &NativeColumn) -> Reading {
    let logical = match column.precision.unwrap_or(1) {
        0 | 1 => LogicalType::Boolean,
        2..=63 => LogicalType::int(64),
        _ => LogicalType::Decimal {
            precision: 20,
            scale: 0,
        },
    };
    Reading::exact(logical, "bit").at(Fidelity::Widened)
}

fn decimal(column: &NativeColumn) -> Read {
    let precision = column.precision.unwrap_or(10);
    let scale = u8::try_from(column.scale.unwrap_or(0)).unwrap_or(0);
    match u8::try_from(precision) {
        Ok(precision) if precision <= 38 => Ok(Reading::exact(
            LogicalType::Decimal { precision, scale },
            "decimal",
        )),
        _ => Err(Refusal::new(
            "DECIMAL_PRECISION",
            format!("{} has more than 38 digits", column.type_text),
        )
        .propose("text")
        .propose(format!("decimal(38,{})", scale.min(38)))),
    }
}

fn text(column: &NativeColumn, chosen: Option<&str>) -> Read {
    let name = match (chosen, &column.charset) {
        (Some(chosen), _) => chosen.to_ascii_lowercase(),
        (None, Some(charset)) => charset.to_ascii_lowercase(),
        (None, None) if family(&column.base) == Family::Bytes => {
            return Err(Refusal::new(
                "NO_CHARSET",
                format!(
                    "column {:?} holds bytes: reading them as text takes a character set",
                    column.name
                ),
            ));
        }
        (None, None) => "utf8mb4".to_owned(),
    };
    if Charset::named(&name).is_none() {
        return Err(Refusal::new(
            "UNKNOWN_CHARSET",
            format!(
                "character set {name} of column {:?} is not known",
                column.name
            ),
        )
        .propose("binary"));
    }
    let limited = matches!(column.base.as_str(), "char" | "varchar") && chosen.is_none();
    let max_chars = column
        .length
        .filter(|_| limited)
        .and_then(|length| u32::try_from(length).ok());
    let reading = Reading::exact(LogicalType::Text { max_chars }, format!("text:{name}"));
    Ok(match chosen {
        Some(_) => reading.at(Fidelity::Widened),
        None => reading,
    })
}

/// The label, as text. That the server holds a value which is none of them is noticed as rows are read.
fn labels(column: &NativeColumn, charset: Option<&str>) -> Read {
    let reading = text(column, charset)?;
    let charset = reading.decode.trim_start_matches("text:").to_owned();
    let reading = Reading {
        logical: LogicalType::TEXT,
        ..reading
    }
    .at(Fidelity::Widened);
    if column.base != "enum" {
        return Ok(reading);
    }
    let word = |word: &str| format!("{word}:{charset}");
    if !column.labels.iter().any(String::is_empty) {
        return Ok(Reading {
            decode: word("label"),
            ..reading
        });
    }
    let name = quote(&column.name);
    Ok(Reading {
        decode: word("numbered-label"),
        ..reading.by(format!("CONCAT({name} + 0, ':', {name})"))
    })
}

/// The members of a set, which hold no commas. A set of an empty member reads as one of none.
fn members(column: &NativeColumn, charset: Option<&str>) -> Read {
    if column.base != "set" || column.labels.iter().any(String::is_empty) {
        return Err(cannot(column, &Choice::TextList.to_string()));
    }
    let reading = labels(column, charset)?;
    Ok(Reading {
        logical: LogicalType::List(Box::new(LogicalType::TEXT)),
        decode: reading.decode.replacen("text:", "members:", 1),
        ..reading
    })
}

/// The shape's WKB, by itself; the number of its reference system is a column of its own.
fn geometry(column: &NativeColumn, chosen: Option<&Choice>) -> Read {
    match chosen {
        None | Some(Choice::Binary) => {
            Ok(Reading::exact(LogicalType::Binary, "wkb").at(Fidelity::Widened))
        }
        Some(other) => Err(cannot(column, &other.to_string())),
    }
}

/// The reference system of the geometry column beside it, which `column` was made for.
fn srid(column: &NativeColumn, chosen: Option<&Choice>) -> Read {
    let bits = match chosen {
        None => 32,
        Some(Choice::Integer(bits @ (32 | 64))) => *bits,
        Some(other) => return Err(cannot(column, &other.to_string())),
    };
    let geometry = srid_of(column).unwrap_or_default();
    Ok(Reading::exact(LogicalType::int(bits), "integer")
        .at(Fidelity::Widened)
        .by(format!("ST_SRID({})", quote(geometry))))
}

fn unknown(column: &NativeColumn) -> Read {
    Err(Refusal::new(
        "UNKNOWN_TYPE",
        format!("type {} is not known", column.type_text),
    ))
}

fn cannot(column: &NativeColumn, wanted: &str) -> Refusal {
    Refusal::new(
        "CHOICE_UNSUPPORTED",
        format!(
            "{} of column {:?} cannot be read as {wanted}",
            column.type_text, column.name
        ),
    )
}

/// Instants as seconds since the epoch, whatever zone the session is in.
fn seconds_of(column: &NativeColumn) -> String {
    format!("UNIX_TIMESTAMP({})", quote(&column.name))
}

fn fraction(column: &NativeColumn) -> u8 {
    column
        .precision
        .and_then(|digits| u8::try_from(digits).ok())
        .unwrap_or(0)
        .min(6)
}

/// Digits of a second's fraction where the column has a clock's reading; none for plain dates.
pub(crate) fn clock_fraction(column: &NativeColumn) -> Option<u8> {
    matches!(column.base.as_str(), "datetime" | "timestamp").then(|| fraction(column))
}

fn time_text(column: &NativeColumn) -> String {
    format!("time-text:{}", fraction(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(text: &str) -> NativeColumn {
        let (base, rest) = text.split_once('(').unwrap_or((text, ""));
        let numbers: Vec<u32> = rest
            .split([',', ')'])
            .filter_map(|number| number.trim().parse().ok())
            .collect();
        let textual = matches!(base, "varchar" | "text" | "enum" | "set");
        NativeColumn {
            name: "c`x".to_owned(),
            type_text: text.to_owned(),
            base: base.split(' ').next().unwrap_or_default().to_owned(),
            precision: numbers.first().copied(),
            scale: numbers.get(1).and_then(|scale| i32::try_from(*scale).ok()),
            length: numbers.first().map(|length| u64::from(*length)),
            unsigned: text.ends_with("unsigned"),
            charset: textual.then(|| "latin1".to_owned()),
            ..NativeColumn::default()
        }
    }

    /// `expected`: the logical type and the decoder's word, or the refusal's code.
    fn check(text: &str, read_as: Option<&str>, expected: &str) {
        let choice = ColumnChoice {
            read_as: read_as.map(str::to_owned),
            ..ColumnChoice::default()
        };
        let found = match MysqlTypes.to_logical(&column(text), &choice) {
            Ok(reading) => format!("{} {}", reading.logical, reading.decode),
            Err(refusal) => refusal.code.to_owned(),
        };
        assert_eq!(found, expected, "{text} as {read_as:?}");
    }

    #[test]
    fn an_empty_label_is_told_from_the_error_value_by_its_number() {
        let column = NativeColumn {
            labels: vec!["a".to_owned(), String::new()],
            ..column("enum('a','')")
        };
        let reading = MysqlTypes.to_logical(&column, &ColumnChoice::default());
        let reading = reading.unwrap();
        assert_eq!(reading.decode, "numbered-label:latin1");
        assert_eq!(
            reading.expression.as_deref(),
            Some("CONCAT(`c``x` + 0, ':', `c``x`)")
        );
    }

    #[test]
    fn types_by_default() {
        check("tinyint(1)", None, "int8 integer");
        check("tinyint(3) unsigned", None, "uint8 integer");
        check("mediumint(8) unsigned", None, "uint32 integer");
        check("bigint(20) unsigned", None, "uint64 integer");
        check("enum('a')", None, "text label:latin1");
        check("set('a')", Some("list<text>"), "list<text> members:latin1");
        check("enum('a')", Some("list<text>"), "CHOICE_UNSUPPORTED");
        check("bit(1)", None, "boolean bit");
        check("bit(63)", None, "int64 bit");
        check("bit(64)", None, "decimal(20,0) bit");
        check("decimal(38,30)", None, "decimal(38,30) decimal");
        check("decimal(39,0)", None, "DECIMAL_PRECISION");
        check("year(4)", None, "int32 integer");
        check("timestamp(6)", None, "instant(6) instant");
        check("datetime(3)", None, "timestamp(3) datetime");
        check("time(6)", None, "text time-text:6");
        check("varchar(9)", None, "text(9) text:latin1");
        check("json", None, "json text:utf8mb4");
        check("point", None, "binary wkb");
        check("vector(3)", None, "UNKNOWN_TYPE");
    }

    #[test]
    fn types_by_choice() {
        check("tinyint(1)", Some("boolean"), "boolean integer");
        check("bigint(20) unsigned", Some("bigint"), "int64 integer");
        check("bigint(20) unsigned", Some("text"), "text print");
        check("decimal(65,30)", Some("text"), "text print");
        check(
            "decimal(65,30)",
            Some("decimal(38,30)"),
            "decimal(38,30) decimal",
        );
        check("time(6)", Some("bigint"), "int64 time-micros");
        check("time(0)", Some("time"), "time(0) time-of-day");
        check("date", Some("text"), "text date-text");
        check("point", Some("binary"), "binary wkb");
        check("point", Some("text"), "CHOICE_UNSUPPORTED");
        check("date", Some("bigint"), "CHOICE_UNSUPPORTED");
        check("int(11)", Some("nonsense"), "CHOICE_UNSUPPORTED");
        check("vector(3)", Some("binary"), "UNKNOWN_TYPE");
    }

    #[test]
    fn instants_do_not_depend_on_the_sessions_zone() {
        let reading = MysqlTypes.to_logical(&column("timestamp(0)"), &ColumnChoice::default());
        let expression = reading.ok().and_then(|reading| reading.expression);
        assert_eq!(expression.as_deref(), Some("UNIX_TIMESTAMP(`c``x`)"));
    }

    #[test]
    fn character_sets_are_known_or_refused_by_name() {
        for (charset, expected) in [("gbk", Ok("text:gbk")), ("dec8", Err("UNKNOWN_CHARSET"))] {
            let native = NativeColumn {
                charset: Some(charset.to_owned()),
                ..column("text")
            };
            let found = MysqlTypes.to_logical(&native, &ColumnChoice::default());
            let found = found
                .map(|reading| reading.decode)
                .map_err(|refusal| refusal.code);
            assert_eq!(found.as_deref().map_err(|code| *code), expected);
        }
    }
}
