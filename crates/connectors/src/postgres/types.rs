//! Native types to logical types: what each is read as, by which expression, at what price, or why
//! it is refused and what would do. Pure.

use contract::{Holding, Reading, Refusal, TypeMapping};
use model::logical_type::MAX_DECIMAL_PRECISION;
use model::migration::ColumnChoice;
use model::plan::{Fidelity, ScanColumn};
use model::{Error, LogicalType, NativeColumn, Result};

use super::binary_types::{binary, dimensions, element, is_system, kind, listed, without_domain};
use super::ddl::quote;
use super::values::Wire;

/// PostgreSQL's types.
pub(super) struct PostgresTypes;

/// How a column is decoded; kept in the plan as [`Reading::decode`].
mod decode {
    /// By its native type.
    pub(super) const NATIVE: &str = "native";
    /// As text.
    pub(super) const TEXT: &str = "text";
    /// As numeric, into the decimal that it is read as.
    pub(super) const NUMERIC: &str = "numeric";
    /// As an 8-byte integer.
    pub(super) const INT8: &str = "int8";
    /// As a time of day.
    pub(super) const TIME: &str = "time";
    /// As an instant, printed in UTC.
    pub(super) const INSTANT_TEXT: &str = "instant-text";
    /// As an array of text.
    pub(super) const TEXT_LIST: &str = "text-list";
    /// As an array of numeric.
    pub(super) const NUMERIC_LIST: &str = "numeric-list";
}

/// Types of the system whose text is exact and depends on no setting of the session.
const TEXT_TYPES: &[&str] = &[
    "char",
    "time",
    "timetz",
    "interval",
    "xml",
    "jsonpath",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "tsvector",
    "tsquery",
    "pg_lsn",
    "xid",
    "xid8",
    "cid",
    "tid",
    "pg_snapshot",
    "txid_snapshot",
    "regrole",
    "regnamespace",
    "int2vector",
    "oidvector",
    "refcursor",
];

/// Types of well-known extensions, the same; found by name, for their numbers differ by database.
const EXTENSION_TEXT_TYPES: &[&str] = &[
    "cube",
    "seg",
    "lquery",
    "ltxtquery",
    "isbn",
    "isbn13",
    "issn",
    "issn13",
    "ismn",
    "ismn13",
    "ean13",
    "upc",
];

/// Types that are numbers and print as names, and the catalog that holds what they name.
const NAMING_TYPES: &[(&str, &str)] = &[
    ("regclass", "pg_class"),
    ("regtype", "pg_type"),
    ("regprocedure", "pg_proc"),
    ("regoperator", "pg_operator"),
    ("regconfig", "pg_ts_config"),
    ("regdictionary", "pg_ts_dict"),
    ("regcollation", "pg_collation"),
];

impl TypeMapping for PostgresTypes {
    fn to_logical(&self, column: &NativeColumn, choice: &ColumnChoice) -> Result<Reading, Refusal> {
        if column.private["no-right"] == true {
            let reason = format!("this user has no right to read column {}", column.name);
            return Err(Refusal::new("NO_RIGHT", reason));
        }
        if let Some(charset) = &choice.charset
            && !["utf-8", "utf8"].contains(&charset.to_ascii_lowercase().as_str())
        {
            let reason = format!("text in character set {charset} is not decoded yet");
            return Err(Refusal::new("NOT_SERVED_YET", reason));
        }
        match &choice.read_as {
            Some(read_as) => chosen(column, read_as),
            None => natural(column),
        }
    }

    fn to_native(&self, logical: &LogicalType) -> Result<Holding, Refusal> {
        let reason = format!("{logical} cannot be written to PostgreSQL yet");
        Err(Refusal::new("UNSUPPORTED", reason))
    }
}

