//! What `check` says, in words.
//!
//! The right side of an equation is mostly what a student worked out by hand,
//! so a mistake is told of the right side where it could be told of either.

use crate::check::value_text;
use crate::equality::derivatives::{Agreement, Report, Row};
use crate::equality::{Difference, Point, Side, Verdict};
use crate::expr::{ExprId, Graph, SymbolId};
use crate::report::number;
use crate::report::table::{Align, TextTable};
use crate::shape::Tensor;

/// The outcome of a check.
pub(super) struct Answer {
    /// Whether it holds.
    pub holds: bool,
    /// What people read.
    pub text: String,
}

/// Equal or not, and what differs.
pub(super) fn verdict_text(g: &mut Graph, verdict: &Verdict) -> Answer {
    match verdict {
        Verdict::SameForm => Answer { holds: true, text: "equal: same normal form".to_string() },
        Verdict::AtPoints(1) => Answer { holds: true, text: "equal".to_string() },
        Verdict::AtPoints(n) => Answer { holds: true, text: format!("equal at {n} random points") },
        Verdict::Differs { point, values, what } => {
            let what = what.as_ref().map(|d| format!(": {}", difference_text(g, d)));
            let text =
                format!("not equal{}\n{}", what.unwrap_or_default(), sides(g, point, values));
            Answer { holds: false, text }
        }
        Verdict::Undefined { point, values } => {
            let finite = |t: &Tensor| t.data().iter().all(|v| v.is_finite());
            let side = if finite(&values.0) { "right" } else { "left" };
            let text = format!(
                "not equal: the {side} side is not defined everywhere the other is; where both are, they agree\n{}",
                sides(g, point, values)
            );
            Answer { holds: false, text }
        }
        Verdict::Nowhere => Answer {
            holds: false,
            text: "undecided: found no point where both sides have a value".to_string(),
        },
    }
}

/// "at x = 2: left 8, right -8"
fn sides(g: &Graph, point: &Point, (left, right): &(Tensor, Tensor)) -> String {
    let place =
        if point.is_empty() { String::new() } else { format!("at {}: ", point_text(g, point)) };
    if left.shape().is_scalar() {
        return format!("{place}left {}, right {}", value_text(left), value_text(right));
    }
    // Of arrays the entry that differs most.
    let gap = |k: usize| (left.data()[k] - right.data()[k]).abs();
    let worst = (0..left.data().len()).max_by(|&i, &j| gap(i).total_cmp(&gap(j))).unwrap_or(0);
    let (i, j) = (worst / left.shape().cols() + 1, worst % left.shape().cols() + 1);
    let entry = match left.shape() {
        crate::shape::Shape::Matrix(..) => format!("[{i}, {j}]"),
        _ => format!("[{i}]"),
    };
    format!(
        "{place}entry {entry} is {} on the left, {} on the right",
        number::human(left.data()[worst]),
        number::human(right.data()[worst])
    )
}

fn difference_text(g: &mut Graph, what: &Difference) -> String {
    let text = |g: &mut Graph, e: ExprId| crate::simplify::shown(g, e);
    match what {
        Difference::Sign => "the left side has the opposite sign".to_string(),
        Difference::Factor(c) => format!("the left is {} times the right", bracketed(g, *c)),
        Difference::InverseFactor(c) => {
            format!("the right is {} times the left", bracketed(g, *c))
        }
        Difference::Transpose => "the right side is the transpose of the left".to_string(),
        Difference::InnerTranspose { found, expected } => format!(
            "with {} in the place of {} on the right they are equal",
            text(g, *expected),
            text(g, *found)
        ),
        Difference::Missing(side, term) => {
            let side = if *side == Side::Left { "left" } else { "right" };
            format!("the {side} side misses the term {}", text(g, *term))
        }
        Difference::TermSign(term) => {
            format!("the term {} has the other sign on the right", text(g, *term))
        }
        Difference::Coefficient(left, right) => format!(
            "the term {} of the left side is {} on the right",
            text(g, *left),
            text(g, *right)
        ),
        Difference::Offset(c) => {
            let (size, word) = match g.as_num(*c) {
                Some(n) if n.is_negative() => (g.number(n.neg()), "minus"),
                _ => (*c, "plus"),
            };
            format!("the left is the right {word} {}", bracketed(g, size))
        }
    }
}

