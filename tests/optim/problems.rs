//! Classical unconstrained problems, as residuals with exact derivatives.
//!
//! J. J. More, B. S. Garbow, K. E. Hillstrom: Testing unconstrained optimization software, ACM TOMS 7 (1981),
//! 17-41; the numbers in brackets are theirs. f is the sum of the squared residuals.

use crate::jet::Jet;
use gradus::problem::ClosureProblem;

/// A problem with its start and the values of f at its known minima (any of them counts).
pub struct Case {
    pub name: &'static str,
    pub start: Vec<f64>,
    pub minima: Vec<f64>,
    build: fn() -> ClosureProblem<'static>,
}

impl Case {
    /// With residuals, Jacobian, gradient and Hessian.
    pub fn problem(&self) -> ClosureProblem<'static> {
        (self.build)()
    }
}

/// A problem from its residuals.
pub fn sum_of_squares<const N: usize>(
    m: usize,
    residuals: impl Fn([Jet<N>; N]) -> Vec<Jet<N>> + Copy + 'static,
) -> ClosureProblem<'static> {
    ClosureProblem::new(N)
        .residuals(m, move |x, r| {
            r.iter_mut().zip(residuals(Jet::variables(x))).for_each(|(r, jet)| *r = jet.v);
        })
        .jacobian(move |x, jac| {
            for (i, jet) in residuals(Jet::variables(x)).iter().enumerate() {
                (0..N).for_each(|j| jac[(i, j)] = jet.g[j]);
            }
        })
        .hessian(move |x, h| {
            let jets = residuals(Jet::variables(x));
            let sum = jets.into_iter().fold(Jet::constant(0.0), |sum, r| sum + r.sq());
            (0..N).for_each(|i| (0..N).for_each(|j| h[(i, j)] = sum.h[i][j]));
        })
}

/// A problem from its objective.
pub fn objective<const N: usize>(
    f: impl Fn([Jet<N>; N]) -> Jet<N> + Copy + 'static,
) -> ClosureProblem<'static> {
    ClosureProblem::new(N)
        .objective(move |x| f(Jet::variables(x)).v)
        .gradient(move |x, g| g.copy_from_slice(&f(Jet::variables(x)).g))
        .hessian(move |x, h| {
            let jet = f(Jet::variables(x));
            (0..N).for_each(|i| (0..N).for_each(|j| h[(i, j)] = jet.h[i][j]));
        })
}

/// [1] `100 (y - x^2)^2 + (1 - x)^2`.
pub fn rosenbrock() -> ClosureProblem<'static> {
    sum_of_squares(2, |[x, y]| vec![(y - x.sq()) * 10.0, -x + 1.0])
}

macro_rules! case {
    ($name:literal, $start:expr, $minima:expr, $build:expr) => {
        Case { name: $name, start: $start.to_vec(), minima: $minima.to_vec(), build: || $build }
    };
}

