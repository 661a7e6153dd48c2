//! From nodes to the layout tree.

use rustc_hash::FxHashMap;

use super::layout::{Clause, Layout};
use super::sizes::SizeNames;
use super::{names, repeat};
use crate::expr::{Data, ExprId, Graph, Num, Op, SymbolId};
use crate::ops::{Range, axis_length, known_value, tiles};
use crate::shape::Shape;

/// Lays out nodes; shared parts with a name appear by their name.
pub(super) struct Builder<'a> {
    pub g: &'a Graph,
    /// The names of shared parts.
    pub names: FxHashMap<ExprId, String>,
    /// The names of indices that do not show their own.
    pub indices: FxHashMap<SymbolId, String>,
    /// How the sizes of arrays are written that print with them.
    pub sizes: FxHashMap<ExprId, SizeNames>,
    /// The repeated array in a product that a dotted operator repeats.
    pub spread: Option<ExprId>,
    /// The indices in whose scope this is.
    pub open: Vec<String>,
}

/// How the factors of a product are sorted, first to last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Plain,
    Call,
    Bracket,
    Large,
}

impl<'a> Builder<'a> {
    /// A builder that gives no names.
    pub fn new(g: &'a Graph) -> Self {
        Builder {
            g,
            names: FxHashMap::default(),
            indices: FxHashMap::default(),
            sizes: FxHashMap::default(),
            spread: None,
            open: Vec::new(),
        }
    }

    /// The layout of a node, or its name where it has one.
    pub fn layout(&mut self, e: ExprId) -> Layout {
        match self.names.get(&e) {
            Some(name) => Layout::Name(name.clone()),
            None => self.definition(e),
        }
    }

    /// The layout of what a name stands for.
    pub fn definition(&mut self, e: ExprId) -> Layout {
        crate::memory::deep(|| self.node(e))
    }

    fn node(&mut self, e: ExprId) -> Layout {
        let g = self.g;
        let node = g.node(e);
        let args = node.args;
        match (node.op, node.data) {
            (_, Data::Num(n)) => number(n),
            (Op::Symbol, Data::Symbol(s)) => Layout::Name(names::shown(g, &self.indices, s)),
            (Op::Add, _) => match tiles(g, e) {
                Some((rows, others)) => {
                    let rows = rows.iter().map(|row| row.iter().map(|&a| self.layout(a)).collect());
                    let array = Layout::Array(rows.collect(), false);
                    if others.is_empty() {
                        return array;
                    }
                    let mut terms = vec![(false, array)];
                    terms.extend(others.iter().map(|&a| self.signed(a, false)));
                    Layout::Sum(terms, false)
                }
                None => self.sum(args, node.shape),
            },
            (Op::Mul, _) => self.product(args),
            (Op::Had, _) => self.dotted(args, node.shape),
            (Op::Pow, _) => self.power(e, args[0], args[1]),
            (Op::MatMul, _) => self.matmul(args),
            (Op::Transpose, _) => Layout::Transpose(self.boxed(args[0])),
            (Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne | Op::And | Op::Or, _) => {
                Layout::Infix(node.op, self.boxed(args[0]), self.boxed(args[1]))
            }
            (Op::Not, _) => Layout::Not(self.boxed(args[0])),
            (Op::If, _) => {
                Layout::If(self.boxed(args[0]), self.boxed(args[1]), self.boxed(args[2]))
            }
            (Op::Elem, _) => self.entry(args),
            (Op::Block, Data::Shape(part)) => self.block(args, part),
            (Op::Stack, Data::Shape(shape)) => self.array(args, shape),
            (Op::Fill, _) => self.constant(e, args[0]),
            (Op::Eye, _) => Layout::Make("eye", vec![self.size(e, 0)]),
            (Op::Bcast, _) => self.repetition(e),
            (Op::Reshape, _) => self.reshaped(e),
            (Op::Diff, _) => self.derivative(args[0], args[1]),
            (op, _) if op.is_binder() => self.binder(e),
            (op, _) => Layout::Call(op, args.iter().map(|&a| self.layout(a)).collect()),
        }
    }

