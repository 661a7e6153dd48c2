//! A session with compiled code, one with the block engine and one with threads say the same.

use gradus::optim::status::Status;
use gradus::session::{Fit, Settings};

use super::{Examination, Failure};
use crate::support::script::{Ran, Seen, numbers};

/// Largest difference, relative to the largest entry.
const TOLERANCE: f64 = 1e-8;
/// Longer runs of optimizers multiply what rounding decides.
const FEW_ITERATIONS: usize = 2;
/// A run of few iterations asks for fewer values; one of several starts does not.
const MANY_EVALUATIONS: usize = 20;

pub fn check(e: &mut Examination, ran: &Ran) {
    let blocks = Settings { jit: false, ..Settings::default() };
    compare(e, ran, "block engine", blocks);
    if e.case.is_multiple_of(8) {
        compare(e, ran, "two threads", Settings { threads: 2, ..Settings::default() });
    }
}

fn compare(e: &mut Examination, ran: &Ran, what: &str, settings: Settings) {
    let mut session = e.session(settings.clone());
    let other = e.run(&mut session, what, e.text);
    e.count("engines");
    // The watch has ended what took too long, and says so itself.
    let ended = |ran: &Ran| ran.codes().contains(&"E0708");
    if e.panicked("engines", &other) || ended(ran) || ended(&other) {
        return;
    }
    let Some(found) = difference(ran, &other, e.text) else { return };
    // What the last digits of the script's numbers decide says nothing.
    for round in 0..4 {
        let moved = moved(e.text, round);
        let mut session = e.session(settings.clone());
        let again = e.run(&mut session, "moved digits", &moved);
        if ill_posed(&found, &other, &again) {
            e.count("engines: decided by rounding");
            return;
        }
    }
    let signature = format!("{what}: {}", found.what);
    e.fail(Failure::new(
        "engines",
        &signature,
        format!("{what}: {}\n{}", found.what, found.detail),
    ));
}

struct Difference {
    at: usize,
    what: String,
    detail: String,
    /// The entry of the value, and the two numbers.
    entry: Option<(usize, f64, f64)>,
}

fn difference(a: &Ran, b: &Ran, script: &str) -> Option<Difference> {
    let of = |at: usize, what: String, detail: String| Difference { at, what, detail, entry: None };
    for (at, (x, y)) in a.seen.iter().zip(&b.seen).enumerate() {
        match (x, y) {
            (Seen::Value { name, value: v, .. }, Seen::Value { value: w, .. }) => {
                let word: String =
                    name.chars().take_while(|c| c.is_alphabetic() || *c == ' ').collect();
                let word = word.split(' ').next().unwrap_or_default().to_string();
                if name.starts_with("check ") && super::overflows(script) {
                    continue;
                }
                let (v, w) = (numbers(v), numbers(w));
                if let Some((entry, kind)) = apart(&v, &w) {
                    let detail =
                        format!("{name}: entry {} is {} and {}", entry + 1, v[entry], w[entry]);
                    let word =
                        if ["grad", "hess", "diff", "jac", "check", "convex"].contains(&&*word) {
                            word
                        } else {
                            "value".to_string()
                        };
                    return Some(Difference {
                        entry: Some((entry, v[entry], w[entry])),
                        ..of(at, format!("{word}, {kind}"), detail)
                    });
                }
            }
            (Seen::Fit { fit: f, .. }, Seen::Fit { fit: h, .. }) => {
                if decided_by_rounding(f) || decided_by_rounding(h) {
                    continue;
                }
                let (v, w) = (
                    [&[f.value, f.grad_norm], &f.x[..]].concat(),
                    [&[h.value, h.grad_norm], &h.x[..]].concat(),
                );
                if let Some((entry, kind)) = apart(&v, &w) {
                    let part = ["value", "gradient norm"].get(entry).unwrap_or(&"solution");
                    let detail = format!(
                        "{} {}: {part} {} and {}, {} and {}",
                        f.method, f.objective, v[entry], w[entry], f.message, h.message
                    );
                    return Some(Difference {
                        entry: Some((entry, v[entry], w[entry])),
                        ..of(at, format!("{part} of a result, {kind}"), detail)
                    });
                }
            }
            (Seen::Finding { code: c, text: t, .. }, Seen::Finding { code: d, text: u, .. })
                if c != d =>
            {
                return Some(of(at, format!("{c} and {d}"), format!("{t}\n{u}")));
            }
            (Seen::Finding { .. }, Seen::Finding { .. }) | (Seen::Line(_), Seen::Line(_)) => {}
            (Seen::Line(_), _) | (_, Seen::Line(_)) => return None,
            _ => {
                let word = |s: &Seen| match s {
                    Seen::Finding { code, .. } => code.to_string(),
                    Seen::Value { .. } => "a value".to_string(),
                    _ => "a result".to_string(),
                };
                let what = format!("{} and {}", word(x), word(y));
                return Some(of(at, what, format!("{}\n{}", x.text(), y.text())));
            }
        }
    }
    if a.seen.len() != b.seen.len() {
        let rest = a.seen.iter().chain(&b.seen).last().map(|s| s.text().to_string());
        return Some(of(
            a.seen.len().min(b.seen.len()),
            "more outputs".to_string(),
            rest.unwrap_or_default(),
        ));
    }
    None
}

