//! Nonlinear regression sets of the NIST Statistical Reference Datasets, with hand-written derivatives.
//!
//! Source: National Institute of Standards and Technology, StRD, nonlinear regression. The data, starts and
//! certified values stand in `tests/data/nist/`.

use gradus::problem::{ClosureProblem, Problem};

/// A model value and its derivatives by the parameters: `(b, x, row of the Jacobian) -> value`.
type Model = fn(&[f64], &[f64], &mut [f64]) -> f64;

/// A data set: the rows `(response, predictors)` and what NIST certifies.
pub struct Set {
    pub name: &'static str,
    model: Model,
    rows: Vec<(f64, Vec<f64>)>,
    pub starts: [Vec<f64>; 2],
    pub parameters: Vec<f64>,
    pub deviations: Vec<f64>,
    pub rss: f64,
    pub residual_deviation: f64,
}

impl Set {
    /// The residuals `y_i - model(b, x_i)` and their Jacobian as a problem.
    pub fn problem(&self) -> ClosureProblem<'_> {
        let (rows, model) = (&self.rows, self.model);
        let n = self.parameters.len();
        let mut unused = vec![0.0; n];
        let mut row = vec![0.0; n];
        ClosureProblem::new(n)
            .residuals(rows.len(), move |b, r| {
                for (ri, (y, x)) in r.iter_mut().zip(rows) {
                    *ri = y - model(b, x, &mut unused);
                }
            })
            .jacobian(move |b, jac| {
                for (i, (_, x)) in rows.iter().enumerate() {
                    model(b, x, &mut row);
                    for (j, derivative) in row.iter().enumerate() {
                        jac[(i, j)] = -derivative;
                    }
                }
            })
    }

    /// The same with the Hessian of f, by central differences of the exact gradient: good to some nine
    /// digits, enough for a method's model.
    pub fn problem_with_hessian(&self) -> ClosureProblem<'_> {
        let n = self.parameters.len();
        let mut inner = self.problem();
        self.problem().hessian(move |b, h| {
            let (mut point, mut above, mut below) = (b.to_vec(), vec![0.0; n], vec![0.0; n]);
            for j in 0..n {
                let step = f64::EPSILON.cbrt() * b[j].abs().max(1e-12);
                point[j] = b[j] + step;
                inner.value_gradient(&point, &mut above);
                point[j] = b[j] - step;
                inner.value_gradient(&point, &mut below);
                point[j] = b[j];
                for i in 0..n {
                    h[(i, j)] = (above[i] - below[i]) / (2.0 * step);
                }
            }
            let transposed = h.transpose();
            *h = (&*h + transposed) * 0.5;
        })
    }
}

/// Correct digits in the worst entry: the smallest `-log10` of the relative errors, at most 11, which is as
/// many as are certified.
pub fn digits(found: &[f64], certified: &[f64]) -> f64 {
    let errors = found.iter().zip(certified).map(|(a, b)| ((a - b) / b).abs());
    errors.map(|e| if e.is_nan() { 0.0 } else { -e.log10() }).fold(11.0, f64::min)
}

/// The nine sets.
pub fn sets() -> Vec<Set> {
    macro_rules! set {
        ($name:literal, $model:expr) => {
            read(
                $name,
                $model,
                include_str!(concat!("../data/nist/", $name, ".json")),
                include_str!(concat!("../data/nist/", $name, ".csv")),
            )
        };
    }
    vec![
        set!("Misra1a", saturation),
        set!("Chwirut2", chwirut),
        set!("Lanczos3", lanczos),
        set!("Nelson", nelson),
        set!("MGH17", mgh17),
        set!("Kirby2", kirby),
        set!("MGH09", mgh09),
        set!("Thurber", thurber),
        set!("BoxBOD", saturation),
    ]
}

