//! What a column is read as when a person chose: `columns: { amount: { as: text } }`. Whatever is
//! chosen stays exact: a value that does not fit it is rejected with its row.

use contract::{Reading, Refusal};
use model::logical_type::{Field, MAX_DECIMAL_PRECISION};
use model::plan::Fidelity;
use model::{LogicalType, NativeColumn};

use crate::family::charset::Charset;

use super::binary_types::{dimensions, element, is_system, kind, listed, without_domain};
use super::ddl::quote;
use super::types::{
    NAMING_TYPES, as_text, as_text_list, decode, is_plain_text, money, natural, qualified_cast,
};

/// Types whose values are text in the database's own encoding.
const ENCODED_TYPES: &[&str] = &["text", "varchar", "bpchar", "name", "citext"];

/// The three numbers that an interval is made of.
const INTERVAL_PARTS: &str = "struct<months:int,days:int,micros:bigint>";

/// The reading of `column` as the type that a person wrote.
pub(super) fn chosen(column: &NativeColumn, read_as: &str) -> Result<Reading, Refusal> {
    let base = without_domain(column);
    let wanted: String = read_as.to_ascii_lowercase().split_whitespace().collect();
    if let Ok(reading) = natural(column)
        && reading.logical.to_string() == wanted
    {
        return Ok(reading);
    }
    if kind(base) == "a"
        && let Some(reading) = chosen_list(column, base, &wanted)
    {
        return Ok(reading);
    }
    let name = if is_system(base) {
        base.base.as_str()
    } else {
        ""
    };
    match (wanted.as_str(), name) {
        ("text" | "string", _) => chosen_text(column, base, name),
        ("binary" | "bytes", "oid") => Ok(large_object(column)),
        ("bigint" | "int64", "int2" | "int4" | "int8" | "oid" | "regproc" | "regoper") => {
            Ok(as_bigint(column))
        }
        ("bigint" | "int64", _) if NAMING_TYPES.iter().any(|(known, _)| *known == name) => {
            Ok(as_bigint(column))
        }
        ("time", "time") => Ok(as_time(base)),
        (INTERVAL_PARTS, "interval") => Ok(as_interval_parts()),
        (wanted, "money") => match decimal(wanted) {
            Some(logical) => Ok(money(base, logical).at(may_reject(wanted))),
            None => Err(unserved(column, read_as)),
        },
        (wanted, "numeric" | "int2" | "int4" | "int8" | "oid") => match decimal(wanted) {
            Some(logical) => Ok(Reading::exact(logical, decode::NUMERIC)
                .by(cast_to_numeric(column, name))
                .at(may_reject(wanted))),
            None => Err(unserved(column, read_as)),
        },
        _ => Err(unserved(column, read_as)),
    }
}

fn chosen_text(column: &NativeColumn, base: &NativeColumn, name: &str) -> Result<Reading, Refusal> {
    let printed = |decode| Reading::exact(LogicalType::TEXT, decode).at(Fidelity::Widened);
    if name == "timestamptz" {
        return Ok(printed(decode::INSTANT_TEXT));
    }
    if name == "money" {
        return Ok(money(base, LogicalType::TEXT).at(Fidelity::Widened));
    }
    if kind(base) == "a" && is_instant(element(base)) {
        return Ok(printed(decode::INSTANT_ARRAY_TEXT));
    }
    if is_plain_text(base) && kind(base) != "p" {
        return Ok(as_text(column));
    }
    let reason = format!(
        "the text of {} follows the session's settings",
        base.type_text
    );
    Err(Refusal::new("TEXT_DEPENDS_ON_SESSION", reason))
}

/// A list of another element than the natural one; `None` where the words mean no such thing.
fn chosen_list(column: &NativeColumn, base: &NativeColumn, wanted: &str) -> Option<Reading> {
    let wanted = wanted.strip_prefix("list<")?.strip_suffix('>')?;
    let element = element(base);
    if wanted == "text" && is_instant(element) {
        let logical = listed(dimensions(base), LogicalType::TEXT);
        return Some(Reading::exact(logical, decode::INSTANT_TEXT_LIST).at(Fidelity::Widened));
    }
    if wanted == "text" && is_plain_text(element) {
        return Some(as_text_list(column, base));
    }
    let logical = decimal(wanted).filter(|_| is_system(element) && element.base == "numeric")?;
    let logical = listed(dimensions(base), logical);
    Some(Reading::exact(logical, decode::NUMERIC_LIST).at(may_reject(wanted)))
}

