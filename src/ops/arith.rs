//! Sums, products and powers: shape rules, identities, derivatives.
//!
//! A product is a number, scalar factors and at most one array. The
//! elementwise product of arrays ([`Op::Had`]) holds arrays only; scalar
//! factors of its arguments move out into a product. A quotient is a product
//! with a power -1, and a difference a sum with a factor -1.

use rustc_hash::FxHashMap;

use super::{
    Accuracy, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, Traits, Value, shapes, values,
};
use crate::expr::{Data, ExprId, Graph, Num, Op};
use crate::shape::{Shape, ShapeError, in_words};
use crate::special::vector::Elementary2;

/// `a` times `b` entry by entry, scalars going with anything.
pub fn times(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    let op = if g.shape(a).is_scalar() || g.shape(b).is_scalar() { Op::Mul } else { Op::Had };
    g.apply(op, &[a, b])
}

/// The numeric factor of a node and the rest of it.
pub fn coefficient(g: &mut Graph, e: ExprId) -> (Num, ExprId) {
    if let Some(n) = g.as_num(e) {
        let one = g.int(1);
        return (n, one);
    }
    if g.op(e) != Op::Mul {
        return (Num::ONE, e);
    }
    let args = g.args(e);
    match g.as_num(args[0]) {
        None => (Num::ONE, e),
        Some(n) => {
            let rest: Vec<ExprId> = args[1..].to_vec();
            let shape = g.shape(e);
            (n, product_node(g, Num::ONE, &rest, shape))
        }
    }
}

/// `sum` with nested sums opened and like terms joined, in the order in which
/// they were first met.
pub(super) fn add(g: &mut Graph, args: &[ExprId], shape: Shape) -> ExprId {
    let mut terms: Vec<(Num, ExprId)> = Vec::with_capacity(args.len());
    let mut places: FxHashMap<ExprId, usize> = FxHashMap::default();
    if let Some(scaled) = repeated_sum(g, args) {
        return scaled;
    }
    let flat = flatten(g, Op::Add, args);
    for term in flat {
        if g.is_zero(term) {
            continue;
        }
        let (c, rest) = coefficient(g, term);
        let place = *places.entry(rest).or_insert(terms.len());
        if place == terms.len() {
            terms.push((c, rest));
        } else {
            terms[place].0 = terms[place].0.add(c);
        }
    }
    let mut nodes = Vec::with_capacity(terms.len());
    for (c, rest) in terms {
        if !c.is_zero() {
            let c = g.number(c);
            nodes.push(g.mul(&[c, rest]));
        }
    }
    join_branches(g, &mut nodes);
    join_literals(g, &mut nodes);
    if g.is_deriving() && nodes.len() > 1 {
        if shape.is_scalar() {
            positive_first(g, &mut nodes);
        } else if let Some(first) = numerator_first(g, &nodes) {
            nodes[..=first].rotate_right(1);
        }
    }
    match nodes[..] {
        [] => g.zero(shape),
        [only] if g.shape(only) == shape => only,
        [only] => g.fill(shape, only),
        _ if nodes.iter().all(|&n| g.shape(n).is_scalar()) && !shape.is_scalar() => {
            let total = g.intern(Op::Add, Data::None, &nodes, Shape::Scalar);
            g.fill(shape, total)
        }
        _ => g.intern(Op::Add, Data::None, &nodes, shape),
    }
}

/// `(a + b) + (a + b)` is `2*(a + b)`, which keeps the sum.
fn repeated_sum(g: &mut Graph, args: &[ExprId]) -> Option<ExprId> {
    let (&first, rest) = args.split_first()?;
    if rest.is_empty() || g.op(first) != Op::Add || rest.iter().any(|&a| a != first) {
        return None;
    }
    let n = g.int(args.len() as i64);
    Some(g.mul(&[n, first]))
}

/// Where a sum begins with `-u*v'/v^2`, the place of the first term without a
/// minus: of the quotient rule, the derivative of the numerator stands first.
fn numerator_first(g: &mut Graph, terms: &[ExprId]) -> Option<usize> {
    let below = |g: &Graph, e: ExprId| {
        let power = |f: ExprId| {
            g.op(f) == Op::Pow
                && g.shape(f).is_scalar()
                && g.has_unknown(f)
                && g.as_num(g.args(f)[1]).is_some_and(Num::is_negative)
        };
        g.op(e) == Op::Mul && g.args(e).iter().any(|&f| power(f))
    };
    let &first = terms.first()?;
    if !coefficient(g, first).0.is_negative() || !below(g, first) {
        return None;
    }
    (0..terms.len()).find(|&k| !coefficient(g, terms[k]).0.is_negative())
}

