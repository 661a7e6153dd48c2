//! A row that a condition leaves out, or whose weight is 0, is no datum: a fit says of the rows that are left what it
//! says where the others were never given.
//!
//! `GRADUS_CASES=1000 cargo test --test optim fit_data` tries more data sets. To add a way to leave rows out, add a line to
//! [`FORMS`].

use crate::support::close;
use crate::support::script::run;
use gradus::optim::judge::least_squares::FitStatistics;
use gradus::random::Stream;

/// Objectives over the rows that `k` keeps; `k` is 1 or 0, `s` is 1 or infinite, `w` is the weight or 0. MODEL and
/// MODELS stand for the model of row `i`, and of all rows.
const FORMS: &[&str] = &[
    "sum(w[i]*(y[i] - MODEL)^2 for i in 1..m if k[i] > 0)",
    "sum(w[i]*(y[i] - MODEL)^2 for i in 1..m if not (k[i] == 0))",
    "sum(w[i]*(y[i] - MODEL)^2 for i in 1..m)",
    "sum(k[i]*w0[i]*(y[i] - MODEL)^2 for i in 1..m)",
    "sum(w0[i]*(k[i]*(y[i] - MODEL))^2 for i in 1..m)",
    "sum(w0[i]*(y[i] - MODEL)^2*(k[i] > 0) for i in 1..m)",
    "sum(w0[i]*(y[i] - MODEL)^2/s[i]^2 for i in 1..m)",
    "sum((if k[i] > 0 then w[i]*(y[i] - MODEL)^2 else 0) for i in 1..m)",
    "sum((sqrt(w[i])*y[i] - sqrt(w[i])*(MODEL))^2 for i in 1..m)",
    "sumsq(root .* (y - MODELS))",
    "sumsq((y - MODELS) .* (k > 0) .* root)",
    "sum(w .* (y - MODELS).^2)",
    "sum(k .* w0 .* (y - MODELS).^2)",
    "sumsq([root[i]*(y[i] - MODEL) for i in 1..m])",
    "sumsq([(if k[i] > 0 then root[i]*(y[i] - MODEL) else 0) for i in 1..m])",
    "1/n*sum(w[i]*(y[i] - MODEL)^2 for i in 1..m if k[i] > 0)",
    "mean(w[i]*(y[i] - MODEL)^2 for i in 1..m if k[i] > 0)",
    "mean(w .* (y - MODELS).^2)",
    "-1*(-sum(w[i]*(y[i] - MODEL)^2 for i in 1..m))",
];

/// Models of row `i` and of all rows.
const MODELS: &[(&str, &str)] = &[
    ("(a + b*x[i])", "(a + b*x)"),
    ("a*exp(b*x[i])", "(a*exp(b*x))"),
    ("(a + b*x[i] + c*x[i]^2)", "(a + b*x + c*x.^2)"),
];

struct Rows {
    x: Vec<f64>,
    y: Vec<f64>,
    w: Vec<f64>,
    k: Vec<bool>,
}

impl Rows {
    fn draw(random: &mut Stream) -> Rows {
        let m = 8 + random.below(6);
        let x: Vec<f64> = (0..m).map(|i| 0.2 * i as f64 + 0.05 * random.unit()).collect();
        let y = x.iter().map(|x| 1.5 + 0.8 * x + 0.3 * random.standard_normal()).collect();
        let unweighted = random.below(2) == 0;
        let w = (0..m).map(|_| if unweighted { 1.0 } else { 0.5 + random.unit() }).collect();
        let mut k: Vec<bool> = (0..m).map(|_| random.below(4) != 0).collect();
        k[random.below(m)] = false;
        (0..6).for_each(|i| k[i] |= i % 2 == 0);
        Rows { x, y, w, k }
    }

    fn kept(&self) -> Rows {
        let take =
            |v: &[f64]| v.iter().zip(&self.k).filter(|(_, k)| **k).map(|(v, _)| *v).collect();
        let k = self.k.iter().copied().filter(|k| *k).collect();
        Rows { x: take(&self.x), y: take(&self.y), w: take(&self.w), k }
    }

