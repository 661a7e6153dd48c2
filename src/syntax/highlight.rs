//! Tokens with classes, for coloring a line as it is typed.
//!
//! In comes any text, whole or not; out go stretches in order, comments among them, blanks not. The
//! words come from the tokens themselves, so a new keyword is colored without a second list.

use super::layout::layout;
use super::token::{Lexeme, Token, lex};
use std::ops::Range;

/// How a token is colored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A word of the language where it stands.
    Keyword,
    /// A number.
    Number,
    /// A string, also one without an end.
    String,
    /// An operator, a comma or a separator.
    Operator,
    /// A name.
    Name,
    /// A comment, documentation or the label of a printed result.
    Comment,
    /// A bracket.
    Bracket,
    /// No part of the language.
    Fault,
}

/// The tokens of a text with their classes; ranges are in bytes.
pub fn highlight(text: &str) -> Vec<(Range<usize>, Class)> {
    let lexemes = lex(text);
    let meant = layout(&lexemes).tokens;
    let mut meant = meant.iter().peekable();
    let mut classes = vec![];
    for lexeme in &lexemes {
        // The layout pass knows which words are keywords here; what it drops is as the lexer saw it.
        while meant.next_if(|l| l.start < lexeme.start).is_some() {}
        let token = match meant.peek() {
            Some(l) if l.start == lexeme.start && l.end == lexeme.end => l.token,
            _ => lexeme.token,
        };
        if let Some(class) = class(token) {
            classes.push((lexeme.range(), class));
        }
    }
    classes
}

impl Lexeme {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

fn class(token: Token) -> Option<Class> {
    Some(match token {
        Token::NewLine | Token::Separator => return None,
        Token::Name => Class::Name,
        Token::Number => Class::Number,
        Token::Str | Token::OpenString => Class::String,
        Token::Comment | Token::Doc | Token::Label => Class::Comment,
        Token::Comma | Token::Semicolon => Class::Operator,
        _ if token.is_fault() => Class::Fault,
        _ if token.is_operator() => Class::Operator,
        _ if token.closer().is_some() || token.is_closer() => Class::Bracket,
        _ => Class::Keyword,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_keywords_only_where_they_mean_it() {
        let text = "seed 3 # so\nlet seed = \"a";
        let shown: Vec<_> =
            highlight(text).into_iter().map(|(range, class)| (&text[range], class)).collect();
        assert_eq!(
            shown,
            [
                ("seed", Class::Keyword),
                ("3", Class::Number),
                ("# so", Class::Comment),
                ("let", Class::Keyword),
                ("seed", Class::Name),
                ("=", Class::Operator),
                ("\"a", Class::String),
            ]
        );
    }
}
