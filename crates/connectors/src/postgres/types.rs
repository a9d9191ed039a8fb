//! Native types to logical types: what each is read as, by which expression, at what price, or why
//! it is refused and what would do. Pure.

use contract::{Holding, Reading, Refusal, TypeMapping};
use model::logical_type::MAX_DECIMAL_PRECISION;
use model::migration::ColumnChoice;
use model::plan::{Fidelity, ScanColumn};
use model::{Error, Finding, LogicalType, NativeColumn, Result};
use serde_json::Value as Json;

use crate::family::charset::Charset;

use super::binary_types::{binary, dimensions, element, is_system, kind, listed, without_domain};
use super::choices::{chosen, in_charset};
use super::ddl::quote;
use super::held;
use super::values::Wire;

/// PostgreSQL's types.
pub(super) struct PostgresTypes;

/// How a column is decoded; kept in the plan as [`Reading::decode`].
pub(super) mod decode {
    /// By its native type.
    pub(in super::super) const NATIVE: &str = "native";
    /// As text.
    pub(in super::super) const TEXT: &str = "text";
    /// As numeric, into the decimal that it is read as.
    pub(in super::super) const NUMERIC: &str = "numeric";
    /// As an 8-byte integer.
    pub(in super::super) const INT8: &str = "int8";
    /// As a time of day.
    pub(in super::super) const TIME: &str = "time";
    /// As an instant, printed in UTC.
    pub(in super::super) const INSTANT_TEXT: &str = "instant-text";
    /// As an array of instants, each printed in UTC.
    pub(in super::super) const INSTANT_TEXT_LIST: &str = "instant-text-list";
    /// As an array of instants, printed as a whole.
    pub(in super::super) const INSTANT_ARRAY_TEXT: &str = "instant-array-text";
    /// As the integer that money is stored as.
    pub(in super::super) const MONEY: &str = "money";
    /// As months, days and microseconds.
    pub(in super::super) const INTERVAL_PARTS: &str = "interval-parts";
    /// As bytes.
    pub(in super::super) const BYTES: &str = "bytes";
    /// As bytes in the character set that follows.
    pub(in super::super) const CHARSET: &str = "charset:";
    /// As an array of such integers.
    pub(in super::super) const MONEY_LIST: &str = "money-list";
    /// As an array of text.
    pub(in super::super) const TEXT_LIST: &str = "text-list";
    /// As an array of numeric.
    pub(in super::super) const NUMERIC_LIST: &str = "numeric-list";
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
pub(super) const NAMING_TYPES: &[(&str, &str)] = &[
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
        match (&choice.charset, choice.read_as.as_deref()) {
            (Some(charset), None | Some("text" | "string")) => in_charset(column, charset),
            (Some(charset), Some(read_as)) => {
                let reason = format!("{charset} text is not read as {read_as}");
                Err(Refusal::new("CHOICE_UNSUPPORTED", reason))
            }
            (None, Some(read_as)) => chosen(column, read_as),
            (None, None) => natural(column),
        }
    }

    fn to_native(&self, logical: &LogicalType) -> Result<Holding, Refusal> {
        held::holding(logical)
    }
}

/// How a column of a staging table is decoded into what it holds: as it is in binary.
pub(super) fn staged_decoding(holds: &LogicalType) -> &'static str {
    match holds {
        LogicalType::Time { .. } => decode::TIME,
        _ => decode::NATIVE,
    }
}

/// How the values of a column arrive; `private` is its table's.
pub(super) fn wire_of(private: &Json, column: &ScanColumn) -> Result<Wire> {
    let native = &column.native;
    let dimensions = dimensions(native);
    let list = |element| Wire::List(dimensions, Box::new(element));
    let wire = match (column.decode.as_str(), &column.logical) {
        (decode::NATIVE, _) => binary(native).map(|(_, wire)| wire),
        (decode::TEXT, _) => Some(Wire::Text),
        (decode::NUMERIC, logical) => numeric_wire(logical),
        (decode::INT8, _) => Some(Wire::Int8),
        (decode::TIME, _) => Some(Wire::Time),
        (decode::BYTES, _) => Some(Wire::Bytes),
        (decode::INTERVAL_PARTS, _) => Some(Wire::IntervalParts),
        (decode::INSTANT_TEXT, _) => Some(Wire::InstantText),
        (decode::INSTANT_TEXT_LIST, _) => Some(list(Wire::InstantText)),
        (decode::INSTANT_ARRAY_TEXT, _) => Some(Wire::InstantArray),
        (decode::MONEY, logical) => money_wire(native, logical),
        (decode::MONEY_LIST, logical) => money_wire(native, innermost(logical)).map(list),
        (decode::TEXT_LIST, _) => Some(list(Wire::Text)),
        (decode::NUMERIC_LIST, logical) => numeric_wire(innermost(logical)).map(list),
        (other, _) => other
            .strip_prefix(decode::CHARSET)
            .and_then(Charset::named)
            .map(Wire::Encoded),
    };
    let wire = wire.ok_or_else(|| {
        let (name, word) = (&native.name, &column.decode);
        Error::internal(format!("column {name} has an unknown decoding {word:?}"))
    })?;
    Ok(if private["char-padding"] == "trim" {
        wire.without_padding()
    } else {
        wire
    })
}

