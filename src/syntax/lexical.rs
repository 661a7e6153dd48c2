//! Reports of text that is no token of the language.
//!
//! In comes a token for which [`Token::is_fault`] holds; out goes its report. The table says what to
//! write instead of operators of other languages and of characters that come with text out of a PDF.

use super::token::{Lexeme, Token};
use crate::diag::{Diagnostic, codes};
use crate::source::{FileId, Span};

/// What was found, what Gradus has for it, and what to write.
const FOREIGN: &[(&str, &str, &str)] = &[
    ("**", "^", "powers are written `x^2`"),
    ("&&", "and", "write `a and b`"),
    ("&", "and", "write `a and b`"),
    ("||", "or", "write `a or b`; the norm of x is `norm(x)`"),
    ("|", "or", "write `a or b`; the absolute value of x is `abs(x)`"),
    ("!", "not", "write `not a`; a factorial is `gamma(n + 1)`"),
    ("~", "not", "write `not a`"),
    ("~=", "!=", "write `a != b`"),
    ("<>", "!=", "write `a != b`"),
    ("!==", "!=", "write `a != b`"),
    ("===", "==", "write `a == b`"),
    (":=", "=", "definitions are written `let a = 1`"),
    ("=>", ">=", "write `a >= b`"),
    ("=<", "<=", "write `a <= b`"),
    ("+=", "=", "names do not change; define a new one: `let b = a + 1`"),
    ("-=", "=", "names do not change; define a new one: `let b = a - 1`"),
    ("*=", "=", "names do not change; define a new one: `let b = 2*a`"),
    ("/=", "=", "names do not change; define a new one: `let b = a/2`"),
    ("++", "+", "write `a + b`"),
    ("//", "/", "comments begin with `#`; the whole part of a quotient is `floor(a/b)`"),
    ("%", "mod", "comments begin with `#`; a remainder is `mod(a, b)`"),
    ("->", "=", "functions are written `fn f(x) = x^2`"),
    ("@", "*", "`*` is the product of matrices"),
    ("≤", "<=", "write `<=`"),
    ("≥", ">=", "write `>=`"),
    ("≠", "!=", "write `!=`"),
    ("−", "-", "this is a typographic minus; write `-`"),
    ("–", "-", "this is a dash; write `-`"),
    ("—", "-", "this is a dash; write `-`"),
    ("·", "*", "write `*`"),
    ("⋅", "*", "write `*`"),
    ("×", "*", "write `*`"),
    ("÷", "/", "write `/`"),
    ("²", "^2", "write `x^2`"),
    ("³", "^3", "write `x^3`"),
    ("⁴", "^4", "write `x^4`"),
    ("⁵", "^5", "write `x^5`"),
    ("√", "sqrt", "write `sqrt(x)`"),
    ("∑", "sum", "write `sum(x[i] for i in 1..n)`"),
    ("∏", "prod", "write `prod(x[i] for i in 1..n)`"),
    ("∞", "inf", "write `inf`"),
    ("ᵀ", "'", "write `A'` for the transpose"),
    ("←", "<-", "write `theta <- theta - lr*g`"),
    ("→", "=", "functions are written `fn f(x) = x^2`"),
    ("“", "\"", "write strings in plain quotes: `\"text\"`"),
    ("”", "\"", "write strings in plain quotes: `\"text\"`"),
    ("‘", "\"", "write strings in plain double quotes: `\"text\"`"),
    ("’", "'", "write `A'` for the transpose, strings in double quotes"),
    ("′", "'", "write `A'` for the transpose, `diff(f, x)` for a derivative"),
];

/// The report of a fault.
pub(super) fn report(bad: Lexeme, file: FileId, text: &str) -> Diagnostic {
    let span = Span::new(file, bad.start, bad.end);
    let found = bad.text(text);
    match bad.token {
        Token::OpenString => open_string(span, found),
        Token::BarePoint => bare_point(span, found),
        Token::Label => Diagnostic::error(codes::E0201, "expected an expression, found a label")
            .at(span, "`∂` stands only where a statement begins")
            .help("write `diff(f, x)` for a derivative"),
        Token::Foreign => foreign(span, found),
        _ => unknown(span, found),
    }
}

fn foreign(span: Span, found: &str) -> Diagnostic {
    let row = FOREIGN.iter().find(|(text, ..)| *text == found);
    let Some((_, instead, help)) = row else {
        return unknown(span, found);
    };
    let code = if found.is_ascii() { codes::E0105 } else { codes::E0101 };
    Diagnostic::error(code, format!("expected `{instead}`, found `{found}`"))
        .at(span, "not an operator of Gradus")
        .help(*help)
}

fn open_string(span: Span, found: &str) -> Diagnostic {
    // Only the quote is marked where the string is long: all of it says no more.
    let start =
        if found.chars().count() > 60 { Span { end: span.start + 1, ..span } } else { span };
    Diagnostic::error(codes::E0102, "expected `\"` before the end of the line")
        .at(start, "this string does not end")
        .help("end the string with `\"`; a new line within it is written `\\n`")
}

fn bare_point(span: Span, found: &str) -> Diagnostic {
    let short = if found.len() <= 20 { found } else { "3." };
    Diagnostic::error(codes::E0103, "expected a digit after the decimal point")
        .at(span, "this number ends with its point")
        .help(format!("write `{short}0`"))
}

fn unknown(span: Span, found: &str) -> Diagnostic {
    let first = found.chars().next().unwrap_or('\0');
    let span = Span { end: span.start + first.len_utf8() as u32, ..span };
    let code = u32::from(first);
    let shown = match first {
        c if c.is_control() => format!("the control character U+{code:04X}"),
        c if c.is_ascii() => format!("`{c}`"),
        c => format!("`{c}` (U+{code:04X})"),
    };
    let help = match first {
        '∂' => "write `diff(f, x)` for a derivative",
        '$' | '\\' => "formulas are plain text here, without LaTeX's signs",
        '`' => "strings are in double quotes: `\"text\"`",
        '?' => "write `if c then a else b` for a choice, `gradus help` for help",
        _ => "remove it, or write the name or operator that it stands for",
    };
    Diagnostic::error(
        codes::E0101,
        format!("expected a name, a number or an operator, found {shown}"),
    )
    .at(span, "no part of the language")
    .help(help)
}

#[cfg(test)]
mod tests {
    use super::super::token::lex;
    use super::*;

    #[test]
    fn every_row_of_the_table_is_a_token_of_its_own() {
        for (text, ..) in FOREIGN {
            let lexemes = lex(text);
            assert_eq!(lexemes.len(), 1, "{text}");
            assert_eq!(lexemes[0].token, Token::Foreign, "{text}");
        }
    }
}
