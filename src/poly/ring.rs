//! The variables of a polynomial view of an expression.
//!
//! What is no sum, product or numeric power is a variable: symbols, function
//! calls, sums over an index. Powers of one base with different exponents are
//! powers of one variable: `sqrt(u)` and `u^(3/2)` of `u^(1/2)`, `exp(x/2)`
//! and `exp(-x)` of `exp(x/2)`, `x^(n-1)` of `x^n` and `x`. That holds wherever
//! the expression has a value.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Fraction, Poly};
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::coefficient;

/// More variables make every operation slow.
const MAX_VARS: usize = 24;
/// Larger roots are taken as functions of their own.
const MAX_ROOT: i64 = 12;
/// Expressions of more nodes are not read.
const MAX_NODES: usize = 2_000;

/// What a variable is a root of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Base {
    /// A node.
    Node(ExprId),
    /// `exp(u)`
    Exp(ExprId),
    /// `u ^ v`
    Power(ExprId, ExprId),
}

/// `base ^ (1/root)`; the root is negative for `exp(-u)`, where no power of
/// `exp(u)` occurs: so `exp(-u)` is never written as `1/exp(u)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Var {
    pub base: Base,
    pub root: i64,
}

/// The variables of an expression.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    pub(super) vars: Vec<Var>,
    places: FxHashMap<Base, usize>,
    /// Whether a number was written with a decimal point.
    pub(super) decimal: bool,
    /// Whether some `exp(u)` and `exp(-u)` both occur.
    opposed: bool,
    /// Sums that are variables.
    whole: FxHashSet<ExprId>,
    /// What roots are roots of.
    pub(super) radicands: Vec<(usize, Fraction)>,
}

impl Ring {
    /// The ring of a scalar expression, and the expression in it. `None` where
    /// it has a number that is not exact, or is large.
    pub fn read(g: &mut Graph, e: ExprId) -> Option<(Ring, Fraction)> {
        let (ring, mut found) = Ring::read_all(g, &[e])?;
        found.pop().map(|f| (ring, f))
    }

    /// As [`Ring::read`], but a sum of at least `terms` terms that is a factor
    /// or a base is a variable, so that it is not multiplied out.
    pub fn read_with_whole_sums(
        g: &mut Graph,
        e: ExprId,
        terms: usize,
    ) -> Option<(Ring, Fraction)> {
        let ring = Ring { whole: whole_sums(g, e, terms), ..Ring::default() };
        let (ring, mut found) = ring.filled(g, &[e])?;
        found.pop().map(|f| (ring, f))
    }

    /// Several expressions in one ring.
    pub fn read_all(g: &mut Graph, roots: &[ExprId]) -> Option<(Ring, Vec<Fraction>)> {
        Ring::default().filled(g, roots)
    }

    fn filled(self, g: &mut Graph, roots: &[ExprId]) -> Option<(Ring, Vec<Fraction>)> {
        let mut ring = self;
        let region = ring.collect(g, roots)?;
        let mut values: FxHashMap<ExprId, Fraction> = FxHashMap::default();
        for e in region {
            let value = ring.value(g, e, &values)?;
            values.insert(e, value);
        }
        let found: Option<Vec<Fraction>> = roots.iter().map(|e| values.get(e).cloned()).collect();
        Some((ring, found?))
    }

    /// The variables that are sums.
    pub fn whole_sums(&self) -> Vec<usize> {
        let is_sum = |v: &Var| matches!(v.base, Base::Node(e) if self.whole.contains(&e));
        (0..self.vars.len()).filter(|&k| is_sum(&self.vars[k])).collect()
    }

    /// Number of variables.
    pub fn n_vars(&self) -> usize {
        self.vars.len()
    }

    /// Whether some `exp(u)` and `exp(-u)` both occur. Over a common
    /// denominator one of them may overflow where neither did before.
    pub fn has_opposed_exponentials(&self) -> bool {
        self.opposed
    }

