//! The double-double arithmetic that verifies derivatives, against mpmath at 60 digits.

use crate::support::precise::double::Dd;
use crate::support::precise::functions as f;

/// A function, its argument, and its value as two doubles.
#[rustfmt::skip]
const VALUES: &[(&str, f64, f64, f64)] = &[
    ("exp", -30.5, 5.675685232632723e-14, -2.744021414416088e-30),
    ("exp", -0.001, 0.999000499833375, -3.026024053145243e-17),
    ("exp", 0.75, 2.117000016612675, -1.1571006249440234e-16),
    ("exp", 20.25, 622964442.1984454, 4.431525420935365e-08),
    ("log", 1e-06, -13.815510557964274, -5.191549935450145e-16),
    ("log", 0.625, -0.4700036292457356, 2.3229412495470032e-17),
    ("log", 1.0009765625, 0.0009760859730554589, -2.8791156534096714e-20),
    ("log", 37.5, 3.624340932976365, -3.932410912927591e-17),
    ("sin", 0.3, 0.29552020666133955, 1.8315357276792536e-17),
    ("sin", 2.5, 0.5984721441039565, -5.521403334082375e-17),
    ("sin", -40.25, -0.5569462797382114, -1.8909157073511395e-17),
    ("cos", 0.3, 0.955336489125606, 4.1935600297907467e-17),
    ("cos", 2.5, -0.8011436155469337, -1.8674742705085553e-17),
    ("cos", -40.25, -0.8305485184417379, -1.335666603672584e-17),
    ("atan", -3.5, -1.2924966677897853, 6.83080476892666e-17),
    ("atan", 0.25, 0.24497866312686414, 1.0698755618734451e-17),
    ("atan", 100.0, 1.5607966601082315, -1.0067563200998669e-16),
    ("asin", -0.875, -1.0654358165107394, 6.295800189998612e-17),
    ("asin", 0.25, 0.25268025514207865, 6.584019697419058e-18),
    ("asinh", -2.5, -1.6472311463710958, 8.953786186897676e-17),
    ("asinh", 0.875, 0.790168725412397, -4.4878189446987034e-17),
    ("acosh", 1.125, 0.4949329230945269, -5.022531208937779e-18),
    ("acosh", 9.0, 2.8872709503576206, 8.24977028442549e-17),
    ("atanh", -0.5, -0.5493061443340549, 4.535648617500765e-17),
    ("atanh", 0.875, 1.354025100551105, 1.0439222804218602e-18),
    ("cbrt", 0.3, 0.6694329500821695, -6.398340323701905e-18),
    ("cbrt", 12.5, 2.3207944168063896, -2.0219496153899678e-16),
    ("erf", 0.25, 0.27632639016823696, -2.4227076221184163e-17),
    ("erf", -1.5, -0.9661051464753108, 3.3867031441680696e-17),
    ("erf", 4.5, 0.9999999998033839, 1.2614727975054947e-17),
    ("gamma", 0.25, 3.625609908221908, 1.0555907647086408e-16),
    ("gamma", 4.5, 11.631728396567448, 8.707812539225632e-16),
    ("gamma", -1.5, 2.363271801207355, -1.0222115333101065e-16),
    ("lgamma", 0.25, 1.2880225246980774, 2.618836891454408e-17),
    ("lgamma", 4.5, 2.4537365708424423, -1.2332749279512093e-16),
    ("lgamma", -1.5, 0.860047015376481, 3.120458174577955e-17),
    ("lgamma", 60.0, 184.53382886144948, 1.1893610811486773e-14),
    ("polygamma0", 0.25, -4.2274535333762655, 9.61837757047053e-17),
    ("polygamma0", 4.5, 1.388870926359529, -1.077471853961007e-17),
    ("polygamma0", -1.5, 0.7031566406452432, -4.430586970323463e-18),
    ("polygamma0", 55.0, 3.9982147288427368, -2.9851730898801254e-17),
    ("polygamma1", 0.25, 17.19732915450711, 1.5446884379462164e-15),
    ("polygamma1", 4.5, 0.24872510303901038, -6.0237858875829585e-18),
    ("polygamma1", -1.5, 9.379246644989124, 1.158917932814022e-16),
    ("polygamma1", 55.0, 0.018348109124868422, -7.175361773002043e-19),
    ("polygamma2", 0.25, -129.32773993753693, 1.242387364908395e-14),
    ("polygamma2", 4.5, -0.061556821321027695, 6.107577020964331e-19),
    ("polygamma2", -1.5, -0.2362040516417274, -1.1351005267738836e-17),
    ("polygamma2", 55.0, -0.00033664366586127006, 2.4364721828255502e-20),
    ("polygamma5", 0.25, 491552.5137676813, -2.5358048557050945e-11),
    ("polygamma5", 4.5, 0.0217702556694113, -1.6756434007429915e-18),
    ("polygamma5", -1.5, 15381.648528026304, -3.1143176563736987e-13),
    ("polygamma5", 55.0, 4.9893735894707186e-08, -3.1849455097550895e-24),
];