/// The first term without a minus moves to the front, where there is one:
/// `cos(x) - x*sin(x)`. Only of sums that nobody has written; what sums up
/// data stays before what does not.
fn positive_first(g: &mut Graph, nodes: &mut [ExprId]) {
    let factors = if g.op(nodes[0]) == Op::Mul { g.args(nodes[0]) } else { &nodes[..1] };
    let sums_up =
        |&f: &ExprId| g.op(f).is_binder() || g.args(f).iter().any(|&a| !g.shape(a).is_scalar());
    if factors.iter().any(sums_up) {
        return;
    }
    let positive = |e: &ExprId| !coefficient(g, *e).0.is_negative();
    if let Some(first) = nodes.to_vec().iter().position(positive) {
        nodes[..=first].rotate_right(1);
    }
}

/// Terms that branch on the same condition, times numbers, become one branch.
fn join_branches(g: &mut Graph, nodes: &mut Vec<ExprId>) {
    let mut at = 0;
    while at < nodes.len() {
        let (_, first) = coefficient(g, nodes[at]);
        at += 1;
        // Scattered entries in branches of arrays are resolved one by one.
        if g.op(first) != Op::If || !g.shape(first).is_scalar() {
            continue;
        }
        let cond = g.args(first)[0];
        let alike = |g: &mut Graph, e: ExprId| {
            let rest = coefficient(g, e).1;
            g.op(rest) == Op::If && g.args(rest)[0] == cond && g.shape(rest).is_scalar()
        };
        let same: Vec<ExprId> = nodes.iter().copied().filter(|&e| alike(g, e)).collect();
        if same.len() < 2 {
            continue;
        }
        let mut branch = |k: usize| {
            let term = |g: &mut Graph, e: ExprId| {
                let (c, rest) = coefficient(g, e);
                let (c, part) = (g.number(c), g.args(rest)[k]);
                g.mul(&[c, part])
            };
            let terms: Vec<ExprId> = same.iter().map(|&e| term(g, e)).collect();
            g.add(&terms)
        };
        let (then, other) = (branch(1), branch(2));
        // The joined term may be one of those that it stands for.
        nodes.retain(|e| !same.contains(e));
        nodes.insert(at - 1, g.apply(Op::If, &[cond, then, other]));
    }
}

/// Literals of more entries are not added entry by entry.
const MAX_LITERAL: usize = 100;

/// Literal arrays of one shape become one.
fn join_literals(g: &mut Graph, nodes: &mut Vec<ExprId>) {
    let is_literal = |g: &Graph, e: ExprId| g.op(e) == Op::Stack && g.args(e).len() <= MAX_LITERAL;
    let literals: Vec<ExprId> = nodes.iter().copied().filter(|&e| is_literal(g, e)).collect();
    let [first, _, ..] = literals[..] else { return };
    let data = g.node(first).data;
    let cells: Vec<ExprId> = (0..g.args(first).len())
        .map(|k| {
            let cell: Vec<ExprId> = literals.iter().map(|&e| g.args(e)[k]).collect();
            g.add(&cell)
        })
        .collect();
    let joined = g.apply_data(Op::Stack, data, &cells);
    // The joined literal may be one of those that it stands for.
    let place = nodes.iter().position(|&e| e == first).unwrap_or(0);
    nodes.retain(|e| !literals.contains(e));
    nodes.insert(place, joined);
}

/// A nested node of more arguments stays closed, so that a chain of operations
/// costs no more than its length.
const MAX_OPENED: usize = 32;

/// The arguments with nested nodes of the same operator opened.
fn flatten(g: &Graph, op: Op, args: &[ExprId]) -> Vec<ExprId> {
    let opens = |a: ExprId| g.op(a) == op && g.args(a).len() <= MAX_OPENED;
    if !args.iter().any(|&a| opens(a)) {
        return args.to_vec();
    }
    // Nodes are built flat, so one level is enough.
    args.iter().flat_map(|&a| if opens(a) { g.args(a).to_vec() } else { vec![a] }).collect()
}

