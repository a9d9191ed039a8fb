//! Declared types to logical types. SQLite stores any value anywhere; the declared type decides
//! what a column is read as, and what does not fit it is rejected row by row.

use contract::{Holding, Reading, Refusal, TypeMapping};
use model::logical_type::MAX_DECIMAL_PRECISION;
use model::migration::ColumnChoice;
use model::plan::Fidelity;
use model::{LogicalType, NativeColumn};

use super::decode::Decode;

/// SQLite's types.
pub(super) struct SqliteTypes;

impl TypeMapping for SqliteTypes {
    fn to_logical(&self, column: &NativeColumn, choice: &ColumnChoice) -> Result<Reading, Refusal> {
        if let Some(charset) = &choice.charset {
            let reason = format!(
                "text in SQLite is UTF-8 or UTF-16, as the file says; it is not decoded as {charset:?}"
            );
            return Err(Refusal::new("CHARSET", reason).propose("binary"));
        }
        match &choice.read_as {
            Some(read_as) => chosen(column, read_as),
            None => declared(&column.type_text).map_err(|problem| problem.refusal(column)),
        }
    }

    fn to_native(&self, logical: &LogicalType) -> Result<Holding, Refusal> {
        let reason = format!("SQLite is not written to, so it holds no {logical}");
        Err(Refusal::new("UNSUPPORTED", reason))
    }
}

/// A declared type in its parts: `DECIMAL(15, 2)` is `decimal` with 15 and 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeclaredType {
    /// Lower case, blanks reduced to one.
    pub(super) base: String,
    /// The numbers in parentheses; `None` where there is something else in them.
    pub(super) numbers: Option<Vec<u32>>,
}

impl DeclaredType {
    pub(super) fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (words, numbers) = match lower.split_once('(') {
            None => (lower.clone(), Some(Vec::new())),
            Some((before, rest)) => {
                let (inside, after) = rest.rsplit_once(')').unwrap_or((rest, ""));
                let numbers = inside.split(',').map(|part| part.trim().parse().ok());
                (format!("{before} {after}"), numbers.collect())
            }
        };
        let base = words.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { base, numbers }
    }
}

/// Why a declared type says too little.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Undeclared,
    Unknown,
    /// DECIMAL without digits.
    Unbounded,
    /// DECIMAL with more digits than travel, or more places than digits.
    Precision,
}

fn declared(type_text: &str) -> Result<Reading, Problem> {
    let DeclaredType { base, numbers } = DeclaredType::parse(type_text);
    if base.is_empty() {
        return Err(Problem::Undeclared);
    }
    let (logical, decode) = match base.as_str() {
        "int" | "integer" | "bigint" | "tinyint" | "smallint" | "mediumint" | "int2" | "int4"
        | "int8" | "int64" | "unsigned big int" | "unsigned bigint" | "bigint unsigned"
        | "int unsigned" | "integer unsigned" | "unsigned int" | "unsigned integer"
        | "smallint unsigned" | "tinyint unsigned" => (LogicalType::int(64), Decode::Integer),
        "boolean" | "bool" => (LogicalType::Boolean, Decode::Boolean),
        "decimal" | "numeric" | "dec" | "number" => decimal(numbers.as_deref())?,
        "real" | "double" | "float" | "double precision" | "float4" | "float8" | "float64" => {
            (LogicalType::Float64, Decode::Real)
        }
        "text" | "varchar" | "char" | "clob" | "nvarchar" | "nchar" | "character" | "nclob"
        | "character varying" | "varying character" | "native character" | "varchar2"
        | "nvarchar2" | "tinytext" | "mediumtext" | "longtext" | "ntext" => {
            (LogicalType::TEXT, Decode::Text)
        }
        "blob" | "binary" | "varbinary" | "bytea" | "tinyblob" | "mediumblob" | "longblob" => {
            (LogicalType::Binary, Decode::Blob)
        }
        "date" => (LogicalType::Date, Decode::Date),
        "time" | "time without time zone" => (LogicalType::Time { precision: 6 }, Decode::Time),
        "datetime" | "timestamp" | "timestamp without time zone" | "datetime2" => (
            LogicalType::Timestamp {
                precision: 6,
                zoned: false,
            },
            Decode::Timestamp,
        ),
        "timestamptz" | "timestamp with time zone" | "datetimeoffset" | "instant" => (
            LogicalType::Timestamp {
                precision: 6,
                zoned: true,
            },
            Decode::Instant,
        ),
        "uuid" | "guid" | "uniqueidentifier" => (LogicalType::Uuid, Decode::Uuid),
        "json" => (LogicalType::Json, Decode::Json),
        _ => return Err(Problem::Unknown),
    };
    Ok(Reading::exact(logical, decode.word()))
}

