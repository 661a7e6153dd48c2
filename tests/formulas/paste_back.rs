//! What is printed means the same when it is pasted back into the session that printed it, where
//! names of the session are the letters that indices get, and sizes are the numbers around.
//!
//! Expressions of every shape, their derivatives and what the algebra commands make of them are
//! printed, and each text is evaluated at random points beside what it was printed for: the same
//! shape, and the same numbers. `GRADUS_CASES=10000 cargo test --test formulas paste_back` tries more.

use std::env;

use crate::paste_support::World;
use crate::paste_support::forms::{COLUMNS, FORMS};
use crate::support::close;
use crate::support::script::{Seen, line_in, numbers, run_in};
use gradus::report::JsonValue;
use gradus::session::{Session, Settings};

fn cases() -> u64 {
    let given = env::var("GRADUS_CASES").ok();
    given.map_or(60, |n| n.parse().expect("GRADUS_CASES is a whole number"))
}

/// The first seed, for finding what a long run found again.
fn first() -> u64 {
    let given = env::var("GRADUS_SEED").ok();
    given.map_or(0, |n| n.parse().expect("GRADUS_SEED is a whole number"))
}

/// What is printed of expressions at one world.
type Views = fn(&mut World) -> Vec<String>;

#[test]
fn printed_forms_of_random_expressions_mean_the_same() {
    verify_all(cases(), views);
}

#[test]
fn printed_forms_of_indexed_expressions_mean_the_same() {
    verify_all(cases(), |world| {
        let (f, x) = FORMS[world.below(FORMS.len())];
        let [f, x] = world.named([f, x]);
        let (r, y) = COLUMNS[world.below(COLUMNS.len())];
        let [r, y] = world.named([r, y]);
        let word = world.choose(&["simplify", "expand", "factor"]);
        vec![
            f.clone(),
            format!("diff({f}, {x})"),
            format!("hess({f}, {x})"),
            format!("simplify(diff({f}, {x}))"),
            format!("{word}({f})"),
            format!("derive ({f}) wrt {x}"),
            format!("jac({r}, {y})"),
        ]
    });
}

/// The views at a world of its own for each case.
fn verify_all(cases: u64, views: Views) {
    let (mut printed, mut failures) = (0, Vec::new());
    for seed in first()..first() + cases {
        let mut case = Case::new(seed);
        for view in views(&mut case.world) {
            match case.verify(&view) {
                Ok(count) => printed += count,
                Err(message) => failures.push(format!("seed {seed}: {message}")),
            }
        }
    }
    let shown = failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n\n");
    eprintln!("{printed} printed forms");
    assert!(failures.is_empty(), "{} of {printed} forms fail:\n{shown}", failures.len());
}

/// What is printed of one random expression.
fn views(world: &mut World) -> Vec<String> {
    let f = world.scalar(3);
    let x = world.unknown();
    let mut views = vec![f.clone(), format!("diff({f}, {x})")];
    let other = world.unknown();
    let second = ["simplify", "expand", "factor", "hess", "hess", "mixed", "array"];
    views.push(match world.choose(&second) {
        "hess" => format!("hess({f}, {x})"),
        "mixed" => format!("diff({f}, {other}, {x})"),
        "array" => world.matrix(4, 2),
        word => format!("{word}({f})"),
    });
    let r = world.column(3, 2);
    views.push(match world.choose(&["jac", "jac", "derive", "simplify"]) {
        "jac" => format!("jac({r}, {x})"),
        "derive" => format!("derive ({f}) wrt {x}"),
        _ => format!("simplify(diff({f}, {x}))"),
    });
    views
}

/// A session with the names of a world.
struct Case {
    world: World,
    session: Session,
    points: Vec<String>,
}

impl Case {
    fn new(seed: u64) -> Case {
        let mut world = World::new(seed);
        let mut session = Session::new(Settings { jit: false, ..Settings::default() });
        run_in(&mut session, "names", world.script()).passed(world.script());
        let points = (0..2).map(|_| world.point()).collect();
        Case { world, session, points }
    }

