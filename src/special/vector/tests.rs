//! Accuracy against a reference of 160 bits, over all of the range.

use astro_float::{BigFloat, Consts, RoundingMode};

use super::{Elementary, Elementary2, slices};

mod special;

const BITS: usize = 160;
const ROUND: RoundingMode = RoundingMode::ToEven;

/// The value to 160 bits.
fn reference(f: Elementary, x: f64, c: &mut Consts) -> BigFloat {
    // Sums of numbers far apart keep all their bits.
    let wide = BITS + 150;
    let b = big;
    let one = b(1.0);
    let exp = |x: &BigFloat, c: &mut Consts| x.exp(BITS, ROUND, c);
    let log1p = |x: &BigFloat, c: &mut Consts| one.add(x, wide, ROUND).ln(BITS, ROUND, c);
    match f {
        Elementary::Exp => exp(&b(x), c),
        Elementary::Expm1 if x.abs() < 1e-40 => b(x),
        Elementary::Expm1 => exp(&b(x), c).sub(&one, wide, ROUND),
        Elementary::Log => b(x).ln(BITS, ROUND, c),
        Elementary::Log1p if x.abs() < 1e-40 => b(x),
        Elementary::Log1p => log1p(&b(x), c),
        Elementary::Sin => b(x).sin(BITS, ROUND, c),
        Elementary::Cos => b(x).cos(BITS, ROUND, c),
        Elementary::Tanh if x.abs() < 1e-40 => b(x),
        Elementary::Tanh => b(x).tanh(BITS, ROUND, c),
        Elementary::Sigmoid => {
            let e = exp(&b(-x), c);
            one.div(&one.add(&e, wide, ROUND), BITS, ROUND)
        }
        Elementary::Softplus => {
            let e = exp(&b(-x.abs()), c);
            let rest = if x.abs() > 80.0 { e } else { log1p(&e, c) };
            rest.add(&b(x.max(0.0)), wide, ROUND)
        }
        Elementary::Log2 => b(x).log2(BITS, ROUND, c),
        Elementary::Log10 => b(x).log10(BITS, ROUND, c),
        Elementary::Tan => b(x).tan(BITS, ROUND, c),
        Elementary::Atan | Elementary::Sinh if x.abs() < 1e-40 => b(x),
        Elementary::Atan => b(x).atan(BITS, ROUND, c),
        Elementary::Sinh => b(x).sinh(BITS, ROUND, c),
        Elementary::Cosh => b(x).cosh(BITS, ROUND, c),
        Elementary::Erf => special::erf(x, c),
        Elementary::Erfc => special::erfc(x, c),
        Elementary::Lgamma => special::lgamma(x, c),
        Elementary::Digamma => special::digamma(x, c),
    }
}

/// How far `found` is from the reference, in units of the last place of the
/// nearest double.
fn distance(found: f64, reference: &BigFloat) -> f64 {
    let nearest: f64 = to_f64(reference);
    if !nearest.is_finite() {
        return if found == nearest { 0.0 } else { f64::INFINITY };
    }
    let ulp = (nearest.abs().next_up() - nearest.abs()).min(2f64.powi(971));
    let off = big(found).sub(reference, BITS, ROUND);
    to_f64(&off.div(&big(ulp), BITS, ROUND)).abs()
}

/// A double, exactly; `BigFloat::from_f64` does not take subnormal ones.
fn big(x: f64) -> BigFloat {
    let (up, down) = (2f64.powi(200), 2f64.powi(-200));
    if x == 0.0 || !x.is_finite() || x.abs() > 1e-250 {
        return BigFloat::from_f64(x, BITS);
    }
    BigFloat::from_f64(x * up, BITS).mul(&BigFloat::from_f64(down, BITS), BITS, ROUND)
}

fn to_f64(x: &BigFloat) -> f64 {
    if x.is_zero() {
        return 0.0;
    }
    if x.is_inf_pos() {
        return f64::INFINITY;
    }
    // Two roundings, the first at 60 bits; near enough for distances.
    let (words, _, sign, exponent, _) = x.as_raw_parts().expect("a number");
    let top = *words.last().expect("a number has digits") as f64;
    let size = match exponent - 64 {
        e if e > 1100 => f64::INFINITY,
        e if e < -1200 => 0.0,
        e => top * 2f64.powi(e / 2) * 2f64.powi(e - e / 2),
    };
    if sign == astro_float::Sign::Neg { -size } else { size }
}

/// Arguments: near every power of two and between, both signs, the ends of the
/// range, multiples of pi/2, and the seams of the algorithms.
fn arguments(f: Elementary) -> Vec<f64> {
    let mut x = vec![
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        f64::from_bits(0x000f_ffff_ffff_ffff),
        f64::MAX,
        709.782712893384,
        709.7827128933841,
        -745.1332191019411,
        -745.1332191019412,
        -708.3964185322641,
        -1.0,
        1.5,
        0.75,
        20.0,
    ];
    for e in (-1074i32..1024).filter(|e| e.abs() < 60 || e.abs() > 1010 || e % 8 == 0) {
        let p = 2f64.powi(e);
        x.extend([p, p.next_up(), p.next_down(), p * 1.3678, p * 1.7321]);
    }
    for k in 1..600 {
        let k = f64::from(k);
        x.extend([k * std::f64::consts::FRAC_PI_2, k * 317.0 * std::f64::consts::FRAC_PI_2]);
        x.extend([
            k * 0.3637,
            k * 0.00071,
            1.0 + k * 1e-13,
            1.0 - k * 1e-7,
            k * std::f64::consts::LN_2,
            k * 0.0041 + 0.65,
            1.4616321449683622 + k * 1e-9,
            2.0 + k * 1e-5,
        ]);
    }
    let negative = x.iter().map(|x| -x).collect::<Vec<_>>();
    x.extend(negative);
    let turns = matches!(f, Elementary::Sin | Elementary::Cos | Elementary::Tan);
    let most = if turns { 1e22 } else { f64::INFINITY };
    x.retain(|x| x.abs() <= most || !x.is_finite());
    x
}

