//! `${name}`, `${yyyyMMdd-1}`, `$[HH-1/24]` and their values. One pass over the text: what a
//! parameter becomes is never looked at again. `${…}` counts from the business date, `$[…]` from
//! the day of the run, which is the day after.
//!
//! Formats are made of `yyyy`, `MM`, `dd`, `HH` (or `hh24`), `mm` (or `mi`), `ss` and separators;
//! only the case of `MM` and `mm` matters. `mm` without `MM` is the month where there is neither hour
//! nor second, the minute where it stands beside one, and refused where both readings occur. Offsets
//! are days (`-1`) or fractions of a day (`-1/24/60`); `add_months(yyyyMM,-1)` counts in months.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::{Span, ToSpan};
use model::Finding;
use model::migration::ParameterValue;
use model::table::escape_controls;

use crate::slips::nearest;

const SECONDS_PER_DAY: i64 = 86_400;
/// The longest text with its parameters replaced, in bytes.
const LONGEST_EXPANDED: usize = 1024 * 1024;
/// How many parameters a migration may have.
const MOST_PARAMETERS: usize = 1000;
/// After so many placeholders of one text that have no value, the rest is not looked at.
const MOST_FINDINGS: usize = 50;
const BUILT_IN: [&str; 3] = ["bizdate", "yyyyMMdd", "yyyy-MM-dd"];

/// The values that placeholders stand for.
#[derive(Debug, Clone)]
pub struct Parameters {
    bizdate: Date,
    /// By name in lower case.
    user: BTreeMap<String, String>,
    /// What we say ourselves of a table, by name in lower case: goes before the user's, and into any place.
    own: BTreeMap<&'static str, String>,
}

/// Why a placeholder has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    code: &'static str,
    message: String,
    hint: String,
}

/// Where a text goes decides what a value may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into a condition: nothing that could end a literal or begin a comment.
    Condition,
    /// Into a value of its own.
    Value,
}