/// How the values of a column arrive.
pub(super) fn wire_of(column: &ScanColumn) -> Result<Wire> {
    let dimensions = dimensions(&column.native);
    let wire = match (column.decode.as_str(), &column.logical) {
        (decode::NATIVE, _) => binary(&column.native).map(|(_, wire)| wire),
        (decode::TEXT, _) => Some(Wire::Text),
        (decode::NUMERIC, logical) => numeric_wire(logical),
        (decode::INT8, _) => Some(Wire::Int8),
        (decode::TIME, _) => Some(Wire::Time),
        (decode::INSTANT_TEXT, _) => Some(Wire::InstantText),
        (decode::TEXT_LIST, _) => Some(Wire::List(dimensions, Box::new(Wire::Text))),
        (decode::NUMERIC_LIST, logical) => {
            numeric_wire(innermost(logical)).map(|wire| Wire::List(dimensions, Box::new(wire)))
        }
        _ => None,
    };
    wire.ok_or_else(|| {
        let (name, word) = (&column.native.name, &column.decode);
        Error::internal(format!("column {name} has an unknown decoding {word:?}"))
    })
}

fn numeric_wire(logical: &LogicalType) -> Option<Wire> {
    match logical {
        LogicalType::Decimal { precision, scale } => Some(Wire::Numeric(*precision, *scale)),
        _ => None,
    }
}

fn innermost(logical: &LogicalType) -> &LogicalType {
    match logical {
        LogicalType::List(element) => innermost(element),
        other => other,
    }
}

/// What a column is read as when nobody chose.
fn natural(column: &NativeColumn) -> Result<Reading, Refusal> {
    let base = without_domain(column);
    if let Some((logical, wire)) = binary(base) {
        let reading = Reading::exact(logical, decode::NATIVE);
        return Ok(match wire {
            Wire::Bits | Wire::Oid | Wire::InstantRange | Wire::InstantMultirange => {
                reading.at(Fidelity::Widened)
            }
            _ if kind(base) == "e" => reading.at(Fidelity::Widened),
            _ => reading,
        });
    }
    if kind(base) == "a" {
        return natural_list(column, base);
    }
    if is_system(base) {
        if let Some(reading) = naming(column, base) {
            return Ok(reading);
        }
        match base.base.as_str() {
            "numeric" => return Err(numeric_refusal(base, "text", |decimal| decimal)),
            "money" => {
                let logical = LogicalType::Decimal {
                    precision: 19,
                    scale: 2,
                };
                return Ok(Reading::exact(logical, decode::NUMERIC).by(cast(column, "numeric")));
            }
            known if TEXT_TYPES.contains(&known) => return Ok(as_text(column)),
            _ => {}
        }
    }
    let is_extension = kind(base) == "b" && EXTENSION_TEXT_TYPES.contains(&base.base.as_str());
    if (matches!(kind(base), "r" | "m") || is_extension) && is_plain_text(base) {
        return Ok(as_text(column));
    }
    let what = if kind(base) == "c" {
        "has parts that cannot be read one by one"
    } else {
        "is not known"
    };
    let refusal = Refusal::new("UNKNOWN_TYPE", format!("type {} {what}", base.type_text));
    Err(if is_plain_text(base) {
        refusal.propose("text")
    } else {
        refusal
    })
}

fn natural_list(column: &NativeColumn, base: &NativeColumn) -> Result<Reading, Refusal> {
    let element = element(base);
    if is_system(element) && element.base == "numeric" {
        return Err(
            numeric_refusal(element, "list<text>", |decimal| format!("list<{decimal}>"))
                .propose("text"),
        );
    }
    if is_system(element) && element.base == "money" {
        let logical = listed(
            dimensions(base),
            LogicalType::Decimal {
                precision: 19,
                scale: 2,
            },
        );
        return Ok(Reading::exact(logical, decode::NUMERIC_LIST).by(cast(column, "numeric[]")));
    }
    let known = natural(element).is_ok() && kind(element) != "c";
    if known && is_plain_text(base) {
        return Ok(as_text_list(column, base));
    }
    let refusal = Refusal::new(
        "UNKNOWN_TYPE",
        format!("elements of type {} cannot be read", element.type_text),
    );
    Err(if is_plain_text(base) {
        refusal.propose("text")
    } else {
        refusal
    })
}

