//! A function of one number after another function: `h(u)`.
//!
//! `h(u)` is convex where `h` is convex on the range of `u`, and `u` is affine,
//! or convex with `h` rising, or concave with `h` falling (Boyd & Vandenberghe,
//! eq. 3.10). Rising and falling refer to `h` extended by infinity outside its
//! domain (sec. 3.2.4), so `u` may leave the domain only on the side where that
//! extension goes on rising or falling.

use super::{Claim, Context, Fact};
use crate::convexity::interval::Interval;
use crate::expr::{ExprId, Num, Op};
use crate::ops::{self, Bend, Piece, Trend, power_pieces};

/// The shape of a function on the range of its argument.
struct Shape {
    convex: bool,
    concave: bool,
    straight: bool,
    up: bool,
    down: bool,
    /// The argument cannot leave the domain below, or above.
    inside: (bool, bool),
}

/// The shape of a function on an interval; `None` where the interval and the
/// domain do not meet or the domain has a gap there.
fn shape_on(pieces: &[Piece], whole: (bool, bool), x: Interval) -> Option<Shape> {
    let (first, last) = (pieces.first()?, pieces.last()?);
    let domain = Interval { lo: first.from, hi: last.to };
    let met = x.meet(domain)?;
    // A piece that is touched at one end only does not count.
    let within = |p: &&Piece| p.from < met.hi && met.lo < p.to || met.is_point() && domain == met;
    let used: Vec<&Piece> = pieces.iter().filter(within).collect();
    let all = |f: &dyn Fn(&Piece) -> bool| !used.is_empty() && used.iter().all(|p| f(p));
    let one = used.len() == 1;
    Some(Shape {
        convex: whole.0 || one && matches!(used[0].bend, Bend::Convex | Bend::Straight),
        concave: whole.1 || one && matches!(used[0].bend, Bend::Concave | Bend::Straight),
        straight: one && used[0].bend == Bend::Straight,
        up: all(&|p| p.trend == Trend::Up),
        down: all(&|p| p.trend == Trend::Down),
        inside: (x.lo >= domain.lo, x.hi <= domain.hi),
    })
}

/// A row's function of one argument.
pub(super) fn elementwise(c: &mut Context, op: Op, u: ExprId, fact: &mut Fact) {
    let traits = ops::def(op).traits;
    let (name, title) = (ops::def(op).name, ops::def(op).doc.title);
    let Some(shape) = shape_on(traits.pieces, (traits.convex, traits.concave), c.range(u)) else {
        return;
    };
    if ops::def(op).domain == ops::Domain::NotPole && !c.range(u).is_nonnegative() {
        return;
    }
    if op == Op::Sqrt && super::matrix::root_of_squares(c, u, fact) {
        return;
    }
    if op == Op::Sqrt {
        super::product::power_of_product(c, u, Num::frac(1, 2), fact);
    }
    logarithms(c, op, u, fact);
    let what = if title.len() < 30 { title } else { name };
    apply(c, &shape, what, u, fact);
    for (own, claim) in
        [(traits.log_convex, Claim::LogConvex), (traits.log_concave, Claim::LogConcave)]
    {
        if let Some(need) = log_need(c, &shape, u, claim).filter(|_| own) {
            fact.add(
                claim,
                format!("{name} of {} {} function", an(need), need.word()),
                &[(u, need)],
            );
        }
    }
}

fn an(claim: Claim) -> &'static str {
    if claim == Claim::Affine { "an" } else { "a" }
}

/// What `u` must be for `h(u)` to be log-convex (log-concave), where `h` is.
fn log_need(c: &Context, shape: &Shape, u: ExprId, claim: Claim) -> Option<Claim> {
    let (with, against) = match claim {
        Claim::LogConvex => (Claim::Convex, Claim::Concave),
        _ => (Claim::Concave, Claim::Convex),
    };
    if c.has(u, Claim::Affine) {
        return Some(Claim::Affine);
    }
    if shape.up && c.has(u, with) {
        return Some(with);
    }
    (shape.down && c.has(u, against)).then_some(against)
}

/// The logarithm of a log-convex or log-concave function.
fn logarithms(c: &Context, op: Op, u: ExprId, fact: &mut Fact) {
    if op == Op::Log1p && c.has(u, Claim::LogConvex) {
        fact.add(
            Claim::Convex,
            "the logarithm of 1 and a log-convex function",
            &[(u, Claim::LogConvex)],
        );
    }
    if !matches!(op, Op::Log | Op::Log2 | Op::Log10) || c.has(u, Claim::Affine) {
        return;
    }
    for (claim, own) in [(Claim::Convex, Claim::LogConvex), (Claim::Concave, Claim::LogConcave)] {
        if c.has(u, own) {
            fact.add(claim, format!("the logarithm of a {} function", own.word()), &[(u, own)]);
        }
    }
}