/// A factor in words: brackets around a sum.
fn bracketed(g: &mut Graph, e: ExprId) -> String {
    let text = crate::simplify::shown(g, e);
    if g.op(e) == crate::expr::Op::Add { format!("({text})") } else { text }
}

/// "x = 2, w = [1, -2]"; long arrays are left out.
pub(super) fn point_text(g: &Graph, point: &Point) -> String {
    const LONGEST: usize = 8;
    let part = |(unknown, value): &(SymbolId, Tensor)| {
        let name = &g.symbol(*unknown).name;
        if value.data().len() <= LONGEST
            && !matches!(value.shape(), crate::shape::Shape::Matrix(..))
        {
            format!("{name} = {}", value_text(value))
        } else {
            format!("a random {name}")
        }
    };
    point.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// The table of derivatives and its verdict.
pub(super) fn report_text(g: &Graph, of: &str, point: &Point, report: &Report) -> String {
    let mut table = TextTable::new([
        ("derivative", Align::Left),
        ("symbolic", Align::Decimal),
        ("numeric", Align::Decimal),
        ("agreement", Align::Left),
    ]);
    for row in &report.rows {
        table.push_row([
            label(of, row),
            number::human(row.symbolic),
            match row.agreement {
                Agreement::Unsettled => "-".to_string(),
                _ => number::human(row.numeric),
            },
            agreement_text(row.agreement),
        ]);
    }
    format!("at {}\n{}{}", point_text(g, point), table.render(), verdict_line(g, of, report))
}

fn label(of: &str, row: &Row) -> String {
    let along = if row.along { " * d" } else { "" };
    match &row.also_by {
        None => format!("∂{of}/∂{}", row.by),
        Some(other) if *other == row.by => format!("∂²{of}/∂{}²{along}", row.by),
        Some(other) => format!("∂²{of}/∂{}∂{other}{along}", row.by),
    }
}

fn agreement_text(agreement: Agreement) -> String {
    match agreement {
        Agreement::Digits(1) => "1 digit".to_string(),
        Agreement::Digits(n) => format!("{n} digits"),
        Agreement::Kink => "a kink".to_string(),
        Agreement::Unsettled => "numeric value unsure".to_string(),
        Agreement::No => "no".to_string(),
    }
}

fn verdict_line(g: &Graph, of: &str, report: &Report) -> String {
    if let Some(row) = report.rows.iter().find(|r| r.agreement == Agreement::No) {
        return format!(
            "{} does not agree: this is a bug in Gradus, please report it with the script",
            label(of, row)
        );
    }
    if let Some((point, row)) = &report.elsewhere {
        return format!(
            "{} does not agree at {}: {} symbolic, {} numeric; this is a bug in Gradus, please report it with the script",
            label(of, row),
            point_text(g, point),
            number::human(row.symbolic),
            number::human(row.numeric)
        );
    }
    let kinks = report.rows.iter().any(|r| r.agreement == Agreement::Kink);
    let unsure = report.rows.iter().any(|r| r.agreement == Agreement::Unsettled);
    let note = match (kinks, unsure) {
        (true, _) => "; at the kink the derivative is that of one side, or 0",
        (_, true) => "; where the numeric value is unsure it decides nothing",
        _ => "",
    };
    let around = match report.points {
        0 => String::new(),
        1 => " and at a random point near it".to_string(),
        n => format!(" and at {n} random points near it"),
    };
    let along = report.rows.iter().any(|r| r.along);
    let legend = if along { " (d is a random direction)" } else { "" };
    let which = match report.second {
        true => "first and second derivatives agree",
        false => "first derivatives agree",
    };
    let left_out = match report.second {
        true => "",
        false => "; second derivatives are not compared: their values would take too long",
    };
    format!("right: {which} here{around}{note}{legend}{left_out}")
}
