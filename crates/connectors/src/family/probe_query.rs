//! One table's figures by one aggregate query, for servers that speak SQL: what each row adds is told
//! inside, what it amounts to outside, so that nothing but small numbers is kept at the server.

use std::time::Duration;

use async_trait::async_trait;
use contract::{
    CancellationToken, ColumnProbe, Extent, ProbeColumn, ProbeLimits, ProbeRequest, TableProbe,
};
use model::{Error, Result};

/// A table whose look took too long is looked at once more, at so few rows.
const SMALL_LOOK: u64 = 10_000;
/// Figures in one query; servers limit the columns of a result.
const FIGURES_AT_ONCE: usize = 400;

/// What a figure tells of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tells {
    Values,
    IntegerDigits,
    Scale,
    LongestBytes,
    Rejected(&'static str),
    Warned(&'static str),
    /// By a type that a person may choose.
    RejectedAs(&'static str),
}

/// What is asked of a row: a condition for what is counted, a number for what is the most.
pub(crate) type Question = (Tells, String);

impl Tells {
    pub(crate) fn of(self, of_row: impl Into<String>) -> Question {
        (self, of_row.into())
    }

    /// Whether it is the most that counts, and not how many.
    pub(crate) fn is_most(&self) -> bool {
        matches!(self, Self::IntegerDigits | Self::Scale | Self::LongestBytes)
    }
}

/// One figure: what it tells of which of the request's columns, and what a row adds to it.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) column: usize,
    pub(crate) tells: Tells,
    pub(crate) of_row: String,
}

/// Every question that the types of the request's columns leave open, and of those columns how many
/// rows hold a value.
pub(crate) fn figures(
    request: &ProbeRequest,
    quote: impl Fn(&str) -> String,
    open: impl Fn(&ProbeColumn) -> Vec<Question>,
) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (index, column) in request.columns.iter().enumerate() {
        let open = open(column);
        if open.is_empty() {
            continue;
        }
        let values = Tells::Values.of(format!("{} IS NOT NULL", quote(&column.native.name)));
        let all = std::iter::once(values).chain(open);
        figures.extend(all.map(|(tells, of_row)| Figure {
            column: index,
            tells,
            of_row,
        }));
    }
    figures
}

/// How a server's SQL differs where the query needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelling {
    /// What figures are cast to: 64 bits, signed.
    pub(crate) integer: &'static str,
}

/// What rows are taken from, as it stands behind FROM.
#[derive(Debug, Clone)]
pub(crate) struct Relations {
    pub(crate) whole: String,
    /// Rows from all over the table, where the server can do that and the table is too large.
    pub(crate) sample: Option<String>,
}

/// What a server answers.
pub(crate) enum Answer {
    Figures(Vec<Option<u64>>),
    /// It was stopped, for it took too long.
    TimeIsOver,
}

/// A session that can be stopped.
#[async_trait]
pub(crate) trait Asks: Send {
    /// The one row of numbers that `statement` gives. Past `patience`, and on cancel, the query is
    /// stopped at the server before this returns; an error where it was cancelled.
    async fn ask(
        &mut self,
        statement: &str,
        patience: Duration,
        cancel: &CancellationToken,
    ) -> Result<Answer>;
}

/// One table's figures, and what rows they are of.
pub(crate) struct Look<'a> {
    pub(crate) request: &'a ProbeRequest,
    pub(crate) figures: &'a [Figure],
    pub(crate) relations: Relations,
    pub(crate) spelling: Spelling,
}

