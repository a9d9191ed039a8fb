//! The types that a person may ask a column to be read as: `columns: { amount: { as: text } }`.

use std::fmt;

/// A type asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Boolean,
    /// So many bits, signed.
    Integer(u8),
    /// Precision and scale.
    Decimal(u8, u8),
    Float32,
    Float64,
    Text,
    /// Texts in order.
    TextList,
    Binary,
    Date,
    Time,
    Timestamp,
    Uuid,
    Json,
}

impl Choice {
    /// Understands the words of SQL and of our own logical types; `None` for any other.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (word, arguments) = match text.split_once('(') {
            Some((word, rest)) => (word.trim(), Some(rest.strip_suffix(')')?)),
            None => (text.as_str(), None),
        };
        if let "decimal" | "numeric" = word {
            return Self::decimal(arguments?);
        }
        if arguments.is_some() {
            return None;
        }
        Some(match word {
            "boolean" | "bool" => Self::Boolean,
            "tinyint" | "int8" => Self::Integer(8),
            "smallint" | "int16" => Self::Integer(16),
            "int" | "integer" | "int32" => Self::Integer(32),
            "bigint" | "int64" | "long" => Self::Integer(64),
            "float" | "real" | "float32" => Self::Float32,
            "double" | "float64" => Self::Float64,
            "text" | "string" => Self::Text,
            "list<text>" | "list<string>" => Self::TextList,
            "binary" | "bytes" => Self::Binary,
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" | "datetime" | "instant" => Self::Timestamp,
            "uuid" => Self::Uuid,
            "json" => Self::Json,
            _ => return None,
        })
    }

    fn decimal(arguments: &str) -> Option<Self> {
        let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
        let precision: u8 = precision.trim().parse().ok()?;
        let scale: u8 = scale.trim().parse().ok()?;
        (1..=38).contains(&precision).then_some(())?;
        (scale <= precision).then_some(Self::Decimal(precision, scale))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Integer(bits) => write!(f, "int{bits}"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Text => f.write_str("text"),
            Self::TextList => f.write_str("list<text>"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Uuid => f.write_str("uuid"),
            Self::Json => f.write_str("json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_they_mean() {
        for (text, expected) in [
            ("text", Some(Choice::Text)),
            (" BIGINT ", Some(Choice::Integer(64))),
            ("decimal(38,10)", Some(Choice::Decimal(38, 10))),
            ("numeric( 9 )", Some(Choice::Decimal(9, 0))),
            ("list<text>", Some(Choice::TextList)),
            ("list<int>", None),
            ("decimal(39,0)", None),
            ("decimal(5,6)", None),
            ("decimal", None),
            ("text(5)", None),
            ("mediumblob", None),
        ] {
            assert_eq!(Choice::parse(text), expected, "{text}");
        }
    }
}