impl Parameters {
    /// The parameters of one business date, written `yyyymmdd`.
    pub fn new(bizdate: &str, user: &BTreeMap<String, ParameterValue>) -> Result<Self, Finding> {
        let date = (bizdate.len() == 8 && bizdate.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| Date::strptime("%Y%m%d", bizdate).ok())
            .flatten();
        let Some(date) = date else {
            let message = format!("{bizdate:?} is no business date");
            return Err(Finding::blocker("BAD_BIZDATE", "bizdate", message)
                .hint("write a day that exists as yyyymmdd, 20230330 for example"));
        };
        let user = user
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.0.clone()))
            .collect();
        Ok(Self {
            bizdate: date,
            user,
            own: BTreeMap::new(),
        })
    }

    /// The same, and this one of ours, whose name is in lower case.
    pub(crate) fn with(&self, name: &'static str, value: String) -> Self {
        let mut more = self.clone();
        more.own.insert(name, value);
        more
    }

    /// The text with every placeholder replaced, once. Each one that cannot be is a finding at `at`.
    pub fn expand(&self, text: &str, at: &str) -> Result<String, Vec<Finding>> {
        self.expand_in(text, at, Place::Value)
    }

    pub(crate) fn expand_in(
        &self,
        text: &str,
        at: &str,
        place: Place,
    ) -> Result<String, Vec<Finding>> {
        let mut out = String::with_capacity(text.len());
        let mut findings = Vec::new();
        for piece in pieces(text) {
            if findings.len() == MOST_FINDINGS {
                break;
            }
            let (literal, value) = match piece {
                Piece::Text(text) => (text, None),
                Piece::Reference(reference) => ("", Some(self.value(&reference, place))),
            };
            match value {
                None if place == Place::Condition && joins_to_comment(&out, literal) => {
                    findings.push(unsafe_value(at, literal));
                }
                None => out.push_str(literal),
                Some(Ok(value)) if place == Place::Condition && joins_to_comment(&out, &value) => {
                    findings.push(unsafe_value(at, &value));
                }
                Some(Ok(value)) => out.push_str(&value),
                Some(Err(problem)) => findings
                    .push(Finding::blocker(problem.code, at, problem.message).hint(problem.hint)),
            }
            if out.len() > LONGEST_EXPANDED {
                findings.push(too_long(at));
                break;
            }
        }
        if findings.is_empty() {
            Ok(out)
        } else {
            Err(findings)
        }
    }

    fn value(&self, reference: &Reference<'_>, place: Place) -> Result<String, Problem> {
        if let Reference::BusinessDate(text) = reference
            && let Some(value) = self.own.get(text.trim().to_lowercase().as_str())
        {
            return Ok(value.clone());
        }
        let value = match reference {
            Reference::Unclosed(text) => {
                return Err(Problem {
                    code: "UNKNOWN_PARAMETER",
                    message: format!("the parameter that begins with {text:?} has no end"),
                    hint: "close it with } or ]".to_owned(),
                });
            }
            Reference::BusinessDate(text) => match self.user.get(&text.trim().to_lowercase()) {
                Some(value) => Ok(value.clone()),
                None => time_value(text, self.bizdate, true),
            },
            Reference::RunDay(text) => self
                .bizdate
                .tomorrow()
                .map_err(|_| out_of_range(text))
                .and_then(|day| time_value(text, day, false)),
        };
        let value = value.map_err(|problem| self.with_nearest(problem, reference))?;
        match place {
            Place::Condition if is_unsafe(&value) => Err(Problem {
                code: "PARAMETER_UNSAFE",
                message: format!(
                    "the value of parameter {} has a quote, a backslash, a semicolon, a comment mark \
                     or a control character",
                    reference.written()
                ),
                hint: "write such text into the filter itself".to_owned(),
            }),
            _ => Ok(value),
        }
    }

    fn with_nearest(&self, mut problem: Problem, reference: &Reference<'_>) -> Problem {
        if problem.code == "UNKNOWN_PARAMETER" {
            let mut known: Vec<&str> = self.user.keys().map(String::as_str).collect();
            known.extend(BUILT_IN);
            known.extend(self.own.keys());
            let name = reference.inner().trim().to_lowercase();
            problem.hint = match nearest(&name, &known) {
                Some(near) => format!("did you mean ${{{near}}}? {}", problem.hint),
                None => problem.hint,
            };
        }
        problem
    }
}

/// What stands against a migration with more parameters than anybody needs.
pub(crate) fn too_many(parameters: &BTreeMap<String, ParameterValue>) -> Option<Finding> {
    let count = parameters.len();
    (count > MOST_PARAMETERS).then(|| {
        let message = format!("{count} parameters are given");
        let finding = Finding::blocker("OUT_OF_RANGE", "migration.parameters", message);
        finding.hint(format!("write at most {MOST_PARAMETERS}"))
    })
}

fn too_long(at: &str) -> Finding {
    let message = "the text with its parameters replaced has more than 1 MiB";
    Finding::blocker("PARAMETER_TOO_LONG", at, message)
        .hint("shorten the values, or use them less often")
}

/// A text, or a placeholder in it.
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Reference(Reference<'a>),
}