impl Look<'_> {
    /// Looks, at fewer rows where it takes too long. An error where all were cancelled; what goes wrong
    /// with this table alone is its trouble.
    pub(crate) async fn take(
        &self,
        session: &mut dyn Asks,
        limits: &ProbeLimits,
        patience: Duration,
    ) -> Result<TableProbe> {
        let mut probe = TableProbe::unseen(self.request.table.name.clone());
        if self.figures.is_empty() {
            return Ok(probe);
        }
        let first = self
            .relations
            .sample
            .as_ref()
            .unwrap_or(&self.relations.whole);
        let seen = self.look(session, (first, limits.rows), patience * 3 / 4, limits);
        let error = match seen.await {
            Ok(Some(seen)) if self.relations.sample.is_none() || seen.rows > 0 => {
                self.tell(
                    &mut probe,
                    &seen,
                    limits.rows,
                    self.relations.sample.is_some(),
                );
                return Ok(probe);
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        if limits.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        if let Some(error) = error {
            probe.trouble = Some(error.message);
            return Ok(probe);
        }
        let rows = limits.rows.min(SMALL_LOOK);
        let seen = self.look(session, (&self.relations.whole, rows), patience / 4, limits);
        match seen.await {
            Ok(Some(seen)) => self.tell(&mut probe, &seen, rows, false),
            Ok(None) => probe.trouble = Some("its share of the time was over".to_owned()),
            Err(_) if limits.cancel.is_cancelled() => return Err(Error::cancelled()),
            Err(error) => probe.trouble = Some(error.message),
        }
        Ok(probe)
    }

    /// All figures over at most `rows` rows and one more, which tells that there are more. `None` where
    /// the time was over.
    async fn look(
        &self,
        session: &mut dyn Asks,
        (relation, rows): (&str, u64),
        patience: Duration,
        limits: &ProbeLimits,
    ) -> Result<Option<Seen>> {
        let mut all = Seen {
            rows: 0,
            figures: Vec::with_capacity(self.figures.len()),
        };
        let ends = tokio::time::Instant::now() + patience;
        for figures in self.figures.chunks(FIGURES_AT_ONCE) {
            let filter = self.request.filter.as_deref();
            let statement = statement(figures, relation, filter, rows + 1, self.spelling);
            let left = ends.saturating_duration_since(tokio::time::Instant::now());
            match session.ask(&statement, left, &limits.cancel).await? {
                Answer::TimeIsOver => return Ok(None),
                Answer::Figures(row) => {
                    let Some((count, row)) = row.split_first() else {
                        return Err(Error::internal("a look at a table gave no figures"));
                    };
                    all.rows = all.rows.max(count.unwrap_or(0));
                    all.figures.extend(row);
                }
            }
        }
        Ok(Some(all))
    }

    fn tell(&self, probe: &mut TableProbe, seen: &Seen, most: u64, sampled: bool) {
        probe.rows = seen.rows;
        probe.extent = if sampled || seen.rows > most {
            Extent::Sampled
        } else {
            Extent::Exact
        };
        for (figure, value) in self.figures.iter().zip(&seen.figures) {
            let name = &self.request.columns[figure.column].native.name;
            let found = probe
                .columns
                .iter()
                .position(|column| column.column == *name);
            let at = found.unwrap_or_else(|| {
                probe.columns.push(ColumnProbe {
                    column: name.clone(),
                    ..ColumnProbe::default()
                });
                probe.columns.len() - 1
            });
            note(&mut probe.columns[at], &figure.tells, *value);
        }
    }
}

struct Seen {
    rows: u64,
    figures: Vec<Option<u64>>,
}

fn note(column: &mut ColumnProbe, tells: &Tells, value: Option<u64>) {
    let count = value.unwrap_or(0);
    match tells {
        Tells::Values => column.values = count,
        Tells::IntegerDigits => column.integer_digits = value,
        Tells::Scale => column.scale = value,
        Tells::LongestBytes => column.longest_bytes = value,
        Tells::RejectedAs(choice) => {
            column.rejected_as.insert((*choice).to_owned(), count);
        }
        Tells::Rejected(code) if count > 0 => {
            column.rejected.insert((*code).to_owned(), count);
        }
        Tells::Warned(code) if count > 0 => {
            column.warned.insert((*code).to_owned(), count);
        }
        Tells::Rejected(_) | Tells::Warned(_) => {}
    }
}

/// The count of rows first, then one number for each figure.
pub(crate) fn statement(
    figures: &[Figure],
    relation: &str,
    filter: Option<&str>,
    rows: u64,
    spelling: Spelling,
) -> String {
    let integer = spelling.integer;
    let (mut outer, mut inner) = (format!("CAST(count(*) AS {integer})"), String::new());
    for (index, figure) in figures.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        if !figure.tells.is_most() {
            outer.push_str(&format!(", CAST(sum(f{index}) AS {integer})"));
            let condition = &figure.of_row;
            inner.push_str(&format!(
                "{comma}CASE WHEN {condition} THEN 1 ELSE 0 END AS f{index}"
            ));
        } else {
            outer.push_str(&format!(", CAST(max(f{index}) AS {integer})"));
            inner.push_str(&format!("{comma}{} AS f{index}", figure.of_row));
        }
    }
    let condition = filter.map_or_else(String::new, |filter| format!(" WHERE (\n{filter}\n)"));
    format!(
        "SELECT {outer} FROM (SELECT {inner} FROM {relation}{condition} LIMIT {rows}) AS looked"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::migration::ColumnChoice;
    use model::{NativeColumn, NativeTable, TableKind, TableName};

    /// Answers in order, and keeps what it was asked.
    struct Scripted {
        answers: Vec<Result<Answer>>,
        asked: Vec<String>,
    }

    #[async_trait]
    impl Asks for Scripted {
        async fn ask(&mut self, text: &str, _: Duration, _: &CancellationToken) -> Result<Answer> {
            self.asked.push(text.to_owned());
            self.answers.remove(0)
        }
    }

    fn request() -> ProbeRequest {
        let native = NativeColumn {
            name: "day".to_owned(),
            ..NativeColumn::default()
        };
        ProbeRequest {
            table: NativeTable {
                name: TableName::new("s", "t"),
                kind: TableKind::Table,
                columns: vec![native.clone()],
                primary_key: Vec::new(),
                unique_keys: Vec::new(),
                indexes: Vec::new(),
                comment: None,
                estimated_rows: None,
                estimated_bytes: None,
                findings: Vec::new(),
                private: serde_json::Value::Null,
            },
            columns: vec![ProbeColumn {
                native,
                choice: ColumnChoice::default(),
            }],
            filter: Some("id > 3 -- some".to_owned()),
        }
    }

    async fn looked(sample: bool, answers: Vec<Result<Answer>>) -> (TableProbe, Vec<String>) {
        let request = request();
        let figure = |tells, of_row: &str| Figure {
            column: 0,
            tells,
            of_row: of_row.to_owned(),
        };
        let figures = [
            figure(Tells::Values, "day IS NOT NULL"),
            figure(Tells::Rejected("ZERO_DATE"), "day = 0"),
            figure(Tells::LongestBytes, "length(day)"),
        ];
        let look = Look {
            request: &request,
            figures: &figures,
            relations: Relations {
                whole: "t".to_owned(),
                sample: sample.then(|| "t SAMPLE".to_owned()),
            },
            spelling: Spelling { integer: "BIGINT" },
        };
        let mut session = Scripted {
            answers,
            asked: Vec::new(),
        };
        let limits = ProbeLimits {
            rows: 100_000,
            ..ProbeLimits::default()
        };
        let probe = look.take(&mut session, &limits, Duration::from_secs(1));
        (probe.await.unwrap(), session.asked)
    }

    fn figures(rows: u64) -> Result<Answer> {
        Ok(Answer::Figures(vec![Some(rows), Some(5), Some(2), None]))
    }

    #[tokio::test]
    async fn a_table_within_the_limit_is_looked_at_in_full() {
        let (probe, asked) = looked(false, vec![figures(100_000)]).await;
        assert_eq!((probe.extent, probe.rows), (Extent::Exact, 100_000));
        assert_eq!(
            (probe.columns[0].values, probe.columns[0].longest_bytes),
            (5, None)
        );
        assert_eq!(probe.columns[0].rejected["ZERO_DATE"], 2);
        assert_eq!(
            asked,
            [
                "SELECT CAST(count(*) AS BIGINT), CAST(sum(f0) AS BIGINT), CAST(sum(f1) AS BIGINT), \
                 CAST(max(f2) AS BIGINT) FROM (SELECT CASE WHEN day IS NOT NULL THEN 1 ELSE 0 END AS f0, \
                 CASE WHEN day = 0 THEN 1 ELSE 0 END AS f1, length(day) AS f2 \
                 FROM t WHERE (\nid > 3 -- some\n) LIMIT 100001) AS looked"
            ]
        );
    }

    #[tokio::test]
    async fn what_was_not_seen_in_full_is_a_sample() {
        let (probe, _) = looked(false, vec![figures(100_001)]).await;
        assert_eq!(probe.extent, Extent::Sampled);
        let (probe, asked) = looked(true, vec![figures(90)]).await;
        assert_eq!((probe.extent, probe.rows), (Extent::Sampled, 90));
        assert!(asked[0].contains("FROM t SAMPLE WHERE"), "{asked:?}");
    }

    #[tokio::test]
    async fn a_sample_of_nothing_is_no_look() {
        let (probe, asked) = looked(true, vec![figures(0), figures(40)]).await;
        assert_eq!((probe.extent, probe.rows), (Extent::Exact, 40));
        assert!(asked[1].contains("FROM t WHERE"), "{asked:?}");
    }

    #[tokio::test]
    async fn a_look_that_takes_too_long_is_taken_again_at_fewer_rows() {
        let answers = vec![Ok(Answer::TimeIsOver), figures(10_001)];
        let (probe, asked) = looked(false, answers).await;
        assert_eq!((probe.extent, probe.rows), (Extent::Sampled, 10_001));
        assert!(asked[1].ends_with("LIMIT 10001) AS looked"), "{asked:?}");
        let answers = vec![Ok(Answer::TimeIsOver), Ok(Answer::TimeIsOver)];
        let (probe, _) = looked(false, answers).await;
        assert_eq!(probe.extent, Extent::Nothing);
        assert!(probe.trouble.is_some());
    }

    #[tokio::test]
    async fn what_goes_wrong_with_one_table_is_its_trouble() {
        let (probe, _) = looked(false, vec![Err(Error::internal("no right"))]).await;
        assert_eq!(probe.extent, Extent::Nothing);
        assert_eq!(probe.trouble.as_deref(), Some("no right"));
    }
}
