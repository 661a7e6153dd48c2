//! Matrix expressions: affine maps, Gram and quadratic forms, sums of squares
//! under a root, logarithms of determinants.
//!
//! `u'*A*u` is convex for affine `u` where the known matrix `A + A'` is positive
//! semidefinite, which [`definite`] proves; `u'*u` and `u'*B'*B*u` need no
//! proof. `logdet` is concave on positive semidefinite matrices only, so its
//! argument must be one by its form: a nonnegative combination of such
//! (Boyd & Vandenberghe, sec. 3.1.5 and 3.2.1).

use super::{Claim, Context, Fact};
use crate::convexity::definite;
use crate::convexity::enclose::enclose;
use crate::convexity::interval::Interval;
use crate::expr::{ExprId, Num, Op};
use crate::shape::Shape;

/// Known matrices larger than this are not tested.
const MAX_SIZE: usize = 150;

/// A product of matrices.
pub(super) fn product(c: &mut Context, e: ExprId, args: &[ExprId], fact: &mut Fact) {
    let (moving, known): (Vec<ExprId>, Vec<ExprId>) =
        args.iter().partition(|&&a| c.g.has_unknown(a));
    match moving[..] {
        [only] => linear(c, only, &known, fact),
        [_, _] if c.g.shape(e).is_scalar() => {
            if let Some((how, u)) = form(c, args) {
                fact.add(Claim::Convex, how, &[(u, Claim::Affine)]);
            } else if let Some((how, u)) = negative_form(c, args) {
                fact.add(Claim::Concave, how, &[(u, Claim::Affine)]);
            }
        }
        _ => {}
    }
}

/// A linear map of one function.
fn linear(c: &Context, u: ExprId, known: &[ExprId], fact: &mut Fact) {
    if c.has(u, Claim::Affine) {
        return fact.add(Claim::Affine, "", &[]);
    }
    let factor = known.iter().fold(Interval::ONE, |p, &k| p * c.range(k));
    for claim in [Claim::Convex, Claim::Concave] {
        let Some(other) = claim.flipped() else { continue };
        let signs = [
            (factor.is_nonnegative(), "nonnegative", claim),
            (factor.is_nonpositive(), "nonpositive", other),
        ];
        for (holds, word, need) in signs {
            if holds && c.has(u, need) {
                let text =
                    format!("a combination of {} functions with {word} weights", need.word());
                fact.add(claim, text, &[(u, need)]);
            }
        }
    }
}

/// `dot(u, v)`: a linear map, or a square.
pub(super) fn dot(c: &mut Context, args: &[ExprId], fact: &mut Fact) {
    let &[a, b] = args else { return };
    if a == b {
        if let Some(own) = c.has_convex_square(a) {
            fact.add(Claim::Convex, "a sum of squares", &[(a, own)]);
        }
        return;
    }
    match (c.g.has_unknown(a), c.g.has_unknown(b)) {
        (true, false) => linear(c, a, &[b], fact),
        (false, true) => linear(c, b, &[a], fact),
        _ => {
            // dot(u, A*u) is u'*A*u.
            let (left, right) = if c.g.op(a) == Op::MatMul { (b, a) } else { (a, b) };
            if matches!(c.g.shape(left), Shape::Vector(_))
                && matches!(c.g.shape(right), Shape::Vector(_))
            {
                let turned = c.g.transpose(left);
                let form = c.g.matmul(turned, right);
                if c.g.op(form) == Op::MatMul {
                    let factors = c.g.args(form).to_vec();
                    product(c, form, &factors, fact);
                }
            }
        }
    }
}

/// Strips `P'` from the left and `P` from the right as long as they match:
/// what is left in the middle, and the factors of `P`.
fn halves(c: &mut Context, args: &[ExprId]) -> (Vec<ExprId>, Vec<ExprId>) {
    let (mut l, mut r) = (0, args.len());
    while l + 1 < r && c.g.transpose(args[r - 1]) == args[l] {
        (l, r) = (l + 1, r - 1);
    }
    (args[l..r].to_vec(), args[r..].to_vec())
}

