//! Numeric derivatives with error estimates.
//!
//! Central differences at shrinking steps, extrapolated to step 0 by Neville's
//! scheme (Richardson extrapolation); the best entry of the table is that whose
//! neighbours agree best (Ridders, Advances in Engineering Software 4 (1982)
//! 75-76; Press et al., Numerical Recipes, sec. 5.7).

/// A derivative and how far off it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The derivative.
    pub value: f64,
    /// An estimate of its absolute error.
    pub error: f64,
}

/// Each step is this part of the one before.
const SHRINK: f64 = 1.6;
/// Steps tried.
const STEPS: usize = 10;
/// Later entries that are this much worse end the search.
const WORSE: f64 = 2.0;

/// The derivatives at 0 of several functions of one variable, `f(t)` giving all
/// of them, from steps of at most `step`. `None` where `f` is not finite at
/// one of the first two steps.
///
/// Cost: at most 20 calls of `f`.
pub fn derivative(f: impl FnMut(f64) -> Option<Vec<f64>>, step: f64) -> Option<Vec<Estimate>> {
    derivative_with_noise(f, step, 0.0)
}

/// As [`derivative`], of functions whose values have absolute errors of at least `noise`.
pub fn derivative_with_noise(
    mut f: impl FnMut(f64) -> Option<Vec<f64>>,
    step: f64,
    noise: f64,
) -> Option<Vec<Estimate>> {
    let mut table: Vec<Vec<Vec<f64>>> = Vec::new();
    let mut best: Vec<Estimate> = Vec::new();
    let mut h = step;
    for k in 0..STEPS {
        let (Some(up), Some(down)) = (f(h), f(-h)) else {
            if k < 2 {
                // A pole or the end of a domain: start nearer.
                h /= 8.0;
                table.clear();
                continue;
            }
            break;
        };
        let size = |a: f64, b: f64| (4.0 * f64::EPSILON * a.abs().max(b.abs())).max(noise) / h;
        let rounding: Vec<f64> = up.iter().zip(&down).map(|(a, b)| size(*a, *b)).collect();
        let first: Vec<f64> = up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * h)).collect();
        let mut row = vec![first];
        let mut factor = SHRINK * SHRINK;
        if let Some(last) = table.last() {
            for (j, before) in last.iter().enumerate() {
                let next: Vec<f64> = row[j]
                    .iter()
                    .zip(before)
                    .map(|(new, old)| (new * factor - old) / (factor - 1.0))
                    .collect();
                row.push(next);
                factor *= SHRINK * SHRINK;
            }
        }
        improve(&mut best, &row, table.last(), &rounding);
        table.push(row);
        h /= SHRINK;
    }
    let found = !best.is_empty() && best.iter().all(|e| e.value.is_finite());
    found.then_some(best)
}

/// Takes entries of a new row that agree with their neighbours better than
/// what was best so far.
fn improve(
    best: &mut Vec<Estimate>,
    row: &[Vec<f64>],
    last: Option<&Vec<Vec<f64>>>,
    rounding: &[f64],
) {
    for i in 0..row[0].len() {
        let Some(last) = last else {
            best.push(Estimate { value: row[0][i], error: f64::INFINITY });
            continue;
        };
        if best.len() <= i {
            best.push(Estimate { value: row[0][i], error: f64::INFINITY });
        }
        for j in 1..row.len() {
            let spread = (row[j][i] - row[j - 1][i]).abs().max((row[j][i] - last[j - 1][i]).abs());
            let error = spread.max(rounding[i]);
            if error <= best[i].error && error < WORSE * best[i].error {
                best[i] = Estimate { value: row[j][i], error };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(f: impl Fn(f64) -> f64, step: f64) -> Estimate {
        let values = |t: f64| Some(vec![f(t)]).filter(|v| v[0].is_finite());
        derivative(values, step).map(|v| v[0]).unwrap_or(Estimate { value: f64::NAN, error: 0.0 })
    }

    #[test]
    fn smooth_functions_to_ten_digits_and_the_error_is_no_lie() {
        type Case = (fn(f64) -> f64, f64);
        let cases: [Case; 4] = [
            (|t| (1.0 + t).sin(), 1f64.cos()),
            (|t| (3.0 + t).ln(), 1.0 / 3.0),
            (|t| (2.0 + t).powi(5), 80.0),
            (|t| (-(0.5 + t) * (0.5 + t)).exp(), -(-0.25f64).exp()),
        ];
        for (f, exact) in cases {
            let found = one(f, 0.1);
            assert!((found.value - exact).abs() < 1e-10 * exact.abs(), "{found:?} {exact}");
            assert!((found.value - exact).abs() <= 100.0 * found.error + 1e-15);
        }
    }

    #[test]
    fn a_domain_that_ends_near_the_point_is_left_by_smaller_steps() {
        let found = one(|t| (0.01 + t).sqrt(), 0.1);
        assert!((found.value - 5.0).abs() < 1e-6, "{found:?}");
    }
}