    fn boxed(&mut self, e: ExprId) -> Box<Layout> {
        Box::new(self.layout(e))
    }

    fn sum(&mut self, args: &[ExprId], shape: Shape) -> Layout {
        let spread = repeat::spread(self.g, Op::Add, args, shape);
        let dotted = spread.contains(&true);
        let mut terms: Vec<(bool, Layout)> =
            args.iter().zip(spread).map(|(&a, spread)| self.signed(a, spread)).collect();
        // x^2 - 1 rather than -1 + x^2, exp(x) - y rather than -y + exp(x).
        let plain =
            |l: &Layout| matches!(l, Layout::Number(_) | Layout::Name(_) | Layout::Index(..));
        if terms[0].0 && plain(&terms[0].1) && terms.iter().any(|(minus, _)| !minus) {
            terms.rotate_left(1);
        }
        Layout::Sum(terms, dotted)
    }

    /// A term without its minus, and whether it had one.
    fn signed(&mut self, e: ExprId, spread: bool) -> (bool, Layout) {
        match if spread { self.spread(e) } else { self.layout(e) } {
            Layout::Negative(inner) => (true, *inner),
            Layout::If(cond, a, zero) if is_zero(&zero) => match *a {
                Layout::Negative(a) => (true, Layout::If(cond, a, zero)),
                a => (false, Layout::If(cond, Box::new(a), zero)),
            },
            Layout::Scaled(scale, of) => match *scale {
                Layout::Negative(scale) => (true, Layout::Scaled(scale, of)),
                scale => (false, Layout::Scaled(Box::new(scale), of)),
            },
            plain => (false, plain),
        }
    }

    /// A product: sign, number, scalars over scalars, then the array.
    fn product(&mut self, args: &[ExprId]) -> Layout {
        let mut parts = Fraction::default();
        // An array must stand last; without one, a sum or a reduction does.
        let array = args.iter().copied().find(|&a| !self.g.shape(a).is_scalar());
        let large = array.or_else(|| args.iter().copied().find(|&a| self.is_large(a)));
        for &arg in args {
            match self.g.as_num(arg) {
                Some(n) => parts.number = parts.number.mul(n),
                None if Some(arg) == large => {}
                None => self.scalar_factor(arg, &mut parts),
            }
        }
        let negative = parts.number.is_negative();
        if negative {
            parts.number = parts.number.neg();
        }
        let unsigned = self.fraction(parts, large);
        match (negative, unsigned) {
            (false, unsigned) => unsigned,
            (true, Layout::Scaled(scale, of)) => {
                Layout::Scaled(Box::new(Layout::Negative(scale)), of)
            }
            (true, Layout::If(cond, a, zero)) if is_zero(&zero) => {
                Layout::If(cond, Box::new(Layout::Negative(a)), zero)
            }
            (true, unsigned) => Layout::Negative(Box::new(unsigned)),
        }
    }

    /// Whether a factor stands last, after a scale: an array or a sum over an
    /// index.
    fn is_large(&self, e: ExprId) -> bool {
        if self.names.contains_key(&e) {
            return false;
        }
        let reduces = || self.g.args(e).iter().any(|&a| !self.g.shape(a).is_scalar());
        let op = self.g.op(e);
        if op == Op::Diff {
            return self.is_large(self.g.args(e)[0]);
        }
        !self.g.shape(e).is_scalar() || op.is_binder() || (op != Op::Elem && reduces())
    }

    fn scalar_factor(&mut self, e: ExprId, parts: &mut Fraction) {
        if let Some((base, n)) = numeric_power(self.g, e).filter(|(_, n)| n.is_negative()) {
            let below = n.neg();
            parts.moves |= self.g.has_unknown(base);
            let base_layout = self.layout(base);
            parts.below.push(if below.is_one() {
                base_layout
            } else {
                power(base_layout, number(below), false)
            });
            return;
        }
        let rank = self.rank(e);
        let layout = self.layout(e);
        parts.above.push((rank, layout));
    }