/// A product: numbers multiplied, like bases joined, zero everywhere if a
/// factor is the number zero.
pub(super) fn mul(g: &mut Graph, args: &[ExprId], shape: Shape) -> ExprId {
    let mut number = Num::ONE;
    let mut bases = Bases::default();
    let mut fills = Vec::new();
    for factor in flatten(g, Op::Mul, args) {
        match g.as_num(factor) {
            Some(n) => number = number.mul(n),
            None if g.op(factor) == Op::Fill => {
                let value = g.args(factor)[0];
                fills.push(value);
            }
            None => bases.push(g, factor),
        }
    }
    if !fills.is_empty() {
        let mut scalars = bases.finish(g);
        scalars.extend(fills);
        scalars.push(g.number(number));
        let value = g.mul(&scalars);
        return g.fill(shape, value);
    }
    if number.is_zero() {
        return g.zero(shape);
    }
    let factors = bases.finish(g);
    // Joining powers may have made a number or another product.
    let opens = |f: ExprId| g.op(f) == Op::Mul && g.args(f).len() <= MAX_OPENED;
    if factors.iter().any(|&f| g.as_num(f).is_some() || opens(f)) {
        let mut again = vec![g.number(number)];
        again.extend(factors);
        return mul(g, &again, shape);
    }
    if factors.iter().all(|&f| g.shape(f).is_scalar()) && !shape.is_scalar() {
        let value = product_node(g, number, &factors, Shape::Scalar);
        return g.fill(shape, value);
    }
    product_node(g, number, &factors, shape)
}

/// The node of a number and factors that are already in normal form.
fn product_node(g: &mut Graph, number: Num, factors: &[ExprId], shape: Shape) -> ExprId {
    let sorted = if g.is_deriving() { plain_first(g, factors) } else { factors.to_vec() };
    let factors = &sorted[..];
    match (number.is_one(), factors) {
        (_, []) => g.number(number),
        (true, [only]) => *only,
        (true, _) => g.intern(Op::Mul, Data::None, factors, shape),
        (false, _) => {
            let mut all = vec![g.number(number)];
            all.extend_from_slice(factors);
            g.intern(Op::Mul, Data::None, &all, shape)
        }
    }
}

/// Names, entries and their powers in front: known ones first, each kind in the
/// order of declaration. The order of a product that nobody wrote.
fn plain_first(g: &Graph, factors: &[ExprId]) -> Vec<ExprId> {
    let name = |mut e: ExprId| loop {
        match g.op(e) {
            Op::Symbol => return g.as_symbol(e),
            Op::Elem => e = g.args(e)[0],
            Op::Pow if g.as_num(g.args(e)[1]).is_some() => e = g.args(e)[0],
            _ => return None,
        }
    };
    let place = |e: ExprId| match name(e).filter(|_| g.shape(e).is_scalar()) {
        Some(symbol) => (0, g.has_unknown(e), Some(symbol)),
        None => (1, false, None),
    };
    let mut sorted = factors.to_vec();
    sorted.sort_by_key(|&e| place(e));
    sorted
}

/// Bases of a product with the numeric exponents they have been seen with.
#[derive(Default)]
struct Bases {
    order: Vec<(ExprId, Num)>,
    places: FxHashMap<ExprId, usize>,
}

impl Bases {
    fn push(&mut self, g: &Graph, factor: ExprId) {
        let (base, exponent) = base_and_exponent(g, factor);
        let place = *self.places.entry(base).or_insert(self.order.len());
        if place == self.order.len() {
            self.order.push((base, exponent));
        } else {
            self.order[place].1 = self.order[place].1.add(exponent);
        }
    }

    fn finish(self, g: &mut Graph) -> Vec<ExprId> {
        let mut factors = Vec::with_capacity(self.order.len());
        for (base, exponent) in self.order {
            let exponent = g.number(exponent);
            factors.push(g.apply(Op::Pow, &[base, exponent]));
        }
        fold_logistic(g, &mut factors);
        factors
    }
}

