//! What rustyline asks while a person types: is it whole, how is it colored, how is this called, what
//! could it become.
//!
//! Colors are the sixteen of every terminal, in the user's own palette, and few.

use super::commands::COMMANDS;
use super::complete::{self, Known};
use super::conversation::is_only_documentation;
use crate::front::help;
use crate::syntax::{self, Class, Completeness};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};
use std::borrow::Cow;

/// The helper of the editor.
pub struct Assist {
    /// The names of the session.
    pub known: Vec<Known>,
    /// Whether the terminal takes colors.
    pub is_colored: bool,
}

impl Helper for Assist {}

impl Validator for Assist {
    fn validate(&self, context: &mut ValidationContext) -> Result<ValidationResult> {
        Ok(if is_whole(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// Whether Enter runs the text. A blank line gives up on a statement that waits for more: its error
/// says what was missing.
fn is_whole(text: &str) -> bool {
    if text.trim_start().starts_with(':') || text.ends_with("\n\n") {
        return true;
    }
    !is_only_documentation(text) && syntax::completeness(text) != Completeness::Incomplete
}

impl Highlighter for Assist {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if !self.is_colored || line.trim_start().starts_with(':') {
            return Cow::Borrowed(line);
        }
        Cow::Owned(colored(line))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        _default: bool,
    ) -> Cow<'b, str> {
        if self.is_colored {
            Cow::Owned(format!("\x1b[1;32m{prompt}\x1b[0m"))
        } else {
            Cow::Borrowed(prompt)
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.is_colored {
            Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
        } else {
            Cow::Borrowed(hint)
        }
    }

    fn highlight_char(&self, _line: &str, _pos: usize, kind: CmdKind) -> bool {
        // A letter may turn a name into a keyword, far from the cursor, too.
        self.is_colored && kind != CmdKind::MoveCursor
    }
}

/// The line with the colors of its tokens.
fn colored(line: &str) -> String {
    let mut out = String::with_capacity(2 * line.len());
    let mut at = 0;
    for (range, class) in syntax::highlight(line) {
        let (Some(before), Some(token)) = (line.get(at..range.start), line.get(range.clone()))
        else {
            continue;
        };
        out += before;
        match color(class) {
            Some(code) => out += &format!("\x1b[{code}m{token}\x1b[0m"),
            None => out += token,
        }
        at = range.end;
    }
    out + line.get(at..).unwrap_or_default()
}

fn color(class: Class) -> Option<&'static str> {
    match class {
        Class::Keyword => Some("34"),
        Class::Number => Some("36"),
        Class::String => Some("32"),
        Class::Comment => Some("2"),
        Class::Fault => Some("31"),
        Class::Name | Class::Operator | Class::Bracket => None,
    }
}

/// How the function is called whose arguments are being typed.
pub struct Usage(String);

impl Hint for Usage {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        // It explains; it is nothing to insert.
        None
    }
}

impl Hinter for Assist {
    type Hint = Usage;

    fn hint(&self, line: &str, pos: usize, _context: &Context<'_>) -> Option<Usage> {
        // Without colors a hint could not be told from what was typed.
        if !self.is_colored || pos < line.len() {
            return None;
        }
        if let Some(command) = line.strip_prefix(':') {
            let row = COMMANDS.iter().find(|row| row.names.contains(&command.trim_end()))?;
            return Some(Usage(format!("  {}", row.argument)));
        }
        let called = line.strip_suffix('(').map(complete::last_word)?;
        let signature = help::signature(called)?;
        Some(Usage(format!("   {signature}")))
    }
}

impl Completer for Assist {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _context: &Context<'_>,
    ) -> Result<(usize, Vec<Pair>)> {
        Ok(complete::complete(line, pos, &self.known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_runs_what_is_whole() {
        for text in ["1 + 1", ":help", "minimize f", "let a = )", "f(1,\n\n"] {
            assert!(is_whole(text), "{text}");
        }
        for text in ["f(1,", "let a =", "## doc", "for i in 1..3 {"] {
            assert!(!is_whole(text), "{text}");
        }
    }

    #[test]
    fn colors_change_no_character() {
        let line = "let θ = sum(x[i]^2 for i in 1..n) # so \"";
        let mut shown = colored(line);
        while let Some(start) = shown.find('\x1b') {
            let end = shown[start..].find('m').map_or(shown.len(), |n| start + n + 1);
            shown.replace_range(start..end, "");
        }
        assert_eq!(shown, line);
        assert!(colored("let a = 3").starts_with("\x1b[34mlet\x1b[0m a = \x1b[36m3"));
    }
}
