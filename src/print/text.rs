//! Gradus source from the layout tree.

use super::layout::{Clause, Layout, Level};
use crate::expr::{Num, Op};
use crate::memory;
use crate::ops;

/// The text of a layout. Brackets are exactly those that precedence needs.
pub fn render(layout: &Layout) -> String {
    let mut out = Text { out: String::new(), tight: false };
    out.write(layout);
    out.out
}

struct Text {
    out: String,
    /// Inside an index or a range sums have no blanks: `x[i+1]`.
    tight: bool,
}

impl Text {
    fn push(&mut self, text: &str) {
        memory::grow_text(&mut self.out, text.len(), "the text of an expression");
        self.out.push_str(text);
    }

    /// Writes an operand that must bind at least as tightly as `level`.
    fn operand(&mut self, layout: &Layout, level: Level) {
        if layout.level() >= level {
            return self.write(layout);
        }
        let tight = std::mem::replace(&mut self.tight, false);
        self.push("(");
        self.write(layout);
        self.push(")");
        self.tight = tight;
    }

    fn write(&mut self, layout: &Layout) {
        crate::memory::deep(|| self.write_node(layout));
    }

    fn write_node(&mut self, layout: &Layout) {
        match layout {
            Layout::Number(n) => self.push(&number_text(*n)),
            Layout::Name(name) => self.push(name),
            Layout::Call(op, args) => self.call(ops::def(*op).name, args),
            Layout::Make(name, args) => self.call(name, args),
            Layout::Sum(terms, dotted) => self.sum(terms, *dotted),
            Layout::Product(factors) => self.factors(factors, "*"),
            Layout::Dotted(factors) => self.factors(factors, " .* "),
            Layout::Quotient(top, bottom, dotted) => self.quotient(top, bottom, *dotted),
            Layout::Scaled(scale, of) => {
                self.operand(scale, Level::Product);
                self.push(" * ");
                self.after_product(of);
            }
            Layout::Negative(inner) => self.negative(inner),
            Layout::Power(base, exponent, dotted) => self.power(base, exponent, *dotted),
            Layout::Transpose(inner) => {
                self.operand(inner, Level::Postfix);
                self.push("'");
            }
            Layout::Index(base, entries) => {
                self.operand(base, Level::Postfix);
                self.push("[");
                self.list(entries, true);
                self.push("]");
            }
            Layout::All => self.push(":"),
            Layout::Range(lo, hi) => {
                self.operand(lo, Level::Sum);
                self.push("..");
                self.operand(hi, Level::Sum);
            }
            Layout::Infix(op, a, b) => self.infix(*op, a, b),
            Layout::Not(inner) => {
                self.push("not ");
                self.operand(inner, Level::Not);
            }
            Layout::If(c, a, b) => {
                self.push("if ");
                self.operand(c, Level::Or);
                self.push(" then ");
                self.operand(a, Level::If);
                self.push(" else ");
                self.operand(b, Level::If);
            }
            Layout::Binder(op, body, clauses) => self.binder(*op, body, clauses),
            Layout::Array(rows, column) => self.array(rows, *column),
            Layout::Where(body, defs) => self.where_clause(body, defs),
        }
    }

    fn call(&mut self, name: &str, args: &[Layout]) {
        self.push(name);
        self.push("(");
        self.list(args, false);
        self.push(")");
    }

    fn list(&mut self, items: &[Layout], tight: bool) {
        let before = std::mem::replace(&mut self.tight, tight);
        for (k, item) in items.iter().enumerate() {
            if k > 0 {
                self.push(", ");
            }
            self.operand(item, Level::If);
        }
        self.tight = before;
    }

    fn sum(&mut self, terms: &[(bool, Layout)], dotted: bool) {
        for (k, (negative, term)) in terms.iter().enumerate() {
            match (k, *negative) {
                (0, false) => {}
                (0, true) => {
                    self.negative(term);
                    continue;
                }
                (_, negative) => {
                    let sign = match (dotted, negative) {
                        (false, false) => "+",
                        (false, true) => "-",
                        (true, false) => ".+",
                        (true, true) => ".-",
                    };
                    if self.tight {
                        self.push(sign);
                    } else {
                        self.push(" ");
                        self.push(sign);
                        self.push(" ");
                    }
                }
            }
            self.operand(term, Level::Product);
        }
    }

