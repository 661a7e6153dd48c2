//! A session that runs for long takes as much memory as its names need: what statements leave behind is freed.
#![cfg(target_os = "linux")]

use gradus::session::{Output, Session, Settings};

/// Resident memory in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    text.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok()).expect("a number") * 4096
}

fn run(session: &mut Session, text: &str) {
    let outcome = session.run_line("line", text, &mut |_, output| {
        if let Output::Finding(finding) = output {
            assert!(!finding.code.id().starts_with('E'), "{text}: {}", finding.message);
        }
    });
    assert!(!outcome.failed, "{text}");
}

/// How much more memory is in use and resident after `work` than before.
fn growth(work: impl FnOnce()) -> (isize, isize) {
    let before = (gradus::memory::used(), resident());
    work();
    let of = |now: usize, before: usize| now as isize - before as isize;
    (of(gradus::memory::used(), before.0), of(resident(), before.1))
}

#[test]
fn what_statements_leave_behind_is_freed() {
    let _alone = crate::alone();
    let scale = std::env::var("GRADUS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let mut session = Session::new(Settings::default());
    const BOUND: isize = 24 << 20;

    let empty = growth(|| run(&mut session, &format!("for i in 1..{} {{}}", 100 * scale)));
    assert!(empty.0.max(empty.1) < BOUND, "empty iterations: {empty:?} bytes");

    run(&mut session, "var x, y\nlet f = (x - 1)^2 + 100*(y - x^2)^2\nlet kept = minimize f");
    let lines = growth(|| {
        for k in 0..2 * scale {
            run(&mut session, &format!("let a{} = {k}*(x + {k})^2 + y", k % 20));
            run(&mut session, &format!("diff(a{}, x)", k % 20));
        }
    });
    assert!(lines.0.max(lines.1) < BOUND, "lines: {lines:?} bytes");

    let minimizes = growth(|| {
        for k in 0..scale / 4 {
            run(
                &mut session,
                &format!("minimize (x - {k})^2 + exp(y/{}) - y*{}", k + 2, 0.5 + k as f64),
            );
        }
    });
    assert!(minimizes.0.max(minimizes.1) < BOUND, "optimizations: {minimizes:?} bytes");

    // What names hold is as it was.
    let mut values = Vec::new();
    session.run_line("line", "kept.x\ngrad(f)\nexplain kept", &mut |_, output| {
        if let Output::Value { text, .. } = output {
            values.push(text);
        }
    });
    assert_eq!(values[0].trim(), "1", "{values:?}");
    assert!(values[1].contains("∂f/∂x"), "{values:?}");
}
