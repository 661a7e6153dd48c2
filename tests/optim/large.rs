//! The large problems of `benches/problems/large/*.opt`, at the sizes that stand in the files: without naming a method
//! and by `newton`, solved to the published minimum.
//!
//! The line `# minima:` gives them with the digits that the source has, or exactly. Every Hessian there is sparse, and
//! must be found to be.

use std::fs;
use std::path::Path;

use crate::support::script::{line_in, run_in, session};
use gradus::optim::judge::verdict::PointKind;
use gradus::optim::status::Status;

/// One unit in the last digit of a published number, at least 1e-8.
fn tolerance(digits: &str) -> f64 {
    let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
    let unit = if digits.parse() == Ok(0.0) { 0.0 } else { 0.1_f64.powi(decimals as i32) };
    unit.max(1e-8)
}

#[test]
fn large_problems_are_solved_by_default_and_by_newton() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(root.join("benches/problems/large")).expect("the folder");
    let mut files: Vec<_> = folder.filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    assert!(files.len() >= 16, "{} problems", files.len());
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let script = fs::read_to_string(&file).expect("a script");
        let line = script.lines().find_map(|l| l.strip_prefix("# minima: "));
        let minima: Vec<&str> = line.expect("a line of minima").split(',').map(str::trim).collect();
        let mut session = session(root, true);
        run_in(&mut session, &name, &script).passed(&name);
        for clause in ["", "using newton", "using newton(globalization = line_search)"] {
            let ran = line_in(&mut session, &format!("minimize f {clause}"));
            assert!(!ran.outcome.failed, "{name}: {}", ran.findings());
            let fits = ran.fits();
            let fit = fits.first().unwrap_or_else(|| panic!("{name}: no result"));
            let kind = fit.verdict.as_ref().map(|v| v.kind);
            println!("{name:20} {:10} {:5} {:20e} {kind:?}", fit.method, fit.iterations, fit.value);
            let near =
                |m: &&str| (fit.value - m.parse::<f64>().expect("a number")).abs() <= tolerance(m);
            assert_eq!(fit.status, Status::Converged, "{name} {clause}: {}", fit.message);
            assert!(minima.iter().any(near), "{name} {clause}: {:e}", fit.value);
            assert_eq!(fit.method, "newton", "{name}: {}", fit.why);
            // The last unknown of NONDIA is free.
            let expected = match name.as_str() {
                "nondia" => PointKind::FlatDirection,
                _ => PointKind::StrictMinimum,
            };
            assert_eq!(kind, Some(expected), "{name} {clause}");
        }
    }
}
