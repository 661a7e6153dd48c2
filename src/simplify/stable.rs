//! Forms that neither overflow nor cancel.
//!
//! What users write after the textbook (`log(1 + exp(x))`) is computed in the
//! form that numerical analysts use (`softplus(x)`). Each rule is an identity
//! for all reals; see Higham, Accuracy and Stability of Numerical Algorithms,
//! ch. 1, for why the forms on the left fail.

use super::rewrite;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::{Range, coefficient, times};

/// The expressions in forms that are safe to evaluate.
pub fn stable(g: &mut Graph, roots: &[ExprId]) -> Vec<ExprId> {
    rewrite(g, roots, rule)
}

fn rule(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    match g.op(e) {
        // Outside of training.
        Op::Dropout => Some(g.args(e)[0]),
        Op::Running => Some(g.args(e)[1]),
        Op::Log => log(g, g.args(e)[0]),
        Op::Log1p => {
            let a = g.args(e)[0];
            let z = the_only(g, a, Op::Exp)?;
            Some(g.apply(Op::Softplus, &[z]))
        }
        Op::Sqrt => root_of_squares(g, g.args(e)[0]),
        Op::Add => sum(g, e),
        Op::Pow => power(g, e),
        Op::Mul | Op::Had => product(g, e),
        _ => None,
    }
}

/// The argument of `e`, where it is a call of `op`.
fn the_only(g: &Graph, e: ExprId, op: Op) -> Option<ExprId> {
    (g.op(e) == op).then(|| g.args(e)[0])
}

/// The arguments of a sum of exponentials with coefficient 1.
fn exponents(g: &Graph, e: ExprId) -> Option<Vec<ExprId>> {
    if g.op(e) != Op::Add {
        return None;
    }
    g.args(e).iter().map(|&t| the_only(g, t, Op::Exp)).collect()
}

fn log(g: &mut Graph, a: ExprId) -> Option<ExprId> {
    if let Some(terms) = exponents(g, a) {
        return log_of_exponentials(g, &terms);
    }
    let inner = g.args(a).first().copied();
    match (g.op(a), inner) {
        (Op::Exp, Some(z)) => Some(z),
        (Op::Cosh, Some(z)) => Some(g.apply(Op::LogCosh, &[z])),
        (Op::Sigmoid, Some(z)) => {
            // log(sigmoid(z)) = -softplus(-z)
            let minus = g.neg(z);
            let s = g.apply(Op::Softplus, &[minus]);
            Some(g.neg(s))
        }
        (Op::SumAll, Some(v)) => {
            let z = the_only(g, v, Op::Exp)?;
            Some(g.apply(Op::LogSumExpAll, &[z]))
        }
        (Op::Sum, _) => {
            let body = g.args(a)[Op::BINDER_BODY];
            let z = the_only(g, body, Op::Exp)?;
            let range = Range::of(g, a)?;
            g.shape(body).is_scalar().then(|| range.bind(g, Op::LogSumExp, z))
        }
        (Op::Add, _) => log_of_one_plus(g, a),
        _ => None,
    }
}

/// `log(1 + u)` is `log1p(u)`, and `softplus(z)` for `u = exp(z)`.
fn log_of_one_plus(g: &mut Graph, a: ExprId) -> Option<ExprId> {
    let args = g.args(a).to_vec();
    let one = args.iter().position(|&t| g.is_one(t))?;
    let rest: Vec<ExprId> =
        args.iter().enumerate().filter(|(k, _)| *k != one).map(|(_, &t)| t).collect();
    let u = g.add(&rest);
    if g.shape(u) != g.shape(a) {
        return None;
    }
    Some(match the_only(g, u, Op::Exp) {
        Some(z) => g.apply(Op::Softplus, &[z]),
        None => g.apply(Op::Log1p, &[u]),
    })
}

/// `log(exp(a) + exp(b))` is `max(a, b) + softplus(-abs(a - b))`, and so on
/// from left to right.
fn log_of_exponentials(g: &mut Graph, terms: &[ExprId]) -> Option<ExprId> {
    let (&first, rest) = terms.split_first()?;
    let mut total = first;
    for &term in rest {
        let larger = g.apply(Op::Max2, &[total, term]);
        let difference = g.sub(total, term);
        let distance = g.apply(Op::Abs, &[difference]);
        let minus = g.neg(distance);
        let tail = g.apply(Op::Softplus, &[minus]);
        total = g.add(&[larger, tail]);
    }
    Some(total)
}

/// `sqrt(a^2 + b^2)` is `hypot(a, b)`, also where one of them is 1.
fn root_of_squares(g: &mut Graph, a: ExprId) -> Option<ExprId> {
    let &[p, q] = g.args(a) else { return None };
    if g.op(a) != Op::Add {
        return None;
    }
    let (p, q) = (root(g, p)?, root(g, q)?);
    Some(g.apply(Op::Hypot, &[p, q]))
}

