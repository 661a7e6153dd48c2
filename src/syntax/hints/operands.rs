//! Hints about expressions: signs, ranges, indices, sums, braces and quotes.

use super::super::place::Place;
use super::super::token::Token;
use super::{Rule, instead, plain};
use crate::diag::{Diagnostic, codes};

pub(super) const RULES: &[Rule] = &[
    unary_plus,
    colon_range,
    long_range,
    second_index,
    point_goes_on,
    braces,
    single_quotes,
    missing_operand,
];

/// `+x`
fn unary_plus(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Plus) && place.expects_expression();
    is_it.then(|| instead(place, codes::E0210, "an expression", "leave out the `+`"))
}

/// `A[2:5]`
fn colon_range(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Colon) && place.expects("..")
        || place.before(1) == Some(Token::Colon) && place.open_bracket() == Some(Token::SquareOpen);
    is_it.then(|| {
        let help = "write `a..b` for a range, `:` alone for all entries of an axis";
        plain(place, codes::E0208).help(help)
    })
}

/// `1..2..3`
fn long_range(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::DotDot) && !place.expects("..");
    is_it.then(|| {
        let help = "a range has two ends; other steps are written `[1 + 2*i for i in 0..n]`";
        plain(place, codes::E0215).help(help)
    })
}

/// `sum(a*b for i in 1..n, j in 1..m)`
fn second_index(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Comma)
        && place.after(1) == Some(Token::Name)
        && matches!(place.after(2), Some(Token::In | Token::Equals));
    let index = place.text_at(place.at + 1);
    is_it.then(|| {
        instead(
            place,
            codes::E0211,
            "`for`",
            format!("write `for {index} in ...` in place of the comma"),
        )
    })
}

/// `f at fit - 3`
fn point_goes_on(place: &Place<'_>) -> Option<Diagnostic> {
    let arithmetic = place.found().is_some_and(|token| {
        use Token::{Caret, DotMinus, DotPlus, DotSlash, DotStar, Minus, Plus, Slash, Star};
        matches!(
            token,
            Plus | Minus | Star | Slash | Caret | DotPlus | DotMinus | DotStar | DotSlash
        )
    });
    if !arithmetic {
        return None;
    }
    let mut depth = 0u32;
    for lexeme in place.tokens[..place.at].iter().rev() {
        match lexeme.token {
            Token::At if depth == 0 => {
                let help = "put the value in parentheses to compute with it: `(f at fit) - 3`";
                return Some(plain(place, codes::E0212).help(help));
            }
            token if token.is_closer() => depth += 1,
            token if token.closer().is_some() => depth = depth.checked_sub(1)?,
            Token::Name | Token::Dot => {}
            _ if depth > 0 => {}
            _ => return None,
        }
    }
    None
}

/// `let a = {1, 2}`
fn braces(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::BraceOpen) && !place.expects("{");
    is_it.then(|| {
        let help = "write `[1, 2]` for a list, `( )` to group; braces hold blocks and constraints";
        plain(place, codes::E0217).help(help)
    })
}

/// `csv('x.csv')`
fn single_quotes(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Prime) && place.expects_expression();
    is_it.then(|| {
        let help =
            "strings are in double quotes: `\"text\"`; `'` is a transpose and follows its operand";
        instead(place, codes::E0201, "an expression", help)
    })
}

/// `a + * b`, `a +`
fn missing_operand(place: &Place<'_>) -> Option<Diagnostic> {
    let operator = |token: Token| token.is_operator() && token != Token::Prime || token.is_word();
    if !place.before(1).is_some_and(operator) || !place.expects_expression() {
        return None;
    }
    let message = format!(
        "expected an expression after `{}`, found {}",
        place.before_text(),
        place.found_in_words()
    );
    Some(Diagnostic::error(codes::E0201, message).at(place.span(), ""))
}
