//! One column as `information_schema` describes it, and what its printed type holds that no other
//! field tells: labels, unsigned, display width of bits.

use model::NativeColumn;
use serde_json::json;

/// What `information_schema.COLUMNS` says of a column.
pub(crate) struct ColumnRow {
    pub(crate) name: String,
    pub(crate) column_type: String,
    pub(crate) data_type: String,
    pub(crate) nullable: bool,
    pub(crate) characters: Option<u64>,
    pub(crate) numeric_precision: Option<u32>,
    pub(crate) numeric_scale: Option<i32>,
    pub(crate) datetime_precision: Option<u32>,
    pub(crate) charset: Option<String>,
    pub(crate) collation: Option<String>,
    pub(crate) extra: String,
    pub(crate) comment: String,
    pub(crate) privileges: String,
}

impl ColumnRow {
    /// The column in the product's words.
    pub(crate) fn native(self) -> NativeColumn {
        let base = self.data_type.to_ascii_lowercase();
        let labelled = matches!(base.as_str(), "enum" | "set");
        let labels = if labelled {
            labels(&self.column_type)
        } else {
            Vec::new()
        };
        let attributes = self.column_type.rsplit(')').next().unwrap_or_default();
        let unsigned = !labelled
            && attributes
                .to_ascii_lowercase()
                .split(' ')
                .any(|word| word == "unsigned")
            || self.column_type.eq_ignore_ascii_case("serial");
        let extra = self.extra.to_ascii_uppercase();
        let mut private = serde_json::Map::new();
        if !self
            .privileges
            .split(',')
            .any(|right| right.trim() == "select")
        {
            private.insert("unreadable".to_owned(), json!(true));
        }
        if extra.contains("INVISIBLE") {
            private.insert("invisible".to_owned(), json!(true));
        }
        NativeColumn {
            name: self.name,
            type_text: self.column_type,
            precision: self.numeric_precision.or(self.datetime_precision),
            scale: self.numeric_scale,
            length: self.characters,
            unsigned,
            charset: self.charset,
            collation: self.collation,
            labels,
            parts: Vec::new(),
            nullable: self.nullable,
            generated: extra.contains(" GENERATED"),
            comment: Some(self.comment).filter(|comment| !comment.is_empty()),
            private: match private.is_empty() {
                true => serde_json::Value::Null,
                false => serde_json::Value::Object(private),
            },
            base,
        }
    }
}

/// The type of the column that is put beside each geometry column: the number of its reference system,
/// which stands in front of the shape and is no part of its WKB.
pub(crate) const SRID: &str = "srid";

/// Whether a type of that name holds shapes.
pub(crate) fn is_geometry(base: &str) -> bool {
    matches!(
        base,
        "geometry"
            | "point"
            | "linestring"
            | "polygon"
            | "multipoint"
            | "multilinestring"
            | "multipolygon"
            | "geometrycollection"
            | "geomcollection"
    )
}

/// The geometry column that a column of type [`SRID`] belongs to.
pub(crate) fn srid_of(column: &NativeColumn) -> Option<&str> {
    column.private.get("srid-of")?.as_str()
}

/// The columns, each of shapes followed by that of its reference system: `place`, `place_srid`.
pub(crate) fn with_srids(columns: Vec<NativeColumn>) -> Vec<NativeColumn> {
    let taken: Vec<String> = columns
        .iter()
        .map(|column| column.name.to_lowercase())
        .collect();
    let free = |name: &str| !taken.contains(&name.to_lowercase());
    let mut all = Vec::with_capacity(columns.len());
    for column in columns {
        let srid = (is_geometry(&column.base) && !is_unreadable(&column)).then(|| {
            let plain = format!("{}_srid", column.name);
            let numbered = (2..).map(|number| format!("{plain}_{number}"));
            let name = std::iter::once(plain.clone())
                .chain(numbered)
                .find(|name| free(name));
            NativeColumn {
                name: name.unwrap_or(plain),
                type_text: format!("SRID of {}", column.type_text),
                base: SRID.to_owned(),
                nullable: column.nullable,
                generated: true,
                private: json!({ "srid-of": column.name }),
                ..NativeColumn::default()
            }
        });
        all.push(column);
        all.extend(srid);
    }
    all
}

/// Whether the user may not read this column.
pub(crate) fn is_unreadable(column: &NativeColumn) -> bool {
    column.private.get("unreadable").is_some()
}

/// The labels of `enum('a','it''s')`; the server doubles quotes and escapes by backslash.
fn labels(column_type: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut characters = column_type.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\'' {
            continue;
        }
        let mut label = String::new();
        while let Some(character) = characters.next() {
            match character {
                '\'' if characters.peek() == Some(&'\'') => {
                    characters.next();
                    label.push('\'');
                }
                '\'' => break,
                '\\' => label.extend(characters.next().map(unescaped)),
                other => label.push(other),
            }
        }
        labels.push(label);
    }
    labels
}

fn unescaped(character: char) -> char {
    match character {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'Z' => '\u{1a}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(column_type: &str, expected: &[&str]) {
        assert_eq!(labels(column_type), expected, "{column_type}");
    }

    #[test]
    fn labels_are_whatever_stands_between_quotes() {
        check(
            "enum('a','B','with,comma','with''quote','','1')",
            &["a", "B", "with,comma", "with'quote", "", "1"],
        );
        check(r"enum('a\\b','x\ny','n\0l')", &["a\\b", "x\ny", "n\0l"]);
        check("set('中文','''''')", &["中文", "''"]);
    }

    #[test]
    fn a_shape_is_followed_by_its_reference_system() {
        let column = |name: &str, base: &str| NativeColumn {
            name: name.to_owned(),
            base: base.to_owned(),
            ..NativeColumn::default()
        };
        let columns = with_srids(vec![
            column("id", "int"),
            column("Place", "point"),
            column("place_SRID", "int"),
            column("area", "polygon"),
        ]);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "id",
                "Place",
                "Place_srid_2",
                "place_SRID",
                "area",
                "area_srid"
            ]
        );
        assert_eq!(srid_of(&columns[2]), Some("Place"));
        assert_eq!(srid_of(&columns[3]), None);
    }

    #[test]
    fn unsigned_is_an_attribute_and_not_a_label() {
        let row = |data_type: &str, column_type: &str| ColumnRow {
            name: "c".to_owned(),
            column_type: column_type.to_owned(),
            data_type: data_type.to_owned(),
            nullable: true,
            characters: None,
            numeric_precision: None,
            numeric_scale: None,
            datetime_precision: None,
            charset: None,
            collation: None,
            extra: String::new(),
            comment: String::new(),
            privileges: "select".to_owned(),
        };
        assert!(row("int", "int(10) unsigned zerofill").native().unsigned);
        assert!(row("bigint", "bigint unsigned").native().unsigned);
        assert!(!row("int", "int(10)").native().unsigned);
        assert!(!row("enum", "enum('x) unsigned')").native().unsigned);
        assert!(!row("bigint", "bigint").native().unsigned);
    }
}
