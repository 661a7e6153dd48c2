//! Reports of made-up results, word by word.

use super::*;
use crate::model::Sense;
use crate::optim::judge::least_squares::fit_statistics;
use crate::optim::status::Status;
use crate::optim::trace::Trace;
use crate::problem::Evaluations;
use nalgebra::DMatrix;

fn example() -> Fit {
    Fit {
        name: Some("fit".to_string()),
        sense: Sense::Minimize,
        objective: "J".to_string(),
        method: "lm".to_string(),
        why: "J is a sum of 4 squares".to_string(),
        analysis: Vec::new(),
        status: Status::Converged,
        message: "gradient below gtol".to_string(),
        value: 227.070_421,
        grad_norm: 3.1e-11,
        iterations: 3,
        evaluations: Evaluations { f: 4, grad: 1, hess: 0, hv: 0 },
        time: 0.001_234_5,
        solution: vec![
            ("w".to_string(), Tensor::scalar(3.932_408_7)),
            ("b".to_string(), Tensor::scalar(-17.579_09)),
        ],
        entries: vec!["w".to_string(), "b".to_string()],
        x: vec![3.932_408_7, -17.579_09],
        verdict: None,
        statistics: None,
        trace: Trace::default(),
        kept: None,
    }
}

#[test]
fn under_a_let_one_line_is_enough() {
    let fit = example();
    let line = "fit: lm converged in 3 iterations, value 227.07, w = 3.93241, b = -17.5791\n";
    assert_eq!(brief(&fit, Paint::default()), line);
    let long = Tensor::vector((0..1000).map(f64::from).collect::<Vec<_>>());
    let matrix = Tensor::filled(Shape::Matrix(784, 10), 0.5);
    let solution = vec![("w".to_string(), long), ("W".to_string(), matrix)];
    let fit = Fit { status: Status::MaxIter, solution, ..fit };
    let line = "fit: lm reached its limit of 3 iterations, value 227.07, w = [0, 1, ..., 999], W: R[784, 10]\n";
    assert_eq!(brief(&fit, Paint::default()), line);
    let solution = (0..50).map(|k| (format!("x{k}"), Tensor::scalar(1.0 / 3.0))).collect();
    let line = brief(&Fit { solution, ..fit }, Paint::default());
    assert!(line.len() <= WIDTH + 6 && line.ends_with(", ...\n"), "{line}");
}

#[test]
fn a_statement_has_a_report() {
    let verdict = Verdict {
        kind: PointKind::FlatDirection,
        at_bounds: vec![],
        direction: vec![1, 0],
        curvature: (0.0, 2.0),
        condition: f64::INFINITY,
    };
    let fit = Fit { verdict: Some(verdict), ..example() };
    let expected = "\
minimize J
  method     lm: J is a sum of 4 squares
  status     converged in 3 iterations
             gradient below gtol
  value      227.07
  gradient   3.1e-11 in its largest entry
  work       3 iterations in 1.23 ms; evaluations: 4 f, 1 gradient
  point      flat direction along b, w
  solution   w = 3.93241
             b = -17.5791
";
    assert_eq!(report(&fit, Paint::default()), expected);
}

#[test]
fn fits_have_a_table_of_estimates() {
    let jac = DMatrix::from_fn(4, 2, |i, j| if j == 0 { -1.0 } else { -(i as f64) });
    let (y, x) = ([1.0, 3.0, 2.0, 5.0], vec![1.1, 1.1]);
    let r: Vec<f64> = (0..4).map(|i| y[i] - (x[0] + x[1] * i as f64)).collect();
    let statistics = Some(fit_statistics(&x, &r, &jac, Some(&y)));
    let text = report(&Fit { statistics, x, ..example() }, Paint::default());
    let expected = "
     estimate  std. error  95 % from       to
  -------------------------------------------
  w       1.1    0.972111   -3.08266  5.28266
  b       1.1    0.519615   -1.13572  3.33572

  residual standard error 1.1619 on 2 degrees of freedom, R squared 0.691429
  AIC 15.7793, BIC 13.9382
  correlations: w and b -0.8018
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn parameters_that_the_data_do_not_determine_are_named() {
    let jac = DMatrix::from_element(5, 2, 1.0);
    let statistics = Some(fit_statistics(&[0.0; 2], &[0.1, -0.1, 0.2, -0.2, 0.0], &jac, None));
    let text = report(&Fit { statistics, ..example() }, Paint::default());
    assert!(text.contains("do not determine w, b: 1 parameter too many"), "{text}");
}

#[test]
fn times_have_fitting_units() {
    let shown = [3.5e-4, 0.0012345, 0.25, 2.414, 1234.5].map(duration);
    assert_eq!(shown, ["350 us", "1.23 ms", "250 ms", "2.41 s", "1234 s"]);
}