/// The table.
pub fn cases() -> Vec<Case> {
    vec![
        case!("Rosenbrock", [-1.2, 1.0], [0.0], rosenbrock()),
        case!(
            "Freudenstein-Roth",
            [0.5, -2.0],
            [0.0, 48.984_253_679_24],
            sum_of_squares(2, |[x, y]| vec![
                x - 13.0 + ((-y + 5.0) * y - 2.0) * y,
                x - 29.0 + ((y + 1.0) * y - 14.0) * y,
            ])
        ),
        case!(
            "Brown badly scaled",
            [1.0, 1.0],
            [0.0],
            sum_of_squares(3, |[x, y]| vec![x - 1e6, y - 2e-6, x * y - 2.0])
        ),
        case!(
            "Beale",
            [1.0, 1.0],
            [0.0],
            sum_of_squares(3, |[x, y]| vec![
                -(x * (-y + 1.0)) + 1.5,
                -(x * (-y.sq() + 1.0)) + 2.25,
                -(x * (-(y.sq() * y) + 1.0)) + 2.625,
            ])
        ),
        case!("Helical valley", [-1.0, 0.0, 0.0], [0.0], sum_of_squares(3, helical_valley)),
        case!("Box three-dimensional", [0.0, 10.0, 20.0], [0.0], sum_of_squares(10, box_3d)),
        case!(
            "Powell singular",
            [3.0, -1.0, 0.0, 1.0],
            [0.0],
            sum_of_squares(4, |[a, b, c, d]| vec![
                a + b * 10.0,
                (c - d) * 5_f64.sqrt(),
                (b - c * 2.0).sq(),
                (a - d).sq() * 10_f64.sqrt(),
            ])
        ),
        case!("Wood", [-3.0, -1.0, -3.0, -1.0], [0.0], sum_of_squares(6, wood)),
        case!(
            "Trigonometric",
            [0.25, 0.25, 0.25, 0.25],
            [0.0, 3.028_241_15e-4],
            sum_of_squares(4, trigonometric)
        ),
        case!(
            "Brown and Dennis",
            [25.0, 5.0, -5.0, -1.0],
            [85_822.201_626_4],
            sum_of_squares(20, brown_dennis)
        ),
        case!(
            "Himmelblau",
            [0.0, 0.0],
            [0.0],
            sum_of_squares(2, |[x, y]| vec![x.sq() + y - 11.0, x + y.sq() - 7.0])
        ),
        case!(
            "Booth",
            [5.0, -5.0],
            [0.0],
            sum_of_squares(2, |[x, y]| vec![x + y * 2.0 - 7.0, x * 2.0 + y - 5.0])
        ),
        case!(
            "Quadratic, condition 1e6",
            [1.0, 1.0, 1.0],
            [0.0],
            sum_of_squares(3, |[x, y, z]| vec![x - 3.0, (y + x) * 30.0, (z - y) * 1000.0])
        ),
        case!(
            "Quartic in one variable",
            [2.0],
            [-3.513_905_03, -1.070_230_18],
            objective(|[x]| x.sq().sq() - x.sq() * 3.0 + x)
        ),
        case!(
            "Log-sum-exp with a quadratic",
            [3.0, -4.0],
            [0.939_236_67],
            objective(|[x, y]| ((x - y * 2.0).exp() + (y - x).exp() + 1.0).ln()
                + (x.sq() + y.sq()) * 0.05)
        ),
    ]
}

/// [7].
fn helical_valley([x, y, z]: [Jet<3>; 3]) -> Vec<Jet<3>> {
    let turn = std::f64::consts::TAU;
    let angle = (y / x).atan() * (1.0 / turn) + if x.v < 0.0 { 0.5 } else { 0.0 };
    vec![(z - angle * 10.0) * 10.0, ((x.sq() + y.sq()).sqrt() - 1.0) * 10.0, z]
}

/// [12], m = 10.
fn box_3d([x, y, z]: [Jet<3>; 3]) -> Vec<Jet<3>> {
    (1..=10)
        .map(|i| {
            let t = 0.1 * f64::from(i);
            let right = (-t).exp() - (-10.0 * t).exp();
            (x * -t).exp() - (y * -t).exp() - z * right
        })
        .collect()
}

/// [14].
fn wood([a, b, c, d]: [Jet<4>; 4]) -> Vec<Jet<4>> {
    vec![
        (b - a.sq()) * 10.0,
        -a + 1.0,
        (d - c.sq()) * 90_f64.sqrt(),
        -c + 1.0,
        (b + d - 2.0) * 10_f64.sqrt(),
        (b - d) * 10_f64.powf(-0.5),
    ]
}

/// [26], n = 4.
fn trigonometric(x: [Jet<4>; 4]) -> Vec<Jet<4>> {
    let cosines = x.iter().fold(Jet::constant(0.0), |sum, x| sum + x.cos());
    (0..4).map(|i| (-x[i].cos() + 1.0) * (i as f64 + 1.0) - x[i].sin() - cosines + 4.0).collect()
}

/// [16], m = 20.
fn brown_dennis([a, b, c, d]: [Jet<4>; 4]) -> Vec<Jet<4>> {
    (1..=20)
        .map(|i| {
            let t = f64::from(i) / 5.0;
            (a + b * t - t.exp()).sq() + (c + d * t.sin() - t.cos()).sq()
        })
        .collect()
}
