//! Definitions and their gradients, compiled in several ways, against the plain evaluator.

use gradus::check::Item;
use gradus::diff;
use gradus::expr::ExprId;
use gradus::jit::{Choice, CompileError, Fault, Options, Simd, compile};
use gradus::session::Session;
use gradus::simplify;

use super::numbers::{
    LARGEST, difference, entries, has_singular_matrix, holds_infinities, largest, sensitivity,
    values,
};
use super::{Examination, Failure};
use crate::support::point::Point;

/// Points tried.
const POINTS: usize = 2;
/// Ways tried for one script.
const WAYS: usize = 3;
const TOLERANCE: f64 = 1e-10;

fn ways() -> Vec<(Choice, Simd)> {
    let levels = Simd::ALL.into_iter().filter(|&s| s <= Simd::here());
    let emitted = levels.clone().filter(|&s| s > Simd::Baseline);
    let [few, all] = [false, true].map(|always| Choice::Blocks { always });
    let blocks = levels.map(|s| (all, s)).chain([(few, Simd::here())]);
    if cfg!(not(feature = "jit")) {
        return blocks.collect();
    }
    let wide = emitted.map(|s| (Choice::Always, s)).chain(blocks);
    [(Choice::Never, Simd::here()), (Choice::Auto, Simd::here())].into_iter().chain(wide).collect()
}

pub fn check(e: &mut Examination, session: &mut Session) {
    e.watch.begin(e.case, "kernels", None);
    let all: Vec<(String, ExprId)> = session
        .names()
        .filter_map(|(name, entry)| match entry.item {
            Item::Expr(node) if name != "ans" => Some((name.to_string(), node)),
            _ => None,
        })
        .collect();
    for (name, node) in all {
        let g = session.graph();
        if g.has_unknown(node) && g.as_symbol(node).is_none() {
            definition(e, session, &name, node);
        }
    }
    e.watch.end();
}

fn definition(e: &mut Examination, session: &mut Session, name: &str, node: ExprId) {
    let g = session.graph_mut();
    let f = simplify::stable(g, &[node])[0];
    let inputs = g.unknowns(&[f]);
    let mut outputs = vec![f];
    if g.shape(f).is_scalar() {
        let gradient = diff::gradient(g, f, &inputs);
        outputs.extend(simplify::stable(g, &gradient));
    }
    if holds_infinities(g, &outputs) {
        e.count("kernels: infinities");
        return;
    }
    let options = ways();
    for k in 0..POINTS {
        let point = Point::random(g, &outputs, k + 1);
        let Some(inputs_at) = inputs.iter().map(|&s| point.value(s)).collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let x: Vec<f64> = inputs_at.iter().flat_map(|t| t.data().to_vec()).collect();
        let expected = values(g, &outputs, &point).map(|v| entries(&v));
        for n in 0..WAYS {
            let way = options[(e.case as usize + n * 3 + k) % options.len()];
            let options = Options { wide: way.0, simd: Some(way.1), ..Options::default() };
            let kernel = match compile(g, &outputs, &inputs, &options) {
                Ok(kernel) => kernel,
                Err(CompileError::Unassigned { .. }) => {
                    e.fail(Failure::new("kernels", "a symbol has no value", name));
                    return;
                }
                Err(_) => continue,
            };
            let mut found = vec![f64::NAN; kernel.n_out()];
            let result = kernel.call(&x, &mut found);
            e.count("kernels");
            let what = match (&expected, result) {
                (Some(expected), Ok(())) => {
                    let scale = largest(g, &outputs, &point);
                    if scale > LARGEST {
                        continue;
                    }
                    let near = |_| TOLERANCE * scale;
                    let Some((_, _)) = difference(&found, expected, true, near) else { continue };
                    let moves = sensitivity(g, &outputs, &point, expected);
                    let near = |k: usize| TOLERANCE * scale + 1e3 * moves[k];
                    let Some((k, what)) = difference(&found, expected, true, near) else {
                        e.count("kernels: decided by rounding");
                        continue;
                    };
                    if moves[k].is_infinite() || has_singular_matrix(g, &outputs, &point) {
                        e.count("kernels: decided by rounding");
                        continue;
                    }
                    let part = if k < g.shape(f).len() { "value" } else { "gradient" };
                    (
                        format!("{part}, {what}"),
                        format!("entry {k} is {}, expected {}", found[k], expected[k]),
                    )
                }
                (None, Err(Fault::Eval(_))) => continue,
                (Some(_), Err(fault)) => {
                    ("a fault where there is a value".to_string(), format!("{fault:?}"))
                }
                (None, Ok(())) => ("a value where there is none".to_string(), String::new()),
                (None, Err(fault)) => ("interrupted".to_string(), format!("{fault:?}")),
            };
            let detail = format!("{name} by {way:?} at {}: {}", point.text(g), what.1);
            e.fail(Failure::new("kernels", &what.0, detail));
            return;
        }
    }
}
