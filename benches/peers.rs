//! Gradus beside hand-written C: `GRADUS_PEERS=DIR cargo bench --bench peers [-- p1 p2 ...]`.
//!
//! The folder `DIR` holds `c/limits.c`, kernels in C with derivatives by hand, which are compiled here
//! with gcc. `gradus bench` runs on the scripts of `benches/problems/`, whose data this program writes
//! as NumPy files first. Both sides get the same numbers, and their values are compared before any time
//! is. Each round measures C, Gradus, and C again: other load on the machine hits all of them. What is
//! printed is the ratio of times, one a round. Without the folder, the Gradus side alone.

#[path = "support/peer.rs"]
mod peer;
#[path = "support/problems.rs"]
mod problems;

use std::path::Path;
use std::process::Command;

use peer::Peer;
use problems::{Problem, problems};

/// C reads arrays in the same kind of memory.
#[global_allocator]
static MEMORY: gradus::memory::LargePages = gradus::memory::LargePages;

const ROUNDS: usize = 3;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/problems");
    let peer = std::env::var_os("GRADUS_PEERS").map(|dir| Peer::build(Path::new(&dir)));
    for problem in problems(&folder.join("data")) {
        let named = |word: &String| problem.name.starts_with(word.as_str());
        if wanted.is_empty() || wanted.iter().any(named) {
            compare(&folder, &problem, peer.as_ref());
        }
    }
}

/// Prints the times of a problem and their ratios to C.
fn compare(folder: &Path, problem: &Problem, peer: Option<&Peer>) {
    problem.write();
    let mut limits = peer.map(|peer| peer.kernels(problem)).unwrap_or_default();
    let mut ratios = vec![Vec::new(); limits.len()];
    let mut last = serde_json::Value::Null;
    for _ in 0..ROUNDS {
        let before: Vec<f64> = limits.iter_mut().map(|limit| limit.seconds()).collect();
        last = gradus(folder, problem);
        for (k, limit) in limits.iter_mut().enumerate() {
            if let (Some(value), Some(ours)) = (limit.value, last["value"].as_f64()) {
                let error = (value - ours).abs() / value.abs();
                assert!(error < 1e-9, "{}: C gives {value}, Gradus {ours}", problem.name);
            }
            let c = f64::midpoint(before[k], limit.seconds());
            let ours = last[limit.field].as_f64().unwrap_or(f64::NAN);
            ratios[k].push((ours / c, ours, c));
        }
    }
    println!("{} {last}", problem.name);
    for (limit, rounds) in limits.iter().zip(&ratios) {
        let shown: Vec<String> = rounds.iter().map(|(ratio, ..)| format!("{ratio:.2}")).collect();
        let (_, ours, c) = rounds[rounds.len() - 1];
        println!(
            "  {:<16} {:>6} of C   ({:.4} us, C {:.4} us)",
            limit.field,
            shown.join(" "),
            ours * 1e6,
            c * 1e6
        );
    }
}

/// The line of `gradus bench`.
fn gradus(folder: &Path, problem: &Problem) -> serde_json::Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
    command.arg("bench").arg(folder.join(problem.script)).args(["f", "--json"]);
    if let Some(set) = &problem.set {
        command.args(["--set", set]);
    }
    let output = command.output().expect("gradus runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_else(|| {
        panic!("no line from gradus: {}", String::from_utf8_lossy(&output.stderr))
    });
    serde_json::from_str(line).expect("a JSON line")
}