#[test]
fn accuracy() {
    let mut c = Consts::new().expect("memory");
    let mut beyond = Vec::new();
    for &f in Elementary::ALL {
        let limit = match f {
            Elementary::Exp | Elementary::Log => 1.0,
            _ => 2.0,
        };
        let x = arguments(f);
        let mut y = vec![0.0; x.len()];
        slices::map(f, &x, &mut y);
        let mut worst = (0.0, 0.0);
        for (&x, &y) in x.iter().zip(&y) {
            let scalar = f.scalar()(x);
            // For these the function of one number is no better.
            let other = matches!(f, Elementary::Lgamma | Elementary::Digamma) && x < 0.0;
            if !x.is_finite() || !scalar.is_finite() || other {
                let same = y.to_bits() == scalar.to_bits() || (y.is_nan() && scalar.is_nan());
                assert!(same, "{f:?}({x:e}) is {y:e}, not {scalar:e}");
                continue;
            }
            let off = distance(y, &reference(f, x, &mut c));
            if off > worst.0 || off.is_nan() {
                worst = (off, x);
            }
        }
        println!("{f:?}: {:.3} ulp at {:e}", worst.0, worst.1);
        if worst.0 > limit {
            beyond.push(format!("{f:?}: {} ulp at {:e}", worst.0, worst.1));
        }
    }
    assert!(beyond.is_empty(), "{beyond:?}");
}

/// Bases and exponents whose powers are from below the smallest number to above
/// the largest.
fn pairs() -> Vec<(f64, f64)> {
    let mut found = Vec::new();
    let mut state = 1u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    for k in 0..6000 {
        let spread = [1e-9, 0.01, 1.0, 20.0, 700.0][k % 5];
        let log = spread * (2.0 * random() - 1.0);
        let x = log.exp();
        if x != 1.0 {
            found.push((x, (2.0 * random() - 1.0) * 750.0 / x.ln().abs()));
            found.push((x, 4.0 * random() - 2.0));
        }
    }
    found.extend([(5e-324, 0.99), (5e-324, -0.95), (1e-310, 0.5), (f64::MAX, 1.0)]);
    found.extend([(f64::MAX, -1.0), (f64::MAX, 2.0), (1.0, 1e300), (0.5, 1074.0), (0.5, 1075.0)]);
    found
}

#[test]
fn accuracy_of_powers() {
    let mut c = Consts::new().expect("memory");
    let (x, y): (Vec<f64>, Vec<f64>) = pairs().into_iter().unzip();
    let mut z = vec![0.0; x.len()];
    slices::map2(Elementary2::Pow, &x, &y, &mut z);
    let mut worst = (0.0, (0.0, 0.0));
    for ((&x, &y), &z) in x.iter().zip(&y).zip(&z) {
        let log = big(x).ln(BITS, ROUND, &mut c);
        let expected = log.mul(&big(y), BITS, ROUND).exp(BITS, ROUND, &mut c);
        let off = distance(z, &expected);
        if off > worst.0 || off.is_nan() {
            worst = (off, (x, y));
        }
    }
    println!("Pow: {:.3} ulp at {:?}", worst.0, worst.1);
    assert!(worst.0 <= 1.0, "{} ulp at {:?}", worst.0, worst.1);
}

/// Powers that are doubles are found exactly.
#[test]
fn whole_powers() {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for base in 1..100 {
        for exponent in 0..9 {
            x.push(f64::from(base));
            y.push(f64::from(exponent));
        }
    }
    let mut z = vec![0.0; x.len()];
    slices::map2(Elementary2::Pow, &x, &y, &mut z);
    for ((&x, &y), &z) in x.iter().zip(&y).zip(&z) {
        let exact = x.powi(y as i32);
        if exact < 2f64.powi(53) {
            assert_eq!(z, exact, "{x}^{y}");
        }
    }
}

#[test]
fn hard_powers() {
    let numbers = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -3.0, f64::INFINITY, f64::NEG_INFINITY];
    let numbers = [&numbers[..], &[f64::NAN, 1e300, -1e300, 5e-324, 1e-300]].concat();
    let x: Vec<f64> = numbers.iter().flat_map(|x| vec![*x; numbers.len()]).collect();
    let y = numbers.repeat(numbers.len());
    let mut z = vec![0.0; x.len()];
    slices::map2(Elementary2::Pow, &x, &y, &mut z);
    for ((&x, &y), &z) in x.iter().zip(&y).zip(&z) {
        let expected = Elementary2::Pow.scalar()(x, y);
        let same = z.to_bits() == expected.to_bits() || (z.is_nan() && expected.is_nan());
        assert!(same || (z / expected - 1.0).abs() < 3e-16, "{x}^{y} is {z}, not {expected}");
    }
}

#[test]
fn lengths_around_blocks() {
    for n in [0, 1, 7, 8, 9, 511, 512, 513, 1030] {
        let x: Vec<f64> = (0..n).map(|i| 0.01 * f64::from(i)).collect();
        let mut y = vec![f64::NAN; x.len()];
        slices::map(Elementary::Exp, &x, &mut y);
        for (x, y) in x.iter().zip(&y) {
            assert!((y / x.exp() - 1.0).abs() < 1e-15, "exp({x}) is {y}");
        }
    }
}