/// The composition rule.
fn apply(c: &Context, shape: &Shape, what: &str, u: ExprId, fact: &mut Fact) {
    if c.has(u, Claim::Affine) {
        if shape.straight && shape.inside == (true, true) {
            return fact.add(Claim::Affine, "", &[]);
        }
        for (holds, claim) in [(shape.convex, Claim::Convex), (shape.concave, Claim::Concave)] {
            if holds {
                let text = format!("{what} of an affine function");
                fact.add(claim, text, &[(u, Claim::Affine)]);
            }
        }
        return;
    }
    for (holds, claim) in [(shape.convex, Claim::Convex), (shape.concave, Claim::Concave)] {
        let Some(other) = claim.flipped().filter(|_| holds) else { continue };
        // `u` may leave the domain only where the extension by infinity (minus
        // infinity for a concave function) is still monotone.
        let free =
            if claim == Claim::Convex { (shape.inside.0, true) } else { (true, shape.inside.1) };
        let free_down =
            if claim == Claim::Convex { (true, shape.inside.1) } else { (shape.inside.0, true) };
        if shape.up && c.has(u, claim) && free == (true, true) {
            fact.add(claim, rule(what, claim, "rising", claim), &[(u, claim)]);
        } else if shape.down && c.has(u, other) && free_down == (true, true) {
            fact.add(claim, rule(what, claim, "falling", other), &[(u, other)]);
        }
    }
}

fn rule(what: &str, own: Claim, trend: &str, arg: Claim) -> String {
    format!("{what} of a {} function; it is {} and {trend} there", arg.word(), own.word())
}

/// `u^p`, and `a^u` for a positive number `a`.
pub(super) fn power(c: &mut Context, u: ExprId, p: ExprId, fact: &mut Fact) {
    if !c.g.has_unknown(u) {
        return exponential(c, u, p, fact);
    }
    if c.g.has_unknown(p) {
        return;
    }
    let Some(exponent) = c.exponent(p) else {
        return same_shape_power(c, u, c.range(p), fact);
    };
    let p = exponent.value();
    let r = c.range(u);
    let pieces = power_pieces(p);
    let bowl = p > 0.0 && p.fract() == 0.0 && p % 2.0 == 0.0;
    if p >= 0.5 && super::matrix::power_of_squares(c, u, p, fact) {
        return;
    }
    super::product::power_of_product(c, u, exponent, fact);
    // Through a pole there is no convex domain.
    if p < 0.0 && r.lo < 0.0 && r.hi > 0.0 && p.fract() == 0.0 {
        return;
    }
    if let Some(shape) = shape_on(pieces, (bowl, false), r) {
        let what = match p {
            2.0 => "the square".to_string(),
            -1.0 => "the reciprocal".to_string(),
            _ => format!("the power {}", crate::report::number::human(p)),
        };
        apply(c, &shape, &what, u, fact);
    }
    for claim in [Claim::LogConvex, Claim::LogConcave] {
        let flipped = if claim == Claim::LogConvex { Claim::LogConcave } else { Claim::LogConvex };
        let need = if p > 0.0 { claim } else { flipped };
        if c.has(u, need) && !c.has(u, Claim::Affine) || p < 0.0 && c.has(u, need) {
            fact.add(claim, format!("a power of a {} function", need.word()), &[(u, need)]);
        }
    }
}

/// Exponents that differ from entry to entry, all on one side.
fn same_shape_power(c: &Context, u: ExprId, p: Interval, fact: &mut Fact) {
    if !c.range(u).is_nonnegative() || !c.has(u, Claim::Affine) {
        return;
    }
    let text = "powers of a nonnegative affine function";
    if p.lo >= 1.0 || p.hi <= 0.0 {
        fact.add(Claim::Convex, text, &[(u, Claim::Affine)]);
    } else if p.lo >= 0.0 && p.hi <= 1.0 {
        fact.add(Claim::Concave, text, &[(u, Claim::Affine)]);
    }
}

/// `a^u` is `exp(log(a)*u)`.
fn exponential(c: &Context, a: ExprId, u: ExprId, fact: &mut Fact) {
    let base = c.range(a);
    if base.lo <= 0.0 {
        return;
    }
    let (up, down) = (base.lo >= 1.0, base.hi <= 1.0);
    let need = if c.has(u, Claim::Affine) {
        Claim::Affine
    } else if up && c.has(u, Claim::Convex) {
        Claim::Convex
    } else if down && c.has(u, Claim::Concave) {
        Claim::Concave
    } else {
        return;
    };
    fact.add(
        Claim::LogConvex,
        format!("an exponential of {} {} function", an(need), need.word()),
        &[(u, need)],
    );
}
