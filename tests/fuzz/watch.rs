//! The watch over a worker: what it is doing, for how long, and how to stop it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Seconds of work that one step may take; a step is one run of a session, or one oracle's work.
pub const MOST_SECONDS: f64 = 10.0;
/// Seconds of a run by the plain evaluator, which is there to be right and takes a hundred times as long as what it is
/// compared with.
const MOST_PLAIN: f64 = 60.0;
/// Steps that the plain evaluator runs.
const PLAIN: [&str; 2] = ["plain evaluator", "moved digits"];
/// Seconds within which an interrupt must act.
const INTERRUPTED: f64 = 3.0;

/// What a worker is doing.
#[derive(Default)]
pub struct Watch {
    step: Mutex<Option<Step>>,
    serial: AtomicU64,
}

struct Step {
    what: String,
    case: u64,
    interrupt: Option<Arc<AtomicBool>>,
}

impl Watch {
    /// The worker begins a step.
    pub fn begin(&self, case: u64, what: &str, interrupt: Option<Arc<AtomicBool>>) {
        if let Ok(mut step) = self.step.lock() {
            *step = Some(Step { what: what.to_string(), case, interrupt });
        }
        self.serial.fetch_add(1, Ordering::SeqCst);
    }

    /// The worker has nothing to do.
    pub fn end(&self) {
        if let Ok(mut step) = self.step.lock() {
            *step = None;
        }
        self.serial.fetch_add(1, Ordering::SeqCst);
    }

    /// Looks at the worker until `done`; `late` hears of a step that takes too long, and whether
    /// an interrupt has ended it.
    pub fn guard(
        &self,
        clock: &dyn Fn() -> f64,
        done: &dyn Fn() -> bool,
        late: &mut dyn FnMut(u64, &str, bool),
    ) {
        let mut seen = (0, clock());
        while !done() {
            thread::sleep(Duration::from_millis(50));
            let serial = self.serial.load(Ordering::SeqCst);
            if serial != seen.0 {
                seen = (serial, clock());
                continue;
            }
            if clock() - seen.1 < MOST_SECONDS {
                continue;
            }
            let Some((case, what, interrupt)) = self.now() else { continue };
            if PLAIN.contains(&&*what) && clock() - seen.1 < MOST_PLAIN {
                continue;
            }
            if let Some(flag) = &interrupt {
                flag.store(true, Ordering::SeqCst);
            }
            let started = Instant::now();
            let before = clock();
            let moved = || self.serial.load(Ordering::SeqCst) != serial;
            while !moved() && clock() - before < INTERRUPTED && started.elapsed().as_secs() < 60 {
                thread::sleep(Duration::from_millis(20));
            }
            late(case, &what, moved());
            seen = (self.serial.load(Ordering::SeqCst), clock());
        }
    }

    fn now(&self) -> Option<(u64, String, Option<Arc<AtomicBool>>)> {
        let step = self.step.lock().ok()?;
        step.as_ref().map(|s| (s.case, s.what.clone(), s.interrupt.clone()))
    }
}
