//! Statements from a pipe.
//!
//! In come lines, without prompt or greeting. A statement runs as soon as it is whole and no line that
//! goes on with it is waiting: a script that arrives at once runs as a script does, and a program that
//! sends a line and waits for the answer gets it. Findings point at lines of the whole input.

use super::conversation::{Conversation, Next, is_only_documentation};
use crate::diag::Diagnostic;
use crate::front::load::{STDIN, Unreadable};
use crate::front::streams::is_about_waiting;
use crate::front::{Exit, deadline};
use crate::source::{DecodeError, decode};
use crate::syntax::{self, Class, Completeness};
use std::io::{self, BufRead, BufReader, StdinLock};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Statements further down are not padded to their line, which would cost a byte for each line before
/// them; their name says where they begin.
const MOST_PADDING: usize = 4_000;

/// Reads and runs until the pipe is closed.
pub fn run(mut conversation: Conversation, time: Option<Duration>) -> Exit {
    if let Some(time) = time {
        deadline::start(time);
    }
    let mut lines = Lines::new();
    while let Some(statements) = lines.statements(&mut conversation) {
        let (name, text) = statements.placed();
        let next = conversation.input(&name, &text);
        if next == Next::Quit || conversation.outcome.interrupted {
            break;
        }
    }
    let Conversation { front, session, outcome, .. } = &mut conversation;
    if !outcome.interrupted {
        session.unused_settings(&mut |sources, output| front.show(sources, &output));
    }
    let exit = Exit::of(conversation.outcome, conversation.front.look().strict);
    deadline::in_time(&mut conversation.front, exit)
}

/// Whole statements, and how many lines stand before them.
struct Statements {
    text: String,
    before: usize,
}

impl Statements {
    /// The name and the text, such that lines count from the beginning of the input.
    fn placed(self) -> (String, String) {
        if self.text.trim_start().starts_with(':') {
            return (STDIN.to_string(), self.text);
        }
        match self.before {
            before @ 0..=MOST_PADDING => (STDIN.to_string(), "\n".repeat(before) + &self.text),
            before => (format!("{STDIN} after line {before}"), self.text),
        }
    }
}

/// The lines of standard input.
struct Lines {
    input: BufReader<StdinLock<'static>>,
    /// How many lines have been read.
    read: usize,
}

impl Lines {
    fn new() -> Lines {
        Lines { input: BufReader::with_capacity(1 << 16, io::stdin().lock()), read: 0 }
    }

    /// The next whole statements; none at the end of the input.
    fn statements(&mut self, conversation: &mut Conversation) -> Option<Statements> {
        let before = self.read;
        let mut text = String::new();
        loop {
            let Some(line) = self.line(conversation) else {
                return (!text.trim().is_empty()).then_some(Statements { text, before });
            };
            text += &line;
            let is_command = text.trim_start().starts_with(':');
            if is_command || !wants_more(&text) && !self.goes_on() {
                return Some(Statements { text, before });
            }
        }
    }

    /// The next line; bytes that are no text are reported, and their line is left out.
    fn line(&mut self, conversation: &mut Conversation) -> Option<String> {
        loop {
            let mut bytes = vec![b'\n'; self.read];
            if !self.take_line(&mut bytes, conversation) || bytes.len() == self.read {
                return None;
            }
            self.read += 1;
            match decode(&bytes[self.read - 1..]) {
                Ok(line) => return Some(line),
                Err(_) => not_text(conversation, &bytes),
            }
        }
    }

    /// Adds the next line, or what there is of it at the end of the input; false where the user interrupted
    /// the wait for it.
    fn take_line(&mut self, bytes: &mut Vec<u8>, conversation: &mut Conversation) -> bool {
        loop {
            if self.input.buffer().is_empty() && !wait_for_input(conversation) {
                return false;
            }
            let waiting = match self.input.fill_buf() {
                Ok(waiting) => waiting,
                Err(error) if is_about_waiting(&error) => continue,
                Err(_) => return true,
            };
            let end = waiting.iter().position(|&b| b == b'\n');
            let n = end.map_or(waiting.len(), |end| end + 1);
            bytes.extend_from_slice(&waiting[..n]);
            self.input.consume(n);
            if n == 0 || end.is_some() {
                return true;
            }
        }
    }

    /// Whether a line is waiting that goes on with the statement before it.
    fn goes_on(&mut self) -> bool {
        if self.input.buffer().is_empty() && !is_input_waiting() {
            return false;
        }
        match self.input.fill_buf() {
            Ok(waiting) => {
                let waiting = String::from_utf8_lossy(waiting);
                waiting.lines().find(|line| !is_blank(line)).is_some_and(is_continuation)
            }
            Err(_) => false,
        }
    }
}

fn wants_more(text: &str) -> bool {
    is_only_documentation(text) || syntax::completeness(text) == Completeness::Incomplete
}

/// Blank lines and comments may stand within a statement; documentation begins the next one.
fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#') && !line.starts_with("##")
}

/// Whether a line can only go on with the one before: it starts with a clause word, with `{`, or with
/// an operator other than a minus. A colon begins a command.
fn is_continuation(line: &str) -> bool {
    let first = syntax::highlight(line).into_iter().next();
    syntax::starts_with_clause_word(line)
        || first.is_some_and(|(range, class)| match class {
            Class::Operator => !matches!(&line[range], "-" | ";" | ":" | "∇" | "∇²"),
            Class::Bracket => &line[range] == "{",
            _ => false,
        })
}

fn not_text(conversation: &mut Conversation, bytes: &[u8]) {
    let Err(error) = decode(bytes) else { return };
    let at = match error {
        DecodeError::NotUtf8 { place, .. } => Some(place),
        DecodeError::TooLong { .. } => None,
    };
    let finding = Box::new(Diagnostic::not_text(STDIN, &error));
    conversation.outcome.failed = true;
    conversation.front.show_unreadable(&Unreadable { finding, file: STDIN.to_string(), at });
}

/// Waits until there is something to read; false where the user interrupted the wait.
fn wait_for_input(conversation: &mut Conversation) -> bool {
    /// Milliseconds between two looks at Ctrl-C, which may come just before a wait.
    const WHILE: i32 = 500;
    let flag = conversation.session.interrupt_flag();
    while !poll(WHILE) {
        if flag.load(Ordering::Relaxed) {
            conversation.outcome.interrupted = true;
            return false;
        }
    }
    true
}

fn is_input_waiting() -> bool {
    poll(0)
}

/// Whether standard input can be read without waiting, after at most so many milliseconds; false where a
/// signal came first.
#[cfg(unix)]
fn poll(milliseconds: i32) -> bool {
    let mut stdin = libc::pollfd { fd: libc::STDIN_FILENO, events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd of our own, and its number.
    unsafe { libc::poll(&mut stdin, 1, milliseconds) > 0 }
}

#[cfg(not(unix))]
fn poll(milliseconds: i32) -> bool {
    milliseconds > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_go_on() {
        for line in ["  using newton", "over x", "+ 1", "{ a }", ".* b", "= 3"] {
            assert!(is_continuation(line), "{line}");
        }
        for line in ["- 1", "x + 1", "[1, 2]", "(1)", "## doc", "∇f", ":help", "# so"] {
            assert!(!is_continuation(line), "{line}");
        }
    }

    #[test]
    fn lines_count_from_the_beginning_of_the_input() {
        let placed = |before| Statements { text: "a".into(), before }.placed();
        assert_eq!(placed(2), ("<stdin>".to_string(), "\n\na".to_string()));
        assert_eq!(placed(9_999), ("<stdin> after line 9999".to_string(), "a".to_string()));
    }
}
