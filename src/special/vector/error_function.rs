//! The error function and its complement.

use super::exponential::exp;
use super::lanes::Lanes;
use super::power::exp_of_two;

/// erf(x)/x - 1 in x^2 <= 1; relative error of erf(x) 2.3e-17.
const SMALL: [f64; 12] = [
    0.12837916709551256,
    -0.3761263890318352,
    0.11283791670944185,
    -0.026866170643111347,
    0.0052239776061174595,
    -0.0008548325929272184,
    0.0001205529357588592,
    -1.4924712287322375e-05,
    1.6447131443698054e-06,
    -1.6206313135914714e-07,
    1.371097899193956e-08,
    -7.779467841376254e-10,
];

/// e^(x^2) * erfc(x) * (x + 3) in (x - 2.5)/(x + 3) for x from 1 to 6; error of
/// erfc(x) 3.8e-18.
const LARGE: [f64; 12] = [
    1.159435002336288,
    -1.089572238055204,
    0.8104797868431137,
    -0.4623450056247878,
    0.1862281219765697,
    -0.03958236612295243,
    -0.005479860094203735,
    0.006143662221137713,
    -0.000577700281104753,
    -0.0007946538784358184,
    0.00014968458734908712,
    0.00012155998531338128,
];

/// e^(x^2) * erfc(x) * (1 + 2*x) in (x - 3.25)/(x + 3) for x from 0.5 to 28, where
/// it changes little, and the rest of the first coefficient; relative error
/// 3.8e-17, with rounded coefficients 5e-17.
const COMPLEMENT: [f64; 21] = [
    1.2475151132011641,
    -0.13328012846958673,
    -0.030511496426790456,
    0.09875787029103204,
    -0.09018069272666172,
    0.051119470330001957,
    -0.017989272872230157,
    0.0023205844929332074,
    0.0011554524030456786,
    -0.0005615437646636634,
    -3.321578616421871e-05,
    7.975216623283287e-05,
    -3.3769622022793975e-06,
    -1.1704565274486714e-05,
    7.939082082985055e-07,
    1.9062524822993496e-06,
    -6.002266005462524e-08,
    -3.1240594963569854e-07,
    -1.1173710691648088e-08,
    3.610542124112681e-08,
    3.1758485075229937e-09,
];
const COMPLEMENT_LOW: f64 = -9.38135903326005e-17;

/// The error function within 1 ulp.
///
/// Up to 1 a polynomial; above, 1 - e^(-x^2) times a function that changes
/// little. There the error of x^2, times erfc(x), does not matter.
#[inline(always)]
pub fn erf<L: Lanes>(x: L) -> L {
    let square = x * x;
    let one = x.constant(1.0);
    let size = x.magnitude();
    let small = x.mul_add(square.polynomial(&SMALL), x);
    // A NaN stays one: it is the second argument.
    let y = x.constant(6.0).smaller(size);
    let inverse = one / (y + y.constant(3.0));
    let slow = ((y - y.constant(2.5)) * inverse).polynomial(&LARGE) * inverse;
    let large = exp(-square).neg_mul_add(slow, one);
    L::select(size.less(one), small, large.bit_or(x.sign_bit()))
}

/// 1 - erf(x) within 2 ulp, without cancellation for large x.
///
/// There the parts of x^2, of 1 + 2*x and of the quotient that rounding takes are
/// kept until the last operation.
#[inline(always)]
pub fn erfc<L: Lanes>(x: L) -> L {
    let one = x.constant(1.0);
    let small = one - x.mul_add((x * x).polynomial(&SMALL), x);
    let size = x.magnitude();
    let y = x.constant(30.0).smaller(size);
    let square = y * y;
    let e = exp_of_two(-square, y.neg_mul_add(y, square));
    // One division for both quotients.
    let (twice, more) = (y + y, y + x.constant(3.0));
    let below = twice + one;
    let below_low = (twice - below) + one;
    let inverse = one / (below * more);
    let t = (y - x.constant(3.25)) * (inverse * below);
    let inverse = inverse * more;
    let (first, rest) = (x.constant(COMPLEMENT[0]), t * t.polynomial(&COMPLEMENT[1..]));
    let above = first + rest;
    let above_low = ((first - above) + rest) + x.constant(COMPLEMENT_LOW);
    let slow = above * inverse;
    let left = slow.neg_mul_add(below_low, slow.neg_mul_add(below, above)) + above_low;
    let tail = e.mul_add(slow, e * (left * inverse));
    let large = L::select(x.less(x.constant(0.0)), x.constant(2.0) - tail, tail);
    L::select(size.less(x.constant(0.5)), small, large)
}
