//! Derivatives against differences in double-double arithmetic.

use gradus::session::Session;

use super::{Examination, Failure};
use crate::support::oracle;
use crate::support::script::{Ran, Seen};

/// Functions that jump: differences across a jump say nothing.
const JUMPS: &[&str] = &["floor", "ceil", "round", "sign", "mod(", "==", "!=", "<", ">"];

/// Smaller differences may be those of ill-conditioned formulas.
const TOLERANCE: f64 = 1e-6;

/// How far apart the two lists of numbers in a report are, relative to the largest number above 1.
fn apart(report: &str) -> Option<f64> {
    let lists: Vec<Vec<f64>> = report
        .rsplit('[')
        .take(2)
        .map(|part| {
            let list = part.split(']').next().unwrap_or_default();
            list.split(", ").map_while(|v| v.parse().ok()).collect()
        })
        .collect();
    let [a, b] = &lists[..] else { return None };
    if a.is_empty() || a.len() != b.len() {
        return None;
    }
    let size = a.iter().chain(b).fold(1.0f64, |s, v| s.max(v.abs()));
    let by = a
        .iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |m, d| if d > m || d.is_nan() { d } else { m });
    Some(by / size)
}

pub fn check(e: &mut Examination, session: &mut Session, ran: &Ran) {
    if super::overflows(e.text) {
        return;
    }
    let defines = |line: &&str| line.starts_with("let ") || line.starts_with("fn ");
    let jumps = |line: &str| JUMPS.iter().any(|j| line.contains(j));
    if e.text.lines().filter(defines).any(jumps) {
        return;
    }
    for seen in &ran.seen {
        let Seen::Value { name, .. } = seen else { continue };
        // A direction is known by its name, which must be free.
        let hessian = name.starts_with("hess") || name.starts_with("∇²");
        if hessian && session.names().any(|(n, _)| n.starts_with('d')) {
            continue;
        }
        e.watch.begin(e.case, "derivatives", Some(session.interrupt_flag()));
        let result = oracle::derivative(session, name);
        e.watch.end();
        match result {
            Ok(true) => e.count("derivatives"),
            Ok(false) => {}
            // Entries whose indices hold brackets are not read by the oracle.
            Err(why) if why.contains("this bracket is never closed") => {}
            Err(why) if why.contains("at none of") => e.count("derivatives: nowhere finite"),
            Err(why) if apart(&why).is_some_and(|by| by < TOLERANCE) => {
                e.count("derivatives: decided by rounding");
            }
            Err(why) if why.contains("NaN") => {
                e.fail(Failure::new("derivatives", "no number where there is one", why));
            }
            Err(why) => {
                let word = name.split(['(', ' ', '∇']).next().unwrap_or_default();
                e.fail(Failure::new("derivatives", word, why));
            }
        }
    }
}