/// A placeholder, by its brackets; its text is what stands between them.
pub(crate) enum Reference<'a> {
    BusinessDate(&'a str),
    RunDay(&'a str),
    Unclosed(&'a str),
}

impl Reference<'_> {
    /// What stands between the brackets.
    pub(crate) fn inner(&self) -> &str {
        match self {
            Self::BusinessDate(text) | Self::RunDay(text) | Self::Unclosed(text) => text,
        }
    }

    /// As it was written, safe to print.
    pub(crate) fn written(&self) -> String {
        let inner = escape_controls(self.inner());
        match self {
            Self::BusinessDate(_) => format!("${{{inner}}}"),
            Self::RunDay(_) => format!("$[{inner}]"),
            Self::Unclosed(_) => inner,
        }
    }
}

/// The text, cut at its placeholders.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut searched = 0;
    while let Some(found) = rest.get(searched..).and_then(|tail| tail.find('$')) {
        let start = searched + found;
        let after = &rest[start + 1..];
        let close = match after.as_bytes().first() {
            Some(b'{') => '}',
            Some(b'[') if !is_json_path(&after[1..]) => ']',
            _ => {
                searched = start + 1;
                continue;
            }
        };
        pieces.push(Piece::Text(&rest[..start]));
        let Some(end) = after.find(close) else {
            let shown = rest[start..]
                .chars()
                .take(20)
                .map(char::len_utf8)
                .sum::<usize>();
            pieces.push(Piece::Reference(Reference::Unclosed(
                &rest[start..start + shown],
            )));
            return pieces;
        };
        let inner = &after[1..end];
        pieces.push(Piece::Reference(if close == '}' {
            Reference::BusinessDate(inner)
        } else {
            Reference::RunDay(inner)
        }));
        rest = &after[end + 1..];
        searched = 0;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// `$[0]`, `$[*]`, `$[last]`: a path into a JSON document, not a parameter.
fn is_json_path(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_digit() || c == '*') || after.starts_with("last")
}

fn is_unsafe(value: &str) -> bool {
    let marks = ["--", "/*", "*/", "#"];
    value
        .chars()
        .any(|c| matches!(c, '\'' | '"' | '`' | '\\' | ';') || c.is_control())
        || marks.iter().any(|mark| value.contains(mark))
}

/// Whether the seam of two texts makes a comment mark that neither of them has.
fn joins_to_comment(before: &str, after: &str) -> bool {
    matches!(
        (before.chars().last(), after.chars().next()),
        (Some('-'), Some('-')) | (Some('/'), Some('*')) | (Some('*'), Some('/'))
    )
}

fn unsafe_value(at: &str, text: &str) -> Finding {
    let start: String = text.chars().take(1).collect();
    let message = format!("a parameter's value and {start:?} beside it make a comment mark");
    Finding::blocker("PARAMETER_UNSAFE", at, message).hint("put a blank between them")
}

fn time_value(text: &str, day: Date, bizdate_known: bool) -> Result<String, Problem> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let unknown = || Problem {
        code: "UNKNOWN_PARAMETER",
        message: format!("unknown parameter {:?}", escape_controls(text)),
        hint: "known are bizdate, the names under parameters, and formats such as yyyyMMdd-1"
            .to_owned(),
    };
    let start = day.at(0, 0, 0, 0);
    if let Some(inner) = lower.strip_prefix("add_months(") {
        let close = inner.find(')').ok_or_else(unknown)?;
        let written = &text["add_months(".len()..][..close];
        let (format, months) = written.rsplit_once(',').ok_or_else(unknown)?;
        let months: i32 = months.trim().parse().map_err(|_| unknown())?;
        let seconds = offset(&inner[close + 1..]).ok_or_else(unknown)?;
        let span = Span::new()
            .try_months(months)
            .map_err(|_| out_of_range(text))?;
        let moved = start.checked_add(span).map_err(|_| out_of_range(text))?;
        return print(format.trim(), shifted(moved, seconds, text)?, &unknown);
    }
    let cut = offset_start(&lower);
    let seconds = offset(&lower[cut..]).ok_or_else(unknown)?;
    let format = match &text[..cut] {
        name if bizdate_known && name.trim().eq_ignore_ascii_case("bizdate") => "yyyyMMdd",
        format => format.trim(),
    };
    print(format, shifted(start, seconds, text)?, &unknown)
}

/// Where a trailing `+1`, `-1/24` begins; the length where there is none.
fn offset_start(text: &str) -> usize {
    let arithmetic = |c: char| c.is_ascii_digit() || matches!(c, '/' | '*' | ' ');
    let head = text.trim_end_matches(arithmetic);
    let tail = &text[head.len()..];
    match head.as_bytes().last() {
        Some(b'+' | b'-') if tail.starts_with(|c: char| c.is_ascii_digit() || c == ' ') => {
            head.len() - 1
        }
        _ => text.len(),
    }
}