    /// Registers the variables; gives the nodes between the roots and the
    /// variables, arguments first.
    fn collect(&mut self, g: &mut Graph, roots: &[ExprId]) -> Option<Vec<ExprId>> {
        let mut seen = FxHashSet::default();
        let mut stack = roots.to_vec();
        let mut bases: Vec<(Base, i64, bool)> = Vec::new();
        while let Some(e) = stack.pop() {
            if !seen.insert(e) {
                continue;
            }
            if seen.len() > MAX_NODES || !g.shape(e).is_scalar() {
                return None;
            }
            match g.op(e) {
                Op::Num => {
                    self.decimal |= g.as_num(e)?.as_ratio().is_some() && g.as_num(e)?.is_decimal();
                }
                _ if self.whole.contains(&e) => bases.push((Base::Node(e), 1, false)),
                Op::Add | Op::Mul => stack.extend_from_slice(g.args(e)),
                Op::Pow if whole_exponent(g, e).is_some() => stack.push(g.args(e)[0]),
                _ => {
                    for (base, exponent) in powers(g, e)? {
                        let (_, root) = exponent.as_ratio()?;
                        if root > MAX_ROOT {
                            return None;
                        }
                        // The radicand too may occur by itself.
                        if let (Base::Node(u), true) = (base, root > 1) {
                            stack.push(u);
                        }
                        bases.push((base, root, exponent.is_negative()));
                    }
                }
            }
        }
        // The order of variables is that in which their bases were first made.
        bases.sort_unstable();
        for &(base, root, _) in &bases {
            let next = self.vars.len();
            let place = *self.places.entry(base).or_insert(next);
            if place == next {
                self.vars.push(Var { base, root });
            } else {
                self.vars[place].root = lcm(self.vars[place].root, root);
            }
        }
        for var in &mut self.vars {
            let uses = |negative| bases.iter().any(|b| b.0 == var.base && b.2 == negative);
            if matches!(var.base, Base::Exp(_)) && uses(true) {
                self.opposed |= uses(false);
                if !uses(false) {
                    var.root = -var.root;
                }
            }
        }
        let mut region: Vec<ExprId> = seen.into_iter().collect();
        region.sort_unstable();
        (self.vars.len() <= MAX_VARS).then_some(region)
    }

    fn value(
        &mut self,
        g: &mut Graph,
        e: ExprId,
        values: &FxHashMap<ExprId, Fraction>,
    ) -> Option<Fraction> {
        let plain = self.plain_value(g, e, values);
        match self.places.get(&Base::Node(e)).copied() {
            Some(var) if self.vars[var].root > 1 => {
                if let Some(inside) = plain {
                    self.radicands.push((var, inside));
                }
                self.power(Base::Node(e), Num::ONE)
            }
            _ => plain,
        }
    }

    fn plain_value(
        &mut self,
        g: &mut Graph,
        e: ExprId,
        values: &FxHashMap<ExprId, Fraction>,
    ) -> Option<Fraction> {
        let n_vars = self.vars.len();
        if let Some(n) = g.as_num(e) {
            let (p, q) = n.as_ratio()?;
            let whole = |c: i64| Poly::constant(n_vars, i128::from(c));
            return Fraction::new(whole(p), whole(q));
        }
        let args = g.args(e).to_vec();
        match g.op(e) {
            _ if self.whole.contains(&e) => self.power(Base::Node(e), Num::ONE),
            Op::Add => {
                let mut total = Fraction::whole(Poly::zero(n_vars));
                for a in args {
                    total = total.add(values.get(&a)?)?;
                }
                Some(total)
            }
            Op::Mul => {
                let mut total = Fraction::whole(Poly::constant(n_vars, 1));
                for a in args {
                    total = total.mul(values.get(&a)?)?;
                }
                Some(total)
            }
            Op::Pow if whole_exponent(g, e).is_some() => {
                values.get(&args[0])?.pow(whole_exponent(g, e)?)
            }
            _ => {
                let mut total = Fraction::whole(Poly::constant(n_vars, 1));
                for (base, exponent) in powers(g, e)? {
                    total = total.mul(&self.power(base, exponent)?)?;
                }
                Some(total)
            }
        }
    }