fn value(name: &str, x: Dd) -> Dd {
    match name {
        "exp" => f::exp(x),
        "log" => f::log(x),
        "sin" => f::sin_cos(x).0,
        "cos" => f::sin_cos(x).1,
        "atan" => f::atan(x),
        "asin" => f::asin(x),
        "asinh" => f::asinh(x),
        "acosh" => f::acosh(x),
        "atanh" => f::atanh(x),
        "cbrt" => f::cbrt(x),
        "erf" => f::erf(x),
        "gamma" => f::gamma(x),
        "lgamma" => f::lgamma(x),
        _ => {
            let order = name.strip_prefix("polygamma").and_then(|m| m.parse().ok());
            f::polygamma(order.unwrap_or_else(|| panic!("no function {name}")), x)
        }
    }
}

#[test]
fn functions_have_28_digits() {
    for &(name, x, hi, lo) in VALUES {
        let error = (value(name, Dd::new(x)) - Dd::from_parts(hi, lo)).value() / hi;
        assert!(error.abs() < 1e-28, "{name}({x}): relative error {error:e}");
    }
}

#[test]
fn arithmetic_has_30_digits() {
    let (third, root) = (Dd::ratio(1, 3), Dd::new(2.0).sqrt());
    for (name, rest) in [
        ("third", third * Dd::new(3.0) - Dd::ONE),
        ("root", root * root - Dd::new(2.0)),
        ("quotient", (root / third) * third - root),
        ("power", third.powi(-5) - Dd::new(243.0)),
    ] {
        assert!(rest.value().abs() < 1e-28, "{name}: {:e}", rest.value());
    }
}

/// The largest error of a function in units of `unit(exact)`, over arguments, and where it is.
fn worst(
    arguments: impl Iterator<Item = f64>,
    value: impl Fn(f64) -> f64,
    exact: impl Fn(Dd) -> Dd,
    unit: impl Fn(f64, f64) -> f64,
) -> (f64, f64) {
    let error = |x: f64| {
        let exact = exact(Dd::new(x));
        let units = ((Dd::new(value(x)) - exact).value() / unit(x, exact.value())).abs();
        (if units.is_nan() { f64::INFINITY } else { units }, x)
    };
    arguments.map(error).fold((0.0, f64::NAN), |a, b| if b.0 <= a.0 { a } else { b })
}

/// The accuracies that the doc comments of `special` state.
#[test]
fn the_normal_distribution_and_sinc_are_as_accurate_as_they_say() {
    let grid =
        |from: f64, to: f64| (0..2000).map(move |k| from + (to - from) * f64::from(k) / 1999.3);
    let relative = |_: f64, v: f64| f64::EPSILON * v.abs();
    let cdf = |x: Dd| (Dd::ONE + f::erf(x / Dd::new(2.0).sqrt())).scale(0.5);
    let pdf = |x: Dd| f::exp(-(x * x).scale(0.5)) / Dd::PI.scale(2.0).sqrt();
    let of_square = |x: f64, v: f64| f64::EPSILON * v.abs() * (2.0 + x * x);
    let tiny = (0..300).map(|k| 10f64.powf(-0.05 * f64::from(k)));
    let near_1 = (1..300).map(|k| 1.0 - 10f64.powf(-0.03 * f64::from(k)));
    let mut found = vec![
        ("normcdf", worst(grid(-6.0, 8.0), gradus::special::norm_cdf, cdf, of_square), 1.0),
        ("normpdf", worst(grid(-30.0, 30.0), gradus::special::norm_pdf, pdf, of_square), 1.0),
        ("erfinv", worst(grid(-0.999, 0.999), gradus::special::erf_inv, f::erf_inv, relative), 4.0),
        ("erfinv near 0", worst(tiny.skip(1), gradus::special::erf_inv, f::erf_inv, relative), 4.0),
        ("erfinv near 1", worst(near_1, gradus::special::erf_inv, f::erf_inv, relative), 4.0),
    ];
    for n in 0..5 {
        let scale = f64::EPSILON * std::f64::consts::PI.powi(n);
        let value = |x: f64| gradus::special::sinc_derivative(n.into(), x);
        let exact = |x: Dd| f::sinc_derivative(n.into(), x);
        found.push((
            "sinc and derivatives",
            worst(grid(-9.0, 9.0), value, exact, |_, _| scale),
            4.0,
        ));
    }
    for b in [0.3, 2.5, 9.0, 40.0, 3000.0] {
        let value = |a: f64| gradus::special::lbeta(a, b);
        let exact = |a: Dd| f::lgamma(a) + f::lgamma(Dd::new(b)) - f::lgamma(a + Dd::new(b));
        // Near its zeros the error is that of the terms.
        let unit = |a: f64, v: f64| 1e-14 * (v.abs() + (1.0 + a).ln() + (1.0 + b).ln());
        found.push(("lbeta", worst(grid(0.05, 60.0), value, exact, unit), 1.0));
        let value = |a: f64| gradus::special::beta(a, b);
        let unit = |a: f64, v: f64| 1e-14 * v * (1.0 + gradus::special::lbeta(a, b).abs());
        found.push(("beta", worst(grid(0.05, 30.0), value, |a| f::exp(exact(a)), unit), 1.0));
    }
    let wrong: Vec<_> = found.iter().filter(|(_, (error, _), most)| error > most).collect();
    assert!(wrong.is_empty(), "{wrong:?} of {found:?}");
}