fn is_instant(column: &NativeColumn) -> bool {
    is_system(column) && column.base == "timestamptz"
}

fn as_time(base: &NativeColumn) -> Reading {
    let digits = base.precision.and_then(|digits| u8::try_from(digits).ok());
    let logical = LogicalType::Time {
        precision: digits.unwrap_or(6),
    };
    Reading::exact(logical, decode::TIME).at(may_reject("time"))
}

fn as_interval_parts() -> Reading {
    let fields = [("months", 32), ("days", 32), ("micros", 64)];
    let fields = fields.map(|(name, bits)| Field {
        name: name.to_owned(),
        logical: LogicalType::int(bits),
    });
    Reading::exact(LogicalType::Struct(fields.to_vec()), decode::INTERVAL_PARTS)
}

/// The content of the large object that the number names. A number without an object fails the
/// table: the server says which.
fn large_object(column: &NativeColumn) -> Reading {
    let content = format!("pg_catalog.lo_get({})", quote(&column.name));
    Reading::exact(LogicalType::Binary, decode::BYTES)
        .at(Fidelity::Widened)
        .by(content)
}

fn as_bigint(column: &NativeColumn) -> Reading {
    let named = without_domain(column).base.starts_with("reg");
    let through = if named { "::pg_catalog.oid" } else { "" };
    Reading::exact(LogicalType::int(64), decode::INT8)
        .at(Fidelity::Widened)
        .by(format!("{}{through}::pg_catalog.int8", quote(&column.name)))
}

/// The reading of text whose bytes are in another character set than the database believes.
pub(super) fn in_charset(column: &NativeColumn, charset: &str) -> Result<Reading, Refusal> {
    let name = charset.to_ascii_lowercase();
    let base = without_domain(column);
    let is_text = ENCODED_TYPES.contains(&base.base.as_str());
    let Some(encoding) = column.charset.as_deref().filter(|_| is_text) else {
        if matches!(name.as_str(), "utf8" | "utf-8") {
            return natural(column);
        }
        let reason = if is_text {
            format!("the database holds UTF-8, which the server checked: it is not {charset}")
        } else {
            format!("{} is not text in a character set", column.type_text)
        };
        return Err(Refusal::new("CHARSET", reason));
    };
    if Charset::named(&name).is_none() {
        let reason = format!("character set {charset} is not known");
        return Err(Refusal::new("UNKNOWN_CHARSET", reason));
    }
    // To the database's own encoding: the bytes as they lie there.
    let text = qualified_cast(column, "text");
    let bytes = format!("pg_catalog.convert_to({text}, '{encoding}')");
    let decode = format!("{}{name}", decode::CHARSET);
    Ok(Reading::exact(LogicalType::TEXT, decode)
        .at(Fidelity::Widened)
        .by(bytes))
}

fn unserved(column: &NativeColumn, read_as: &str) -> Refusal {
    let reason = format!("{} cannot be read as {read_as}", column.type_text);
    let refusal = Refusal::new("CHOICE_UNSUPPORTED", reason);
    if is_plain_text(without_domain(column)) {
        refusal.propose("text")
    } else {
        refusal
    }
}

fn may_reject(wanted: &str) -> Fidelity {
    Fidelity::Lossy(format!(
        "rows whose value does not fit {wanted} are rejected"
    ))
}

fn cast_to_numeric(column: &NativeColumn, name: &str) -> String {
    let through = if name == "oid" {
        "::pg_catalog.int8"
    } else {
        ""
    };
    format!("{}{through}::pg_catalog.numeric", quote(&column.name))
}

/// `decimal(38,10)` or `numeric(38, 10)`.
fn decimal(text: &str) -> Option<LogicalType> {
    let inner = text
        .strip_prefix("decimal(")
        .or_else(|| text.strip_prefix("numeric("))?
        .strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let (precision, scale): (u8, u8) = (precision.parse().ok()?, scale.parse().ok()?);
    let exists = (1..=MAX_DECIMAL_PRECISION).contains(&precision) && scale <= precision;
    exists.then_some(LogicalType::Decimal { precision, scale })
}
