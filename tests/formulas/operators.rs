//! Walks the operator table: every row's derivatives, notation, shapes and documentation.
//!
//! Nothing is to be added here for a new operator; its row is tested from its samples (scalars) or
//! over a few shapes (arrays). Only [`LANGUAGE`] is a list: the functions that the language
//! promises.

use crate::support::close;
use crate::support::lab::{Lab, some_array};
use crate::support::script::run;
use gradus::check::{builtin, builtins};
use gradus::diff;
use gradus::expr::{Data, ExprId, Op, SymbolId};
use gradus::ops::{self, OpDef, Value};
use gradus::print;
use gradus::shape::{Shape, Tensor};

/// Relative agreement with differences, and the step lengths of which one must give it.
const TOLERANCE: f64 = 1e-6;
const STEPS: [f64; 3] = [1e-2, 1e-3, 1e-5];

/// The functions that the language promises.
const LANGUAGE: &str = "exp log log2 log10 log1p expm1 sqrt cbrt abs sign floor ceil round sin cos tan \
    asin acos atan sinh cosh tanh asinh acosh atanh atan2 erf erfc gamma lgamma digamma sigmoid \
    softplus relu min max clamp hypot mod sum prod mean norm norm1 norminf sumsq dot logsumexp \
    rowsum colsum rowmean colmean rowmax colmax rowlogsumexp collogsumexp tr det logdet inv diag \
    eye zeros ones outer cumsum len rows cols normal uniform glorot glorot_normal he orthogonal \
    diff grad hess jac taylor simplify expand factor latex csv rows columns onehot levels split \
    standardize minmax npy idx";

#[test]
fn every_function_of_the_language_exists() {
    let known = |name: &&str| {
        ops::names().any(|n| n == *name)
            || builtin(name).is_some()
            || ops::binder_by_name(name).is_some()
    };
    let missing: Vec<&str> = LANGUAGE.split_whitespace().filter(|n| !known(n)).collect();
    assert!(missing.is_empty(), "unknown functions: {missing:?}");
}

/// One way to call an operator.
struct Case {
    lab: Lab,
    y: ExprId,
    what: String,
}

/// The calls of a row at its samples; for rows of arrays, over the shapes that it takes.
fn cases(row: &'static OpDef) -> Vec<Case> {
    if row.op.is_binder() || matches!(row.value, Value::Structural) {
        return Vec::new();
    }
    let scalars = row.samples.iter().map(|s| s.iter().map(|&v| Tensor::scalar(v)).collect());
    let mut lists: Vec<Vec<Tensor>> = scalars.collect();
    if row.samples.is_empty() {
        lists = signatures(row);
    }
    lists.iter().filter_map(|arguments| case(row, arguments)).collect()
}

/// Arguments of a few shapes, for one to three arguments.
fn signatures(row: &OpDef) -> Vec<Vec<Tensor>> {
    const SHAPES: [Shape; 4] =
        [Shape::Scalar, Shape::Vector(3), Shape::Matrix(3, 3), Shape::Matrix(2, 3)];
    let mut lists = Vec::new();
    for n in row.arity.0.max(1)..=row.arity.1.min(3) {
        for code in 0..SHAPES.len().pow(n as u32) {
            let shape = |k: usize| SHAPES[code / SHAPES.len().pow(k as u32) % SHAPES.len()];
            lists.push((0..n).map(|k| some_array(shape(k), k)).collect());
        }
    }
    lists
}

/// The call, where the shapes fit. An argument by which there is no derivative (the order of
/// `polygamma`, the exponent of a negative base) is a literal.
fn case(row: &'static OpDef, arguments: &[Tensor]) -> Option<Case> {
    let mut lab = Lab::new();
    let free = free_case(&mut lab, row, arguments, &[])?;
    let is_literal = |s: SymbolId, lab: &mut Lab| {
        let shape = lab.at(s).shape();
        shape.is_scalar() && lab.differences(free, s, 0, 1e-3).iter().any(|d| !d.is_finite())
    };
    let symbols = lab.unknowns();
    let literal: Vec<bool> = symbols.into_iter().map(|s| is_literal(s, &mut lab)).collect();
    let mut lab = Lab::new();
    let y = free_case(&mut lab, row, arguments, &literal)?;
    let shapes: Vec<String> = arguments
        .iter()
        .map(|t| t.as_scalar().map_or(t.shape().to_string(), |v| v.to_string()))
        .collect();
    Some(Case { what: format!("{:?}({})", row.op, shapes.join(", ")), lab, y })
}

