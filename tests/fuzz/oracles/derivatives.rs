//! Derivatives against differences in double-double arithmetic.

use gradus::session::Session;

use super::{Examination, Failure};
use crate::support::oracle;
use crate::support::script::{Ran, Seen};

/// Functions that jump: differences across a jump say nothing.
const JUMPS: &[&str] = &["floor", "ceil", "round", "sign", "mod(", "==", "!=", "<", ">"];

pub fn check(e: &mut Examination, session: &mut Session, ran: &Ran) {
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
            Err(why) => {
                let word = name.split(['(', ' ', '∇']).next().unwrap_or_default();
                e.fail(Failure::new("derivatives", word, why));
            }
        }
    }
}