fn decimal(numbers: Option<&[u32]>) -> Result<(LogicalType, Decode), Problem> {
    let (precision, scale) = match numbers {
        Some([precision]) => (*precision, 0),
        Some([precision, scale]) => (*precision, *scale),
        _ => return Err(Problem::Unbounded),
    };
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision), Ok(scale))
            if (1..=MAX_DECIMAL_PRECISION).contains(&precision) && scale <= precision =>
        {
            Ok((LogicalType::Decimal { precision, scale }, Decode::Decimal))
        }
        _ => Err(Problem::Precision),
    }
}

/// What a person chose. Text takes numbers, too, in digits that say them exactly; binary takes
/// text's bytes; anything else is as strict as if it had been declared.
fn chosen(column: &NativeColumn, read_as: &str) -> Result<Reading, Refusal> {
    let reading = declared(read_as).map_err(|problem| match problem {
        Problem::Unbounded | Problem::Precision => problem.refusal(column),
        _ => {
            let reason = format!("{read_as:?} is no type that a column can be read as");
            proposals(Refusal::new("UNKNOWN_TYPE", reason), column)
        }
    })?;
    let as_declared = declared(&column.type_text).is_ok_and(|was| was == reading);
    Ok(match reading.logical {
        _ if as_declared => reading,
        LogicalType::Text { .. } => {
            Reading::exact(LogicalType::TEXT, Decode::AnyText.word()).at(Fidelity::Widened)
        }
        LogicalType::Binary => {
            Reading::exact(LogicalType::Binary, Decode::AnyBytes.word()).at(Fidelity::Widened)
        }
        _ => reading,
    })
}

impl Problem {
    fn refusal(self, column: &NativeColumn) -> Refusal {
        let name = model::table::escape_controls(&column.type_text);
        match self {
            Self::Undeclared => {
                let reason = "the column has no declared type, so any value may stand in it";
                proposals(Refusal::new("UNDECLARED_TYPE", reason), column)
            }
            Self::Unknown => {
                let reason = format!("{name:?} is no type that says what the column holds");
                proposals(Refusal::new("UNKNOWN_TYPE", reason), column)
            }
            Self::Unbounded => {
                let reason = format!("{name:?} does not say how many digits there may be");
                Refusal::new("DECIMAL_PRECISION", reason)
                    .propose("text")
                    .propose("decimal(38,10)")
                    .propose("double")
            }
            Self::Precision => {
                let reason = format!(
                    "{name:?} does not fit decimal(p,s) with 0 <= s <= p <= {MAX_DECIMAL_PRECISION}"
                );
                Refusal::new("DECIMAL_PRECISION", reason).propose("text")
            }
        }
    }
}