/// Why a scalar product is a convex quadratic form of the affine function that
/// it also gives.
fn form(c: &mut Context, args: &[ExprId]) -> Option<(String, ExprId)> {
    let (middle, half) = halves(c, args);
    let u = *half.iter().find(|&&h| c.g.has_unknown(h))?;
    if !c.has(u, Claim::Affine) || middle.iter().any(|&m| c.g.has_unknown(m)) {
        return None;
    }
    let &first = middle.first().unwrap_or(&u);
    match middle.len() {
        0 => Some(("a square u'*u".to_string(), u)),
        1 => semidefinite_symmetric_part(c, first, false).map(|how| (how, u)),
        _ => {
            let whole = c.g.apply(Op::MatMul, &middle);
            semidefinite_symmetric_part(c, whole, false).map(|how| (how, u))
        }
    }
}

fn negative_form(c: &mut Context, args: &[ExprId]) -> Option<(String, ExprId)> {
    let (middle, half) = halves(c, args);
    let u = *half.iter().find(|&&h| c.g.has_unknown(h))?;
    if middle.is_empty() || !c.has(u, Claim::Affine) || middle.iter().any(|&m| c.g.has_unknown(m)) {
        return None;
    }
    let whole = if middle.len() == 1 { middle[0] } else { c.g.apply(Op::MatMul, &middle) };
    semidefinite_symmetric_part(c, whole, true).map(|how| (how, u))
}

/// Proves `A + A'` (or its negative) of a known matrix positive semidefinite.
fn semidefinite_symmetric_part(c: &mut Context, a: ExprId, negative: bool) -> Option<String> {
    let shape = c.g.shape(a);
    let n = shape.rows();
    if n != shape.cols() || n > MAX_SIZE || !c.g.free_indices(a).is_empty() {
        return None;
    }
    let values = enclose(c.g, &[a], &|_| None)?.swap_remove(0);
    let mut sum = Vec::with_capacity(n * n);
    for k in 0..n * n {
        let s = values.data[k] + values.data[(k % n) * n + k / n];
        sum.push(if negative { -s } else { s });
    }
    let proof = definite::prove(n, &sum)?;
    let name = crate::print::text(c.g, a);
    let name = if name.len() > 30 { "its matrix".to_string() } else { name };
    let of = if negative { format!("-({name} + {name}')") } else { format!("{name} + {name}'") };
    Some(format!("a quadratic form; {of} {}", proof.in_words(n)))
}

/// Whether a node is the square of a norm of convex functions: sums of squares
/// of affine functions and nonnegative constants. Gives what it rests on.
fn square_of_norm(c: &mut Context, e: ExprId) -> Option<Vec<(ExprId, Claim)>> {
    let terms: Vec<ExprId> = if c.g.op(e) == Op::Add { c.g.args(e).to_vec() } else { vec![e] };
    let mut uses = Vec::new();
    for term in terms {
        if !c.g.has_unknown(term) {
            c.range(term).is_nonnegative().then_some(())?;
            continue;
        }
        let inner = if c.g.op(term) == Op::Mul {
            let (moving, known): (Vec<ExprId>, Vec<ExprId>) =
                c.g.args(term).iter().partition(|&&a| c.g.has_unknown(a));
            known.iter().all(|&k| c.range(k).is_nonnegative()).then_some(())?;
            let &[only] = &moving[..] else { return None };
            only
        } else {
            term
        };
        uses.extend(one_square(c, inner)?);
    }
    (!uses.is_empty()).then_some(uses)
}

fn one_square(c: &mut Context, e: ExprId) -> Option<Vec<(ExprId, Claim)>> {
    let args = c.g.args(e).to_vec();
    let of = |c: &Context, u: ExprId| c.has_convex_square(u).map(|own| vec![(u, own)]);
    match c.g.op(e) {
        Op::Pow if c.g.as_num(args[1]) == Some(Num::int(2)) => of(c, args[0]),
        Op::SumSq => of(c, args[0]),
        Op::Dot if args[0] == args[1] => of(c, args[0]),
        Op::SumAll | Op::MeanAll => one_square(c, args[0]),
        Op::Sum if args[..Op::BINDER_BODY].iter().all(|&a| !c.g.has_unknown(a)) => {
            square_of_norm(c, args[Op::BINDER_BODY])
        }
        Op::MatMul => form(c, &args).map(|(_, u)| vec![(u, Claim::Affine)]),
        _ => None,
    }
}

