//! Where output goes: results to standard output, progress and messages to standard error. A closed
//! output is no error: whoever closed it wanted no more.

use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;

/// Both outputs of a process, and what they can show.
pub struct Terminal<'a> {
    out: Box<dyn Write + Send + 'a>,
    err: Box<dyn Write + Send + 'a>,
    /// Whether progress bars can be drawn on standard error.
    pub live: bool,
    /// Whether colours may be used on standard output.
    pub colour: bool,
    /// How many characters fit on a line.
    pub width: usize,
}

/// What standard output is given that is no terminal.
const WIDE: usize = 200;

impl Terminal<'static> {
    /// The process's own.
    pub fn of_process() -> Self {
        let out = std::io::stdout();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = match console::Term::stdout().size_checked() {
            Some((_, columns)) if out.is_terminal() => usize::from(columns),
            _ => WIDE,
        };
        Self {
            colour: out.is_terminal() && !plain,
            live: std::io::stderr().is_terminal() && !plain,
            out: Box::new(out),
            err: Box::new(std::io::stderr()),
            width,
        }
    }
}

impl<'a> Terminal<'a> {
    /// Plain outputs, for tests and for callers of the library.
    pub fn plain(out: impl Write + Send + 'a, err: impl Write + Send + 'a) -> Self {
        Self {
            out: Box::new(out),
            err: Box::new(err),
            live: false,
            colour: false,
            width: WIDE,
        }
    }

    /// A result, for people.
    pub fn print(&mut self, text: &str) {
        write(&mut self.out, text);
    }

    /// A result, for machines: one document. It is written as it is made: a plan of ten thousand tables
    /// is not held as text, too.
    pub fn print_json<T: Serialize>(&mut self, document: &T) {
        let mut out = BufWriter::new(&mut self.out);
        // The only cure for a closed or full output would be to tell it there.
        let _ = serde_json::to_writer_pretty(&mut out, document)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush());
    }

    /// Something to know beside the result.
    pub fn tell(&mut self, text: &str) {
        write(&mut self.err, text);
    }
}

fn write(output: &mut (dyn Write + Send), text: &str) {
    // The only cure for a closed or full output would be to tell it there.
    let _ = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_closed_output_is_no_error() {
        let mut kept = Vec::new();
        let mut terminal = Terminal::plain(Closed, &mut kept);
        terminal.print("lost\n");
        terminal.print_json(&1);
        terminal.tell("kept\n");
        drop(terminal);
        assert_eq!(kept, b"kept\n");
    }
}