    fn rank(&self, e: ExprId) -> Rank {
        if self.names.contains_key(&e) {
            return Rank::Plain;
        }
        match self.g.op(e) {
            Op::Num | Op::Symbol | Op::Elem => Rank::Plain,
            Op::Pow => self.rank(self.g.args(e)[0]),
            Op::Add | Op::If => Rank::Bracket,
            op if op.is_binder() => Rank::Large,
            Op::MatMul | Op::Diff => Rank::Large,
            _ => Rank::Call,
        }
    }

    fn fraction(&mut self, mut parts: Fraction, large: Option<ExprId>) -> Layout {
        parts.above.sort_by(|a, b| a.0.cmp(&b.0));
        let mut above: Vec<Layout> = parts.above.into_iter().map(|(_, l)| l).collect();
        let (mut top, mut bottom) = (parts.number, Num::ONE);
        let ratio = parts.number.as_ratio().filter(|_| !parts.number.is_decimal());
        if let Some((n, d)) = ratio.filter(|(_, d)| *d != 1) {
            // 3/2*x, but x/2 and 3*x/(2*y).
            if n == 1 || !parts.below.is_empty() || large.is_some() {
                (top, bottom) = (Num::int(n), Num::int(d));
            }
        }
        if !top.is_one() {
            above.insert(0, number(top));
        }
        if !bottom.is_one() {
            parts.below.insert(0, number(bottom));
        }
        let mut of = large.map(|e| match self.spread {
            Some(repeated) if repeated == e => {
                self.spread = None;
                self.spread(e)
            }
            _ => self.layout(e),
        });
        // 1/n * X'*r, but (x - a)/norm(x - a).
        if parts.moves && large.is_some_and(|e| !self.g.shape(e).is_scalar()) {
            match of.take() {
                Some(Layout::Product(factors)) => above.extend(factors),
                other => above.extend(other),
            }
        }
        match (parts.below.is_empty(), of) {
            (true, Some(Layout::Product(factors))) => {
                above.extend(factors);
                product(above)
            }
            (true, Some(of)) => {
                above.push(of);
                product(above)
            }
            (true, None) => product(above),
            (false, of) => {
                let quotient = Layout::Quotient(
                    Box::new(product(above)),
                    Box::new(product(parts.below)),
                    false,
                );
                match of {
                    Some(of) => Layout::Scaled(Box::new(quotient), Box::new(of)),
                    None => quotient,
                }
            }
        }
    }

    fn dotted(&mut self, args: &[ExprId], shape: Shape) -> Layout {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        let spread = repeat::spread(self.g, Op::Had, args, shape);
        let mut args: Vec<(ExprId, bool)> = args.iter().copied().zip(spread).collect();
        args.sort_by_key(|&(a, _)| self.rank(a));
        for (arg, spread) in args {
            let layout = |b: &mut Self, e| if spread { b.spread(e) } else { b.layout(e) };
            match numeric_power(self.g, arg).filter(|(_, n)| n.is_negative()) {
                Some((base, n)) => {
                    let base = layout(self, base);
                    let below_power = n.neg();
                    below.push(if below_power.is_one() {
                        base
                    } else {
                        power(base, number(below_power), true)
                    });
                }
                None => above.push(layout(self, arg)),
            }
        }
        let top = if above.is_empty() { Layout::Number(Num::ONE) } else { dotted_product(above) };
        if below.is_empty() {
            return top;
        }
        Layout::Quotient(Box::new(top), Box::new(dotted_product(below)), true)
    }