    /// `-a`: the minus belongs to the first factor, which means the same.
    fn negative(&mut self, inner: &Layout) {
        self.push("-");
        match inner {
            Layout::Product(_)
            | Layout::Dotted(_)
            | Layout::Quotient(..)
            | Layout::Scaled(..)
            | Layout::Number(_) => {
                self.operand(inner, Level::Product);
            }
            _ => self.operand(inner, Level::Power),
        }
    }

    fn factors(&mut self, factors: &[Layout], sign: &str) {
        for (k, factor) in factors.iter().enumerate() {
            if k > 0 {
                self.push(sign);
            }
            // A first factor such as 3/2 or -2 may stand without brackets.
            match factor {
                Layout::Number(_) if k == 0 => self.write(factor),
                _ => self.operand(factor, Level::Power),
            }
        }
    }

    /// What follows `1/n * `: products go on without brackets.
    fn after_product(&mut self, of: &Layout) {
        match of {
            Layout::Product(_) | Layout::Dotted(_) => self.write(of),
            _ => self.operand(of, Level::Power),
        }
    }

    fn quotient(&mut self, top: &Layout, bottom: &Layout, dotted: bool) {
        self.operand(top, Level::Product);
        self.push(if dotted { " ./ " } else { "/" });
        self.operand(bottom, Level::Power);
    }

    fn power(&mut self, base: &Layout, exponent: &Layout, dotted: bool) {
        self.operand(base, Level::Postfix);
        self.push(if dotted { ".^" } else { "^" });
        match exponent {
            Layout::Negative(inner) if inner.level() >= Level::Postfix => {
                self.push("-");
                self.operand(inner, Level::Postfix);
            }
            _ => self.operand(exponent, Level::Postfix),
        }
    }

    fn infix(&mut self, op: Op, a: &Layout, b: &Layout) {
        let (sign, left, right) = match op {
            Op::Or => ("or", Level::Or, Level::And),
            Op::And => ("and", Level::And, Level::Not),
            Op::Lt => ("<", Level::Range, Level::Range),
            Op::Le => ("<=", Level::Range, Level::Range),
            Op::Gt => (">", Level::Range, Level::Range),
            Op::Ge => (">=", Level::Range, Level::Range),
            Op::Eq => ("==", Level::Range, Level::Range),
            _ => ("!=", Level::Range, Level::Range),
        };
        self.operand(a, left);
        self.push(" ");
        self.push(sign);
        self.push(" ");
        self.operand(b, right);
    }

    fn binder(&mut self, op: Op, body: &Layout, clauses: &[Clause]) {
        let (open, close) = if op == Op::Comp { ("[", "]") } else { ("(", ")") };
        self.push(ops::def(op).name);
        self.push(open);
        let before = std::mem::replace(&mut self.tight, false);
        self.operand(body, Level::If);
        for clause in clauses {
            self.push(" for ");
            self.push(&clause.index);
            self.push(" in ");
            self.tight = true;
            self.operand(&clause.lo, Level::Sum);
            self.push("..");
            self.operand(&clause.hi, Level::Sum);
            self.tight = false;
            if let Some(cond) = &clause.cond {
                self.push(" if ");
                self.operand(cond, Level::Or);
            }
        }
        self.tight = before;
        self.push(close);
    }

    fn array(&mut self, rows: &[Vec<Layout>], column: bool) {
        self.push("[");
        for (k, row) in rows.iter().enumerate() {
            if k > 0 {
                self.push(if column { ", " } else { "; " });
            }
            self.list(row, false);
        }
        self.push("]");
        if !column && rows.len() == 1 {
            self.push("'");
        }
    }

    fn where_clause(&mut self, body: &Layout, defs: &[(String, Layout)]) {
        self.operand(body, Level::If);
        self.push(" where ");
        for (k, (name, def)) in defs.iter().enumerate() {
            if k > 0 {
                self.push(", ");
            }
            self.push(name);
            self.push(" = ");
            self.operand(def, Level::If);
        }
    }
}

/// A number that is not negative, as it reads back.
pub(super) fn number_text(n: Num) -> String {
    match n.as_ratio() {
        Some((num, 1)) => num.to_string(),
        Some((num, den)) if !n.is_decimal() => format!("{num}/{den}"),
        _ => float_text(n.value()),
    }
}

/// The shortest text that reads back as the same double.
fn float_text(v: f64) -> String {
    if v.is_nan() {
        return "nan".to_string();
    }
    if v.is_infinite() {
        return "inf".to_string();
    }
    let plain = format!("{v}");
    let scientific = format!("{v:e}");
    if plain.len() <= scientific.len() + 3 { plain } else { scientific }
}
