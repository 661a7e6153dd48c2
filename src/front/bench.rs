//! Times of a definition, for people.

use super::fit::{counted, duration};
use super::paint::Paint;
use crate::report::number::human;
use crate::report::{Align, TextTable};
use crate::session::Bench;

/// What `gradus bench` shows: where it was measured, how long a call takes, and what getting ready took.
pub fn table(bench: &Bench, paint: Paint) -> String {
    let (entries, threads) = (counted(bench.n, "unknown"), counted(bench.threads, "thread"));
    let mut text = format!(
        "{}: {entries}, value {}, largest gradient entry {}, {threads}\n\n",
        paint.bold(&bench.name),
        human(bench.value),
        human(bench.grad_norm)
    );
    let mut times = TextTable::new([("one call", Align::Left), ("time", Align::Right)]);
    times.push_row(["value".to_string(), duration(bench.f)]);
    times.push_row(["value and gradient".to_string(), duration(bench.fgrad)]);
    let hessian = format!("Hessian, {} entries", bench.hess_nnz);
    times.push_row([hessian, bench.hess.map_or("larger than 1 GiB".to_string(), duration)]);
    if let Some(all) = bench.fgradhess {
        times.push_row(["value, gradient and Hessian".to_string(), duration(all)]);
    }
    if let Some(all) = bench.gauss_newton {
        times.push_row(["value, gradient and Gauss-Newton matrix".to_string(), duration(all)]);
    }
    text += &times.render();
    text.push('\n');
    let prepare = &bench.prepare;
    let mut stages = TextTable::new([("getting ready", Align::Left), ("time", Align::Right)]);
    for (stage, time) in [
        ("parse", prepare.parse),
        ("differentiate", prepare.differentiate),
        ("schedule", prepare.schedule),
        ("compile", prepare.compile),
        ("together", prepare.total()),
    ] {
        stages.push_row([stage.to_string(), duration(time)]);
    }
    text + &stages.render()
}
