//! LaTeX source from the layout tree, for `amsmath`.
//!
//! In: the tree that the text renderer reads, too. Out: math-mode source as a
//! person types it: fractions, limits under and over sums, subscripts for
//! indices, a product without a sign where two factors cannot be taken for
//! one (`2x`, `2 \cdot 3`). How a function is written stands in the `latex`
//! column of its row in `ops`; names are in [`names`], calls in [`calls`].
//!
//! Brackets stand where precedence asks for them. What a fraction line, a
//! superscript or a limit already groups needs none, so the levels here differ
//! a little from those of the text ([`level`]).
//!
//! ```
//! # use gradus::{expr::{Graph, Symbol}, print, shape::Shape};
//! let mut g = Graph::new();
//! let x = g.declare(Symbol::unknown("theta_1", Shape::Scalar));
//! let x = g.leaf(x);
//! let half = g.powi(x, -1);
//! assert_eq!(print::latex(&print::layout(&g, half)), "\\frac{1}{\\theta_{1}}");
//! ```

mod calls;
mod names;

use super::layout::{Clause, Layout, Level};
use crate::expr::Op;
use crate::ops;
pub use names::name;

/// The LaTeX source of a layout, without a surrounding environment.
pub fn latex(layout: &Layout) -> String {
    crate::memory::deep(|| node(layout))
}

fn node(layout: &Layout) -> String {
    match layout {
        Layout::Number(n) => names::number(*n),
        Layout::Name(text) => name(text),
        Layout::Call(op, args) => calls::call(*op, args),
        Layout::Make(what, args) => calls::make(what, args),
        Layout::Sum(terms, _) => sum(terms, " "),
        Layout::Product(factors) => product(factors),
        Layout::Dotted(factors) => infix(factors, &format!(" {} ", ops::def(Op::Had).latex.text)),
        Layout::Quotient(top, bottom, false) => {
            format!("\\frac{{{}}}{{{}}}", latex(top), latex(bottom))
        }
        Layout::Quotient(top, bottom, true) => {
            format!("{} \\oslash {}", operand(top, Level::Power), operand(bottom, Level::Power))
        }
        Layout::Scaled(scale, of) => {
            format!("{} {}", operand(scale, Level::Product), scaled(of))
        }
        Layout::Negative(inner) => format!("-{}", operand(inner, Level::Product)),
        Layout::Power(base, exponent, dotted) => power(base, exponent, *dotted),
        Layout::Transpose(inner) => {
            format!("{}{}", operand(inner, Level::Postfix), ops::def(Op::Transpose).latex.text)
        }
        Layout::Index(base, entries) => index(base, entries),
        Layout::All => ":".to_string(),
        Layout::Range(lo, hi) => format!("{}:{}", tight(lo), tight(hi)),
        Layout::Infix(op, a, b) => comparison(*op, a, b),
        Layout::Not(inner) => {
            format!("{} {}", ops::def(Op::Not).latex.text, operand(inner, Level::Not))
        }
        Layout::If(..) => cases(layout),
        Layout::Binder(op, body, clauses) => binder(*op, body, clauses),
        Layout::Array(rows, column) => matrix(rows, *column),
        Layout::Where(body, defs) => where_clause(body, defs),
    }
}

/// How tightly a layout binds in LaTeX. A fraction groups by its line, but
/// takes no exponent without brackets; neither does what ends in a superscript.
fn level(layout: &Layout) -> Level {
    match layout {
        Layout::Quotient(_, _, false) | Layout::Transpose(_) => Level::Power,
        Layout::Number(n) if n.as_int().is_none() => names::number_level(*n),
        Layout::Binder(Op::Comp, ..) => Level::Power,
        Layout::Binder(..) => Level::Product,
        Layout::Call(op, _) => calls::level(*op),
        Layout::Make("diff" | "jac", _) => Level::Power,
        _ => layout.level(),
    }
}

/// An operand that must bind at least as tightly as `least`.
fn operand(layout: &Layout, least: Level) -> String {
    let text = latex(layout);
    if level(layout) >= least { text } else { bracketed(&text) }
}