    fn power(&mut self, e: ExprId, base: ExprId, exponent: ExprId) -> Layout {
        let dotted = !self.g.shape(e).is_scalar();
        let base = self.layout(base);
        match self.g.as_num(exponent) {
            Some(n) if n.is_negative() => {
                let below = n.neg();
                let bottom = if below.is_one() { base } else { power(base, number(below), dotted) };
                Layout::Quotient(Box::new(Layout::Number(Num::ONE)), Box::new(bottom), dotted)
            }
            _ => {
                let exponent = self.layout(exponent);
                power(base, exponent, dotted)
            }
        }
    }

    /// A derivative not yet taken; of a column by a column its Jacobian.
    fn derivative(&mut self, of: ExprId, by: ExprId) -> Layout {
        let jacobian = !self.g.shape(of).is_scalar() && !self.g.shape(by).is_scalar();
        let what = if jacobian { "jac" } else { "diff" };
        Layout::Make(what, vec![self.layout(of), self.layout(by)])
    }

    /// A matrix product; equal square neighbours print as a power.
    fn matmul(&mut self, args: &[ExprId]) -> Layout {
        let mut factors = Vec::new();
        let mut k = 0;
        while k < args.len() {
            let run = args[k..].iter().take_while(|&&a| a == args[k]).count();
            let layout = self.layout(args[k]);
            factors.push(if run > 1 {
                power(layout, number(Num::int(run as i64)), false)
            } else {
                layout
            });
            k += run;
        }
        product(factors)
    }

    fn entry(&mut self, args: &[ExprId]) -> Layout {
        let indices = args[1..].iter().map(|&i| self.layout(i)).collect();
        Layout::Index(self.boxed(args[0]), indices)
    }

    fn block(&mut self, args: &[ExprId], part: Shape) -> Layout {
        let whole = self.g.shape(args[0]);
        let mut entries =
            vec![self.run(args[1], part.rows(), whole.rows(), matches!(part, Shape::Matrix(..)))];
        if matches!(whole, Shape::Matrix(..)) {
            entries.push(self.run(
                args[2],
                part.cols(),
                whole.cols(),
                matches!(part, Shape::Matrix(..)),
            ));
        }
        Layout::Index(self.boxed(args[0]), entries)
    }

    /// The indices of one axis of a block: all, one, or a range.
    fn run(&mut self, first: ExprId, size: usize, room: usize, keeps_axis: bool) -> Layout {
        if size == room && self.g.is_one(first) && (size != 1 || keeps_axis) {
            return Layout::All;
        }
        let lo = self.layout(first);
        if size == 1 {
            return lo;
        }
        let hi = match self.g.as_num(first) {
            Some(n) => number(n.add(Num::int(size as i64 - 1))),
            None => Layout::Sum(
                vec![(false, lo.clone()), (false, number(Num::int(size as i64 - 1)))],
                false,
            ),
        };
        Layout::Range(Box::new(lo), Box::new(hi))
    }

    fn array(&mut self, args: &[ExprId], shape: Shape) -> Layout {
        let entries: Vec<Layout> = args.iter().map(|&a| self.layout(a)).collect();
        let rows = entries.chunks(shape.cols().max(1)).map(<[Layout]>::to_vec).collect();
        Layout::Array(rows, matches!(shape, Shape::Vector(_)))
    }

    fn constant(&mut self, e: ExprId, value: ExprId) -> Layout {
        let sizes = match self.g.shape(e) {
            Shape::Matrix(..) => vec![self.size(e, 0), self.size(e, 1)],
            _ => vec![self.size(e, 0)],
        };
        if self.g.is_zero(value) {
            return Layout::Make("zeros", sizes);
        }
        let ones = Layout::Make("ones", sizes);
        if self.g.is_one(value) {
            return ones;
        }
        let mut factors = match self.layout(value) {
            Layout::Product(factors) => factors,
            Layout::Negative(inner) => match *inner {
                scale @ Layout::Quotient(_, _, false) => {
                    let scale = Layout::Negative(Box::new(scale));
                    return Layout::Scaled(Box::new(scale), Box::new(ones));
                }
                inner => return Layout::Negative(Box::new(Layout::Product(vec![inner, ones]))),
            },
            scale @ Layout::Quotient(_, _, false) => {
                return Layout::Scaled(Box::new(scale), Box::new(ones));
            }
            Layout::Scaled(scale, of) => {
                let mut factors = match *of {
                    Layout::Product(factors) => factors,
                    of => vec![of],
                };
                factors.push(ones);
                return Layout::Scaled(scale, Box::new(Layout::Product(factors)));
            }
            other => vec![other],
        };
        factors.push(ones);
        Layout::Product(factors)
    }