/// `sqrt` of a sum of squares is a norm.
pub(super) fn root_of_squares(c: &mut Context, u: ExprId, fact: &mut Fact) -> bool {
    match square_of_norm(c, u) {
        Some(uses) => {
            fact.add(Claim::Convex, "the root of a sum of squares, a norm", &uses);
            true
        }
        None => false,
    }
}

/// A power of at least 1/2 of a sum of squares is a power of a norm.
pub(super) fn power_of_squares(c: &mut Context, u: ExprId, p: f64, fact: &mut Fact) -> bool {
    if p.fract() == 0.0 {
        return false;
    }
    match square_of_norm(c, u) {
        Some(uses) => {
            fact.add(Claim::Convex, "a power of at least 1 of a norm", &uses);
            true
        }
        None => false,
    }
}

/// `logdet` of an affine matrix that is positive semidefinite by its form.
pub(super) fn logdet(c: &mut Context, a: ExprId, fact: &mut Fact) {
    if c.has(a, Claim::Affine) && is_semidefinite(c, a) {
        let text = "the log-determinant of an affine positive semidefinite matrix";
        fact.add(Claim::Concave, text, &[(a, Claim::Affine)]);
    }
}

/// `tr(inv(A))` of an affine matrix that is positive semidefinite by its form.
pub(super) fn trace_of_inverse(c: &mut Context, inverse: ExprId, fact: &mut Fact) {
    let a = c.g.args(inverse)[0];
    if c.has(a, Claim::Affine) && is_semidefinite(c, a) {
        let text = "the trace of the inverse of an affine positive semidefinite matrix";
        fact.add(Claim::Convex, text, &[(a, Claim::Affine)]);
    }
}

/// Whether a matrix is symmetric and positive semidefinite on the whole box, by
/// its form. A worklist rather than a recursion: every part must be.
fn is_semidefinite(c: &mut Context, a: ExprId) -> bool {
    let mut pending = vec![a];
    while let Some(e) = pending.pop() {
        let args = c.g.args(e).to_vec();
        let fits = match c.g.op(e) {
            Op::Eye => true,
            _ if !c.g.has_unknown(e) && c.g.free_indices(e).is_empty() => known_semidefinite(c, e),
            Op::Diag => {
                matches!(c.g.shape(args[0]), Shape::Vector(_)) && c.range(args[0]).is_nonnegative()
            }
            Op::Add => {
                pending.extend(&args);
                true
            }
            Op::Mul => {
                let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
                    args.iter().partition(|&&f| c.g.shape(f).is_scalar());
                pending.extend(&arrays);
                scalars.iter().all(|&s| c.range(s).is_nonnegative())
            }
            Op::Sum => {
                pending.push(args[Op::BINDER_BODY]);
                true
            }
            Op::MatMul => {
                let (middle, half) = halves(c, &args);
                if middle.len() == 1 {
                    pending.push(middle[0]);
                }
                !half.is_empty() && middle.len() <= 1
            }
            _ => false,
        };
        if !fits {
            return false;
        }
    }
    true
}

fn known_semidefinite(c: &mut Context, a: ExprId) -> bool {
    let shape = c.g.shape(a);
    let n = shape.rows();
    if n != shape.cols() || n > MAX_SIZE {
        return false;
    }
    if c.g.op(a) == Op::MatMul {
        let args = c.g.args(a).to_vec();
        if halves(c, &args).0.is_empty() {
            return true;
        }
    }
    let Some(values) = enclose(c.g, &[a], &|_| None) else { return false };
    let h = &values[0].data;
    let symmetric = (0..n * n).all(|k| h[k].is_point() && h[k] == h[(k % n) * n + k / n]);
    symmetric && definite::prove(n, h).is_some()
}