    /// A power of a base, as a power of its variable.
    fn power(&self, base: Base, exponent: Num) -> Option<Fraction> {
        let var = *self.places.get(&base)?;
        let (p, q) = exponent.as_ratio()?;
        let n = p.checked_mul(self.vars[var].root / q)?;
        Fraction::whole(Poly::power_of(self.vars.len(), var, 1)).pow(n)
    }
}

/// Sums of at least so many terms that are factors or bases of powers; one
/// that only a number multiplies is opened.
fn whole_sums(g: &Graph, root: ExprId, terms: usize) -> FxHashSet<ExprId> {
    let mut found = FxHashSet::default();
    let mut stack = vec![root];
    let mut seen = FxHashSet::default();
    while let Some(e) = stack.pop() {
        if !seen.insert(e) {
            continue;
        }
        let args = g.args(e);
        let inside: &[ExprId] = match g.op(e) {
            Op::Add => args,
            Op::Mul => {
                let factors = args.iter().filter(|&&a| g.as_num(a).is_none()).count();
                if factors > 1 {
                    found.extend(args.iter().filter(|&&a| is_sum(g, a, terms)));
                }
                args
            }
            Op::Pow => {
                found.extend(args[..1].iter().filter(|&&a| is_sum(g, a, terms)));
                &args[..1]
            }
            _ => &[],
        };
        stack.extend_from_slice(inside);
    }
    found
}

fn is_sum(g: &Graph, e: ExprId, terms: usize) -> bool {
    g.op(e) == Op::Add && g.args(e).len() >= terms
}

/// The exponent of a whole numeric power.
fn whole_exponent(g: &Graph, e: ExprId) -> Option<i64> {
    if g.op(e) != Op::Pow {
        return None;
    }
    g.as_num(g.args(e)[1])?.as_int()
}

/// A node that is no sum and no product, as powers of bases.
fn powers(g: &mut Graph, e: ExprId) -> Option<Vec<(Base, Num)>> {
    let args = g.args(e).to_vec();
    match g.op(e) {
        Op::Sqrt => Some(vec![(Base::Node(args[0]), Num::frac(1, 2))]),
        Op::Exp => {
            let terms = exponent_terms(g, args[0])?;
            Some(terms.into_iter().map(|(rest, c)| (Base::Exp(rest), c)).collect())
        }
        Op::Pow => match g.as_num(args[1]) {
            Some(n) if n.as_ratio().is_some() => Some(vec![(Base::Node(args[0]), n)]),
            Some(_) => Some(vec![(Base::Node(e), Num::ONE)]),
            None => {
                let base = args[0];
                let terms = exponent_terms(g, args[1])?;
                let split = |(rest, c): (ExprId, Num)| {
                    if g.is_one(rest) {
                        (Base::Node(base), c)
                    } else {
                        (Base::Power(base, rest), c)
                    }
                };
                Some(terms.into_iter().map(split).collect())
            }
        },
        _ => Some(vec![(Base::Node(e), Num::ONE)]),
    }
}

/// The terms of an exponent with their rational factors.
fn exponent_terms(g: &mut Graph, e: ExprId) -> Option<Vec<(ExprId, Num)>> {
    let terms = if g.op(e) == Op::Add { g.args(e).to_vec() } else { vec![e] };
    let mut found = Vec::with_capacity(terms.len());
    for term in terms {
        let (c, rest) = coefficient(g, term);
        c.as_ratio()?;
        found.push((rest, c));
    }
    Some(found)
}

fn lcm(a: i64, b: i64) -> i64 {
    let gcd = super::gcd_int(i128::from(a), i128::from(b)).max(1) as i64;
    a / gcd * b
}
