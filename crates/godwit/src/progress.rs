//! Progress of a run on standard error: bars on a terminal, plain lines otherwise.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use model::RunId;
use model::plan::Plan;
use model::table::escape_controls;
use service::run::{Progress, Rerun, Settled, TablePhase, TableProgress, Watcher};

use crate::render::numbers::{bytes, count, plural};
use crate::terminal::Terminal;

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Looks between two plain lines of the whole run's progress.
const LOOKS_PER_LINE: u32 = 50;

/// What a run tells, kept until the screen looks.
#[derive(Default)]
pub(crate) struct Watch {
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    lines: Vec<String>,
    progress: Option<Arc<Progress>>,
}

impl Watch {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Watch {
    fn settled(&self, run: &RunId, settled: &[Settled], standing: &[String]) {
        let mut told = self.told();
        for table in settled.iter().filter(|table| !table.published) {
            let line = format!(
                "run {run}: its load of {} will not be published",
                table.destination
            );
            told.lines.push(line);
        }
        let tables = match standing {
            [] => "none of its tables stands".to_owned(),
            names => format!(
                "these of its tables stand: {}",
                escape_controls(&names.join(", "))
            ),
        };
        told.lines
            .push(format!("run {run} did not finish; {tables}"));
    }

    fn started(&self, run: &RunId, plan: &Plan, progress: &Arc<Progress>) {
        let mut told = self.told();
        told.lines.push(format!(
            "run {run} of {}: {}",
            escape_controls(&plan.migration),
            plural(plan.pipelines.len(), "table")
        ));
        told.progress = Some(Arc::clone(progress));
    }
}

/// Shows what a [`Watch`] was told while `running` goes on; returns its result.
pub(crate) async fn show<T>(
    watch: &Watch,
    terminal: &mut Terminal<'_>,
    running: impl Future<Output = T>,
) -> T {
    let mut running = Box::pin(running);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let mut screen = if terminal.live {
        Screen::Live(Live::new())
    } else {
        Screen::Plain(Plain::default())
    };
    let mut told_rerun = None;
    loop {
        let result = tokio::select! {
            result = &mut running => Some(result),
            _ = ticks.tick() => None,
        };
        let (mut lines, progress) = {
            let mut told = watch.told();
            (std::mem::take(&mut told.lines), told.progress.clone())
        };
        let rerun = progress.as_ref().and_then(|progress| progress.rerun());
        if rerun != told_rerun {
            lines.extend(rerun.as_ref().map(pause));
            told_rerun = rerun;
        }
        let tables = progress.map(|progress| progress.tables());
        match &mut screen {
            Screen::Live(live) => live.look(&lines, &tables.unwrap_or_default()),
            Screen::Plain(plain) => {
                let text = plain.look(lines, &tables.unwrap_or_default());
                terminal.tell(&text);
            }
        }
        if let Some(result) = result {
            if let Screen::Live(live) = screen {
                live.close();
            }
            return result;
        }
    }
}

enum Screen {
    Live(Live),
    Plain(Plain),
}

fn is_over(phase: TablePhase) -> bool {
    matches!(phase, TablePhase::Succeeded | TablePhase::Failed)
}

fn word(phase: TablePhase) -> &'static str {
    match phase {
        TablePhase::Waiting => "waiting",
        TablePhase::Preparing => "preparing",
        TablePhase::Moving => "moving",
        TablePhase::Verifying => "verifying",
        TablePhase::Committing => "committing",
        TablePhase::Succeeded => "done",
        TablePhase::Failed => "failed",
    }
}

fn overall(tables: &[TableProgress]) -> String {
    let done = tables.iter().filter(|table| is_over(table.phase)).count();
    let rows = tables.iter().map(|table| table.rows).sum();
    let size = tables.iter().map(|table| table.bytes).sum();
    let total = plural(tables.len(), "table");
    format!("{done} of {total}, {} rows, {}", count(rows), bytes(size))
}

/// One line for each table that ends, one for the whole every ten seconds.
#[derive(Default)]
struct Plain {
    over: Vec<bool>,
    looks: u32,
}

impl Plain {
    fn look(&mut self, lines: Vec<String>, tables: &[TableProgress]) -> String {
        let mut text: String = lines.into_iter().map(|line| line + "\n").collect();
        self.over.resize(tables.len(), false);
        for (table, over) in tables.iter().zip(&mut self.over) {
            if is_over(table.phase) != *over {
                *over = is_over(table.phase);
                text.push_str(&format!("{}\n", line(table)));
            }
        }
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS_PER_LINE) && !tables.is_empty() {
            text.push_str(&format!("{}\n", overall(tables)));
        }
        text
    }
}

