//! The words of the language as a table, for completion and for guesses at misspelled ones.
//!
//! The lexer has them as attributes of its tokens; a test below compares the two.

use super::token::Token;

/// Every word with its token, reserved ones first.
pub const KEYWORDS: &[(&str, Token)] = &[
    ("var", Token::Var),
    ("let", Token::Let),
    ("fn", Token::Fn),
    ("optimizer", Token::Optimizer),
    ("if", Token::If),
    ("then", Token::Then),
    ("else", Token::Else),
    ("for", Token::For),
    ("in", Token::In),
    ("at", Token::At),
    ("and", Token::And),
    ("or", Token::Or),
    ("not", Token::Not),
    ("minimize", Token::Minimize),
    ("maximize", Token::Maximize),
    ("compare", Token::Compare),
    ("tune", Token::Tune),
    ("lr_range", Token::LrRange),
    ("over", Token::Over),
    ("from", Token::From),
    ("subject", Token::Subject),
    ("to", Token::To),
    ("using", Token::Using),
    ("with", Token::With),
    ("minimizing", Token::Minimizing),
    ("maximizing", Token::Maximizing),
    ("wrt", Token::Wrt),
    ("where", Token::Where),
    ("use", Token::Use),
    ("seed", Token::Seed),
    ("derive", Token::Derive),
    ("solve", Token::Solve),
    ("convex", Token::Convex),
    ("check", Token::Check),
    ("explain", Token::Explain),
    ("plot", Token::Plot),
    ("print", Token::Print),
    ("assert", Token::Assert),
    ("export", Token::Export),
    ("state", Token::State),
    ("step", Token::Step),
];

/// Whether a name can never be defined, because it is a reserved word.
pub fn is_reserved_word(name: &str) -> bool {
    KEYWORDS.iter().any(|(word, token)| *word == name && token.is_reserved())
}

/// The words that begin statements.
pub(super) fn statement_words() -> impl Iterator<Item = &'static str> {
    words(|token| {
        let inside = matches!(token, Token::State | Token::Step);
        token.begins_definition()
            || token.is_command_word()
            || token.is_contextual() && !inside
            || token == Token::For
    })
}

/// The words that go on with a statement.
pub(super) fn inner_words() -> impl Iterator<Item = &'static str> {
    words(|token| {
        token.is_clause_word() || matches!(token, Token::For | Token::In | Token::And | Token::Or)
    })
}

fn words(is_one: fn(Token) -> bool) -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().filter(move |(_, token)| is_one(*token)).map(|(word, _)| *word)
}

#[cfg(test)]
mod tests {
    use super::super::token::lex;
    use super::*;
    use logos::Logos;

    #[test]
    fn the_table_is_what_the_lexer_knows() {
        for (word, token) in KEYWORDS {
            assert_eq!(Token::lexer(word).next(), Some(Ok(*token)), "{word}");
            assert!(token.is_word(), "{word}");
            assert_ne!(token.is_reserved(), token.is_contextual(), "{word}");
        }
        // The reference counts 28 reserved words.
        assert_eq!(KEYWORDS.iter().filter(|(word, _)| is_reserved_word(word)).count(), 28);
        assert!(!is_reserved_word("lambda") && lex("lambda")[0].token == Token::Name);
    }
}