    /// The size of an axis: as the user writes it, unless an index has a name
    /// in it.
    pub fn size(&mut self, e: ExprId, axis: usize) -> Layout {
        let n = axis_length(self.g.shape(e), axis);
        let name = self.sizes.get(&e).and_then(|sizes| sizes[axis]);
        let means = |&s: &ExprId| {
            let symbols = self.g.reachable(&[s]).into_iter().filter_map(|e| self.g.as_symbol(e));
            let mut names = symbols.map(|s| &self.g.symbol(s).name);
            known_value(self.g, s) == Some(n as f64) && !names.any(|n| self.open.contains(n))
        };
        match name.filter(means) {
            Some(size) => self.layout(size),
            None => number(Num::int(n as i64)),
        }
    }

    /// A binder; nested ones of the same kind print as several `for`.
    fn binder(&mut self, e: ExprId) -> Layout {
        let op = self.g.op(e);
        let mut clauses = Vec::new();
        let mut at = e;
        while let Some(range) = Range::of(self.g, at) {
            let (lo, hi) = (self.layout(range.lo), self.layout(range.hi));
            let index = names::shown(self.g, &self.indices, range.index);
            self.open.push(index.clone());
            let cond = range.is_filtered(self.g).then(|| self.layout(range.cond));
            clauses.push(Clause { index, lo, hi, cond });
            at = self.g.args(at)[Op::BINDER_BODY];
            if self.g.op(at) != op
                || matches!(op, Op::LogSumExp | Op::ArgMin | Op::ArgMax)
                || self.names.contains_key(&at)
            {
                break;
            }
        }
        let body = self.boxed(at);
        self.open.truncate(self.open.len() - clauses.len());
        Layout::Binder(op, body, clauses)
    }
}

/// Number, factors above and factors below of a scalar product.
struct Fraction {
    number: Num,
    above: Vec<(Rank, Layout)>,
    below: Vec<Layout>,
    /// Whether an unknown is among the factors below.
    moves: bool,
}

impl Default for Fraction {
    fn default() -> Self {
        Fraction { number: Num::ONE, above: Vec::new(), below: Vec::new(), moves: false }
    }
}

fn numeric_power(g: &Graph, e: ExprId) -> Option<(ExprId, Num)> {
    let &[base, exponent] = g.args(e) else { return None };
    (g.op(e) == Op::Pow).then_some(())?;
    Some((base, g.as_num(exponent)?))
}

fn number(n: Num) -> Layout {
    if n.is_negative() {
        Layout::Negative(Box::new(Layout::Number(n.neg())))
    } else {
        Layout::Number(n)
    }
}

fn product(mut factors: Vec<Layout>) -> Layout {
    match factors.len() {
        0 => Layout::Number(Num::ONE),
        1 => factors.swap_remove(0),
        _ => Layout::Product(factors),
    }
}

fn is_zero(layout: &Layout) -> bool {
    matches!(layout, Layout::Number(n) if n.is_zero())
}

fn dotted_product(mut factors: Vec<Layout>) -> Layout {
    if factors.len() == 1 { factors.swap_remove(0) } else { Layout::Dotted(factors) }
}

fn power(base: Layout, exponent: Layout, dotted: bool) -> Layout {
    Layout::Power(Box::new(base), Box::new(exponent), dotted)
}
