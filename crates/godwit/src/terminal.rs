//! What surrounds a command: results go to standard output, progress and messages to standard error; there
//! is standard input, the environment, and perhaps a person. A closed output is no error: whoever closed it
//! wanted no more.

use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

/// Whether what a person types is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// It is.
    Shown,
    /// It is not: a secret.
    Hidden,
}

/// Asks a person for a line, and waits for it.
pub type Person = Arc<dyn Fn(&str, Echo) -> io::Result<String> + Send + Sync>;

/// The value of a variable, where it is set and not empty.
type Environment = Box<dyn Fn(&str) -> Option<String> + Send>;

/// Whether what is typed is hidden at this moment.
static HIDES: AtomicBool = AtomicBool::new(false);

/// The inputs and outputs of a process, and what they can show.
pub struct Terminal<'a> {
    out: Box<dyn Write + Send + 'a>,
    err: Box<dyn Write + Send + 'a>,
    input: Box<dyn Read + Send + 'a>,
    environment: Environment,
    person: Option<Person>,
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
            input: Box::new(std::io::stdin()),
            environment: Box::new(|name| std::env::var(name).ok()),
            person: console::Term::stderr()
                .is_term()
                .then(|| Arc::new(asked) as Person),
            width,
        }
    }
}

impl<'a> Terminal<'a> {
    /// Plain outputs, for tests and for callers of the library: nothing to read, no variables, nobody there.
    pub fn plain(out: impl Write + Send + 'a, err: impl Write + Send + 'a) -> Self {
        Self {
            out: Box::new(out),
            err: Box::new(err),
            input: Box::new(io::empty()),
            environment: Box::new(|_| None),
            person: None,
            live: false,
            colour: false,
            width: WIDE,
        }
    }

    /// The same, with this to be read from standard input.
    #[must_use]
    pub fn with_input(mut self, input: impl Read + Send + 'a) -> Self {
        self.input = Box::new(input);
        self
    }

    /// The same, in this environment.
    #[must_use]
    pub fn with_environment(
        mut self,
        environment: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Self {
        self.environment = Box::new(environment);
        self
    }

    /// The same, before this person.
    #[must_use]
    pub fn with_person(mut self, person: Person) -> Self {
        self.person = Some(person);
        self
    }

    /// A variable of the environment; one that is empty is none.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    /// All of standard input.
    pub fn read(&mut self) -> io::Result<String> {
        let mut text = String::new();
        self.input.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Who can be asked; nobody in a script.
    pub fn person(&self) -> Option<Person> {
        self.person.clone()
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

/// Asks by standard error: standard output is for results.
fn asked(prompt: &str, echo: Echo) -> io::Result<String> {
    let terminal = console::Term::stderr();
    terminal.write_str(prompt)?;
    match echo {
        Echo::Shown => terminal.read_line(),
        Echo::Hidden => {
            HIDES.store(true, Ordering::Relaxed);
            let line = terminal.read_secure_line();
            HIDES.store(false, Ordering::Relaxed);
            line
        }
    }
}

/// Shows again what is typed, where the process ends before a person has answered.
pub fn show_typing_again() {
    if HIDES.load(Ordering::Relaxed)
        && let Ok(terminal) = std::fs::File::open("/dev/tty")
    {
        let shown = Command::new("stty").arg("echo").stdin(terminal).status();
        // Where there is no `stty` there is nothing else to try.
        let _ = shown;
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