/// Why a numeric does not fit a decimal, and what would do.
fn numeric_refusal(
    column: &NativeColumn,
    first: &str,
    shaped: impl Fn(String) -> String,
) -> Refusal {
    let (reason, decimal) = match (column.precision, column.scale) {
        (Some(precision), Some(scale)) => (
            format!("numeric({precision},{scale}) has more than {MAX_DECIMAL_PRECISION} digits"),
            format!("decimal(38,{})", scale.clamp(0, 38)),
        ),
        _ => (
            "numeric without a precision has no bound; it holds up to 131072 digits, NaN and infinity".to_owned(),
            "decimal(38,10)".to_owned(),
        ),
    };
    Refusal::new("DECIMAL_PRECISION", reason)
        .propose(first)
        .propose(shaped(decimal))
}

/// A type that is a number and prints as a name: printed with its schema, whatever the search path.
fn naming(column: &NativeColumn, base: &NativeColumn) -> Option<Reading> {
    let (_, catalog) = NAMING_TYPES.iter().find(|(name, _)| *name == base.base)?;
    let number = format!("{}::pg_catalog.oid", quote(&column.name));
    let identity = format!(
        "CASE WHEN {number} = 0 THEN '-' ELSE COALESCE((pg_catalog.pg_identify_object(\
         'pg_catalog.{catalog}'::pg_catalog.regclass, {number}, 0)).identity, {number}::pg_catalog.text) END"
    );
    Some(
        Reading::exact(LogicalType::TEXT, decode::TEXT)
            .at(Fidelity::Widened)
            .by(identity),
    )
}