fn root(g: &Graph, e: ExprId) -> Option<ExprId> {
    if g.is_one(e) {
        return Some(e);
    }
    let &[base, exponent] = g.args(e) else { return None };
    (g.op(e) == Op::Pow && g.as_num(exponent) == Some(Num::int(2))).then_some(base)
}

/// `c*exp(z) - c` is `c*expm1(z)`; `1 - sigmoid(z)` is `sigmoid(-z)`;
/// `1 - tanh(z)^2` is `1/cosh(z)^2`; `exp(z) ± exp(-z)` are hyperbolic.
fn sum(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    if args.len() > 8 {
        return None;
    }
    if let Some(found) = hyperbolic(g, &args) {
        return Some(found);
    }
    let place = args.iter().position(|&t| g.as_num(t).is_some())?;
    let constant = g.as_num(args[place])?;
    for (k, &term) in args.iter().enumerate() {
        if k == place {
            continue;
        }
        let (c, rest) = coefficient(g, term);
        if c != constant.neg() {
            continue;
        }
        if let Some(joined) = with_constant(g, c, rest) {
            let mut others: Vec<ExprId> = args
                .iter()
                .enumerate()
                .filter(|(j, _)| *j != k && *j != place)
                .map(|(_, &t)| t)
                .collect();
            others.insert(0, joined);
            let sum = g.add(&others);
            return (g.shape(sum) == g.shape(e)).then_some(sum);
        }
    }
    None
}

/// `c*u - c` for the functions `u` where that cancels.
fn with_constant(g: &mut Graph, c: Num, u: ExprId) -> Option<ExprId> {
    let c_node = g.number(c);
    match g.op(u) {
        Op::Exp => {
            let z = g.args(u)[0];
            let tail = g.apply(Op::Expm1, &[z]);
            Some(g.mul(&[c_node, tail]))
        }
        Op::Sigmoid => {
            // c*sigmoid(z) - c = -c*sigmoid(-z)
            let z = g.args(u)[0];
            let minus = g.neg(z);
            let rest = g.apply(Op::Sigmoid, &[minus]);
            let c_node = g.number(c.neg());
            Some(g.mul(&[c_node, rest]))
        }
        Op::Pow => {
            let (base, exponent) = (g.args(u)[0], g.args(u)[1]);
            let z = the_only(g, base, Op::Tanh)?;
            (g.as_num(exponent) == Some(Num::int(2))).then_some(())?;
            let cosh = g.apply(Op::Cosh, &[z]);
            let rest = g.powi(cosh, -2);
            let c_node = g.number(c.neg());
            Some(g.mul(&[c_node, rest]))
        }
        _ => None,
    }
}

pub(super) fn hyperbolic(g: &mut Graph, args: &[ExprId]) -> Option<ExprId> {
    let &[a, b] = args else { return None };
    let ((ca, ea), (cb, eb)) = (coefficient(g, a), coefficient(g, b));
    let (za, zb) = (the_only(g, ea, Op::Exp)?, the_only(g, eb, Op::Exp)?);
    if g.neg(za) != zb || (ca != cb && ca != cb.neg()) {
        return None;
    }
    let two = g.number(ca.mul(Num::int(2)));
    let f = g.apply(if ca == cb { Op::Cosh } else { Op::Sinh }, &[za]);
    Some(g.mul(&[two, f]))
}

/// `1/(1 + exp(z))` is `sigmoid(-z)`.
fn power(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let (base, exponent) = (g.args(e)[0], g.args(e)[1]);
    if let (Op::Add, Some(n)) = (g.op(base), g.as_num(exponent).filter(|n| n.is_negative())) {
        let z = one_plus_exp(g, base)?;
        let minus = g.neg(z);
        let s = g.apply(Op::Sigmoid, &[minus]);
        let n = g.number(n.neg());
        return Some(g.apply(Op::Pow, &[s, n]));
    }
    if g.as_num(exponent) == Some(Num::frac(1, 2)) {
        return root_of_squares(g, base);
    }
    None
}

fn one_plus_exp(g: &Graph, e: ExprId) -> Option<ExprId> {
    match *g.args(e) {
        [a, b] if g.is_one(a) => the_only(g, b, Op::Exp),
        [a, b] if g.is_one(b) => the_only(g, a, Op::Exp),
        _ => None,
    }
}

/// Products in which factors overflow though the product does not.
fn product(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let factors = g.args(e).to_vec();
    if factors.len() > 16 {
        return None;
    }
    let replaced = sigmoid_of_exp(g, &factors)
        .or_else(|| tanh_of_quotient(g, &factors))
        .or_else(|| share_of_exponentials(g, &factors))
        .or_else(|| guarded_power(g, &factors))?;
    let mut result = replaced[0];
    for &factor in &replaced[1..] {
        result = times(g, result, factor);
    }
    (g.shape(result) == g.shape(e)).then_some(result)
}