/// `exp(z)` over `1 + exp(z)` is `sigmoid(z)`, one over `1 + exp(-z)` likewise;
/// the form that neither overflows nor cancels.
fn fold_logistic(g: &mut Graph, factors: &mut Vec<ExprId>) {
    for k in 0..factors.len() {
        let Some(z) = logistic_argument(g, factors[k]) else { continue };
        let exp = g.apply(Op::Exp, &[z]);
        if let Some(j) = factors.iter().position(|&f| f == exp) {
            factors[k] = g.apply(Op::Sigmoid, &[z]);
            factors.remove(j);
            return fold_logistic(g, factors);
        }
    }
}

/// `z`, where the node is `(1 + exp(z))^-1`.
fn logistic_argument(g: &Graph, e: ExprId) -> Option<ExprId> {
    let &[base, exponent] = g.args(e) else { return None };
    if g.op(e) != Op::Pow || g.op(base) != Op::Add || g.as_num(exponent) != Some(Num::MINUS_ONE) {
        return None;
    }
    match *g.args(base) {
        [a, b] if g.is_one(a) && g.op(b) == Op::Exp => Some(g.args(b)[0]),
        [a, b] if g.is_one(b) && g.op(a) == Op::Exp => Some(g.args(a)[0]),
        _ => None,
    }
}

fn base_and_exponent(g: &Graph, factor: ExprId) -> (ExprId, Num) {
    if g.op(factor) == Op::Pow {
        let args = g.args(factor);
        if let Some(n) = g.as_num(args[1]) {
            return (args[0], n);
        }
    }
    (factor, Num::ONE)
}

/// The elementwise product of arrays: scalar factors move out, like bases
/// join.
pub(super) fn had(g: &mut Graph, args: &[ExprId], shape: Shape) -> ExprId {
    let mut scalars = Vec::new();
    let mut bases = Bases::default();
    let mut pending: Vec<ExprId> = args.iter().rev().copied().collect();
    while let Some(arg) = pending.pop() {
        if g.shape(arg).is_scalar() {
            scalars.push(arg);
            continue;
        }
        match g.op(arg) {
            Op::Had | Op::Mul => pending.extend(g.args(arg).iter().rev()),
            Op::Fill => scalars.push(g.args(arg)[0]),
            _ => bases.push(g, arg),
        }
    }
    let mut arrays = bases.finish(g);
    arrays.retain(|&a| match g.op(a) {
        Op::Fill => {
            scalars.push(g.args(a)[0]);
            false
        }
        _ => true,
    });
    let array = match arrays[..] {
        [] => {
            let one = g.int(1);
            g.fill(shape, one)
        }
        [only] => only,
        _ => g.intern(Op::Had, Data::None, &arrays, shape),
    };
    scalars.push(array);
    g.mul(&scalars)
}

/// A power: numbers fold where the result is exact, nested whole powers join,
/// a reciprocal goes to the factors of a product.
pub(super) fn pow(g: &mut Graph, base: ExprId, exponent: ExprId, shape: Shape) -> ExprId {
    if g.op(base) == Op::Fill && g.shape(exponent).is_scalar() {
        let value = g.args(base)[0];
        let power = g.apply(Op::Pow, &[value, exponent]);
        return g.fill(shape, power);
    }
    if let Some(n) = g.as_num(exponent)
        && let Some(simple) = numeric_power(g, base, n, shape)
    {
        return simple;
    }
    if g.is_one(base) {
        let one = g.int(1);
        return g.fill(shape, one);
    }
    g.intern(Op::Pow, Data::None, &[base, exponent], shape)
}

