//! The place where the parser gave up, and what it would have taken there.
//!
//! In come the tokens of a statement, the index of the one that did not fit, and lalrpop's list of the
//! tokens that would have. Out go questions that [`hints`](super::hints) asks, and words for what was
//! expected and found. That list is made after reductions in merged states and is not exact: it is
//! used only in groups.

use super::token::{Lexeme, Token};
use crate::source::{FileId, Span};

/// Where the parser gave up.
pub(super) struct Place<'a> {
    pub text: &'a str,
    /// The tokens of the statement.
    pub tokens: &'a [Lexeme],
    /// The index of the token that did not fit; their number where the statement ended too soon.
    pub at: usize,
    /// The innermost bracket that is open there, as an index.
    pub opener: Option<usize>,
    file: FileId,
    expected: Vec<&'a str>,
}

impl<'a> Place<'a> {
    pub fn new(
        file: FileId,
        text: &'a str,
        tokens: &'a [Lexeme],
        at: usize,
        expected: &'a [String],
    ) -> Self {
        let mut open = vec![];
        for (index, lexeme) in tokens.iter().enumerate().take(at) {
            if lexeme.token.closer().is_some() {
                open.push(index);
            } else if lexeme.token.is_closer() {
                open.pop();
            }
        }
        let expected = expected.iter().map(|name| name.trim_matches('"')).collect();
        Self { text, tokens, at, opener: open.pop(), file, expected }
    }

    /// The token that did not fit.
    pub fn found(&self) -> Option<Token> {
        self.tokens.get(self.at).map(|l| l.token)
    }

    /// The token `n` before the one that did not fit.
    pub fn before(&self, n: usize) -> Option<Token> {
        self.at.checked_sub(n).and_then(|at| self.tokens.get(at)).map(|l| l.token)
    }

    /// The token `n` after the one that did not fit.
    pub fn after(&self, n: usize) -> Option<Token> {
        self.tokens.get(self.at + n).map(|l| l.token)
    }

    /// The first token of the statement.
    pub fn first(&self) -> Option<Token> {
        self.tokens.first().map(|l| l.token)
    }

    /// The innermost open bracket.
    pub fn open_bracket(&self) -> Option<Token> {
        self.opener.map(|index| self.tokens[index].token)
    }

    /// The text of the token at an index; for what is too long to repeat, "...".
    pub fn text_at(&self, index: usize) -> &'a str {
        match self.tokens.get(index).map_or("", |l| l.text(self.text)) {
            long if long.len() > 40 => "...",
            short => short,
        }
    }

    /// The text of the token that did not fit.
    pub fn found_text(&self) -> &'a str {
        self.text_at(self.at)
    }

    /// The text of the token before it.
    pub fn before_text(&self) -> &'a str {
        self.at.checked_sub(1).map_or("", |at| self.text_at(at))
    }

    /// Whether nothing stands between the token that did not fit and the one before.
    pub fn is_adjacent(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.zip(self.tokens.get(self.at)).is_some_and(|(a, b)| a.end == b.start)
    }

    /// Whether a line ends before the token that did not fit.
    pub fn is_on_new_line(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let gap =
            before.zip(self.tokens.get(self.at)).map(|(a, b)| a.end as usize..b.start as usize);
        gap.and_then(|gap| self.text.get(gap)).is_some_and(|gap| gap.contains('\n'))
    }

    /// What is underlined: the token that did not fit, or the end of the statement.
    pub fn span(&self) -> Span {
        let end = self.tokens.last().map_or(0, |l| l.end);
        let (start, end) = self.tokens.get(self.at).map_or((end, end), |l| (l.start, l.end));
        Span::new(self.file, start, end)
    }

    /// The stretch of the token at an index.
    pub fn span_at(&self, index: usize) -> Span {
        let (start, end) = self.tokens.get(index).map_or((0, 0), |l| (l.start, l.end));
        Span::new(self.file, start, end)
    }

    /// Whether the token was acceptable to the parser.
    pub fn expects(&self, name: &str) -> bool {
        self.expected.contains(&name)
    }

    /// Whether an expression could begin there.
    pub fn expects_expression(&self) -> bool {
        self.expects("number") && self.expects("(")
    }

    /// Whether an expression could go on there.
    pub fn expects_operator(&self) -> bool {
        ["+", "*", "==", "^", "..", "and", "or"].iter().any(|op| self.expects(op))
    }

    /// What was found, in words.
    pub fn found_in_words(&self) -> String {
        let text = self.found_text();
        match self.found() {
            None => "the end of the statement".to_owned(),
            Some(Token::Separator) => "the end of the line".to_owned(),
            Some(Token::Name) => format!("the name `{text}`"),
            Some(Token::Number) => format!("the number `{text}`"),
            Some(Token::Str) => "a string".to_owned(),
            Some(token) if token.is_reserved() => format!("the reserved word `{text}`"),
            Some(_) => format!("`{text}`"),
        }
    }

    /// What was expected, in words.
    pub fn expected_in_words(&self) -> String {
        let mut words: Vec<String> = vec![];
        if self.expects_expression() {
            words.push("an expression".into());
        } else if self.expects("name") {
            words.push("a name".into());
        }
        if !self.expects_expression() {
            let single = [("string", "a string"), ("(", "`(`")];
            let single = single.into_iter().filter(|(name, _)| self.expects(name));
            if self.expects_operator() {
                words.push("an operator".into());
            } else {
                words.extend(single.map(|(_, word)| word.to_owned()));
            }
        }
        let singles = self.expected.iter().filter(|name| is_named_singly(name));
        let mut singles: Vec<_> = singles.map(|name| format!("`{name}`")).collect();
        // A dozen clause words say less than one word for them.
        let clauses = CLAUSES.iter().filter(|name| self.expects(name)).count();
        if clauses > 2 {
            words.push("a clause".into());
        } else {
            let clauses = CLAUSES.iter().filter(|name| self.expects(name));
            singles.extend(clauses.map(|name| format!("`{name}`")));
        }
        let closer = self.open_bracket().and_then(Token::closer);
        words.append(&mut singles);
        if closer.is_none() && self.found().is_some() && self.expects_operator() {
            words.push("the end of the line".into());
        }
        join_with_or(&words)
    }
}

const CLAUSES: &[&str] =
    &["over", "from", "subject", "using", "with", "to", "minimizing", "maximizing", "wrt"];

/// Tokens that a message names one by one; the others go in groups or are left out.
fn is_named_singly(name: &str) -> bool {
    let brackets = [")", "]", "}", "{", ",", "=", "<-", ":", ";"];
    let words = ["then", "else", "in", "for"];
    brackets.contains(&name) || words.contains(&name)
}

fn join_with_or(words: &[String]) -> String {
    match words {
        [] => "the end of the statement".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
