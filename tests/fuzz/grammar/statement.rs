//! Definitions, questions about them, and optimizations.

use gradus::optim::options::OptionKind;
use gradus::optim::registry::METHODS;
use gradus::shape::Shape;

use super::scope::{Grower, Known};

/// `let f = ...`: numbers, and sometimes arrays.
pub fn definitions(g: &mut Grower) {
    if g.rarely(3) {
        let shape = g.shape();
        definition(g, shape, 2);
    }
    let depth = 1 + g.stream.below(3);
    definition(g, Shape::Scalar, depth);
    if g.rarely(3) {
        let n = g.size();
        definition(g, Shape::Vector(n), 2);
    }
}

fn definition(g: &mut Grower, shape: Shape, depth: usize) {
    let text = g.expr(shape, depth);
    let name = g.define(shape, false, true);
    g.lines.push(format!("let {name} = {text}"));
}

fn last_of(g: &Grower, fits: impl Fn(&Known) -> bool) -> Option<String> {
    g.names.iter().rev().find(|k| fits(k)).map(|k| k.name.clone())
}

/// The scalar that was defined last.
fn objective(g: &Grower) -> String {
    let is = |k: &Known| k.shape == Shape::Scalar && k.moves && !k.unknown;
    last_of(g, is).unwrap_or("1".to_string())
}

/// A point that gives every unknown a value.
fn point(g: &mut Grower) -> String {
    let unknowns = g.unknowns();
    let parts: Vec<String> =
        unknowns.iter().map(|k| format!("{} = {}", k.name, point_value(g, k.shape))).collect();
    format!("({})", parts.join(", "))
}

fn point_value(g: &mut Grower, shape: Shape) -> String {
    let row = |g: &mut Grower, n: usize| (0..n).map(|_| g.decimal()).collect::<Vec<_>>().join(", ");
    match shape {
        Shape::Scalar => g.decimal(),
        Shape::Vector(n) => format!("[{}]", row(g, n)),
        Shape::Matrix(1, n) => format!("[{}]'", row(g, n)),
        Shape::Matrix(m, n) => {
            format!("[{}]", (0..m).map(|_| row(g, n)).collect::<Vec<_>>().join("; "))
        }
    }
}

/// Expression statements.
pub fn questions(g: &mut Grower) {
    let n = 2 + g.stream.below(4);
    for _ in 0..n {
        let line = question(g);
        g.lines.push(line);
    }
}

fn question(g: &mut Grower) -> String {
    let f = objective(g);
    let unknowns = g.unknowns();
    let x = unknowns[g.stream.below(unknowns.len())].clone();
    let y = unknowns[g.stream.below(unknowns.len())].name.clone();
    let scalar = unknowns.iter().find(|k| k.shape == Shape::Scalar).map(|k| k.name.clone());
    let s = scalar.unwrap_or_default();
    let array = last_of(g, |k| matches!(k.shape, Shape::Vector(_)) && k.moves && !k.unknown);
    let r = array.unwrap_or_else(|| g.name_of(Shape::Vector(g.sizes[1])).unwrap_or(f.clone()));
    match g.stream.below(30) {
        0..=4 => format!("grad({f})"),
        5 => format!("∇{f}"),
        6..=8 => format!("diff({f}, {})", x.name),
        9 => format!("diff({f}, {}, {y})", x.name),
        10 => match x.shape {
            Shape::Vector(n) => format!("diff({f}, {}[{}], {s})", x.name, g.index(n)),
            Shape::Matrix(m, n) => format!("diff({f}, {}[{}, {}])", x.name, g.index(m), g.index(n)),
            Shape::Scalar => format!("diff({f}, {}, {}, {})", x.name, x.name, x.name),
        },
        11 | 12 => format!("hess({f})"),
        13 | 14 => format!("hess({f}, {})", x.name),
        15 => format!("jac({r})"),
        16 => format!("jac({r}, {})", x.name),
        17 => format!("derive {f} wrt {}", x.name),
        18 => format!("taylor({f}, ({s} = {}), 2)", g.decimal()),
        19 => format!("simplify({f})"),
        20 => format!("expand({f})"),
        21 => format!("factor({f})"),
        22 => format!("simplify(diff({f}, {}))", x.name),
        23 => format!("latex({})", g.pick(&["grad(FF)", "FF", "hess(FF)"]).replace("FF", &f)),
        24 => format!("convex {f}"),
        25 => format!("check {f}"),
        26 => f,
        27 => {
            let what = g.pick(&["FF", "grad(FF)", "hess(FF)"]).replace("FF", &f);
            format!("{what} at {}", point(g))
        }
        28 => {
            let shape = g.shape();
            g.expr(shape, 2)
        }
        _ => match g.stream.below(5) {
            0 => format!("check simplify({f}) == {f}"),
            1 => format!("check expand({f}) == {f}"),
            2 => format!("solve grad({f}).{s} == 0 for {s}"),
            3 => format!("expand(diff({f}, {}))", x.name),
            _ => format!("factor(diff({f}, {s}))"),
        },
    }
}

