//! What a source table looked like when it was last loaded: enough to say, by name, what differs now.

use serde::{Deserialize, Serialize};

use crate::table::{NativeColumn, NativeTable, TableKind};

/// The version of the record that is written.
const VERSION: u32 = 1;

/// A table as it was read, kept with its last successful load. Order, comments and estimates are
/// left out: columns are matched by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableShape {
    /// The form of this record.
    version: u32,
    /// What it was.
    pub kind: TableKind,
    /// All its columns, those left out included.
    pub columns: Vec<ColumnShape>,
    /// Column names of the primary key; empty where there is none.
    pub primary_key: Vec<String>,
}

/// One column of a [`TableShape`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Its type in full, in the source's words: `varchar(20) character set latin1`.
    #[serde(rename = "type")]
    pub type_text: String,
    /// Whether null may stand in it.
    pub nullable: bool,
}

impl TableShape {
    /// The shape of a table as its source describes it.
    pub fn of(table: &NativeTable) -> Self {
        let columns = table.columns.iter().map(|column| ColumnShape {
            name: column.name.clone(),
            type_text: type_words(column),
            nullable: column.nullable,
        });
        Self {
            version: VERSION,
            kind: table.kind,
            columns: columns.collect(),
            primary_key: table.primary_key.clone(),
        }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&ColumnShape> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// What is remembered of a table's last load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastShape {
    /// All that is compared.
    Known(TableShape),
    /// [`NativeTable::fingerprint`] alone, as earlier versions kept it: tells whether something
    /// differs, not what.
    Fingerprint(String),
}

impl LastShape {
    /// Understands what a store holds: a record, or a fingerprint. A record of an unknown version is
    /// a fingerprint that no table has.
    pub fn parse(text: &str) -> Self {
        match serde_json::from_str::<TableShape>(text) {
            Ok(shape) if shape.version == VERSION => Self::Known(shape),
            _ => Self::Fingerprint(text.to_owned()),
        }
    }
}

/// The type with what its text may leave out.
fn type_words(column: &NativeColumn) -> String {
    let mut words = column.type_text.clone();
    let mut add = |word: &str, value: &str| {
        words.push(' ');
        words.push_str(word);
        words.push_str(value);
    };
    if column.unsigned && !column.type_text.contains("unsigned") {
        add("unsigned", "");
    }
    if let Some(charset) = &column.charset {
        add("character set ", charset);
    }
    if let Some(collation) = &column.collation {
        add("collate ", collation);
    }
    if !column.labels.is_empty() {
        add("of ", &format!("({})", column.labels.join(", ")));
    }
    if !column.parts.is_empty() {
        let parts = column.parts.iter().map(|part| match part.name.as_str() {
            "" => type_words(part),
            name => format!("{name} {}", type_words(part)),
        });
        add(
            "of ",
            &format!("({})", parts.collect::<Vec<_>>().join(", ")),
        );
    }
    if column.generated {
        add("generated", "");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::TableName;

    fn table() -> NativeTable {
        let column = |name: &str, type_text: &str| NativeColumn {
            name: name.to_owned(),
            type_text: type_text.to_owned(),
            ..NativeColumn::default()
        };
        let mut mood = column("mood", "mood");
        mood.labels = vec!["sad".to_owned(), "glad".to_owned()];
        let mut tags = column("tags", "_text");
        tags.parts = vec![column("", "text")];
        let mut note = column("note", "varchar(20)");
        note.charset = Some("latin1".to_owned());
        NativeTable {
            name: TableName::new("s", "t"),
            kind: TableKind::Table,
            columns: vec![column("id", "bigint"), mood, tags, note],
            primary_key: vec!["id".to_owned()],
            unique_keys: Vec::new(),
            indexes: Vec::new(),
            comment: None,
            estimated_rows: None,
            estimated_bytes: None,
            findings: Vec::new(),
            private: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_and_keeps_what_a_type_s_text_leaves_out() {
        let shape = TableShape::of(&table());
        let types: Vec<&str> = shape
            .columns
            .iter()
            .map(|column| column.type_text.as_str())
            .collect();
        assert_eq!(
            types,
            [
                "bigint",
                "mood of (sad, glad)",
                "_text of (text)",
                "varchar(20) character set latin1"
            ]
        );
        let text = serde_json::to_string(&shape).unwrap();
        assert_eq!(LastShape::parse(&text), LastShape::Known(shape));
    }

    #[test]
    fn what_earlier_and_later_versions_kept_is_a_fingerprint() {
        let hash = table().fingerprint();
        assert_eq!(LastShape::parse(&hash), LastShape::Fingerprint(hash));
        let later = r#"{"version":2,"kind":"table","columns":[],"primary_key":[]}"#;
        assert_eq!(
            LastShape::parse(later),
            LastShape::Fingerprint(later.to_owned())
        );
    }
}
