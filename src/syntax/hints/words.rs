//! Hints about words: reserved ones as names, misspelled ones, and two things side by side.

use super::super::place::Place;
use super::super::statements::{inner_words, statement_words};
use super::super::token::Token;
use super::{Rule, instead, plain};
use crate::diag::{Diagnostic, codes, nearest};

pub(super) const RULES: &[Rule] = &[
    exponent_without_digits,
    second_point,
    number_as_field,
    foreign_word,
    misspelled,
    product_without_sign,
    command_as_operand,
    reserved_as_name,
];

/// Words that other languages begin statements with.
const FOREIGN: &[(&str, &str)] = &[
    ("def", "write `fn f(x) = x^2` for a function"),
    ("function", "write `fn f(x) = x^2` for a function"),
    ("func", "write `fn f(x) = x^2` for a function"),
    ("const", "write `let a = 3` for a value"),
    ("import", "write `use nn` or `use \"mine.opt\"`"),
    ("include", "write `use \"mine.opt\"`"),
    ("elif", "write `else if`"),
    ("elseif", "write `else if`"),
    ("end", "blocks are written in braces: `for i in 1..3 { ... }`"),
    ("while", "write `for i in 1..n { ... }` for a loop"),
];

/// `1e`, `1_`
fn exponent_without_digits(place: &Place<'_>) -> Option<Diagnostic> {
    let (number, name) = (place.before_text(), place.found_text());
    if place.before(1) != Some(Token::Number) || !place.is_adjacent() {
        return None;
    }
    if name == "e" || name == "E" {
        let help =
            format!("write `{number}e3` for a power of ten, `{number}*{name}` for a product");
        return Some(instead(place, codes::E0107, "digits after the exponent", help));
    }
    let is_blank = name.starts_with('_');
    is_blank.then(|| instead(place, codes::E0107, "a digit", "`_` stands between two digits only"))
}

/// `1.2.3`
fn second_point(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.before(1) == Some(Token::Number)
        && place.found() == Some(Token::Number)
        && place.is_adjacent();
    is_it.then(|| {
        let help = "a number has one decimal point; a range is written `1..3`";
        plain(place, codes::E0107).help(help)
    })
}

/// `def f(x) = x`, `elif c`
fn foreign_word(place: &Place<'_>) -> Option<Diagnostic> {
    let row = |written| FOREIGN.iter().find(|(word, _)| *word == written);
    let (written, at) = match (place.before(1), place.found()) {
        (Some(Token::Name), Some(Token::Name)) => (place.before_text(), place.at - 1),
        _ => ("", place.at),
    };
    let found = row(written).map(|row| (row, at));
    let ((written, help), at) =
        found.or_else(|| row(place.found_text()).map(|row| (row, place.at)))?;
    place.expects_operator().then(|| {
        Diagnostic::error(codes::E0207, format!("expected a word of Gradus, found `{written}`"))
            .at(place.span_at(at), "a word of another language")
            .help(*help)
    })
}

/// `t.1`
fn number_as_field(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Number)
        && place.found_text().starts_with('.')
        && place.is_adjacent();
    let (left, digits) = (place.before_text(), place.found_text().trim_start_matches('.'));
    is_it.then(|| {
        let help = format!("write `{left}[{digits}]` for an entry; a field is a name: `t.speed`");
        plain(place, codes::E0201).help(help)
    })
}

/// `minimize f usng newton`, `minimise f`
fn misspelled(place: &Place<'_>) -> Option<Diagnostic> {
    let after_start = place.at == 1
        || matches!(
            place.before(2),
            Some(Token::Equals | Token::ParenOpen | Token::BraceOpen | Token::Separator)
        );
    let written = place.before_text();
    if after_start
        && place.before(1) == Some(Token::Name)
        && let Some(word) = nearest(written, statement_words())
    {
        return Some(
            Diagnostic::error(
                codes::E0207,
                format!("expected a statement, found the name `{written}`"),
            )
            .at(place.span_at(place.at - 1), "no word that begins a statement")
            .help(format!("did you mean `{word}`?")),
        );
    }
    if place.found() != Some(Token::Name) || place.expects("name") {
        return None;
    }
    let word = nearest(place.found_text(), inner_words())?;
    Some(plain(place, codes::E0207).help(format!("did you mean `{word}`?")))
}

/// `2x`, `a b`, `[1 2]`
fn product_without_sign(place: &Place<'_>) -> Option<Diagnostic> {
    let operand =
        |token| matches!(token, Token::Name | Token::Number | Token::Nabla | Token::NablaSquared);
    let begins = place.found().is_some_and(operand);
    if !begins || !place.before(1).is_some_and(Token::can_end) || !place.expects_operator() {
        return None;
    }
    if place.before(1) == Some(Token::Str) {
        return Some(plain(place, codes::E0201).help("separate the two by a comma"));
    }
    let (left, right) = (place.before_text(), place.found_text());
    let help = match (place.open_bracket(), place.before(1)) {
        (Some(Token::SquareOpen), _) if place.is_on_new_line() => {
            "rows of a matrix are separated by `;`, entries by `,`".to_owned()
        }
        (Some(Token::SquareOpen), _) if !place.is_adjacent() => {
            format!("write `{left}, {right}` for two entries, `{left}*{right}` for the product")
        }
        (_, Some(Token::ParenClose | Token::SquareClose | Token::Prime)) => {
            format!("write `*` for the product: `...{left}*{right}`")
        }
        _ => format!("write `{left}*{right}` for the product"),
    };
    Some(plain(place, codes::E0204).help(help))
}

/// `1 + minimize f`, `f(minimize g, 2)`, `1 + if c then a else b`, `[a where p = 1]`
fn command_as_operand(place: &Place<'_>) -> Option<Diagnostic> {
    let word = match place.found()? {
        Token::If => "an `if`",
        Token::Where => "a `where`",
        Token::Minimize | Token::Maximize | Token::Compare | Token::Tune | Token::LrRange => {
            "a command"
        }
        Token::Comma if place.expects(")") && leads_with_command(place) => "a command",
        _ => return None,
    };
    if place.at == 0
        || place.before(1).is_some_and(|t| t == Token::Var || t == Token::Let || t == Token::Dot)
    {
        return None;
    }
    let help =
        format!("put {word} in parentheses of its own to use its value in a larger expression");
    Some(plain(place, codes::E0212).help(help))
}

/// Whether the innermost bracket begins with a command.
fn leads_with_command(place: &Place<'_>) -> bool {
    let first = place.opener.and_then(|opener| place.tokens.get(opener + 1)).map(|l| l.token);
    let named = first.is_some_and(Token::is_contextual);
    named
        || matches!(
            first,
            Some(Token::Minimize | Token::Maximize | Token::Compare | Token::LrRange)
        )
}

/// `let from = 3`
fn reserved_as_name(place: &Place<'_>) -> Option<Diagnostic> {
    let word = place.found_text();
    // After a word such as `using` an operand is missing; nobody meant the next word as a name.
    let after_word = place.expects_expression() && place.before(1).is_some_and(Token::is_word);
    let is_it = place.found().is_some_and(Token::is_reserved)
        && !after_word
        && place.expects("name")
        && !place.expects(word);
    is_it.then(|| {
        let help =
            format!("`{word}` is a word of the language; choose another name, such as `{word}_1`");
        plain(place, codes::E0206).help(help)
    })
}