/// Seconds of `-1/24/60`, in days; nothing is nothing. `None` where it is no whole number of seconds.
fn offset(text: &str) -> Option<i64> {
    let text: String = text.chars().filter(|c| *c != ' ').collect();
    if text.is_empty() {
        return Some(0);
    }
    let (sign, amount) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (mut above, mut below): (i64, i64) = (SECONDS_PER_DAY, 1);
    let mut multiply = true;
    let mut number = String::new();
    for c in amount.chars().chain(['*']) {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let value: i64 = number.parse().ok()?;
        number.clear();
        if multiply {
            above = above.checked_mul(value)?;
        } else {
            below = below.checked_mul(value)?;
        }
        multiply = c == '*';
    }
    (below != 0 && above % below == 0).then(|| sign * (above / below))
}

fn shifted(moment: DateTime, seconds: i64, text: &str) -> Result<DateTime, Problem> {
    1.seconds()
        .checked_mul(seconds)
        .and_then(|span| moment.checked_add(span))
        .map_err(|_| out_of_range(text))
}

fn out_of_range(text: &str) -> Problem {
    Problem {
        code: "PARAMETER_OUT_OF_RANGE",
        message: format!(
            "parameter {:?} leads out of the years 1 to 9999",
            escape_controls(text)
        ),
        hint: "take a smaller offset".to_owned(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    /// `mm`: month or minute.
    Either,
    Separator(char),
}

fn print(format: &str, moment: DateTime, unknown: &dyn Fn() -> Problem) -> Result<String, Problem> {
    let mut tokens = tokens(format).ok_or_else(unknown)?;
    settle_minutes(&mut tokens, format)?;
    if moment.year() < 1 {
        return Err(out_of_range(format));
    }
    Ok(tokens.iter().fold(String::new(), |out, token| {
        let text = match token {
            Token::Year => format!("{:04}", moment.year()),
            Token::Month | Token::Either => format!("{:02}", moment.month()),
            Token::Day => format!("{:02}", moment.day()),
            Token::Hour => format!("{:02}", moment.hour()),
            Token::Minute => format!("{:02}", moment.minute()),
            Token::Second => format!("{:02}", moment.second()),
            Token::Separator(c) => c.to_string(),
        };
        out + &text
    }))
}

fn tokens(format: &str) -> Option<Vec<Token>> {
    const WORDS: [(&str, Token); 7] = [
        ("yyyy", Token::Year),
        ("dd", Token::Day),
        ("hh24", Token::Hour),
        ("hh", Token::Hour),
        ("mi", Token::Minute),
        ("ss", Token::Second),
        ("mm", Token::Either),
    ];
    let mut tokens = Vec::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let word = WORDS.iter().find(|(word, _)| {
            rest.get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word))
        });
        match word {
            Some((word, Token::Either)) => {
                tokens.push(match &rest[..word.len()] {
                    "MM" => Token::Month,
                    "mm" => Token::Either,
                    _ => return None,
                });
                rest = &rest[word.len()..];
            }
            Some((word, token)) => {
                tokens.push(*token);
                rest = &rest[word.len()..];
            }
            None if matches!(first, '-' | '/' | ':' | '.' | '_' | ' ') => {
                tokens.push(Token::Separator(first));
                rest = &rest[1..];
            }
            None => return None,
        }
    }
    tokens
        .iter()
        .any(|token| !matches!(token, Token::Separator(_)))
        .then_some(tokens)
}

/// Decides each `mm`.
fn settle_minutes(tokens: &mut [Token], format: &str) -> Result<(), Problem> {
    let either = tokens
        .iter()
        .filter(|token| **token == Token::Either)
        .count();
    if either == 0 {
        return Ok(());
    }
    let has = |wanted: Token| tokens.contains(&wanted);
    let minute = if has(Token::Month) {
        true
    } else if !has(Token::Hour) && !has(Token::Second) {
        false
    } else if either == 1 {
        beside_hour_or_second(tokens)
    } else {
        return Err(Problem {
            code: "PARAMETER_AMBIGUOUS",
            message: format!("{format:?} does not tell months from minutes"),
            hint: "write MM for the month and mm for the minute".to_owned(),
        });
    };
    for token in tokens.iter_mut().filter(|token| **token == Token::Either) {
        *token = if minute { Token::Minute } else { Token::Month };
    }
    Ok(())
}