/// In brackets, which grow where the inside is higher than a line.
fn bracketed(text: &str) -> String {
    if is_tall(text) { format!("\\left({text}\\right)") } else { format!("({text})") }
}

/// Whether the source makes something higher than a line of text.
fn is_tall(text: &str) -> bool {
    ["\\frac", "\\sum", "\\prod", "\\begin", "\\left", "\\substack"]
        .iter()
        .any(|part| text.contains(part))
}

/// Terms with their signs, which stand between two of `blank`.
fn sum(terms: &[(bool, Layout)], blank: &str) -> String {
    let mut out = String::new();
    for (k, (negative, term)) in terms.iter().enumerate() {
        let sign = if *negative { "-" } else { ops::def(Op::Add).latex.text };
        match (k, negative) {
            (0, false) => {}
            (0, true) => out.push_str(sign),
            _ => out.push_str(&format!("{blank}{sign}{blank}")),
        }
        out.push_str(&operand(term, Level::Product));
    }
    out
}

/// An index or an end of a range: without blanks around signs.
fn tight(layout: &Layout) -> String {
    match layout {
        Layout::Sum(terms, _) => sum(terms, ""),
        _ => latex(layout),
    }
}

fn infix(factors: &[Layout], sign: &str) -> String {
    factors.iter().map(|f| operand(f, Level::Power)).collect::<Vec<_>>().join(sign)
}

/// Factors side by side. A sum over an index may stand last without brackets.
fn product(factors: &[Layout]) -> String {
    let mut out = String::new();
    for (k, factor) in factors.iter().enumerate() {
        // What takes in all that follows stands last, or in brackets.
        let last = k + 1 == factors.len();
        let text = match factor {
            Layout::Binder(..) if last => operand(factor, Level::Product),
            Layout::Number(_) if k == 0 => latex(factor),
            Layout::Make("diff" | "jac", _) if !last => operand(factor, Level::Postfix),
            _ => operand(factor, Level::Power),
        };
        if k > 0 {
            out.push_str(between(&factors[k - 1], &text));
        }
        out.push_str(&text);
    }
    out
}

/// What stands between a factor and the next one: nothing after a number, a
/// sign where two numbers meet, a little room beside a word.
fn between(before: &Layout, after: &str) -> &'static str {
    let number = matches!(before, Layout::Number(n) if !names::has_power_of_ten(*n));
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if digit(after) || (number && after.strip_prefix("\\frac{").is_some_and(digit)) {
        " \\cdot "
    } else if number {
        ""
    } else if after.starts_with("\\mathrm") || is_word(before) {
        " \\, "
    } else {
        " "
    }
}

fn is_word(layout: &Layout) -> bool {
    matches!(layout, Layout::Name(text) if name(text).starts_with("\\mathrm"))
}

/// What follows a scale: a product goes on without brackets.
fn scaled(of: &Layout) -> String {
    match of {
        Layout::Product(_) | Layout::Dotted(_) | Layout::Binder(..) => latex(of),
        _ => operand(of, Level::Power),
    }
}

fn power(base: &Layout, exponent: &Layout, dotted: bool) -> String {
    let exponent = match exponent {
        Layout::Number(n) => names::inline_number(*n),
        _ => latex(exponent),
    };
    let exponent = if dotted { format!("\\circ {exponent}") } else { exponent };
    if let Layout::Call(op, args) = base
        && !dotted
        && ops::def(*op).latex.powers_on_name
    {
        return calls::function(&format!("{}^{{{exponent}}}", ops::def(*op).latex.text), args);
    }
    format!("{}^{{{exponent}}}", operand(base, Level::Postfix))
}

/// `A_{ij}`, but `A_{i,j+1}` where an index is more than a letter or a digit.
fn index(base: &Layout, entries: &[Layout]) -> String {
    let short = |entry: &Layout| match entry {
        Layout::Name(name) => name.chars().count() == 1,
        Layout::Number(n) => n.as_int().is_some_and(|i| (0..10).contains(&i)),
        _ => false,
    };
    let sign = if entries.iter().all(short) { "" } else { "," };
    let entries = entries.iter().map(tight).collect::<Vec<_>>().join(sign);
    let text = operand(base, Level::Atom);
    // A second subscript needs brackets around the first.
    let plain = text.starts_with('(') || text.starts_with("\\left(") || !text.contains('_');
    format!("{}_{{{entries}}}", if plain { text } else { bracketed(&text) })
}

