//! The functions of the language in double-double arithmetic, to about 1e-29 of the larger of
//! argument and value. Written from their definitions: nothing here is shared with the crate.

use super::double::Dd;

/// An even Bernoulli number as a quotient.
const BERNOULLI: [(i64, i64); 15] = [
    (1, 6),
    (-1, 30),
    (1, 42),
    (-1, 30),
    (5, 66),
    (-691, 2730),
    (7, 6),
    (-3617, 510),
    (43867, 798),
    (-174_611, 330),
    (854_513, 138),
    (-236_364_091, 2730),
    (8_553_103, 6),
    (-23_749_461_029, 870),
    (8_615_841_276_005, 14322),
];

/// Where the asymptotic series of the gamma function has these digits.
const FAR: f64 = 40.0;

fn int(n: i64) -> Dd {
    Dd::new(n as f64)
}

/// Taylor's series of `exp(r) - 1` for small `r`, doubled nine times.
pub fn exp(x: Dd) -> Dd {
    if x.value().is_nan() || x.value() > 709.0 || x.value() < -700.0 {
        return Dd::new(x.value().exp());
    }
    let k = (x.value() / std::f64::consts::LN_2).round();
    let r = (x - Dd::new(k) * Dd::LN_2).scale(1.0 / 512.0);
    let (mut term, mut sum) = (r, r);
    for n in 2..12 {
        term = term * r / int(n);
        sum = sum + term;
    }
    for _ in 0..9 {
        sum = sum.scale(2.0) + sum * sum;
    }
    (sum + Dd::ONE).scale(2f64.powi(k as i32))
}

/// Newton's method on `exp`.
pub fn log(x: Dd) -> Dd {
    if x.value() <= 0.0 || !x.is_finite() {
        return Dd::new(x.value().ln());
    }
    let y = Dd::new(x.value().ln());
    let y = y + x * exp(-y) - Dd::ONE;
    y + x * exp(-y) - Dd::ONE
}

