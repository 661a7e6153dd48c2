//! The form in which an objective's Hessian is computed, chosen from its structure.

use std::sync::Arc;
use std::time::Instant;

use super::blocks::{self, Layout, MAX_BYTES, MAX_SYMBOLIC_HESSIAN};
use super::engine::{Engine, Program, Times};
use crate::diff::{self, Banded};
use crate::expr::{ExprId, Graph, SymbolId};
use crate::problem::SymmetricPattern;
use crate::simplify;

/// How a Hessian is computed.
pub(crate) enum HessianForm {
    /// Entry by entry or in blocks of closed form.
    Dense(Layout, Program),
    /// Few entries, from the bodies of indexed sums.
    Sparse(Arc<SymmetricPattern>, Program),
    /// None of these: products with unit directions.
    Columns,
}

/// A Hessian that is ready to be computed.
pub(crate) struct Hessian {
    pub form: HessianForm,
    /// What its program computes.
    pub exprs: Vec<ExprId>,
    /// Entries of both triangles that may differ from zero.
    pub nnz: usize,
}

impl Hessian {
    /// The program that computes it at once, if there is one.
    pub fn program(&self) -> Option<&Program> {
        match &self.form {
            HessianForm::Dense(_, p) | HessianForm::Sparse(_, p) => Some(p),
            HessianForm::Columns => None,
        }
    }
}

/// The lower triangle of the Hessian by scalar unknowns, row by row.
pub(crate) fn lower_triangle(g: &mut Graph, f: ExprId, vars: &[SymbolId]) -> Vec<ExprId> {
    let gradient = diff::gradient(g, f, vars);
    let rows = diff::hessian_of_scalars(g, &gradient, vars);
    let lower: Vec<ExprId> =
        rows.iter().enumerate().flat_map(|(i, row)| row[..=i].to_vec()).collect();
    simplify::stable(g, &lower)
}

/// Entries of both triangles that are not zero everywhere, from those of the lower one.
pub(crate) fn count_nonzero(g: &Graph, lower: &[ExprId]) -> usize {
    let (mut count, mut k) = (0, 0);
    for i in 0.. {
        for j in 0..=i {
            let Some(&entry) = lower.get(k) else { return count };
            if !g.is_zero(entry) {
                count += if i == j { 1 } else { 2 };
            }
            k += 1;
        }
    }
    count
}

