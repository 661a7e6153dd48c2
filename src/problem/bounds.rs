//! Simple bounds on variables, and what solvers ask of them.

/// A box: `lower_i <= x_i <= upper_i`, with infinities where there is no bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Bounds {
    /// The box between `lower: n` and `upper: n`. Sides that contradict each other are let in here, and found by
    /// [`fault`](Bounds::fault).
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Self {
        Bounds { lower, upper }
    }

    /// No bound on `n` variables.
    pub fn none(n: usize) -> Self {
        Bounds { lower: vec![f64::NEG_INFINITY; n], upper: vec![f64::INFINITY; n] }
    }

    /// The lower sides, n of them.
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// The upper sides, n of them.
    pub fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// How many variables have a finite side.
    pub fn n_bounded(&self) -> usize {
        let sides = self.lower.iter().zip(&self.upper);
        sides.filter(|(lower, upper)| lower.is_finite() || upper.is_finite()).count()
    }

    /// Whether there is no bound at all.
    pub fn is_free(&self) -> bool {
        self.lower.iter().chain(&self.upper).all(|side| side.is_infinite())
    }

    /// The first of `n` variables that has no finite value between its sides, or lacks one; NaN is no side.
    pub fn fault(&self, n: usize) -> Option<usize> {
        let (lower, upper) = (&self.lower, &self.upper);
        if lower.len() != n || upper.len() != n {
            return Some(lower.len().min(upper.len()));
        }
        (0..n).find(|&i| {
            // Written so that NaN is refused as well.
            let has_point = lower[i] <= upper[i] && lower[i] < f64::INFINITY;
            !(has_point && upper[i] > f64::NEG_INFINITY)
        })
    }

    /// Moves every entry of `x: n` to the nearest point of its interval.
    pub fn clip(&self, x: &mut [f64]) {
        for ((xi, lower), upper) in x.iter_mut().zip(&self.lower).zip(&self.upper) {
            *xi = xi.max(*lower).min(*upper);
        }
    }

    /// `x: n`, a start, with every entry moved to the nearest point of its interval; `None` where all lie inside. What is
    /// not a number is no start, wherever the bounds are, and stays.
    pub fn clipped_start(&self, x: &[f64]) -> Option<Vec<f64>> {
        let mut moved = x.to_vec();
        self.clip(&mut moved);
        moved.iter_mut().zip(x).filter(|(_, x)| x.is_nan()).for_each(|(moved, x)| *moved = *x);
        let is_moved = |(moved, x): (&f64, &f64)| moved != x && !x.is_nan();
        moved.iter().zip(x).any(is_moved).then_some(moved)
    }

    /// Whether entry i lies in its interval.
    pub fn contains_entry(&self, x: &[f64], i: usize) -> bool {
        self.lower[i] <= x[i] && x[i] <= self.upper[i]
    }

    /// Whether `x: n` lies in the box.
    pub fn contains(&self, x: &[f64]) -> bool {
        (0..x.len()).all(|i| self.contains_entry(x, i))
    }

    /// Shortens the step `p: n` from `x: n`, entry by entry, to what stays in the box.
    pub fn cut(&self, x: &[f64], p: &mut [f64]) {
        for (i, p) in p.iter_mut().enumerate() {
            *p = p.max(self.lower[i] - x[i]).min(self.upper[i] - x[i]);
        }
    }

    /// Whether entry i of `x: n` lies on a bound that descent would cross, where the gradient is `g: n`.
    pub fn holds(&self, x: &[f64], g: &[f64], i: usize) -> bool {
        (x[i] <= self.lower[i] && g[i] >= 0.0) || (x[i] >= self.upper[i] && g[i] <= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn points_are_clipped_and_steps_cut() {
        let bounds = Bounds::new(vec![0.0, -INF], vec![1.0, 2.0]);
        let mut x = [-3.0, -3.0];
        assert!(!bounds.contains(&x) && bounds.contains_entry(&x, 1));
        assert_eq!(bounds.clipped_start(&x), Some(vec![0.0, -3.0]));
        bounds.clip(&mut x);
        assert!(bounds.contains(&x) && x == [0.0, -3.0]);
        let mut p = [5.0, 7.0];
        bounds.cut(&x, &mut p);
        assert_eq!(p, [1.0, 5.0]);
        assert_eq!((bounds.n_bounded(), bounds.is_free()), (2, false));
    }

    #[test]
    fn a_start_that_is_no_number_stays() {
        let bounds = Bounds::new(vec![0.0, 0.0], vec![1.0, 1.0]);
        assert_eq!(bounds.clipped_start(&[f64::NAN, 0.5]), None);
        let moved = bounds.clipped_start(&[f64::NAN, 2.0]).unwrap_or_default();
        assert!(moved[0].is_nan() && moved[1] == 1.0);
    }

    #[test]
    fn faults_are_found() {
        assert_eq!(Bounds::new(vec![0.0], vec![1.0]).fault(1), None);
        assert_eq!(Bounds::new(vec![0.0], vec![1.0]).fault(2), Some(1));
        assert_eq!(Bounds::new(vec![0.0, 2.0], vec![1.0, 1.0]).fault(2), Some(1));
        assert_eq!(Bounds::new(vec![f64::NAN], vec![1.0]).fault(1), Some(0));
        assert_eq!(Bounds::new(vec![INF], vec![INF]).fault(1), Some(0));
    }

    #[test]
    fn entries_are_held_by_bounds_that_descent_would_cross() {
        let bounds = Bounds::new(vec![0.0], vec![1.0]);
        assert!(bounds.holds(&[0.0], &[1.0], 0) && !bounds.holds(&[0.0], &[-1.0], 0));
        assert!(bounds.holds(&[1.0], &[-1.0], 0) && !bounds.holds(&[0.5], &[0.0], 0));
    }
}