    /// Prints the view, and compares every text that it prints with it. The number of texts; none
    /// where the view itself is an error.
    fn verify(&mut self, view: &str) -> Result<usize, String> {
        let (text, value) = match self.value(view) {
            Ok(Some(shown)) => shown,
            Ok(None) => return Ok(0),
            Err(findings) if findings.contains("bug in Gradus") => {
                return Err(format!("{findings}\n{}\n{view}", self.world.script()));
            }
            Err(findings) => {
                if env::var("GRADUS_SHOW_ERRORS").is_ok() {
                    eprintln!("{findings}\n{view}");
                }
                return Ok(0);
            }
        };
        // A known value prints as numbers, a product with a direction holds what only it means.
        if text.contains("·d") {
            return Ok(0);
        }
        if value != JsonValue::Null && !view.starts_with("derive") {
            return Ok(0);
        }
        let texts = self.texts(view, &text);
        let meant = match view.strip_prefix("derive ").and_then(|v| v.rsplit_once(" wrt ")) {
            Some((f, x)) => format!("diff({f}, {x})"),
            None => view.to_string(),
        };
        for at in self.points.clone() {
            let Ok(Some((_, expected))) = self.value(&format!("({meant}) at {at}")) else {
                continue;
            };
            for text in &texts {
                let again = self.value(&format!("({text}) at {at}"));
                let wrong = |what: String| {
                    let names = self.world.script();
                    format!("{what}\n{names}\n{view}\n{text}\nat {at}")
                };
                match again {
                    Ok(Some((_, found))) if agree(&expected, &found) => {}
                    // A line of a derivation multiplies what the result chooses.
                    Ok(Some((_, found)))
                        if view.starts_with("derive ")
                            && !numbers(&found).iter().all(|v| v.is_finite()) => {}
                    Ok(Some((_, found))) => {
                        return Err(wrong(format!("expected {expected:?}, found {found:?}")));
                    }
                    Ok(None) => return Err(wrong("no value".to_string())),
                    Err(findings) => return Err(wrong(findings)),
                }
            }
        }
        Ok(texts.len())
    }

    /// The texts in what a view prints: the lines of a derivation, or all of it.
    fn texts(&self, view: &str, text: &str) -> Vec<String> {
        if !view.starts_with("derive ") {
            return vec![text.to_string()];
        }
        let lines = text.lines().filter(|l| l.starts_with('∂'));
        let right = |l: &str| l.split_once(" = ").map_or("", |(_, r)| r).to_string();
        let code = |r: String| r.split('#').next().unwrap_or_default().trim().to_string();
        lines.map(right).map(code).collect()
    }

    /// Text and value of a statement; an error's findings.
    fn value(&mut self, statement: &str) -> Result<Option<(String, JsonValue)>, String> {
        let ran = line_in(&mut self.session, statement);
        if ran.outcome.failed {
            return Err(ran.findings());
        }
        Ok(ran.seen.into_iter().find_map(|seen| match seen {
            Seen::Value { text, value, .. } => Some((text, value)),
            _ => None,
        }))
    }
}

/// The same shape, and the same numbers.
fn agree(a: &JsonValue, b: &JsonValue) -> bool {
    let shape = |v: &JsonValue| match v {
        JsonValue::Matrix { values, .. } => (2, values.len()),
        JsonValue::Column(values) => (1, values.len()),
        _ => (0, 1),
    };
    let (left, right) = (numbers(a), numbers(b));
    let scale = left.iter().filter(|v| v.is_finite()).fold(1.0f64, |m, v| m.max(v.abs()));
    // Outside the domain of a factor the entries that nothing was put into stay 0, and zero times it is not a number
    // where the product is written out.
    let outside = left.iter().any(|v| !v.is_finite());
    let near = |a: f64, b: f64| {
        close(a, b, 1e-7)
            || (a - b).abs() <= 1e-9 * scale
            || (outside && (a == 0.0 || !a.is_finite()) && b.is_nan())
    };
    shape(a) == shape(b) && left.iter().zip(&right).all(|(a, b)| near(*a, *b))
}
