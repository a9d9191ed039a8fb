//! Rows by their keys, one by one, as a condition in SQL.

/// `a IN (1, 2)`, or `(a, b) IN ((1, 'x'), (2, 'y'))`; `word` stands before a list of several columns'
/// values. `names` are quoted; `literal` spells the value of the column at that place, `None` where it
/// cannot.
pub(crate) fn condition(
    names: &[String],
    keys: &[Vec<String>],
    word: &str,
    literal: impl Fn(usize, &str) -> Option<String>,
) -> Option<String> {
    if names.is_empty() || keys.is_empty() {
        return None;
    }
    let spelled = keys.iter().map(|key| {
        if key.len() != names.len() {
            return None;
        }
        let values = key.iter().enumerate();
        let values: Option<Vec<String>> =
            values.map(|(place, value)| literal(place, value)).collect();
        let values = values?.join(", ");
        Some(match names.len() {
            1 => values,
            _ => format!("({values})"),
        })
    });
    let list = spelled.collect::<Option<Vec<_>>>()?.join(", ");
    Some(match names {
        [name] => format!("{name} IN ({list})"),
        names => format!("({}) IN ({word}{list})", names.join(", ")),
    })
}

/// The text where it is a whole number in digits.
pub(crate) fn whole_number(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_or_several() {
        let key = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let spell = |_: usize, value: &str| whole_number(value);
        let one = condition(&["a".to_owned()], &[key(&["1"]), key(&["-2"])], "", spell);
        assert_eq!(one.as_deref(), Some("a IN (1, -2)"));
        let names = ["a".to_owned(), "b".to_owned()];
        let two = condition(
            &names,
            &[key(&["1", "2"]), key(&["3", "4"])],
            "VALUES ",
            spell,
        );
        assert_eq!(two.as_deref(), Some("(a, b) IN (VALUES (1, 2), (3, 4))"));
    }

    #[test]
    fn what_is_no_such_value_is_no_condition() {
        let key = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let spell = |_: usize, value: &str| whole_number(value);
        let names = ["a".to_owned()];
        for keys in [
            vec![key(&["1) OR (1"])],
            vec![key(&["1", "2"])],
            vec![],
            vec![key(&["-"])],
        ] {
            assert_eq!(condition(&names, &keys, "", spell), None, "{keys:?}");
        }
        assert_eq!(condition(&[], &[key(&[])], "", spell), None);
    }
}