/// Chooses the form.
pub(crate) fn choose(
    g: &mut Graph,
    engine: &Engine,
    f: ExprId,
    vars: &[SymbolId],
    banded: Option<&Banded>,
    times: &mut Times,
) -> Hessian {
    let n: usize = vars.iter().map(|&v| g.symbol(v).shape.len()).sum();
    let scalar = vars.iter().all(|&v| g.symbol(v).shape.is_scalar());
    let started = Instant::now();
    if scalar && n <= MAX_SYMBOLIC_HESSIAN {
        let exprs = lower_triangle(g, f, vars);
        let nnz = count_nonzero(g, &exprs);
        times.differentiate += started.elapsed();
        let program = Program::new(g, engine, &exprs, vars, times);
        let form = HessianForm::Dense(Layout::LowerTriangle, program);
        return Hessian { form, exprs, nnz };
    }
    if let Some(b) = banded.filter(|b| b.nnz <= n.saturating_mul(n) / 4) {
        let exprs = simplify::stable(g, &b.hessian);
        times.differentiate += started.elapsed();
        let pattern = SymmetricPattern::Banded { n, width: b.width, nnz: b.nnz };
        let form =
            HessianForm::Sparse(Arc::new(pattern), Program::new(g, engine, &exprs, vars, times));
        return Hessian { form, exprs, nnz: b.nnz };
    }
    if let Some((pattern, values)) = super::sparse::scattered(g, engine, f, vars) {
        let exprs = simplify::stable(g, &[values]);
        times.differentiate += started.elapsed();
        let nnz = pattern.nnz();
        let form =
            HessianForm::Sparse(Arc::new(pattern), Program::new(g, engine, &exprs, vars, times));
        return Hessian { form, exprs, nnz };
    }
    let fits = n.checked_mul(n).and_then(|n| n.checked_mul(8)).is_some_and(|b| b <= MAX_BYTES);
    let closed = if fits { blocks::closed_form(g, f, vars, engine.is_plain()) } else { None };
    times.differentiate += started.elapsed();
    let nnz = n.saturating_mul(n);
    let Some((layout, exprs)) = closed else {
        return Hessian { form: HessianForm::Columns, exprs: Vec::new(), nnz };
    };
    let form = HessianForm::Dense(layout, Program::new(g, engine, &exprs, vars, times));
    Hessian { form, exprs, nnz }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Item;
    use crate::model::compiled::{Compiled, Part};
    use crate::model::engine::Way;
    use crate::problem::Problem;
    use crate::session::{Session, Settings};
    use std::sync::atomic::AtomicBool;

    /// Checks the derivatives of `f`, defined by a script, at a point without symmetry: the Hessian against
    /// products with unit directions, and value and gradient against their plain forms. Returns pattern
    /// and count of entries.
    fn checked(script: &str, way: Way) -> (Option<Arc<SymmetricPattern>>, usize) {
        let mut session = Session::new(Settings::default());
        let outcome = session.run("script", script, &mut |_, output| {
            if let crate::session::Output::Finding(finding) = output {
                panic!("{script}: {}", finding.message);
            }
        });
        assert!(!outcome.failed);
        let Some(Item::Expr(f)) = session.state.names.get("f").map(|e| e.item.clone()) else {
            panic!("{script}: no f")
        };
        let g = &mut session.state.graph;
        let vars = g.unknowns(&[f]);
        let interrupt = Arc::new(AtomicBool::new(false));
        let slow = Engine {
            way: Way::Plain,
            threads: 1,
            interrupt: Arc::clone(&interrupt),
            spoiled: Default::default(),
        };
        let mut times = Times::default();
        let gradient = diff::gradient(g, f, &vars);
        let plain = Program::new(g, &slow, &[vec![f], gradient].concat(), &vars, &mut times);
        let n: usize = vars.iter().map(|&v| g.symbol(v).shape.len()).sum();
        let x: Vec<f64> = (0..n).map(|i| 0.3 + (1.7 * i as f64).sin()).collect();
        let mut expected = vec![0.0; n + 1];
        plain.run(g, &x, &mut expected).expect("a value");
        let mut plain = Compiled::new(g, slow, f, &vars, None, None);
        // The evaluator is slow: of large problems some columns.
        let mut columns = Vec::new();
        for j in (0..n).step_by(if n >= 50 { n / 4 } else { 1 }) {
            let unit: Vec<f64> = (0..n).map(|i| if i == j { 1.0 } else { 0.0 }).collect();
            let mut column = vec![0.0; n];
            plain.hessian_vector(&x, &unit, &mut column);
            columns.push((j, column));
        }
        drop(plain);
        let mut problem = Compiled::new(
            g,
            Engine { way, threads: 1, interrupt, spoiled: Default::default() },
            f,
            &vars,
            None,
            None,
        );
        let mut found = problem.prepared(Part::ValueGradient);
        found.call(&x).expect("a value");
        close(&found.out, &expected, script);
        let pattern = problem.hessian_pattern();
        let mut h = nalgebra::DMatrix::zeros(n, n);
        problem.hessian(&x, &mut h);
        for (j, column) in &columns {
            close(h.column(*j).as_slice(), column, script);
        }
        if let Some(pattern) = &pattern {
            let mut values = vec![f64::NAN; pattern.n_values()];
            problem.sparse_hessian(&x, &mut values);
            pattern.for_each(|i, j, k| assert_eq!(values[k], h[(i, j)], "{script}: {i}, {j}"));
        }
        (pattern, problem.hessian_nnz())
    }

    fn close(found: &[f64], expected: &[f64], script: &str) {
        let size = expected.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
        for (k, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= 1e-12 * size, "{script}: entry {k} is {a}, not {b}");
        }
    }

    fn both(script: &str) -> (Option<Arc<SymmetricPattern>>, usize) {
        let native = checked(script, Way::Compiled);
        for way in [Way::Blocks, Way::Plain] {
            assert_eq!(native, checked(script, way), "{script}, {way:?}");
        }
        native
    }

    fn width(script: &str) -> (usize, usize) {
        match both(script) {
            (Some(pattern), nnz) => match &*pattern {
                SymmetricPattern::Banded { width, .. } => (*width, nnz),
                SymmetricPattern::Columns { .. } => panic!("{script}: stored by columns"),
            },
            (None, _) => panic!("{script}: not sparse"),
        }
    }

    #[test]
    fn shifted_sums_have_banded_hessians() {
        let chain = "sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..n-1)";
        assert_eq!(width(&format!("let n = 100; var x: R[n]; let f = {chain}")), (1, 298));
        // All numbers of terms around the place where stretches are written out.
        for n in 12..30 {
            width(&format!("let n = {n}; var x: R[n]; let f = {chain} + x[2]^4*exp(x[1])"));
        }
        let wide = "sum(exp(x[i]*x[i+3]) for i in 2..n-5) + sum(x[i]^4 for i in 3..n)/2 + sumsq(x)";
        assert_eq!(width(&format!("let n = 40; var x: R[n]; let f = {wide}")), (3, 40 + 2 * 34));
        let blocks = "sumsq(x[2..n] - x[1..n-1].^2) + dot(x, sin(x)) + mean(x.^4) + x[n]^2";
        assert_eq!(width(&format!("let n = 30; var x: R[n]; let f = {blocks}")), (1, 88));
        let linear = "sum(x[i]*i for i in 1..n) + x[3]^2";
        assert_eq!(width(&format!("let n = 30; var x: R[n]; let f = {linear}")), (0, 1));
    }

    #[test]
    fn steps_and_filters_are_walked_through() {
        let steps = "sum((x[2*i] - x[2*i-1]^2)^2 for i in 1..n/2)";
        assert_eq!(width(&format!("let n = 30; var x: R[n]; let f = {steps}")), (1, 60));
        let filtered = "sum((x[i+1] - x[i])^4 for i in 1..n-1 if mod(i, 2) == 0)";
        assert_eq!(width(&format!("let n = 30; var x: R[n]; let f = {filtered}")), (1, 56));
        let branch = "sum(if i < n then (x[i+1] - x[i])^4 else x[i]^2 for i in 1..n)";
        assert_eq!(width(&format!("let n = 30; var x: R[n]; let f = {branch}")), (1, 88));
    }

    #[test]
    fn other_sparse_hessians_are_stored_by_columns() {
        let columns = |script: &str| match both(script) {
            (Some(pattern), nnz) => {
                assert!(matches!(&*pattern, SymmetricPattern::Columns { .. }), "{script}");
                nnz
            }
            (None, _) => panic!("{script}: not sparse"),
        };
        let arrow = "sum((x[i]^2 + x[n]^2)^2 - 4*x[i] for i in 1..n-1)";
        assert_eq!(columns(&format!("let n = 40; var x: R[n]; let f = {arrow}")), 40 + 2 * 39);
        let far = "sum((x[i]*x[i+20])^2 for i in 1..20) + a*x[3] + a^2";
        assert_eq!(columns(&format!("var x: R[40], a; let f = {far}")), 40 + 2 * 20 + 1 + 2);
        let matrix = "sum((W[i, j] - W[j, i])^2 + W[i, j]^4 for i in 1..6 for j in i..6)";
        assert_eq!(columns(&format!("var W: R[6, 6]; let f = {matrix}")), 36 + 30);
        let known = "let p = [3, 1, 40, 7, 7]; var x: R[40]; \
                     let f = sum(exp(x[p[i]]*x[p[i+1]]) for i in 1..4) + sum(x[i]^2 for i in 1..40)";
        assert_eq!(columns(&known.replace("\\\n", "")), 40 + 2 * 3);
    }

    /// Large enough for passes over blocks of rows, with a last block that is not whole.
    #[test]
    fn products_with_data_take_one_pass() {
        let data =
            "let m = 2750; let X = normal(0, 1, m, 50); let y = normal(0, 1, m); var w: R[50]; ";
        for f in [
            "mean(log(1 + exp(-y .* (X*w)))) + 0.01*sumsq(w)",
            "sumsq(X*w - y)/m",
            "sum(exp(0.1*(X*w))) - dot(y, X*w) + norm(X*w)",
            "log(sum(exp(0.1*(X*w))))",
            "sumsq(X*w - mean(X*w)*ones(m))",
            "logsumexp(X*w) + max(X*w)",
            "sumsq(tanh(X*w) - y)",
        ] {
            assert_eq!(checked(&format!("{data}let f = {f}"), Way::Compiled), (None, 2500), "{f}");
        }
    }

    #[test]
    fn closed_forms_of_indexed_sums_agree_with_products() {
        let penalty = "let n = 10; var x: R[n]; let f = (x[1] - 0.2)^2 \
            + 0.1*sum((exp(x[i]/10) + exp(x[i-1]/10) - exp(i/10))^2 for i in 2..n) \
            + (sum((n - j + 1)*x[j]^2 for j in 1..n) - 1)^2";
        assert_eq!(both(penalty), (None, 100));
    }

    /// The Hessian by an array and numbers beside it has closed blocks, and none that is as large as the data.
    #[test]
    fn several_unknowns_give_blocks() {
        let data =
            "let X = normal(0, 1, 400, 3); let y = normal(0, 1, 400); var w: R[3], u: R[2], b; ";
        for (f, n) in [
            ("mean(log(1 + exp(-y .* (X*w + b)))) + 0.01*sumsq(w)", 4),
            ("sum(exp(0.1*(X*w + b)) - y .* (X*w + b))", 4),
            ("logsumexp(X*w + b) + b^2", 4),
            ("sumsq(y - b*tanh(X*w + u[1])) + sumsq(u)^2", 6),
        ] {
            let script = format!("{data}let f = {f}");
            assert_eq!(both(&script), (None, n * n), "{f}");
            assert!(has_closed_form(&script), "{f}");
        }
    }

    fn has_closed_form(script: &str) -> bool {
        let mut session = Session::new(Settings::default());
        session.run("script", script, &mut |_, _| {});
        let Some(Item::Expr(f)) = session.state.names.get("f").map(|e| e.item.clone()) else {
            panic!("{script}: no f")
        };
        let g = &mut session.state.graph;
        let vars = g.unknowns(&[f]);
        blocks::closed_form(g, f, &vars, false).is_some_and(|(_, exprs)| {
            let formed = |e: ExprId| g.op(e) != crate::expr::Op::Diag;
            g.reachable(&exprs).into_iter().filter(|&e| formed(e)).all(|e| g.shape(e).len() <= 1200)
        })
    }

    #[test]
    fn dense_hessians_stay_dense() {
        let sum = "var x: R[20]; let f = sum(x[i] for i in 1..20)^4";
        let pairs = "var x: R[20]; let f = sum((x[i] - x[j])^4 for i in 1..20 for j in 1..20)";
        let product = "let A = eye(20); var x: R[20]; let f = sumsq(A*x)";
        for script in [sum, pairs, product] {
            assert_eq!(both(script), (None, 400), "{script}");
        }
    }
}
