//! Points that fill a box: the starts of searches that look everywhere.

use crate::problem::Bounds;
use crate::random::Stream;
use crate::random::order::permutation;

/// Where a side has no bound, the box reaches this far from the start, in units of its size.
const REACH: f64 = 10.0;

/// The size that a start gives its unknown: `|x|`, however small; a start of 0, or one that is no finite number,
/// says nothing, and stands for 1.
pub fn size_of_start(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() { 1.0 } else { x.abs() }
}

/// The box that a search covers, `(low, high)`: the bounds where they are finite, elsewhere a range around the
/// start `x: n`.
pub fn search_box(x: &[f64], bounds: Option<&Bounds>) -> (Vec<f64>, Vec<f64>) {
    let side = |i: usize| {
        let reach = REACH * size_of_start(x[i]);
        let centre = if x[i].is_finite() { x[i] } else { 0.0 };
        let (lower, upper) =
            bounds.map_or((f64::NEG_INFINITY, f64::INFINITY), |b| (b.lower()[i], b.upper()[i]));
        match (lower.is_finite(), upper.is_finite()) {
            (true, true) => (lower, upper),
            (true, false) => (lower, centre.max(lower) + reach),
            (false, true) => (centre.min(upper) - reach, upper),
            (false, false) => (centre - reach, centre + reach),
        }
    };
    (0..x.len()).map(side).unzip()
}

/// `count` points in the box, one in each of `count` slices of every axis (McKay, Beckman & Conover 1979).
pub fn latin_hypercube(
    random: &mut Stream,
    count: usize,
    low: &[f64],
    high: &[f64],
) -> Vec<Vec<f64>> {
    let mut points = vec![vec![0.0; low.len()]; count];
    for j in 0..low.len() {
        for (point, slice) in points.iter_mut().zip(permutation(random, count)) {
            let share = (slice as f64 + random.unit()) / count as f64;
            point[j] = (low[j] + share * (high[j] - low[j])).clamp(low[j], high[j]);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_that_is_no_number_has_a_box() {
        let start = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2.0];
        let lower = vec![f64::NEG_INFINITY, 3.0, f64::NEG_INFINITY, 1.0];
        let bounds = Bounds::new(lower, vec![f64::INFINITY; 4]);
        let (low, high) = search_box(&start, Some(&bounds));
        for i in 0..4 {
            assert!(low[i] < high[i] && low[i].is_finite() && high[i].is_finite());
        }
    }

    #[test]
    fn every_slice_of_every_axis_holds_one_point() {
        let (low, high) = ([-1.0, 10.0], [1.0, 30.0]);
        let points = latin_hypercube(&mut Stream::new(3), 8, &low, &high);
        for j in 0..2 {
            let mut slices: Vec<usize> = points
                .iter()
                .map(|p| (8.0 * (p[j] - low[j]) / (high[j] - low[j])) as usize)
                .collect();
            slices.sort_unstable();
            assert_eq!(slices, (0..8).collect::<Vec<_>>());
        }
    }

    #[test]
    fn sides_without_bounds_are_around_the_start() {
        let bounds = Bounds::new(vec![0.0, f64::NEG_INFINITY], vec![2.0, 5.0]);
        let (low, high) = search_box(&[1.0, -3.0], Some(&bounds));
        assert_eq!((low, high), (vec![0.0, -33.0], vec![2.0, 5.0]));
    }
}
