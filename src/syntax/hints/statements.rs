//! Hints about whole statements: definitions, constraints, loops, and `=` in the wrong place.

use super::super::place::Place;
use super::super::token::Token;
use super::{Rule, instead, plain};
use crate::diag::{Diagnostic, codes};

pub(super) const RULES: &[Rule] = &[
    loop_with_equals,
    default_argument,
    command_in_parentheses,
    update_with_equals,
    definition_without_word,
    start_with_double_equals,
    equality_with_equals,
    several_definitions,
    several_constraints,
    label_with_index,
    family_on_new_line,
    clause_without_command,
    statement_inside,
];

/// `for i = 1..n`
fn loop_with_equals(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Equals) && place.before(2) == Some(Token::For);
    let index = place.before_text();
    is_it.then(|| instead(place, codes::E0201, "`in`", format!("write `for {index} in 1..n`")))
}

/// `fn f(x, y = 2)`
fn default_argument(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.first() == Some(Token::Fn)
        && place.found() == Some(Token::Equals)
        && place.opener == Some(2);
    is_it.then(|| plain(place, codes::E0201).help("arguments of a function have no defaults"))
}

/// `print(a, b)`
fn command_in_parentheses(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.first().is_some_and(Token::is_contextual)
        && place.found() == Some(Token::Comma)
        && place.open_bracket() == Some(Token::ParenOpen)
        && place.opener == Some(1);
    let word = place.text_at(0);
    is_it.then(|| {
        let help = format!("write `{word} a, b` without parentheses");
        plain(place, codes::E0201).help(help)
    })
}

/// `v = 3` in an optimizer
fn update_with_equals(place: &Place<'_>) -> Option<Diagnostic> {
    let begins = matches!(place.before(2), Some(Token::Separator | Token::BraceOpen));
    let is_it = place.found() == Some(Token::Equals) && place.expects("<-") && begins;
    let name = place.before_text();
    is_it.then(|| {
        let help = format!("write `{name} <- ...` for an update, `let {name} = ...` for a value");
        instead(place, codes::E0201, "`<-`", help)
    })
}

/// `x = 3` or `f(x) = x^2`
fn definition_without_word(place: &Place<'_>) -> Option<Diagnostic> {
    if place.found() != Some(Token::Equals) || place.first() != Some(Token::Name) {
        return None;
    }
    let name = place.text_at(0);
    if place.at == 1 {
        let help = format!("write `let {name} = ...` to define it, `{name} == ...` to compare");
        return Some(instead(place, codes::E0205, "`let` before the name", help));
    }
    let is_call = place.tokens.get(1).is_some_and(|l| l.token == Token::ParenOpen);
    (is_call && place.opener.is_none() && place.before(1) == Some(Token::ParenClose)).then(|| {
        let help = format!("write `fn {name}(x) = ...` to define a function");
        instead(place, codes::E0205, "`fn` before the name", help)
    })
}

/// `var x == 3`, `let a == 3`
fn start_with_double_equals(place: &Place<'_>) -> Option<Diagnostic> {
    let defines = matches!(place.first(), Some(Token::Var | Token::Let | Token::Fn));
    let is_it = defines && place.found() == Some(Token::EqEq) && place.expects("=");
    is_it.then(|| instead(place, codes::E0205, "`=`", "write `=` to define, `==` to compare"))
}

/// `subject to x = 1`, `if a = b then`
fn equality_with_equals(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Equals) && place.expects_operator();
    is_it.then(|| {
        let help = "write `==` for equality; `=` defines names and names arguments";
        instead(place, codes::E0205, "`==`", help)
    })
}

/// `let a, b = 1`, `let a = 1, b = 2`
fn several_definitions(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.first() == Some(Token::Let)
        && place.found() == Some(Token::Comma)
        && place.opener.is_none();
    is_it.then(|| {
        let expected = if place.at == 2 { "`=`" } else { "the end of the statement" };
        let help =
            "write one `let` for each name, separated by `;`, or `let (a, b) = ...` for a pair";
        instead(place, codes::E0201, expected, help)
    })
}

/// `subject to a <= 1, b <= 2`
fn several_constraints(place: &Place<'_>) -> Option<Diagnostic> {
    let in_constraints =
        place.tokens[..place.at.min(place.tokens.len())].iter().any(|l| l.token == Token::Subject);
    let is_it = place.found() == Some(Token::Comma)
        && in_constraints
        && matches!(place.open_bracket(), None | Some(Token::BraceOpen));
    is_it.then(|| {
        let help = "write several constraints as `subject to { a <= 1; b <= 2 }`";
        plain(place, codes::E0201).help(help)
    })
}

/// `g[i]: x <= 1`
fn label_with_index(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::Colon)
        && matches!(place.before(1), Some(Token::SquareClose))
        && matches!(place.open_bracket(), None | Some(Token::BraceOpen));
    is_it.then(|| {
        let help = "a label is one name, also of a family: `cap: z[i] <= u[i] for i in 1..n`";
        plain(place, codes::E0201).help(help)
    })
}

/// `for` on a line of its own below its constraint
fn family_on_new_line(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.found() == Some(Token::For)
        && matches!(place.before(1), Some(Token::Separator | Token::BraceOpen));
    is_it.then(|| {
        instead(place, codes::E0201, "a constraint", "`for` stands on its constraint's line")
    })
}

/// `using newton` with nothing before it
fn clause_without_command(place: &Place<'_>) -> Option<Diagnostic> {
    let is_it = place.at == 0 && place.found().is_some_and(Token::is_clause_word);
    is_it.then(|| {
        let help = "a clause goes on with the command before it: `minimize f using newton`";
        instead(place, codes::E0201, "a statement", help)
    })
}

/// `print let a = 3`
fn statement_inside(place: &Place<'_>) -> Option<Diagnostic> {
    let defines =
        matches!(place.found(), Some(Token::Var | Token::Let | Token::Fn | Token::Optimizer));
    let as_name = place.expects("name") && !place.expects_expression();
    let is_it = defines && place.at > 0 && !as_name && !place.expects(place.found_text());
    is_it.then(|| {
        let help = "put the definition on a line of its own, before this one";
        plain(place, codes::E0216).help(help)
    })
}