fn base_and_power(g: &Graph, e: ExprId) -> (ExprId, Num) {
    match *g.args(e) {
        [base, n] if g.op(e) == Op::Pow => g.as_num(n).map_or((e, Num::ONE), |n| (base, n)),
        _ => (e, Num::ONE),
    }
}

/// The factors without those at two places, and others in their stead.
fn swapped(factors: &[ExprId], gone: [usize; 2], new: &[ExprId]) -> Vec<ExprId> {
    let kept = factors.iter().enumerate().filter(|(k, _)| !gone.contains(k)).map(|(_, &f)| f);
    kept.chain(new.iter().copied()).collect()
}

/// `exp(z)*sigmoid(-z)` is `sigmoid(z)`.
fn sigmoid_of_exp(g: &mut Graph, factors: &[ExprId]) -> Option<Vec<ExprId>> {
    for (k, &f) in factors.iter().enumerate() {
        let Some(z) = the_only(g, f, Op::Exp) else { continue };
        let minus = g.neg(z);
        let other = g.apply(Op::Sigmoid, &[minus]);
        for (j, &s) in factors.iter().enumerate() {
            let (base, n) = base_and_power(g, s);
            if base == other && n.value() >= 1.0 {
                let whole = g.apply(Op::Sigmoid, &[z]);
                let less = g.number(n.add(Num::MINUS_ONE));
                let rest = g.apply(Op::Pow, &[base, less]);
                return Some(swapped(factors, [k, j], &[whole, rest]));
            }
        }
    }
    None
}

/// `sinh(z)^p / cosh(z)^q` is `tanh(z)^p / cosh(z)^(q - p)`.
fn tanh_of_quotient(g: &mut Graph, factors: &[ExprId]) -> Option<Vec<ExprId>> {
    for (k, &f) in factors.iter().enumerate() {
        let (base, p) = base_and_power(g, f);
        let Some(z) = the_only(g, base, Op::Sinh).filter(|_| p.value() > 0.0) else { continue };
        let cosh = g.apply(Op::Cosh, &[z]);
        for (j, &other) in factors.iter().enumerate() {
            let (base, q) = base_and_power(g, other);
            if base == cosh && q.value() <= -p.value() {
                let tanh = g.apply(Op::Tanh, &[z]);
                let (p_node, rest) = (g.number(p), g.number(q.add(p)));
                let tanh = g.apply(Op::Pow, &[tanh, p_node]);
                let rest = g.apply(Op::Pow, &[cosh, rest]);
                return Some(swapped(factors, [k, j], &[tanh, rest]));
            }
        }
    }
    None
}

/// `exp(a)/(exp(a) + exp(b))` is `exp(a - log(exp(a) + exp(b)))`, also for sums
/// over arrays and indices.
fn share_of_exponentials(g: &mut Graph, factors: &[ExprId]) -> Option<Vec<ExprId>> {
    for (k, &f) in factors.iter().enumerate() {
        let Some(a) = the_only(g, f, Op::Exp) else { continue };
        for (j, &other) in factors.iter().enumerate() {
            let (base, n) = base_and_power(g, other);
            if n.value() > -1.0 || !matches!(g.op(base), Op::Add | Op::SumAll | Op::Sum) {
                continue;
            }
            if matches!(g.op(base), Op::Add) && exponents(g, base).is_none() {
                continue;
            }
            let Some(level) = log(g, base) else { continue };
            let shifted = g.sub(a, level);
            let share = g.apply(Op::Exp, &[shifted]);
            let rest = g.number(n.add(Num::ONE));
            let rest = g.apply(Op::Pow, &[base, rest]);
            return Some(swapped(factors, [k, j], &[share, rest]));
        }
    }
    None
}

/// `n*u^(n - 1)` is 0 for `n = 0`, also at `u = 0`; the derivative of `u^n`
/// with an exponent that is computed.
fn guarded_power(g: &mut Graph, factors: &[ExprId]) -> Option<Vec<ExprId>> {
    for (j, &power) in factors.iter().enumerate() {
        let &[base, exponent] = g.args(power) else { continue };
        if g.op(power) != Op::Pow || g.as_num(exponent).is_some() || !g.shape(power).is_scalar() {
            continue;
        }
        let one = g.int(1);
        let n = g.add(&[exponent, one]);
        let Some(k) = factors.iter().position(|&f| f == n) else { continue };
        let zero = g.int(0);
        let none = g.apply(Op::Eq, &[n, zero]);
        let plain = g.apply(Op::Pow, &[base, exponent]);
        // Inside the branch the two factors may not meet this rule again.
        let term = g.apply(Op::If, &[none, zero, plain]);
        return Some(swapped(factors, [k, j], &[n, term]));
    }
    None
}