/// Whether the last digits decide where a run ends: a long one, one that ended at no solution, and one at a point that
/// nothing singles out along a line.
fn decided_by_rounding(fit: &Fit) -> bool {
    let long = fit.iterations > FEW_ITERATIONS || fit.evaluations.f > MANY_EVALUATIONS;
    let strict = fit.verdict.as_ref().is_none_or(|v| v.direction.is_empty());
    long || fit.status != Status::Converged || !strict
}

/// The first entries that differ.
fn apart(v: &[f64], w: &[f64]) -> Option<(usize, &'static str)> {
    if v.len() != w.len() {
        return None;
    }
    let scale = w.iter().filter(|x| x.is_finite()).fold(1.0f64, |a, b| a.max(b.abs()));
    if scale > 1e100 {
        return None;
    }
    super::numbers::difference(v, w, true, |_| TOLERANCE * scale)
}

/// Whether the plain evaluator's own answer moves as much when digits of the script move.
fn ill_posed(found: &Difference, plain: &Ran, moved: &Ran) -> bool {
    let Some((entry, a, b)) = found.entry else {
        return plain.seen.len() != moved.seen.len() || plain.codes() != moved.codes();
    };
    let of = |ran: &Ran| match ran.seen.get(found.at) {
        Some(Seen::Value { value, .. }) => numbers(value).get(entry).copied(),
        Some(Seen::Fit { fit, .. }) => {
            [&[fit.value, fit.grad_norm], &fit.x[..]].concat().get(entry).copied()
        }
        _ => None,
    };
    match of(moved) {
        // Within a thousand times the change that the last digits make.
        Some(v) if v.is_finite() && a.is_finite() && b.is_finite() => {
            (a - b).abs() <= 1e3 * (v - b).abs()
        }
        Some(v) => v.is_finite() != b.is_finite(),
        None => true,
    }
}

/// The script with the last digits of its decimals moved.
fn moved(text: &str, round: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut k = round;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let before = rest[..at].chars().next_back();
        let length =
            rest[at..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len() - at);
        let number = &rest[at..at + length];
        out += &rest[..at];
        k = k.wrapping_mul(5).wrapping_add(3);
        let is_decimal = number.split('.').count() == 2 && !number.contains("..");
        match number.parse::<f64>() {
            Ok(v) if is_decimal && !before.is_some_and(|c| c.is_alphanumeric() || c == '_') => {
                let sign = if (k / 7).is_multiple_of(2) { 4.0 } else { -4.0 };
                out += &format!("{:?}", v * (1.0 + sign * f64::EPSILON));
            }
            _ => out += number,
        }
        rest = &rest[at + length..];
    }
    out + rest
}
