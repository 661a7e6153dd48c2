//! The decision whether two expressions are equal.

use super::difference::{Difference, explain};
use super::magnitude::magnitude;
use super::normal_form;
use super::sample::{Domain, Point, draw};
use crate::eval::{self, EvalError};
use crate::expr::{ExprId, Graph};
use crate::random::Stream;
use crate::shape::Tensor;
use crate::simplify;
use crate::work;

/// Points at which two expressions must agree.
const POINTS: usize = 24;
/// Draws before giving up on finding so many points.
const DRAWS: usize = 400;
/// Agreement relative to the terms inside.
const TOLERANCE: f64 = 1e-9;

/// The answer.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Equal: the difference reduces to zero.
    SameForm,
    /// Equal at so many random points; where nothing is unknown, at the one
    /// that there is.
    AtPoints(usize),
    /// Not equal at a point.
    Differs {
        /// The point.
        point: Point,
        /// Values of the left and of the right side there.
        values: (Tensor, Tensor),
        /// What differs, where it can be told.
        what: Option<Difference>,
    },
    /// Equal where both have a value, but at some point only one has.
    Undefined {
        /// Such a point.
        point: Point,
        /// Values there.
        values: (Tensor, Tensor),
    },
    /// No point was found where both have a value.
    Nowhere,
}

/// Compares two expressions of one shape. `known` are the names of values by
/// which a factor may be explained.
pub fn compare(
    g: &mut Graph,
    a: ExprId,
    b: ExprId,
    domains: &[Domain],
) -> Result<Verdict, EvalError> {
    if a == b {
        return Ok(Verdict::SameForm);
    }
    let same_form = work::search(|| normal_form::same(g, a, b));
    let sampled = at_points(g, a, b, domains);
    match sampled {
        // Values have the last word: a normal form that they contradict proves nothing.
        Ok(Verdict::Differs { .. }) => sampled,
        _ if same_form => Ok(Verdict::SameForm),
        _ => sampled,
    }
}

/// Compares values at random points.
fn at_points(
    g: &mut Graph,
    a: ExprId,
    b: ExprId,
    domains: &[Domain],
) -> Result<Verdict, EvalError> {
    let unknowns = g.unknowns(&[a, b]);
    let domains: Vec<Domain> =
        domains.iter().filter(|d| unknowns.contains(&d.unknown)).cloned().collect();
    let mut trial = Trial::new(g, a, b);
    let mut stream = Stream::new(0).split("check");
    let (mut agreeing, mut one_sided, mut differing) = (Vec::new(), None, Vec::new());
    let draws = if domains.is_empty() { 1 } else { DRAWS };
    for k in 0..draws {
        let point = draw(&domains, k, &mut stream);
        match trial.at(g, &point)? {
            Outcome::Neither => {}
            Outcome::Agree => agreeing.push(point),
            Outcome::OneSided(values) => {
                one_sided.get_or_insert((point, values));
            }
            Outcome::Differ(values) => differing.push((point, values)),
        }
        if agreeing.len() + differing.len() >= POINTS {
            break;
        }
    }
    if !differing.is_empty() {
        let points: Vec<Point> =
            differing.iter().map(|(p, _)| p.clone()).chain(agreeing.iter().cloned()).collect();
        let what = work::search(|| explain(g, a, b, &points));
        let (point, values) = differing.swap_remove(0);
        return Ok(Verdict::Differs { point, values, what });
    }
    Ok(match one_sided {
        Some((point, values)) => Verdict::Undefined { point, values },
        None if agreeing.is_empty() => Verdict::Nowhere,
        None => Verdict::AtPoints(agreeing.len()),
    })
}

/// Whether two expressions agree at all of the points that they both accept,
/// and at least one.
pub(super) fn agree(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> bool {
    let mut trial = Trial::new(g, a, b);
    let mut any = false;
    for point in points {
        match trial.at(g, point) {
            Ok(Outcome::Agree) => any = true,
            Ok(Outcome::Neither | Outcome::OneSided(_)) => {}
            Ok(Outcome::Differ(_)) | Err(_) => return false,
        }
    }
    any
}

/// What a point shows.
enum Outcome {
    Agree,
    Differ((Tensor, Tensor)),
    /// One side has no value.
    OneSided((Tensor, Tensor)),
    Neither,
}

/// Two expressions ready to be evaluated, with their magnitudes.
struct Trial {
    exprs: [ExprId; 4],
}

impl Trial {
    fn new(g: &mut Graph, a: ExprId, b: ExprId) -> Trial {
        let sizes = [magnitude(g, a), magnitude(g, b)];
        // The exact value is compared, so computed in the safest form.
        let stable = simplify::stable(g, &[a, b]);
        Trial { exprs: [stable[0], stable[1], sizes[0], sizes[1]] }
    }

    fn at(&mut self, g: &Graph, point: &Point) -> Result<Outcome, EvalError> {
        let unknown = |s| point.iter().find(|(u, _)| *u == s).map(|(_, t)| t.clone());
        let values = eval::evaluate(g, &self.exprs, &unknown)?;
        let [a, b, size_a, size_b] = &values[..] else { return Ok(Outcome::Neither) };
        let finite = |t: &Tensor| t.data().iter().all(|v| v.is_finite());
        let pair = || (a.clone(), b.clone());
        match (finite(a), finite(b)) {
            (false, false) => return Ok(Outcome::Neither),
            (true, true) => {}
            _ => return Ok(Outcome::OneSided(pair())),
        }
        let size = size_a.zip(size_b, |x, y| x + y);
        let gap = a.zip(b, |x, y| (x - y).abs()).zip(&size, |d, s| d - TOLERANCE * s);
        // A magnitude that overflows says nothing.
        let same = gap.data().iter().all(|v| *v <= 0.0 || v.is_nan());
        Ok(if same { Outcome::Agree } else { Outcome::Differ(pair()) })
    }
}