fn numeric_power(g: &mut Graph, base: ExprId, n: Num, shape: Shape) -> Option<ExprId> {
    if n.is_zero() {
        let one = g.int(1);
        return Some(g.fill(shape, one));
    }
    if n.is_one() {
        return Some(base);
    }
    if let Some(b) = g.as_num(base) {
        let exact = n.as_int().and_then(|k| b.powi(k));
        let power = exact.or_else(|| b.is_zero().then(|| Num::float(0f64.powf(n.value()))));
        return power.map(|p| g.number(p));
    }
    let k = n.as_int()?;
    match g.op(base) {
        // True and false are 1 and 0.
        Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne | Op::And | Op::Or | Op::Not
            if k > 0 =>
        {
            Some(base)
        }
        Op::Pow => {
            let (inner, m) = (g.args(base)[0], g.as_num(g.args(base)[1])?);
            let product = m.mul(n);
            // A root squared has no value below 0, its base has.
            (m.as_int().is_some() || product.as_int().is_none()).then(|| {
                let product = g.number(product);
                g.apply(Op::Pow, &[inner, product])
            })
        }
        Op::Mul | Op::Had if k == -1 => {
            let op = g.op(base);
            let args: Vec<ExprId> = g.args(base).to_vec();
            let inverses: Vec<ExprId> = args.into_iter().map(|a| g.powi(a, -1)).collect();
            Some(g.apply(op, &inverses))
        }
        Op::Mul => {
            let (c, rest) = coefficient(g, base);
            (c == Num::MINUS_ONE).then(|| {
                let sign = g.int(if k % 2 == 0 { 1 } else { -1 });
                let power = g.powi(rest, k);
                g.mul(&[sign, power])
            })
        }
        _ => None,
    }
}

fn sum_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    shapes::common(g, args, "add")
}

fn product_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    let mut arrays = args.iter().enumerate().filter(|(_, a)| !g.shape(**a).is_scalar());
    match (arrays.next(), arrays.next()) {
        (None, _) => Ok(Shape::Scalar),
        (Some((_, a)), None) => Ok(g.shape(*a)),
        (Some((j, &a)), Some((k, &b))) => {
            let (a, b) = (g.shape(a), g.shape(b));
            let message =
                format!("expected at most one array, found {} and {}", in_words(a), in_words(b));
            Err(ShapeError::new(message, &[(j, a), (k, b)]))
        }
    }
}

fn hadamard_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    shapes::common(g, args, "multiply entry by entry")
}

/// `a` reduced to the shape of an argument that was repeated to every entry.
fn onto(g: &mut Graph, arg: ExprId, a: ExprId) -> ExprId {
    if g.shape(arg).is_scalar() && !g.shape(a).is_scalar() { g.apply(Op::SumAll, &[a]) } else { a }
}

fn add_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, k: usize) -> ExprId {
    onto(g, args[k], a)
}

fn add_tangent(g: &mut Graph, args: &[ExprId], y: ExprId, d: ExprId, k: usize) -> ExprId {
    let shape = g.shape(y);
    if g.shape(args[k]) == shape { d } else { g.fill(shape, d) }
}

/// For each factor of a long product of numbers the product of all others, so
/// that all of them together take about as long as the product; `None` where the
/// product is short, or none of numbers.
///
/// Factors are grouped, groups are grouped again, and so on: the others of a
/// factor are those of its group, and the groups beside its group.
pub(crate) fn others_of_each(g: &mut Graph, e: ExprId) -> Option<Vec<ExprId>> {
    /// Products of all but one of a group stay closed.
    const GROUP: usize = MAX_OPENED + 2;
    let factors = g.args(e).to_vec();
    let is_long = g.op(e) == Op::Mul && factors.len() > 2 * GROUP;
    if !is_long || !factors.iter().all(|&f| g.shape(f).is_scalar()) {
        return None;
    }
    let mut levels = vec![factors];
    while let Some(last) = levels.last().filter(|l| l.len() > GROUP) {
        let products = last.chunks(GROUP).map(|group| g.mul(group)).collect();
        levels.push(products);
    }
    // What stands outside of a node, from the coarsest level down.
    let mut outside: Vec<Vec<ExprId>> = vec![Vec::new()];
    for level in levels.iter().rev() {
        let mut next = Vec::with_capacity(level.len());
        for (group, around) in level.chunks(GROUP).zip(&outside) {
            for k in 0..group.len() {
                let beside = [&group[..k], &group[k + 1..]].concat();
                next.push([&around[..], &[g.mul(&beside)]].concat());
            }
        }
        outside = next;
    }
    Some(outside.into_iter().map(|factors| g.mul(&factors)).collect())
}

/// All factors but the `k`-th.
fn others(g: &mut Graph, args: &[ExprId], k: usize) -> ExprId {
    let rest: Vec<ExprId> =
        args.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, &e)| e).collect();
    let op = if rest.iter().filter(|&&r| !g.shape(r).is_scalar()).count() > 1 {
        Op::Had
    } else {
        Op::Mul
    };
    g.apply(op, &rest)
}