pub fn sin_cos(x: Dd) -> (Dd, Dd) {
    let half_pi = Dd::PI.scale(0.5);
    let k = (x / half_pi).value().round();
    let r = x - Dd::new(k) * half_pi;
    let square = r * r;
    let (mut sine, mut cosine) = (Dd::ZERO, Dd::ZERO);
    for n in (0..16).rev() {
        sine = Dd::ONE - square * sine / int((2 * n + 2) * (2 * n + 3));
        cosine = Dd::ONE - square * cosine / int((2 * n + 1) * (2 * n + 2));
    }
    let sine = r * sine;
    match (k as i64).rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// Newton's method: the tangent of the difference is `(x*c - s)/(c + x*s)`.
pub fn atan(x: Dd) -> Dd {
    if x.value().is_infinite() {
        return if x.is_negative() { -Dd::PI.scale(0.5) } else { Dd::PI.scale(0.5) };
    }
    let y = Dd::new(x.value().atan());
    let (s, c) = sin_cos(y);
    y + (x * c - s) / (c + x * s)
}

pub fn asin(x: Dd) -> Dd {
    atan(x / ((Dd::ONE - x) * (Dd::ONE + x)).sqrt())
}

pub fn atan2(y: Dd, x: Dd) -> Dd {
    let half_pi = Dd::PI.scale(0.5);
    if x.is_zero() {
        return match y.value() {
            v if v > 0.0 => half_pi,
            v if v < 0.0 => -half_pi,
            v => Dd::new(v),
        };
    }
    match (x.is_negative(), y.is_negative()) {
        (false, _) => atan(y / x),
        (true, false) => atan(y / x) + Dd::PI,
        (true, true) => atan(y / x) - Dd::PI,
    }
}

/// `sinh` and `cosh`.
pub fn hyperbolic(x: Dd) -> (Dd, Dd) {
    let (up, down) = (exp(x), exp(-x));
    ((up - down).scale(0.5), (up + down).scale(0.5))
}

pub fn asinh(x: Dd) -> Dd {
    let size = x.abs();
    let y = log(size + (size * size + Dd::ONE).sqrt());
    if x.is_negative() { -y } else { y }
}

pub fn acosh(x: Dd) -> Dd {
    log(x + ((x - Dd::ONE) * (x + Dd::ONE)).sqrt())
}

pub fn atanh(x: Dd) -> Dd {
    log((Dd::ONE + x) / (Dd::ONE - x)).scale(0.5)
}

pub fn cbrt(x: Dd) -> Dd {
    if x.is_zero() {
        return x;
    }
    let y = exp(log(x.abs()) / int(3));
    if x.is_negative() { -y } else { y }
}

/// A whole exponent takes any base.
pub fn pow(x: Dd, p: Dd) -> Dd {
    match p.as_whole() {
        Some(n) => x.powi(n),
        None if x.is_zero() => Dd::new(x.value().powf(p.value())),
        None => exp(p * log(x)),
    }
}

/// `2/sqrt(pi) * exp(-x^2) * sum of 2^n x^(2n+1)/(2n+1)!!` (Abramowitz & Stegun 7.1.6): all terms
/// have one sign.
pub fn erf(x: Dd) -> Dd {
    if x.value().abs() > 8.5 {
        return Dd::new(x.value().signum());
    }
    let square = x * x;
    let (mut term, mut sum) = (x, x);
    for n in 1..400 {
        term = term * square.scale(2.0) / int(2 * n + 1);
        sum = sum + term;
        if term.value().abs() < 1e-34 * sum.value().abs() {
            break;
        }
    }
    (exp(-square) * sum).scale(2.0) / Dd::PI.sqrt()
}

/// The longest way up.
const LONGEST: f64 = 1000.0;

/// `x` moved up to [`FAR`], one by one, and the factors passed.
fn far(x: Dd) -> (Dd, Vec<Dd>) {
    let (mut x, mut passed) = (x, Vec::new());
    // Beyond a few hundred steps the product overflows or underflows, and at 2^53 a step changes nothing.
    if x.value() < -LONGEST {
        return (Dd::NAN, passed);
    }
    while x.value() < FAR {
        passed.push(x);
        x = x + Dd::ONE;
    }
    (x, passed)
}

fn is_pole(x: Dd) -> bool {
    x.value() <= 0.0 && x.as_whole().is_some()
}

/// Stirling's series (Abramowitz & Stegun 6.1.41) where it is exact, and the product of the
/// numbers passed on the way.
fn stirling(x: Dd) -> (Dd, Dd) {
    let (x, passed) = far(x);
    let mut sum = (x - Dd::ratio(1, 2)) * log(x) - x + log(Dd::PI.scale(2.0)).scale(0.5);
    for (k, &(p, q)) in BERNOULLI.iter().enumerate() {
        let n = 2 * (k as i64 + 1);
        sum = sum + Dd::ratio(p, q) / (int(n * (n - 1)) * x.powi(n - 1));
    }
    (sum, passed.into_iter().fold(Dd::ONE, |a, b| a * b))
}

/// `exp(x^2)*erfc(x)`: by Laplace's continued fraction where the complement would cancel.
pub fn erfcx(x: Dd) -> Dd {
    if x.value() < 3.0 {
        return exp(x * x) * (Dd::ONE - erf(x));
    }
    let fraction = (1..=400).rev().fold(x, |rest, k| x + Dd::new(0.5 * f64::from(k)) / rest);
    Dd::ONE / (fraction * Dd::PI.sqrt())
}

pub fn gamma(x: Dd) -> Dd {
    if is_pole(x) {
        return Dd::NAN;
    }
    let (log_far, product) = stirling(x);
    exp(log_far) / product
}

pub fn lgamma(x: Dd) -> Dd {
    if is_pole(x) {
        return Dd::new(f64::INFINITY);
    }
    let (log_far, product) = stirling(x);
    log_far - log(product.abs())
}

/// The `m`-th derivative of digamma (Abramowitz & Stegun 6.3.18, 6.4.11).
pub fn polygamma(m: i64, x: Dd) -> Dd {
    if is_pole(x) {
        return Dd::NAN;
    }
    let (x, passed) = far(x);
    if m == 0 {
        let mut sum = log(x) - Dd::ONE / x.scale(2.0);
        for (k, &(p, q)) in BERNOULLI.iter().enumerate() {
            let n = 2 * (k as i64 + 1);
            sum = sum - Dd::ratio(p, q) / (int(n) * x.powi(n));
        }
        return passed.into_iter().fold(sum, |sum, p| sum - Dd::ONE / p);
    }
    let factorial = |n: i64| (1..=n).fold(Dd::ONE, |a, k| a * int(k));
    let mut sum = factorial(m - 1) / x.powi(m) + factorial(m) / x.powi(m + 1).scale(2.0);
    for (k, &(p, q)) in BERNOULLI.iter().enumerate() {
        let n = 2 * (k as i64 + 1);
        let weight = factorial(n + m - 1) / factorial(n);
        sum = sum + Dd::ratio(p, q) * weight / x.powi(n + m);
    }
    sum = passed.into_iter().fold(sum, |sum, p| sum + factorial(m) / p.powi(m + 1));
    if m % 2 == 1 { sum } else { -sum }
}

/// The logarithm of a sum of exponentials.
pub fn logsumexp(terms: &[Dd]) -> Dd {
    let largest = terms.iter().fold(Dd::new(f64::NEG_INFINITY), |a, &b| if b > a { b } else { a });
    if !largest.is_finite() {
        return largest;
    }
    let total = terms.iter().fold(Dd::ZERO, |a, &t| a + exp(t - largest));
    largest + log(total)
}

/// The inverse of `erf`, by Newton's method from a bisection in doubles.
pub fn erf_inv(y: Dd) -> Dd {
    let (mut low, mut high) = (-7.0, 7.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if erf(Dd::new(middle)) < y { low = middle } else { high = middle }
    }
    let mut x = Dd::new(0.5 * (low + high));
    for _ in 0..2 {
        let slope = exp(-(x * x)).scale(2.0) / Dd::PI.sqrt();
        x = x - (erf(x) - y) / slope;
    }
    x
}

/// The `n`-th derivative of `sin(pi*x)/(pi*x)`: of its power series near 0, else of the quotient by Leibniz's rule.
pub fn sinc_derivative(n: i64, x: Dd) -> Dd {
    if !(0..=12).contains(&n) {
        return Dd::NAN;
    }
    let z = Dd::PI * x;
    let mut value = Dd::ZERO;
    if z.value().abs() < 4.0 {
        // (-1)^k z^(2k)/(2k + 1)!, differentiated n times.
        let mut over = Dd::ONE;
        for k in 0..40i64 {
            if k > 0 {
                over = over / int(2 * k * (2 * k + 1));
            }
            if 2 * k >= n {
                let falling = (0..n).fold(Dd::ONE, |p, j| p * int(2 * k - j));
                let term = over * falling * z.powi(2 * k - n);
                value = if k % 2 == 0 { value + term } else { value - term };
            }
        }
    } else {
        let (sin, cos) = sin_cos(z);
        let (mut choose, mut factorial) = (Dd::ONE, Dd::ONE);
        for j in 0..=n {
            if j > 0 {
                choose = choose * int(n - j + 1) / int(j);
                factorial = factorial * int(j);
            }
            let wave = [sin, cos, -sin, -cos][(n - j) as usize % 4];
            let term = choose * wave * factorial / z.powi(j + 1);
            value = if j % 2 == 0 { value + term } else { value - term };
        }
    }
    value * Dd::PI.powi(n)
}
