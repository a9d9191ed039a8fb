//! Tables of text: aligned columns where they fit the line, one entry per block where they do not.

use model::table::escape_controls;

/// How a column is laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Lines of cells under titles.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    titles: Vec<(&'static str, Align)>,
    lines: Vec<Vec<String>>,
    indent: usize,
}

impl Columns {
    /// A table with these titles, the one of numbers aligned to the right.
    pub(crate) fn new(titles: &[(&'static str, Align)]) -> Self {
        Self {
            titles: titles.to_vec(),
            ..Self::default()
        }
    }

    /// The same table, each line set in by so many blanks.
    pub(crate) fn indented(mut self, blanks: usize) -> Self {
        self.indent = blanks;
        self
    }

    /// One more line; cells are escaped here.
    pub(crate) fn line(&mut self, cells: Vec<String>) {
        let escaped = cells.into_iter().map(|cell| escape_controls(&cell));
        self.lines.push(escaped.collect());
    }

    /// The text, for lines of `width` characters.
    pub(crate) fn render(&self, width: usize) -> String {
        let widths: Vec<usize> = (0..self.titles.len())
            .map(|column| {
                let cells = self.lines.iter().map(|line| length(&line[column]));
                let title = length(self.titles[column].0);
                cells.chain([title]).max().unwrap_or_default()
            })
            .collect();
        let gaps = 2 * widths.len().saturating_sub(1);
        if self.indent + widths.iter().sum::<usize>() + gaps > width {
            return self.render_blocks();
        }
        let titles: Vec<_> = self.titles.iter().map(|(title, _)| *title).collect();
        let mut text = self.render_line(&titles, &widths);
        for line in &self.lines {
            let cells: Vec<_> = line.iter().map(String::as_str).collect();
            text.push_str(&self.render_line(&cells, &widths));
        }
        text
    }

    fn render_line(&self, cells: &[&str], widths: &[usize]) -> String {
        let mut text = " ".repeat(self.indent);
        for ((cell, width), (_, align)) in cells.iter().zip(widths).zip(&self.titles) {
            let blanks = " ".repeat(width - length(cell));
            match align {
                Align::Left => text.extend([*cell, &blanks, "  "]),
                Align::Right => text.extend([&blanks, *cell, "  "]),
            }
        }
        format!("{}\n", text.trim_end())
    }

    fn render_blocks(&self) -> String {
        let blanks = " ".repeat(self.indent);
        let mut text = String::new();
        for line in &self.lines {
            for (index, ((title, _), cell)) in self.titles.iter().zip(line).enumerate() {
                let lead = if index == 0 { "- " } else { "  " };
                if !cell.is_empty() {
                    text.push_str(&format!("{blanks}{lead}{title}: {cell}\n"));
                }
            }
        }
        text
    }
}

/// In cells of the terminal: some characters take two.
fn length(text: &str) -> usize {
    console::measure_text_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Columns {
        let mut table = Columns::new(&[("table", Align::Left), ("rows", Align::Right)]);
        table.line(vec!["评论.été".to_owned(), "1,000".to_owned()]);
        table.line(vec!["a\nb".to_owned(), "7".to_owned()]);
        table
    }

    #[test]
    fn columns_are_aligned_and_names_stay_on_their_line() {
        let expected = "table      rows\n评论.été  1,000\na\\u{a}b       7\n";
        assert_eq!(table().render(80), expected);
    }

    #[test]
    fn narrow_terminals_get_blocks() {
        let expected = "- table: 评论.été\n  rows: 1,000\n- table: a\\u{a}b\n  rows: 7\n";
        assert_eq!(table().render(12), expected);
    }
}