fn beside_hour_or_second(tokens: &[Token]) -> bool {
    let words: Vec<Token> = tokens
        .iter()
        .copied()
        .filter(|token| !matches!(token, Token::Separator(_)))
        .collect();
    words
        .windows(2)
        .any(|pair| pair == [Token::Hour, Token::Either] || pair == [Token::Either, Token::Second])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parameters(user: &[(&str, &str)]) -> Parameters {
        let user = user
            .iter()
            .map(|(name, value)| ((*name).to_owned(), ParameterValue((*value).to_owned())))
            .collect();
        Parameters::new("20230330", &user).unwrap()
    }

    fn check(text: &str, expected: &str) {
        let expanded = parameters(&[("Region", "cn"), ("nested", "${bizdate}")]).expand(text, "x");
        assert_eq!(expanded.as_deref(), Ok(expected), "{text}");
    }

    fn check_refused(text: &str, code: &str) {
        let findings = parameters(&[("Region", "cn")])
            .expand(text, "x")
            .unwrap_err();
        assert_eq!(findings[0].code, code, "{text}");
    }

    #[test]
    fn r7_04_bizdate_and_formats_have_their_two_bases() {
        check("ds=${bizdate}", "ds=20230330");
        check("${BizDate}/${bizdate-1}", "20230330/20230329");
        check("${yyyyMMdd} $[yyyyMMdd]", "20230330 20230331");
        check("${yyyy-MM-dd}", "2023-03-30");
        check("${YYYY}${MM}${DD}", "20230330");
        check("$[yyyy-MM-dd HH:mm:ss]", "2023-03-31 00:00:00");
        check("$[hh24:mi:ss]", "00:00:00");
    }

    #[test]
    fn r7_04_offsets_are_days_and_fractions_of_a_day() {
        check("${yyyyMMdd-1}", "20230329");
        check("${yyyyMMdd + 2}", "20230401");
        check("${yyyy-MM-dd-30}", "2023-02-28");
        check("$[HH-1/24]", "23");
        check("${HHmmss-1/24/60}", "235900");
        check("$[yyyyMMddHHmmss+3*1/24]", "20230331030000");
        check("${add_months(yyyyMMdd,-1)}", "20230228");
        check("${add_months(yyyyMM, 10)}", "202401");
        check_refused("${yyyyMMdd-1/7/11}", "UNKNOWN_PARAMETER");
        check_refused("${yyyyMMdd-1/0}", "UNKNOWN_PARAMETER");
        check_refused("${yyyyMMdd-99999999}", "PARAMETER_OUT_OF_RANGE");
        check_refused("${yyyyMMdd-999999}", "PARAMETER_OUT_OF_RANGE");
    }

    #[test]
    fn r7_04_mm_is_month_or_minute_and_never_guessed() {
        check("${yyyymmdd}", "20230330");
        check("${yyyy-mm}", "2023-03");
        check("$[HHmm]", "0000");
        check("$[yyyyMMdd HH:mm]", "20230331 00:00");
        check("$[yyyymmdd HH]", "20230331 00");
        check_refused("$[yyyymmddHHmmss]", "PARAMETER_AMBIGUOUS");
        check_refused("${yyyyMmdd}", "UNKNOWN_PARAMETER");
    }

    #[test]
    fn r7_04_user_parameters_win_and_their_names_have_no_case() {
        check("${region} ${REGION}", "cn cn");
        let mine = parameters(&[("bizdate", "ABC")]);
        assert_eq!(mine.expand("${BIZDATE}", "x").unwrap(), "ABC");
    }

    #[test]
    fn r7_04_unknown_parameters_are_refused_with_the_nearest() {
        let findings = parameters(&[("region", "cn")])
            .expand("${regoin} ${bizdat} ${zzzzzz}", "here")
            .unwrap_err();
        let hints: Vec<String> = findings.iter().filter_map(|f| f.hint.clone()).collect();
        assert!(hints[0].starts_with("did you mean ${region}?"), "{hints:?}");
        assert!(
            hints[1].starts_with("did you mean ${bizdate}?"),
            "{hints:?}"
        );
        assert!(hints[2].starts_with("known are"), "{hints:?}");
        assert!(
            findings
                .iter()
                .all(|f| f.code == "UNKNOWN_PARAMETER" && f.at == "here")
        );
        check_refused("${bizdate", "UNKNOWN_PARAMETER");
        check_refused("${}", "UNKNOWN_PARAMETER");
    }

    #[test]
    fn dollars_that_begin_no_parameter_stay() {
        for text in [
            "$",
            "a$b",
            "$1",
            "'$[0]' '$[*].a' '$[last]'",
            "$$x$$",
            "100 $",
        ] {
            check(text, text);
        }
        check("$${bizdate}", "$20230330");
    }

    #[test]
    fn values_are_never_expanded_again() {
        check("${nested}", "${bizdate}");
    }

    #[test]
    fn values_that_could_end_a_literal_are_refused_in_conditions() {
        for value in [
            "x' or '1'='1",
            "a\"",
            "a`",
            "a\\",
            "a;b",
            "a--b",
            "/*",
            "*/",
            "#",
            "a\n",
        ] {
            let findings = parameters(&[("p", value)])
                .expand_in("c = '${p}'", "x", Place::Condition)
                .unwrap_err();
            assert_eq!(findings[0].code, "PARAMETER_UNSAFE", "{value:?}");
        }
        for (text, value) in [
            ("a -${p}", "-1"),
            ("${p}- 1", "-"),
            ("/${p}", "*"),
            ("${p}${p}", "-"),
        ] {
            let expanded = parameters(&[("p", value)]).expand_in(text, "x", Place::Condition);
            assert!(expanded.is_err(), "{text} {value}");
        }
        let fine = parameters(&[("p", "-1.5e3 ü /")]).expand_in("${p} a", "x", Place::Condition);
        assert_eq!(fine.as_deref(), Ok("-1.5e3 ü / a"));
    }

    #[test]
    fn a_business_date_must_exist() {
        for text in ["20230230", "2023-03-30", "", "202303301", "abcdefgh"] {
            let finding = Parameters::new(text, &BTreeMap::new()).unwrap_err();
            assert_eq!(finding.code, "BAD_BIZDATE", "{text}");
        }
    }

    #[test]
    fn what_parameters_become_has_an_end() {
        let long = "x".repeat(1000);
        let known = parameters(&[("a", &long)]);
        let codes = |text: &str| -> Vec<String> {
            let findings = known.expand(text, "x").unwrap_err();
            findings.into_iter().map(|finding| finding.code).collect()
        };
        assert_eq!(codes(&"${a}".repeat(200_000)), ["PARAMETER_TOO_LONG"]);
        assert!(known.expand(&"${a}".repeat(1_000), "x").is_ok());
        assert_eq!(codes(&"${nope}".repeat(200_000)).len(), MOST_FINDINGS);
    }

    proptest! {
        #[test]
        fn one_pass_whatever_the_values_hold(before in "[a-z ]{0,5}", value in ".{0,20}", after in "[a-z ]{0,5}") {
            let text = format!("{before}${{p}}{after}");
            let expanded = parameters(&[("p", &value)]).expand(&text, "x").unwrap();
            prop_assert_eq!(expanded, format!("{before}{value}{after}"));
        }

        #[test]
        fn no_text_makes_it_panic(text in r"[$\[\]{}ymMdHs0-9/*+,() é-]{0,30}") {
            let _ = parameters(&[]).expand(&text, "x");
        }
    }
}
