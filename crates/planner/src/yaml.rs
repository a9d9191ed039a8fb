//! Pieces of a migration file to paste, for hints: names quoted where YAML's flow style needs it.

use model::TableName;
use model::migration::ColumnChoice;

/// A scalar: plain where that is safe, else in double quotes.
pub(crate) fn scalar(text: &str) -> String {
    let plain = text
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if plain && !word {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// In double quotes, whatever it holds.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A table as `each[].table` and `listed` take it.
pub(crate) fn table(name: &TableName) -> String {
    if name.schema.contains('.') {
        return parts(name);
    }
    scalar(&format!("{}.{}", name.schema, name.table))
}

/// A table, schema and name apart.
pub(crate) fn parts(name: &TableName) -> String {
    let (schema, table) = (scalar(&name.schema), scalar(&name.table));
    format!("{{ schema: {schema}, table: {table} }}")
}

/// `each: […]` with one column's choice.
pub(crate) fn column_choice(name: &TableName, column: &str, choice: &ColumnChoice) -> String {
    column_choices(name, &[(column, choice)])
}

/// `each: […]` with the choices of several columns of one table.
pub(crate) fn column_choices(name: &TableName, choices: &[(&str, &ColumnChoice)]) -> String {
    let choices: Vec<String> = choices
        .iter()
        .map(|(column, choice)| format!("{}: {{ {} }}", scalar(column), words(choice)))
        .collect();
    format!(
        "each: [{{ table: {}, columns: {{ {} }} }}]",
        table(name),
        choices.join(", ")
    )
}

fn words(choice: &ColumnChoice) -> String {
    let mut parts = Vec::new();
    if let Some(read_as) = &choice.read_as {
        parts.push(format!("as: {}", scalar(read_as)));
    }
    if let Some(charset) = &choice.charset {
        parts.push(format!("charset: {}", scalar(charset)));
    }
    if choice.skip {
        parts.push("skip: true".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_yaml_needs_it() {
        for (text, expected) in [
            ("orders", "orders"),
            ("public.orders", "public.orders"),
            ("no", "\"no\""),
            ("a b", "\"a b\""),
            ("decimal(38,10)", "\"decimal(38,10)\""),
            ("1st", "\"1st\""),
            ("a\"b\\", "\"a\\\"b\\\\\""),
            ("a\nb", "\"a\\U0000000ab\""),
            ("编号", "\"编号\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn a_schema_with_a_dot_is_written_apart() {
        let name = TableName::new("a.b", "c");
        assert_eq!(table(&name), "{ schema: a.b, table: c }");
        assert_eq!(table(&TableName::new("a", "b.c")), "a.b.c");
    }
}