/// What the affinity that SQLite derives from the name makes likely comes first.
fn proposals(refusal: Refusal, column: &NativeColumn) -> Refusal {
    let name = column.type_text.to_ascii_uppercase();
    let likely: &[&str] = if name.contains("INT") {
        &["integer", "text"]
    } else if name.contains("BLOB") {
        &["binary", "text"]
    } else if ["REAL", "FLOA", "DOUB"]
        .iter()
        .any(|part| name.contains(part))
    {
        &["double", "text"]
    } else {
        &["text", "integer", "double", "binary"]
    };
    likely
        .iter()
        .fold(refusal, |refusal, choice| refusal.propose(*choice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(type_text: &str, read_as: Option<&str>) -> Result<Reading, Refusal> {
        let column = NativeColumn {
            type_text: type_text.to_owned(),
            ..NativeColumn::default()
        };
        let choice = ColumnChoice {
            read_as: read_as.map(str::to_owned),
            ..ColumnChoice::default()
        };
        SqliteTypes.to_logical(&column, &choice)
    }

    #[test]
    fn the_declared_type_decides() {
        for (declared, logical, decode) in [
            ("INTEGER", "int64", "integer"),
            ("int", "int64", "integer"),
            ("TINYINT(1)", "int64", "integer"),
            ("BIGINT  UNSIGNED", "int64", "integer"),
            ("BIGINT(20) UNSIGNED", "int64", "integer"),
            ("Boolean", "boolean", "boolean"),
            ("DECIMAL(15,2)", "decimal(15,2)", "decimal"),
            ("numeric ( 38 , 38 )", "decimal(38,38)", "decimal"),
            ("DECIMAL(9)", "decimal(9,0)", "decimal"),
            ("DOUBLE PRECISION", "float64", "real"),
            ("FLOAT", "float64", "real"),
            ("VARCHAR(20)", "text", "text"),
            ("CHARACTER VARYING(20)", "text", "text"),
            ("BLOB", "binary", "blob"),
            ("DATE", "date", "date"),
            ("DATETIME", "timestamp(6)", "timestamp"),
            ("TIMESTAMP WITH TIME ZONE", "instant(6)", "instant"),
            ("TIMESTAMP(3) WITH TIME ZONE", "instant(6)", "instant"),
            ("TIME", "time(6)", "time"),
            ("UUID", "uuid", "uuid"),
            ("JSON", "json", "json"),
        ] {
            let reading = read(declared, None).unwrap();
            assert_eq!(
                (
                    reading.logical.to_string().as_str(),
                    reading.decode.as_str()
                ),
                (logical, decode),
                "{declared}"
            );
            assert_eq!(reading.fidelity, Fidelity::Exact);
        }
    }

    #[test]
    fn what_says_too_little_is_refused_with_proposals() {
        for (declared, code, first) in [
            ("", "UNDECLARED_TYPE", "text"),
            ("STRING", "UNKNOWN_TYPE", "text"),
            ("ANY", "UNKNOWN_TYPE", "text"),
            ("POINT", "UNKNOWN_TYPE", "integer"),
            ("NUMERIC", "DECIMAL_PRECISION", "text"),
            ("DECIMAL(39,2)", "DECIMAL_PRECISION", "text"),
            ("DECIMAL(5,7)", "DECIMAL_PRECISION", "text"),
            ("DECIMAL(10,-2)", "DECIMAL_PRECISION", "text"),
        ] {
            let refusal = read(declared, None).unwrap_err();
            assert_eq!(refusal.code, code, "{declared}");
            assert_eq!(refusal.proposals[0].read_as.as_deref(), Some(first));
            assert!(refusal.proposals.last().unwrap().skip);
        }
    }

    #[test]
    fn every_proposal_is_accepted() {
        for declared in [
            "",
            "STRING",
            "POINT",
            "GEOBLOB",
            "XDOUBLE",
            "NUMERIC",
            "DECIMAL(60)",
        ] {
            for proposal in read(declared, None).unwrap_err().proposals {
                if let Some(read_as) = proposal.read_as {
                    assert!(
                        read(declared, Some(&read_as)).is_ok(),
                        "{declared} as {read_as}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_choice_of_text_takes_numbers_too() {
        assert_eq!(read("", Some("text")).unwrap().decode, "any-text");
        assert_eq!(
            read("INTEGER", Some("text")).unwrap().fidelity,
            Fidelity::Widened
        );
        assert_eq!(read("TEXT", Some("text")).unwrap().decode, "text");
        assert_eq!(read("TEXT", Some("binary")).unwrap().decode, "any-bytes");
        assert_eq!(
            read("INTEGER", Some("txet")).unwrap_err().code,
            "UNKNOWN_TYPE"
        );
    }

    #[test]
    fn a_charset_is_refused() {
        let choice = ColumnChoice {
            charset: Some("gbk".to_owned()),
            ..ColumnChoice::default()
        };
        let refusal = SqliteTypes.to_logical(&NativeColumn::default(), &choice);
        assert_eq!(refusal.unwrap_err().code, "CHARSET");
    }
}