    fn script(&self, objective: &str, model: (&str, &str)) -> String {
        let column = |entries: Vec<String>| format!("[{}]", entries.join(", "));
        let numbers = |v: &[f64]| column(v.iter().map(f64::to_string).collect());
        let by_row = |yes: fn(f64) -> f64, no: &str| {
            let entry =
                |(w, k): (&f64, &bool)| if *k { yes(*w).to_string() } else { no.to_string() };
            column(self.w.iter().zip(&self.k).map(entry).collect())
        };
        let n = self.k.iter().filter(|k| **k).count();
        format!(
            "let x = {}\nlet y = {}\nlet w0 = {}\nlet m = {}\nlet n = {n}\nlet k = {}\nlet s = {}\nlet w = {}\n\
             let root = {}\nvar a = 1, b = 0.5, c = 0.1\nlet fit = minimize {}",
            numbers(&self.x),
            numbers(&self.y),
            numbers(&self.w),
            self.x.len(),
            by_row(|_| 1.0, "0"),
            by_row(|_| 1.0, "inf"),
            by_row(|w| w, "0"),
            by_row(f64::sqrt, "0"),
            objective.replace("MODELS", model.1).replace("MODEL", model.0),
        )
    }
}

fn statistics(script: &str) -> Result<FitStatistics, String> {
    let ran = run(script).passed(script);
    let fits = ran.fits();
    let fit = fits.first().ok_or("no fit")?;
    fit.statistics.clone().ok_or_else(|| format!("no statistics after {}", fit.message))
}

fn differ(a: &FitStatistics, b: &FitStatistics) -> Option<String> {
    if (a.n_residuals, a.degrees_of_freedom) != (b.n_residuals, b.degrees_of_freedom) {
        let show =
            |s: &FitStatistics| format!("{} data, df {}", s.n_residuals, s.degrees_of_freedom);
        return Some(format!("{}, not {}", show(a), show(b)));
    }
    let numbers = |s: &FitStatistics| -> Vec<(&str, f64)> {
        let mut all = vec![
            ("residual standard error", s.residual_standard_error),
            ("R squared", s.r_squared.unwrap_or(-9.0)),
            ("AIC", s.aic.unwrap_or(-9.0)),
            ("BIC", s.bic.unwrap_or(-9.0)),
        ];
        all.extend(s.standard_errors.iter().map(|e| ("standard error", *e)));
        all.extend(
            s.confidence_intervals.iter().flat_map(|i| [("interval", i.0), ("interval", i.1)]),
        );
        all
    };
    let (a, b) = (numbers(a), numbers(b));
    let off = a.iter().zip(&b).find(|((_, a), (_, b))| !close(*a, *b, 1e-5))?;
    Some(format!("{} {}, not {}", off.0.0, off.0.1, off.1.1))
}

#[test]
fn rows_left_out_are_no_data() {
    let given = std::env::var("GRADUS_CASES").ok();
    let n: u64 = given.map_or(3, |n| n.parse().expect("GRADUS_CASES is a whole number"));
    let mut wrong = Vec::new();
    for case in 0..n {
        let mut random = Stream::new(case).split("rows");
        let rows = Rows::draw(&mut random);
        let kept = rows.kept();
        let model = MODELS[(case % 3) as usize];
        // What a mean is divided by does not matter to what is known of the estimates.
        let reference = kept.script("sum(w[i]*(y[i] - MODEL)^2 for i in 1..m)", model);
        let expected = statistics(&reference).expect("the reference is a fit");
        for form in FORMS {
            let script = rows.script(form, model);
            let outcome = statistics(&script).and_then(|found| match differ(&found, &expected) {
                None => Ok(()),
                Some(what) => Err(what),
            });
            if let Err(what) = outcome {
                wrong.push(format!("case {case}: {form}, {}: {what}", model.0));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