/// Optimizations and what stands around them.
pub fn optimizations(g: &mut Grower) {
    let f = objective(g);
    let n = 1 + g.stream.below(3);
    for k in 0..n {
        let using = if g.rarely(4) { String::new() } else { method(g) };
        let verb = if g.rarely(5) { "maximize" } else { "minimize" };
        let over = if g.rarely(5) {
            let unknowns = g.unknowns();
            format!(" over {}", unknowns[g.stream.below(unknowns.len())].name)
        } else {
            String::new()
        };
        let what = match g.stream.below(6) {
            0 => {
                let n = g.size();
                format!("sumsq({})", g.column(n, 2))
            }
            1 => format!("{f} + {}", squares(g)),
            2 => format!("log(1 + exp({f}))"),
            _ => f.clone(),
        };
        let command = format!("{verb} {what}{over}{using}");
        let named = g.rarely(3);
        g.lines.push(if named { format!("let fit{k} = {command}") } else { command });
    }
    for _ in 0..g.stream.below(3) {
        let line = around(g, &f);
        g.lines.push(line);
    }
}

/// A sum of squares of all unknowns, so that there is a minimum.
fn squares(g: &mut Grower) -> String {
    let term = |k: &Known| match k.shape {
        Shape::Scalar => format!("{}^2", k.name),
        _ => format!("sumsq({})", k.name),
    };
    let unknowns = g.unknowns();
    unknowns.iter().map(term).collect::<Vec<_>>().join(" + ")
}

/// `using NAME(...)` with options from the rows of the registry.
fn method(g: &mut Grower) -> String {
    let row = METHODS[g.stream.below(METHODS.len())];
    let most = [0, 1, 2, 5, 20, 60][g.stream.below(6)];
    let mut options = vec![format!("max_iter = {most}")];
    if row.name == "multistart" {
        options.push("starts = 3".to_string());
    }
    for option in row.options() {
        if ["max_iter", "max_time", "starts", "population"].contains(&option.name) || !g.rarely(5) {
            continue;
        }
        let value = match option.kind {
            OptionKind::Number { min, max } => {
                let value: f64 = [0.0, 1e-8, 1e-3, 0.5, 1.0, 10.0][g.stream.below(6)];
                format!("{}", value.clamp(min, max))
            }
            OptionKind::Whole { min, max } => (min + g.stream.below(6) as u64).min(max).to_string(),
            OptionKind::Word(words) => format!("\"{}\"", g.pick(words)),
            OptionKind::Flag => g.pick(&["true", "false"]).to_string(),
        };
        options.push(format!("{} = {value}", option.name));
    }
    format!(" using {}({})", row.name, options.join(", "))
}

/// Statements beside optimizations.
fn around(g: &mut Grower, f: &str) -> String {
    match g.stream.below(8) {
        0 => format!("print {f}, \"text\""),
        1 => format!("assert {f} <= {f} + 1"),
        2 => format!("for a9 in [0.1, 2] {{ print a9; {f} at {} }}", point(g)),
        3 => format!("for a9 in 1..3 {{ grad({f}) }}"),
        4 => format!("check {f}"),
        5 => format!("convex {f}"),
        6 => format!("print \"{{{f}:.3e}} and {{1 + 1}}\""),
        _ => format!("grad({f}) at {}", point(g)),
    }
}