fn free_case(lab: &mut Lab, row: &OpDef, arguments: &[Tensor], literal: &[bool]) -> Option<ExprId> {
    let mut args = Vec::new();
    for (k, value) in arguments.iter().enumerate() {
        args.push(match (literal.get(k), value.as_scalar()) {
            (Some(true), Some(v)) => lab.g.number(gradus::expr::Num::float(v)),
            _ => lab.unknown(&format!("x{k}"), value.clone()),
        });
    }
    // These hold a shape of their own; the goldens of slices and broadcasts show them.
    let holds_shape = matches!(
        row.op,
        Op::Fill | Op::Stack | Op::Bcast | Op::Block | Op::Place | Op::PlaceBlock | Op::Reshape
    );
    // Products with a scalar are `Mul`.
    let scaled = row.op == Op::MatMul && arguments.iter().any(|t| t.shape().is_scalar());
    if holds_shape || scaled {
        return None;
    }
    ops::build(&mut lab.g, row.op, Data::None, &args).ok()
}

/// Runs a test over all cases of all rows; every failure is reported.
fn all_cases(test: impl Fn(&mut Case) -> Result<(), String>) {
    let mut wrong = Vec::new();
    let mut n = 0;
    for row in ops::table() {
        for mut case in cases(row) {
            n += 1;
            if let Err(why) = test(&mut case) {
                wrong.push(format!("{}: {why}", case.what));
            }
        }
    }
    assert!(n > 200, "only {n} cases");
    assert!(wrong.is_empty(), "{} of {n} fail\n{}", wrong.len(), wrong.join("\n"));
}

/// Compares the derivatives of the scalar `f`, given as expressions, with differences.
fn compare(lab: &mut Lab, f: ExprId, gradient: &[(SymbolId, ExprId)]) -> Result<(), String> {
    for &(unknown, derivative) in gradient {
        let symbolic = lab.value(derivative);
        for (k, &s) in symbolic.data().iter().enumerate() {
            let numeric = STEPS.map(|step| lab.differences(f, unknown, k, step)[0]);
            if !numeric.iter().any(|n| close(s, *n, TOLERANCE)) {
                let text = print::text(&lab.g, derivative);
                return Err(format!("entry {k} of `{text}` is {s}, by differences {numeric:?}"));
            }
        }
    }
    Ok(())
}

#[test]
fn reverse_derivatives_agree_with_differences() {
    all_cases(|case| {
        let f = case.lab.scalar_of(case.y);
        let unknowns = case.lab.unknowns();
        let gradient = diff::gradient(&mut case.lab.g, f, &unknowns);
        let pairs: Vec<_> = unknowns.into_iter().zip(gradient).collect();
        compare(&mut case.lab, f, &pairs)
    });
}

/// A direction in which no two entries move alike.
fn direction(lab: &mut Lab, unknown: SymbolId) -> ExprId {
    let shape = lab.at(unknown).shape();
    let name = format!("d{}", unknown.index());
    lab.known(
        &name,
        Tensor::new(shape, (0..shape.len()).map(|k| 1.0 - 0.3 * k as f64).collect::<Vec<_>>()),
    )
}

#[test]
fn forward_derivatives_agree_with_reverse_ones() {
    all_cases(|case| {
        let lab = &mut case.lab;
        let f = lab.scalar_of(case.y);
        for unknown in lab.unknowns() {
            let d = direction(lab, unknown);
            let forward = diff::tangent(&mut lab.g, &[f], &[(unknown, d)])[0];
            let gradient = diff::gradient(&mut lab.g, f, &[unknown])[0];
            let reverse = inner(lab, gradient, d);
            let (a, b) = (lab.value(forward).data()[0], lab.value(reverse).data()[0]);
            if !close(a, b, 1e-10) {
                return Err(format!("forward {a}, reverse {b}"));
            }
        }
        Ok(())
    });
}

fn inner(lab: &mut Lab, a: ExprId, b: ExprId) -> ExprId {
    if lab.g.shape(a).is_scalar() { lab.g.mul(&[a, b]) } else { lab.g.apply(Op::Dot, &[a, b]) }
}

#[test]
fn second_derivatives_agree_with_differences() {
    all_cases(|case| {
        let lab = &mut case.lab;
        let f = lab.scalar_of(case.y);
        let unknowns = lab.unknowns();
        let mut slope = lab.g.int(0);
        for &unknown in &unknowns {
            let d = direction(lab, unknown);
            let gradient = diff::gradient(&mut lab.g, f, &[unknown])[0];
            let part = inner(lab, gradient, d);
            slope = lab.g.add(&[slope, part]);
        }
        let second = diff::gradient(&mut lab.g, slope, &unknowns);
        let pairs: Vec<_> = unknowns.into_iter().zip(second).collect();
        compare(lab, slope, &pairs)
    });
}

#[test]
fn printed_calls_parse_back_to_the_same_node() {
    all_cases(|case| {
        let text = print::text(&case.lab.g, case.y);
        let back = case.lab.parse(&text)?;
        if back == case.y {
            return Ok(());
        }
        Err(format!("`{text}` parses back as `{}`", print::text(&case.lab.g, back)))
    });
}