/// What a column is read as when somebody chose.
fn chosen(column: &NativeColumn, read_as: &str) -> Result<Reading, Refusal> {
    let base = without_domain(column);
    let wanted: String = read_as.to_ascii_lowercase().split_whitespace().collect();
    if let Ok(reading) = natural(column)
        && reading.logical.to_string() == wanted
    {
        return Ok(reading);
    }
    let list = wanted
        .strip_prefix("list<")
        .and_then(|rest| rest.strip_suffix('>'))
        .filter(|_| kind(base) == "a");
    let name = if is_system(base) {
        base.base.as_str()
    } else {
        ""
    };
    if let Some(wanted) = list {
        let element = element(base);
        if wanted == "text" && is_plain_text(element) {
            return Ok(as_text_list(column, base));
        }
        if let Some(decimal) = decimal(wanted)
            && is_system(element)
            && element.base == "numeric"
        {
            let logical = listed(dimensions(base), decimal);
            return Ok(Reading::exact(logical, decode::NUMERIC_LIST).at(may_reject(wanted)));
        }
    }
    match (wanted.as_str(), name) {
        ("text" | "string", "timestamptz") => {
            Ok(Reading::exact(LogicalType::TEXT, decode::INSTANT_TEXT).at(Fidelity::Widened))
        }
        ("text" | "string", _) if is_plain_text(base) && kind(base) != "p" => Ok(as_text(column)),
        ("text" | "string", _) => Err(Refusal::new(
            "TEXT_DEPENDS_ON_SESSION",
            format!(
                "the text of {} follows the session's settings",
                base.type_text
            ),
        )),
        ("bigint" | "int64", "int2" | "int4" | "int8" | "oid" | "regproc" | "regoper") => {
            Ok(as_bigint(column))
        }
        ("bigint" | "int64", _) if NAMING_TYPES.iter().any(|(known, _)| *known == name) => {
            Ok(as_bigint(column))
        }
        ("time", "time") => {
            let precision = base
                .precision
                .and_then(|digits| u8::try_from(digits).ok())
                .unwrap_or(6);
            Ok(
                Reading::exact(LogicalType::Time { precision }, decode::TIME)
                    .at(may_reject("time")),
            )
        }
        (wanted, "numeric" | "money" | "int2" | "int4" | "int8" | "oid") => match decimal(wanted) {
            Some(logical) => Ok(Reading::exact(logical, decode::NUMERIC)
                .by(cast_to_numeric(column, name))
                .at(may_reject(wanted))),
            None => Err(unserved(column, read_as)),
        },
        _ => Err(unserved(column, read_as)),
    }
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

fn as_text(column: &NativeColumn) -> Reading {
    Reading::exact(LogicalType::TEXT, decode::TEXT)
        .at(Fidelity::Widened)
        .by(cast(column, "text"))
}

fn as_bigint(column: &NativeColumn) -> Reading {
    let named = without_domain(column).base.starts_with("reg");
    let through = if named { "::pg_catalog.oid" } else { "" };
    Reading::exact(LogicalType::int(64), decode::INT8)
        .at(Fidelity::Widened)
        .by(format!("{}{through}::pg_catalog.int8", quote(&column.name)))
}

fn as_text_list(column: &NativeColumn, base: &NativeColumn) -> Reading {
    Reading::exact(
        listed(dimensions(base), LogicalType::TEXT),
        decode::TEXT_LIST,
    )
    .at(Fidelity::Widened)
    .by(cast(column, "text[]"))
}

fn cast(column: &NativeColumn, to: &str) -> String {
    format!("{}::pg_catalog.{to}", quote(&column.name))
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

/// Whether `::text` says the same in every session: no instants, which follow its zone, no names,
/// which follow its search path.
fn is_plain_text(column: &NativeColumn) -> bool {
    let follows_session = is_system(column)
        && (column.base == "timestamptz"
            || matches!(column.base.as_str(), "regproc" | "regoper")
            || NAMING_TYPES.iter().any(|(name, _)| *name == column.base));
    !follows_session
        && kind(column) != "p"
        && !kind(column).is_empty()
        && column.parts.iter().all(is_plain_text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(base: &str, private: serde_json::Value) -> NativeColumn {
        NativeColumn {
            name: "c".to_owned(),
            type_text: base.to_owned(),
            base: base.to_owned(),
            private,
            ..NativeColumn::default()
        }
    }

    fn refusal(
        column: &NativeColumn,
        choice: &ColumnChoice,
    ) -> (&'static str, Vec<Option<String>>) {
        let refusal = PostgresTypes.to_logical(column, choice).unwrap_err();
        let proposals = refusal.proposals.into_iter().map(|choice| choice.read_as);
        (refusal.code, proposals.collect())
    }

    #[test]
    fn refusals_propose_what_would_do() {
        let text = || Some("text".to_owned());
        let system = |base| column(base, json!({"schema": "pg_catalog", "kind": "b"}));
        let none = ColumnChoice::default();
        let decimal = Some("decimal(38,10)".to_owned());
        assert_eq!(
            refusal(&system("numeric"), &none),
            ("DECIMAL_PRECISION", vec![text(), decimal, None])
        );
        let foreign = column("box3d", json!({"schema": "public", "kind": "b"}));
        assert_eq!(
            refusal(&foreign, &none),
            ("UNKNOWN_TYPE", vec![text(), None])
        );
        let pseudo = column("record", json!({"schema": "pg_catalog", "kind": "p"}));
        assert_eq!(refusal(&pseudo, &none), ("UNKNOWN_TYPE", vec![None]));
        let hidden = column(
            "text",
            json!({"schema": "pg_catalog", "kind": "b", "no-right": true}),
        );
        assert_eq!(refusal(&hidden, &none), ("NO_RIGHT", vec![None]));
        let gbk = ColumnChoice {
            charset: Some("gbk".to_owned()),
            ..ColumnChoice::default()
        };
        assert_eq!(
            refusal(&system("text"), &gbk),
            ("NOT_SERVED_YET", vec![None])
        );
        let boolean = ColumnChoice {
            read_as: Some("boolean".to_owned()),
            ..ColumnChoice::default()
        };
        assert_eq!(
            refusal(&system("int4"), &boolean),
            ("CHOICE_UNSUPPORTED", vec![text(), None])
        );
    }

    #[test]
    fn a_type_of_a_person_is_not_taken_for_the_systems() {
        let own = column("int4", json!({"schema": "public", "kind": "b"}));
        assert_eq!(refusal(&own, &ColumnChoice::default()).0, "UNKNOWN_TYPE");
    }
}
