//! What is kept between lines, and what a line does.
//!
//! In comes the text of whole statements, or a command; out goes whether to go on. A text that starts
//! with a clause word goes on with the statement before it, which runs again.

use super::commands;
use crate::diag::Sink;
use crate::front::Front;
use crate::front::interrupt::{self, Unanswered};
use crate::front::paint::Paint;
use crate::front::progress;
use crate::session::{Origin, Outcome, Session, Settings};
use crate::source::FileId;
use crate::syntax::{self, Token};
use std::path::Path;
use std::time::{Duration, Instant};

/// Whether to read another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Yes.
    GoOn,
    /// The user wants to leave.
    Quit,
}

/// A session with everything around it.
pub struct Conversation {
    /// Where results go.
    pub front: Front,
    /// The names and results so far.
    pub session: Session,
    /// Whether times are shown.
    pub timing: bool,
    /// What has happened so far, all statements together.
    pub outcome: Outcome,
    settings: Settings,
    /// What becomes of a Ctrl-C that work does not answer.
    unanswered: Unanswered,
    /// The last statement, for lines that go on with it.
    previous: Option<String>,
}

impl Conversation {
    /// A conversation with a new session.
    pub fn new(front: Front, settings: Settings, unanswered: Unanswered) -> Conversation {
        let mut session = Session::new(settings.clone());
        progress::show(&mut session, front.look());
        interrupt::watch(&session, unanswered);
        let outcome = Outcome::default();
        let (timing, previous) = (false, None);
        Conversation { front, session, timing, outcome, settings, unanswered, previous }
    }

    /// Forgets all names.
    pub fn reset(&mut self) {
        self.session = Session::new(self.settings.clone());
        progress::show(&mut self.session, self.front.look());
        interrupt::watch(&self.session, self.unanswered);
        self.previous = None;
    }

    /// Runs a script, which is not the user's own words.
    pub fn script(&mut self, path: &Path, text: &str) {
        self.session.set_origin(Origin::script(path.parent().unwrap_or(Path::new(""))));
        self.statements(&path.to_string_lossy(), text);
        self.session.set_origin(Origin::own_words(Path::new("")));
    }

    /// Does what a text asks for. `name` stands for it in messages.
    pub fn input(&mut self, name: &str, text: &str) -> Next {
        let words = text.trim();
        if words.is_empty() {
            return Next::GoOn;
        }
        if let Some(command) = words.strip_prefix(':') {
            return commands::run(self, command);
        }
        if let Some(command) = self.bare_command(words) {
            return commands::run(self, command);
        }
        self.statements(name, text);
        Next::GoOn
    }

    /// Runs statements and remembers how they ended.
    pub fn statements(&mut self, name: &str, text: &str) {
        let before = self.previous.take().filter(|_| syntax::starts_with_clause_word(text));
        let joined = match &before {
            Some(before) => format!("{before}\n{}", text.trim_start()),
            None => text.to_string(),
        };
        let parse_time = self.timing.then(|| parse_time(&joined));
        let prepared = self.session.preparation_time();
        let started = Instant::now();
        let Conversation { front, session, .. } = self;
        let outcome =
            session.run_line(name, &joined, &mut |sources, output| front.show(sources, &output));
        front.count_errors();
        let run_time = started.elapsed();
        if let Some(parse_time) = parse_time {
            let compile_time = self.session.preparation_time() - prepared;
            let run_time = shown(run_time.saturating_sub(parse_time + compile_time));
            let compiled = match compile_time {
                Duration::ZERO => String::new(),
                time => format!("differentiated and compiled in {}, ", shown(time)),
            };
            self.front
                .note(&format!("parsed in {}, {compiled}ran in {run_time}", shown(parse_time)));
        }
        self.outcome.failed |= outcome.failed;
        self.outcome.interrupted |= outcome.interrupted;
        self.outcome.unconverged |= outcome.unconverged;
        // A clause that did not fit is not part of the statement; another may be tried.
        self.previous = before.filter(|_| outcome.failed).or_else(|| last_statement(&joined));
    }

    /// Says something that was asked for; where stdout belongs to programs, on stderr.
    pub fn say(&mut self, text: &str) {
        let text = if text.ends_with('\n') { text.to_string() } else { format!("{text}\n") };
        if self.front.look().json {
            self.front.streams.err(&text);
        } else {
            self.front.streams.out(&text);
        }
    }

    /// The colors for what is said.
    pub fn paint(&self) -> Paint {
        self.front.paint()
    }

    /// Words that people type without the colon: `quit`, `exit` and `help`, unless these are names.
    fn bare_command<'t>(&self, text: &'t str) -> Option<&'t str> {
        let word = text.split_whitespace().next()?;
        let is_alone = text == word;
        let is_command = matches!((word, is_alone), ("quit" | "exit", true))
            || word == "help" && is_topic(&text[4..]);
        let is_name = is_command && self.session.names().any(|(name, _)| name == word);
        (is_command && !is_name).then_some(text)
    }
}

/// Whether what follows `help` is a topic and no formula such as `help + 1`.
fn is_topic(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ' ')
}

/// Whether a text holds documentation only, which belongs to the definition that follows.
pub fn is_only_documentation(text: &str) -> bool {
    let tokens = syntax::lex(text);
    let is_apart = |token| matches!(token, Token::Doc | Token::Comment | Token::NewLine);
    tokens.iter().any(|l| l.token == Token::Doc) && tokens.iter().all(|l| is_apart(l.token))
}

/// The text of the last statement in a text without mistakes of syntax.
fn last_statement(text: &str) -> Option<String> {
    let ast = syntax::parse(FileId(0), text, &mut Sink::new());
    let span = ast.stmt(*ast.top.last()?).span;
    text.get(span.start as usize..span.end as usize).map(str::to_string)
}

fn parse_time(text: &str) -> Duration {
    let started = Instant::now();
    syntax::parse(FileId(0), text, &mut Sink::new());
    started.elapsed()
}

fn shown(time: Duration) -> String {
    crate::front::fit::duration(time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_statement_is_what_a_clause_goes_on_with() {
        let last = |text| last_statement(text);
        assert_eq!(last("let a = 1; minimize f"), Some("minimize f".to_string()));
        assert_eq!(last("minimize f\n  over x # so"), Some("minimize f\n  over x".to_string()));
        assert_eq!(last("# nothing"), None);
    }

    #[test]
    fn documentation_waits_for_its_definition() {
        assert!(is_only_documentation("## The bell curve.\n"));
        assert!(!is_only_documentation("# a comment"));
        assert!(!is_only_documentation("## doc\nfn g(t) = t"));
        assert!(!is_only_documentation(""));
    }
}
