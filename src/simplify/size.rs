//! How long an expression is to read.

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph};
use crate::print::{self, Layout};
use crate::work;

/// Units of work that laying out and measuring one part takes.
const OF_LAYOUT: usize = 10;

/// Operations in the printed form: sums, products, quotients, powers, calls.
/// Signs are free, so that `-2*(1 - x)` keeps the factor of `(1 - x)^2` as it
/// was written. The measure by which forms are chosen.
pub fn operations(g: &Graph, e: ExprId) -> usize {
    length(g, e).0
}

/// Operations, and minus signs in front of terms and factors.
pub(super) fn length(g: &Graph, e: ExprId) -> (usize, usize) {
    match print::draft(g, e) {
        Some(layout) => of_layout(&layout),
        None => (TOO_LONG, 0),
    }
}

/// The length of what is too long to write.
const TOO_LONG: usize = usize::MAX / 2;

/// Larger trees are measured with names for what they share.
const MAX_TREE: f64 = 2000.0;

/// The same with every part written out, so that forms are compared whatever
/// names their parts would get.
pub(super) fn written_length(g: &Graph, e: ExprId) -> (usize, usize) {
    let mut sizes: FxHashMap<ExprId, f64> = FxHashMap::default();
    for node in g.reachable(&[e]) {
        let size = 1.0 + g.args(node).iter().map(|a| sizes[a]).sum::<f64>();
        sizes.insert(node, size);
    }
    if sizes[&e] > MAX_TREE { length(g, e) } else { of_layout(&print::whole_layout(g, e)) }
}

fn of_layout(layout: &Layout) -> (usize, usize) {
    let (mut count, mut signs) = (0, 0);
    let mut stack = vec![layout];
    while let Some(part) = stack.pop() {
        work::spend(OF_LAYOUT);
        signs += match part {
            Layout::Negative(_) => 1,
            Layout::Sum(terms, _) => {
                usize::from(terms.first().is_some_and(|(negative, _)| *negative))
            }
            _ => 0,
        };
        count += own(part, &mut stack);
    }
    (count, signs)
}

/// The number of terms of the longest sum, at least 3.
pub(super) fn widest(g: &Graph, e: ExprId) -> usize {
    const SHORT: usize = 3;
    let Some(layout) = print::draft(g, e) else { return TOO_LONG };
    let (mut stack, mut most) = (vec![&layout], SHORT);
    while let Some(part) = stack.pop() {
        if let Layout::Sum(terms, _) = part {
            most = most.max(terms.len());
        }
        work::spend(OF_LAYOUT);
        own(part, &mut stack);
    }
    most
}

/// The operations of one notation; its parts go on the stack.
fn own<'l>(layout: &'l Layout, stack: &mut Vec<&'l Layout>) -> usize {
    match layout {
        Layout::Number(n) => {
            usize::from(!n.is_decimal() && n.as_ratio().is_some_and(|(_, d)| d != 1))
        }
        Layout::Name(_) | Layout::All => 0,
        Layout::Call(_, args) | Layout::Make(_, args) => {
            stack.extend(args);
            1
        }
        Layout::Sum(terms, _) => {
            stack.extend(terms.iter().map(|(_, t)| t));
            terms.len().saturating_sub(1)
        }
        Layout::Product(parts) | Layout::Dotted(parts) => {
            stack.extend(parts);
            parts.len().saturating_sub(1)
        }
        Layout::Quotient(a, b, _)
        | Layout::Scaled(a, b)
        | Layout::Power(a, b, _)
        | Layout::Infix(_, a, b)
        | Layout::Range(a, b) => {
            stack.extend([&**a, &**b]);
            1
        }
        Layout::Negative(a) => {
            stack.push(a);
            0
        }
        Layout::Transpose(a) | Layout::Not(a) => {
            stack.push(a);
            1
        }
        Layout::Index(a, entries) => {
            stack.push(a);
            stack.extend(entries);
            0
        }
        Layout::If(a, b, c) => {
            stack.extend([&**a, &**b, &**c]);
            1
        }
        Layout::Binder(_, body, clauses) => {
            stack.push(body);
            for clause in clauses {
                stack.extend([&clause.lo, &clause.hi]);
                stack.extend(&clause.cond);
            }
            1
        }
        Layout::Array(rows, _) => {
            stack.extend(rows.iter().flatten());
            0
        }
        Layout::Where(body, defs) => {
            stack.push(body);
            stack.extend(defs.iter().map(|(_, d)| d));
            0
        }
    }
}