fn comparison(op: Op, a: &Layout, b: &Layout) -> String {
    let (left, right) = match op {
        Op::Or => (Level::Or, Level::And),
        Op::And => (Level::And, Level::Not),
        _ => (Level::Range, Level::Range),
    };
    format!("{} {} {}", operand(a, left), ops::def(op).latex.text, operand(b, right))
}

/// `if c then a else if d then b else e`, one case a line.
fn cases(layout: &Layout) -> String {
    let mut rows = Vec::new();
    let mut at = layout;
    while let Layout::If(cond, then, other) = at {
        rows.push(format!("{} & \\text{{if }} {}", latex(then), latex(cond)));
        at = other;
    }
    rows.push(format!("{} & \\text{{otherwise}}", latex(at)));
    format!("\\begin{{cases}} {} \\end{{cases}}", rows.join(" \\\\ "))
}

/// `\sum_{i=1}^{n} ...`, `\max_{1 \le i \le n} ...`; conditions stand below.
fn binder(op: Op, body: &Layout, clauses: &[Clause]) -> String {
    let sign = ops::def(op).latex.text;
    let inside = match body {
        Layout::Negative(_) => bracketed(&latex(body)),
        _ => operand(body, Level::Product),
    };
    match op {
        Op::Sum | Op::Prod => {
            let signs: Vec<String> =
                clauses.iter().map(|c| format!("{sign}{}", over_and_under(c))).collect();
            format!("{} {inside}", signs.join(" "))
        }
        Op::Comp => {
            let first: Vec<String> =
                clauses.iter().map(|c| format!("{}={}", name(&c.index), tight(&c.lo))).collect();
            let last: Vec<String> = clauses.iter().map(|c| tight(&c.hi)).collect();
            let (first, last) = (first.join(",\\,"), last.join(",\\,"));
            format!("{}_{{{first}}}^{{{last}}}", bracketed(&latex(body)))
        }
        _ => {
            let lines: Vec<String> = clauses.iter().flat_map(under).collect();
            format!("{sign}_{{{}}} {inside}", stacked(&lines))
        }
    }
}

fn over_and_under(clause: &Clause) -> String {
    let mut lines = vec![format!("{}={}", name(&clause.index), tight(&clause.lo))];
    lines.extend(clause.cond.as_ref().map(latex));
    format!("_{{{}}}^{{{}}}", stacked(&lines), tight(&clause.hi))
}

fn under(clause: &Clause) -> Vec<String> {
    let mut lines = vec![format!(
        "{} \\le {} \\le {}",
        tight(&clause.lo),
        name(&clause.index),
        tight(&clause.hi)
    )];
    lines.extend(clause.cond.as_ref().map(latex));
    lines
}

fn stacked(lines: &[String]) -> String {
    match lines {
        [only] => only.clone(),
        _ => format!("\\substack{{{}}}", lines.join(" \\\\ ")),
    }
}

fn matrix(rows: &[Vec<Layout>], column: bool) -> String {
    // A column may be given as one row or as rows of one entry.
    let sign = if column { " \\\\ " } else { " & " };
    let rows: Vec<String> =
        rows.iter().map(|r| r.iter().map(latex).collect::<Vec<_>>().join(sign)).collect();
    format!("\\begin{{pmatrix}} {} \\end{{pmatrix}}", rows.join(" \\\\ "))
}

fn where_clause(body: &Layout, defs: &[(String, Layout)]) -> String {
    let defs: Vec<String> =
        defs.iter().map(|(n, def)| format!("{} = {}", name(n), latex(def))).collect();
    format!("{} \\quad \\text{{where }} {}", operand(body, Level::If), defs.join(", \\; "))
}