fn money_wire(column: &NativeColumn, logical: &LogicalType) -> Option<Wire> {
    let places = money_places(without_domain(column));
    match logical {
        LogicalType::Decimal { precision, scale } => Some(Wire::Money {
            places,
            precision: *precision,
            scale: *scale,
        }),
        LogicalType::Text { .. } => Some(Wire::MoneyText(places)),
        _ => None,
    }
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
pub(super) fn natural(column: &NativeColumn) -> Result<Reading, Refusal> {
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
            "money" => return Ok(money(base, whole_money(base))),
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
        let logical = listed(dimensions(base), whole_money(element));
        return Ok(Reading::exact(logical, decode::MONEY_LIST).with(money_note(element)));
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

/// The decimal that holds every amount of money: it is stored in 64 bits.
fn whole_money(column: &NativeColumn) -> LogicalType {
    LogicalType::Decimal {
        precision: 19,
        scale: money_places(column),
    }
}

/// How many places behind the point the stored integer has: a matter of the database's locale, not
/// of the type. Two where nobody said.
fn money_places(column: &NativeColumn) -> u8 {
    let column = if column.base == "money" {
        column
    } else {
        element(column)
    };
    let places = column.private["places"].as_u64();
    places
        .and_then(|places| u8::try_from(places).ok())
        .unwrap_or(2)
}

/// Money as `logical`, by the integer that is stored.
pub(super) fn money(base: &NativeColumn, logical: LogicalType) -> Reading {
    Reading::exact(logical, decode::MONEY).with(money_note(base))
}

fn money_note(column: &NativeColumn) -> Finding {
    let places = money_places(column);
    let message = format!(
        "money has no scale of its own: {places} places behind the point are read, as the \
         database's lc_monetary says"
    );
    Finding::note("MONEY_PLACES", "", message)
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

/// The server's own text.
pub(super) fn as_text(column: &NativeColumn) -> Reading {
    Reading::exact(LogicalType::TEXT, decode::TEXT)
        .at(Fidelity::Widened)
        .by(qualified_cast(column, "text"))
}

/// An array of the server's own texts.
pub(super) fn as_text_list(column: &NativeColumn, base: &NativeColumn) -> Reading {
    Reading::exact(
        listed(dimensions(base), LogicalType::TEXT),
        decode::TEXT_LIST,
    )
    .at(Fidelity::Widened)
    .by(qualified_cast(column, "text[]"))
}

/// The column, cast to a type of the system.
pub(super) fn qualified_cast(column: &NativeColumn, to: &str) -> String {
    format!("{}::pg_catalog.{to}", quote(&column.name))
}

/// Whether `::text` says the same in every session: no instants, which follow its zone, no names,
/// which follow its search path, no money, which follows its locale.
pub(super) fn is_plain_text(column: &NativeColumn) -> bool {
    let follows_session = is_system(column)
        && (matches!(column.base.as_str(), "timestamptz" | "money")
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
        let charset = |name: &str| ColumnChoice {
            charset: Some(name.to_owned()),
            ..ColumnChoice::default()
        };
        let gbk = charset("gbk");
        assert_eq!(refusal(&system("text"), &gbk), ("CHARSET", vec![None]));
        assert_eq!(refusal(&system("int4"), &gbk), ("CHARSET", vec![None]));
        let bytes = NativeColumn {
            charset: Some("SQL_ASCII".to_owned()),
            ..system("text")
        };
        assert_eq!(refusal(&bytes, &charset("klingon")).0, "UNKNOWN_CHARSET");
        assert_eq!(
            PostgresTypes.to_logical(&bytes, &gbk).unwrap().decode,
            "charset:gbk"
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