/// Why nothing moves for a while.
fn pause(rerun: &Rerun) -> String {
    let (verb, pronoun) = if rerun.tables == 1 {
        ("is", "it")
    } else {
        ("are", "the first of them")
    };
    format!(
        "{} {verb} run again in {}; {pronoun} failed because: {}",
        plural(rerun.tables, "table"),
        plural(
            usize::try_from(rerun.minutes).unwrap_or(usize::MAX),
            "minute"
        ),
        escape_controls(&rerun.message)
    )
}

fn line(table: &TableProgress) -> String {
    let noun = if table.rows == 1 { "row" } else { "rows" };
    let (phase, rows) = (word(table.phase), count(table.rows));
    format!("{}: {phase}, {rows} {noun}", table.source)
}

/// A bar for the whole, one for each table under way.
struct Live {
    all: MultiProgress,
    whole: ProgressBar,
    bars: Vec<Option<ProgressBar>>,
    over: Vec<bool>,
}

impl Live {
    fn new() -> Self {
        let all = MultiProgress::new();
        let whole = all.add(ProgressBar::new(0));
        whole.set_style(style("{bar:24} {wide_msg}"));
        Self {
            all,
            whole,
            bars: Vec::new(),
            over: Vec::new(),
        }
    }

    fn look(&mut self, lines: &[String], tables: &[TableProgress]) {
        for line in lines {
            self.print(line);
        }
        self.bars.resize(tables.len(), None);
        self.over.resize(tables.len(), false);
        for (index, table) in tables.iter().enumerate() {
            if is_over(table.phase) {
                if let Some(bar) = self.bars[index].take() {
                    bar.finish_and_clear();
                }
                if !std::mem::replace(&mut self.over[index], true) {
                    self.print(&line(table));
                }
            } else if table.phase == TablePhase::Waiting {
                self.over[index] = false;
            } else {
                self.over[index] = false;
                self.draw(index, table);
            }
        }
        let done = tables.iter().filter(|table| is_over(table.phase)).count();
        self.whole.set_length(tables.len() as u64);
        self.whole.set_position(done as u64);
        if !tables.is_empty() {
            self.whole.set_message(overall(tables));
        }
    }

    fn draw(&mut self, index: usize, table: &TableProgress) {
        let all = &self.all;
        let bar = self.bars[index].get_or_insert_with(|| {
            let bar = all.insert_from_back(1, ProgressBar::new(0));
            bar.set_style(style("{bar:24} {wide_msg}"));
            bar
        });
        let (done, total) = match table.estimated_rows {
            Some(rows) if rows > 0 => (table.rows.min(rows), rows),
            _ => (table.splits_done as u64, table.splits.max(1) as u64),
        };
        bar.set_length(total);
        bar.set_position(done);
        let (rows, phase) = (count(table.rows), word(table.phase));
        bar.set_message(format!("{} {phase}, {rows} rows", table.source));
    }

    /// Above the bars; nothing can be done where standard error is closed.
    fn print(&self, line: &str) {
        let _ = self.all.println(line);
    }

    fn close(self) {
        self.bars
            .into_iter()
            .flatten()
            .for_each(|bar| bar.finish_and_clear());
        self.whole.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use model::TableName;

    use super::*;

    fn table(name: &str, phase: TablePhase, rows: u64) -> TableProgress {
        TableProgress {
            source: TableName::new("s", name),
            phase,
            rows,
            bytes: rows * 10,
            estimated_rows: None,
            splits: 1,
            splits_done: 0,
        }
    }

    #[test]
    fn a_pause_is_told_with_its_reason() {
        let rerun = |tables| Rerun {
            number: 1,
            tables,
            minutes: 5,
            message: "no answer".to_owned(),
        };
        assert_eq!(
            pause(&rerun(1)),
            "1 table is run again in 5 minutes; it failed because: no answer"
        );
        assert_eq!(
            pause(&rerun(2)),
            "2 tables are run again in 5 minutes; the first of them failed because: no answer"
        );
    }

    #[test]
    fn plain_lines_tell_each_end_once() {
        let mut plain = Plain::default();
        let mut tables = [
            table("a", TablePhase::Moving, 5),
            table("b", TablePhase::Waiting, 0),
        ];
        assert_eq!(plain.look(vec!["run r".to_owned()], &tables), "run r\n");
        tables[0] = table("a", TablePhase::Succeeded, 1_500);
        assert_eq!(plain.look(Vec::new(), &tables), "s.a: done, 1,500 rows\n");
        assert_eq!(plain.look(Vec::new(), &tables), "");
        assert_eq!(overall(&tables), "1 of 2 tables, 1,500 rows, 14.6 KiB");
    }
}