/// The sum of products of entries; `a'*b` for columns.
fn inner_product(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    match g.shape(a) {
        Shape::Vector(_) => {
            let row = g.transpose(a);
            g.matmul(row, b)
        }
        Shape::Scalar => {
            let product = times(g, a, b);
            g.apply(Op::SumAll, &[product])
        }
        Shape::Matrix(..) => g.apply(Op::Dot, &[a, b]),
    }
}

fn product_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, k: usize) -> ExprId {
    let rest = others(g, args, k);
    if g.shape(args[k]).is_scalar() && !g.shape(a).is_scalar() {
        return inner_product(g, rest, a);
    }
    times(g, a, rest)
}

fn product_tangent(g: &mut Graph, args: &[ExprId], _: ExprId, d: ExprId, k: usize) -> ExprId {
    let rest = others(g, args, k);
    times(g, d, rest)
}

fn pow_partial(g: &mut Graph, args: &[ExprId], y: ExprId, k: usize) -> ExprId {
    let (base, exponent) = (args[0], args[1]);
    if k == 1 {
        let log = g.apply(Op::Log, &[base]);
        return times(g, y, log);
    }
    let minus = g.int(-1);
    let less = g.add(&[exponent, minus]);
    let power = g.apply(Op::Pow, &[base, less]);
    times(g, exponent, power)
}

const SMOOTH: Traits = Traits { smooth: true, ..Traits::NONE };

/// The rows of this file.
pub const ROWS: &[&OpDef] = &[
    &OpDef {
        op: Op::Add,
        name: "",
        aliases: &[],
        arity: (0, usize::MAX),
        latex: Latex::of("+"),
        shape: sum_shape,
        domain: Domain::Reals,
        traits: Traits { increasing: true, convex: true, concave: true, ..SMOOTH },
        value: Value::Tensor(values::add),
        derivative: Derivative::General(add_adjoint, add_tangent),
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Instructions,
        samples: &[&[0.7, -1.3], &[2.5, 0.4]],
        doc: Doc {
            title: "sum",
            formula: "a + b; a scalar is added to every entry of an array, `.+` repeats rows and columns",
            example: ("[1, 2] + 1", "[2, 3]"),
        },
    },
    &OpDef {
        op: Op::Mul,
        name: "",
        aliases: &[],
        arity: (0, usize::MAX),
        latex: Latex::of(""),
        shape: product_shape,
        domain: Domain::Reals,
        traits: SMOOTH,
        value: Value::Tensor(values::mul),
        derivative: Derivative::General(product_adjoint, product_tangent),
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Instructions,
        samples: &[&[0.7, -1.3], &[2.5, 0.4]],
        doc: Doc {
            title: "product",
            formula: "a*b, the product of linear algebra",
            example: ("2*[1, 2]", "[2, 4]"),
        },
    },
    &OpDef {
        op: Op::Had,
        name: "",
        aliases: &[],
        arity: (0, usize::MAX),
        latex: Latex::of("\\odot"),
        shape: hadamard_shape,
        domain: Domain::Reals,
        traits: SMOOTH,
        value: Value::Tensor(values::had),
        derivative: Derivative::General(product_adjoint, product_tangent),
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Instructions,
        samples: &[],
        doc: Doc {
            title: "elementwise product",
            formula: "(a .* b)[i] = a[i]*b[i]",
            example: ("[1, 2] .* [3, 4]", "[3, 8]"),
        },
    },
    &OpDef {
        op: Op::Pow,
        name: "",
        aliases: &[],
        arity: (2, 2),
        latex: Latex::of("^"),
        shape: shapes::elementwise,
        domain: Domain::Reals,
        traits: SMOOTH,
        value: Value::Binary(crate::special::pow),
        derivative: Derivative::Elementwise(pow_partial),
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Vector2(Elementary2::Pow),
        samples: &[&[0.7, 2.0], &[1.9, -1.0], &[2.5, 0.4], &[-1.2, 3.0], &[0.4, -2.3]],
        doc: Doc {
            title: "power",
            formula: "u^0 is 1 for every u; a whole exponent takes any base",
            example: ("2^-1", "0.5"),
        },
    },
];