#[test]
fn shape_rules_agree_with_values() {
    all_cases(|case| {
        let (rule, value) = (case.lab.g.shape(case.y), case.lab.value(case.y).shape());
        if rule == value {
            Ok(())
        } else {
            Err(format!("the rule says {rule}, the value is {value}"))
        }
    });
}

#[test]
fn values_at_samples_are_finite() {
    all_cases(|case| {
        let value = case.lab.value(case.y);
        let is_finite = value.data().iter().all(|v| v.is_finite());
        if is_finite { Ok(()) } else { Err(format!("{:?}", value.data())) }
    });
}

#[test]
fn native_code_agrees_with_the_evaluator() {
    all_cases(|case| {
        let Some(native) = case.lab.native(case.y) else { return Ok(()) };
        let plain = case.lab.value(case.y);
        let agree = plain.data().iter().zip(&native).all(|(a, b)| close(*a, *b, 1e-12));
        if agree { Ok(()) } else { Err(format!("native {native:?}, plain {:?}", plain.data())) }
    });
}

#[test]
fn samples_lie_in_the_domain() {
    for row in ops::table().iter().filter(|row| row.arity.1 == 1) {
        for sample in row.samples {
            assert!(row.domain.contains(sample[0]), "{:?} at {sample:?}", row.op);
        }
    }
}

#[test]
fn arrays_are_taken_entry_by_entry() {
    for row in ops::table().iter().filter(|row| row.is_elementwise() && !row.samples.is_empty()) {
        let n = row.samples[0].len();
        let mut lab = Lab::new();
        let column = |k: usize| row.samples.iter().map(|s| s[k]).collect::<Vec<f64>>();
        let args: Vec<ExprId> =
            (0..n).map(|k| lab.unknown(&format!("x{k}"), Tensor::vector(column(k)))).collect();
        let Ok(y) = ops::build(&mut lab.g, row.op, Data::None, &args) else {
            panic!("{:?} does not take columns", row.op);
        };
        let whole = lab.value(y);
        for (i, sample) in row.samples.iter().enumerate() {
            let arguments: Vec<Tensor> = sample.iter().map(|&v| Tensor::scalar(v)).collect();
            let mut lab = Lab::new();
            let one = free_case(&mut lab, row, &arguments, &[]).map(|y| lab.value(y).data()[0]);
            let one = one.unwrap_or_else(|| panic!("{:?} does not take scalars", row.op));
            assert!(close(whole.data()[i], one, 0.0), "{:?} at {sample:?}", row.op);
        }
    }
}

#[test]
fn traits_hold_at_the_samples() {
    let value = |row: &OpDef, x: f64| match row.value {
        Value::Unary(f) => f(x),
        _ => f64::NAN,
    };
    for row in ops::table().iter().filter(|row| matches!(row.value, Value::Unary(_))) {
        let xs: Vec<f64> = row.samples.iter().map(|s| s[0]).collect();
        for &x in xs.iter().filter(|x| row.domain.contains(-**x)) {
            let (plus, minus) = (value(row, x), value(row, -x));
            assert!(!row.traits.odd || close(plus, -minus, 1e-14), "{:?} is not odd", row.op);
            assert!(!row.traits.even || close(plus, minus, 1e-14), "{:?} is not even", row.op);
        }
        assert!(!row.traits.zero_at_zero || value(row, 0.0) == 0.0, "{:?} at 0", row.op);
        for pair in xs.windows(2) {
            let (a, b) = (value(row, pair[0]), value(row, pair[1]));
            let middle = value(row, 0.5 * (pair[0] + pair[1]));
            assert!(!row.traits.increasing || a <= b, "{:?} falls", row.op);
            assert!(!row.traits.convex || middle <= 0.5 * (a + b) + 1e-12, "{:?}", row.op);
            assert!(!row.traits.concave || middle >= 0.5 * (a + b) - 1e-12, "{:?}", row.op);
        }
    }
}

/// A text on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn examples_give_what_they_say() {
    let mut wrong = Vec::new();
    for row in ops::table() {
        let (example, expected) = row.doc.example;
        let ran = run(example);
        let printed = ran.texts().last().map(|t| one_line(t)).unwrap_or_default();
        if ran.outcome.failed || printed != expected {
            wrong.push(format!("{:?}: {example} prints {printed}{}", row.op, ran.findings()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn examples_of_built_in_functions_run() {
    let mut wrong = Vec::new();
    // An example of a function that reads a file or a table shows a call; it does not run alone.
    let runs = |e: &&str| {
        !e.is_empty()
            && !e.contains('"')
            && !e.contains("t)")
            && !e.contains("t,")
            && !e.contains("t.")
    };
    for example in builtins().iter().map(|b| b.example).filter(runs) {
        let ran = run(example);
        // What is not built yet says so.
        if ran.outcome.failed && ran.codes() != ["E0609"] {
            wrong.push(format!("{example}: {}", ran.findings()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