fn read(name: &'static str, model: Model, json: &str, csv: &str) -> Set {
    let log_response = json.contains("\"response\": \"log(y)\"");
    let rows = csv.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| {
        let cells: Vec<f64> = line.split(',').map(parse).collect();
        (if log_response { cells[0].ln() } else { cells[0] }, cells[1..].to_vec())
    });
    Set {
        name,
        model,
        rows: rows.collect(),
        starts: [array(json, "start1"), array(json, "start2")],
        parameters: array(json, "certified_parameters_text"),
        deviations: array(json, "certified_standard_deviations"),
        rss: number(json, "certified_rss_text"),
        residual_deviation: number(json, "certified_residual_standard_deviation"),
    }
}

/// The text after `"key":`.
fn field<'a>(json: &'a str, key: &str) -> &'a str {
    json.split_once(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no {key}")).1
}

fn number(json: &str, key: &str) -> f64 {
    parse(field(json, key).split(',').next().expect("a field"))
}

fn array(json: &str, key: &str) -> Vec<f64> {
    let text = field(json, key).split_once(']').expect("an array").0;
    text.trim().trim_start_matches('[').split(',').map(parse).collect()
}

fn parse(text: &str) -> f64 {
    let text = text.trim().trim_matches('"');
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

/// `b1*(1 - exp(-b2*x))`: Misra1a and BoxBOD.
fn saturation(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let e = (-b[1] * x[0]).exp();
    d[0] = 1.0 - e;
    d[1] = b[0] * x[0] * e;
    b[0] * (1.0 - e)
}

/// `exp(-b1*x)/(b2 + b3*x)`.
fn chwirut(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let denominator = b[1] + b[2] * x[0];
    let value = (-b[0] * x[0]).exp() / denominator;
    d[0] = -x[0] * value;
    d[1] = -value / denominator;
    d[2] = -x[0] * value / denominator;
    value
}

/// `b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)`.
fn lanczos(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for k in [0, 2, 4] {
        d[k] = (-b[k + 1] * x[0]).exp();
        d[k + 1] = -b[k] * x[0] * d[k];
        value += b[k] * d[k];
    }
    value
}

/// `b1 - b2*x1*exp(-b3*x2)` for log(y).
fn nelson(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let e = (-b[2] * x[1]).exp();
    d[0] = 1.0;
    d[1] = -x[0] * e;
    d[2] = b[1] * x[0] * x[1] * e;
    b[0] - b[1] * x[0] * e
}

/// `b1 + b2*exp(-x*b4) + b3*exp(-x*b5)`.
fn mgh17(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    d[0] = 1.0;
    d[1] = (-x[0] * b[3]).exp();
    d[2] = (-x[0] * b[4]).exp();
    d[3] = -x[0] * b[1] * d[1];
    d[4] = -x[0] * b[2] * d[2];
    b[0] + b[1] * d[1] + b[2] * d[2]
}

/// `(b1 + b2*x + b3*x^2)/(1 + b4*x + b5*x^2)`.
fn kirby(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    rational(&b[..3], &b[3..], x[0], d)
}

/// `(b1 + b2*x + b3*x^2 + b4*x^3)/(1 + b5*x + b6*x^2 + b7*x^3)`.
fn thurber(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    rational(&b[..4], &b[4..], x[0], d)
}

fn rational(top: &[f64], bottom: &[f64], x: f64, d: &mut [f64]) -> f64 {
    let numerator = top.iter().rev().fold(0.0, |sum, b| sum * x + b);
    let denominator = 1.0 + x * bottom.iter().rev().fold(0.0, |sum, b| sum * x + b);
    let value = numerator / denominator;
    let (above, below) = d.split_at_mut(top.len());
    let mut power = 1.0 / denominator;
    for derivative in above {
        *derivative = power;
        power *= x;
    }
    let mut power = -value / denominator;
    for derivative in below {
        power *= x;
        *derivative = power;
    }
    value
}

/// `b1*(x^2 + x*b2)/(x^2 + x*b3 + b4)`.
fn mgh09(b: &[f64], x: &[f64], d: &mut [f64]) -> f64 {
    let x = x[0];
    let numerator = x * x + x * b[1];
    let denominator = x * x + x * b[2] + b[3];
    let value = b[0] * numerator / denominator;
    d[0] = numerator / denominator;
    d[1] = b[0] * x / denominator;
    d[2] = -value * x / denominator;
    d[3] = -value / denominator;
    value
}
