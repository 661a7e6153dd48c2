//! A worker process: it runs cases one after the other, says on its standard output what it
//! does, and ends where a case takes too long.

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gradus::memory::{self, OutOfMemory};
use gradus::random::Stream;

use crate::grammar::mutate::mutate;
use crate::grammar::{self, Topic};
use crate::oracles::{Examination, Failure, examine, survive};
use crate::shrink::shrink;
use crate::watch::Watch;
use crate::{data, number};

/// Begins every line that is meant for the parent.
pub const MARK: &str = "fuzz\t";
/// Seconds of processor time for which one failure is shrunk.
const SHRINKING: f64 = 8.0;
/// The same failure is shrunk so often.
const EXAMPLES: usize = 3;
/// Stack of the thread that runs cases: that of a main thread.
const STACK: usize = 8 << 20;
/// Exit status after a hang.
pub const HANG: i32 = 77;

/// What a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Formulas,
    Solvers,
    /// A script with changes.
    Changed,
    /// A golden script with changes.
    Golden,
    /// A script that reads a changed file.
    Data,
}

impl Kind {
    pub fn of(case: u64) -> Kind {
        match Stream::new(case).split("kind").below(100) {
            0..=54 => Kind::Formulas,
            55..=71 => Kind::Solvers,
            72..=85 => Kind::Changed,
            86..=95 => Kind::Golden,
            _ => Kind::Data,
        }
    }
}

/// Where data files lie and scripts run.
pub fn folder() -> PathBuf {
    let folder = env!("CARGO_TARGET_TMPDIR").to_string() + &format!("/fuzz-{}", std::process::id());
    PathBuf::from(folder)
}

/// The script of a case.
pub fn script(case: u64, folder: &Path) -> String {
    let mut stream = Stream::new(case).split("changes");
    match Kind::of(case) {
        Kind::Formulas => grammar::script(case, Topic::Formulas),
        Kind::Solvers => grammar::script(case, Topic::Solvers),
        Kind::Changed => {
            let topic = if stream.below(2) == 0 { Topic::Formulas } else { Topic::Solvers };
            let text = grammar::script(case, topic);
            mutate(&mut stream, &text)
        }
        Kind::Golden => {
            let scripts = goldens();
            match scripts.get(stream.below(scripts.len())) {
                Some(text) => mutate(&mut stream, text),
                None => String::new(),
            }
        }
        Kind::Data => data::prepare(&mut stream, folder),
    }
}

/// Golden scripts that are short, in the order of their paths.
fn goldens() -> Vec<String> {
    const LONGEST: usize = 1500;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "opt" => paths.push(path),
                _ => {}
            }
        }
    }
    paths.sort();
    let texts = paths.into_iter().filter_map(|p| std::fs::read_to_string(p).ok());
    texts.filter(|t| t.len() < LONGEST).collect()
}

/// One pass of the oracles over a script.
fn pass(
    work: &Work,
    counts: &mut BTreeMap<&'static str, u64>,
    text: &str,
    only: Option<&str>,
) -> Vec<Failure> {
    let mut e = Examination {
        case: work.case,
        text,
        folder: &work.folder,
        watch: &work.watch,
        counts,
        failures: Vec::new(),
        only,
    };
    let run = AssertUnwindSafe(|| match work.kind {
        Kind::Formulas | Kind::Solvers => examine(&mut e),
        Kind::Changed | Kind::Golden => survive(&mut e),
        Kind::Data => {
            survive(&mut e);
            e.watch.begin(e.case, "readers of bytes", None);
            let mut stream = Stream::new(work.case).split("bytes");
            data::read(&mut stream, &grammar::script(work.case, Topic::Formulas));
            e.count("readers of bytes");
        }
    });
    let ended = catch_unwind(run);
    let mut failures = e.failures;
    // Outside of a session nobody turns the end of memory into an error.
    let out_of_memory = ended.as_ref().is_err_and(|p| OutOfMemory::caught(p.as_ref()).is_some());
    if out_of_memory {
        memory::recover();
        *counts.entry("refused for lack of memory").or_default() += 1;
    } else if let Err(payload) = ended {
        let text = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
        let text = text.unwrap_or_default();
        failures.push(Failure::new("run", &format!("panic outside of a session: {text}"), text));
    }
    work.watch.end();
    failures
}

struct Work {
    case: u64,
    kind: Kind,
    folder: PathBuf,
    watch: Arc<Watch>,
}

/// What a worker is to do, from the environment.
pub fn run() {
    let (Some(from), Some(to)) = (number("GRADUS_FUZZ_FROM"), number("GRADUS_FUZZ_TO")) else {
        return;
    };
    let given = std::env::var("GRADUS_FUZZ_TEXT")
        .ok()
        .map(|path| std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")));
    limit_memory();
    let folder = folder();
    std::fs::create_dir_all(&folder).expect("a folder");
    grammar::data_files(&folder).expect("data files");
    let watch = Arc::new(Watch::default());
    let done = Arc::new(AtomicBool::new(false));
    let (send, receive) = std::sync::mpsc::channel();
    let thread = {
        let (watch, done, folder) = (Arc::clone(&watch), Arc::clone(&done), folder.clone());
        let work = move || {
            let _ = send.send(thread_clock());
            cases(from, to, given.as_deref(), &folder, &watch);
            done.store(true, Ordering::SeqCst);
        };
        thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread")
    };
    let clock = receive.recv().expect("the thread begins");
    watch.guard(
        &|| clock.seconds(),
        &|| done.load(Ordering::SeqCst) || thread.is_finished(),
        &mut |case, what, interruptible| {
            say(&["late", &case.to_string(), what, if interruptible { "stops" } else { "hangs" }]);
            if !interruptible {
                std::process::exit(HANG);
            }
        },
    );
    let _ = std::fs::remove_dir_all(&folder);
}

fn cases(from: u64, to: u64, given: Option<&str>, folder: &Path, watch: &Arc<Watch>) {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in from..to {
        say(&["case", &case.to_string()]);
        let kind = match given {
            Some(_) => Kind::Formulas,
            None => Kind::of(case),
        };
        let work = Work { case, kind, folder: folder.to_path_buf(), watch: Arc::clone(watch) };
        let text = given.map_or_else(|| script(case, folder), str::to_string);
        let failures = pass(&work, &mut counts, &text, None);
        // At once: a later case may end the process.
        for (what, n) in std::mem::take(&mut counts) {
            say(&["count", what, &n.to_string()]);
        }
        for failure in failures {
            let n = seen.entry(failure.signature.clone()).or_default();
            *n += 1;
            if *n > EXAMPLES {
                say(&["again", &case.to_string(), &failure.signature]);
                continue;
            }
            let fails = |text: &str| {
                let mut counts = BTreeMap::new();
                let found = pass(&work, &mut counts, text, Some(failure.oracle));
                found.iter().any(|f| f.signature == failure.signature)
            };
            let clock = thread_clock();
            let until = clock.seconds() + SHRINKING;
            let late = || clock.seconds() > until;
            let small = if fails(&text) { shrink(&text, &late, fails) } else { text.clone() };
            let path = folder.with_extension(format!("{case}.{n}.found"));
            let detail = failure.detail.replace('\n', "\n# ");
            let _ =
                std::fs::write(&path, format!("# {}\n# {detail}\n{small}\n", failure.signature));
            say(&["fail", &case.to_string(), &failure.signature, &path.to_string_lossy()]);
        }
    }
    say(&["end"]);
}

fn say(parts: &[&str]) {
    let line: Vec<String> = parts.iter().map(|p| p.replace(['\n', '\t'], " ")).collect();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\n{MARK}{}", line.join("\t"));
    let _ = out.flush();
}

/// The processor time of one thread.
struct ThreadClock(libc::clockid_t);

fn thread_clock() -> ThreadClock {
    let mut id: libc::clockid_t = 0;
    // SAFETY: `pthread_self` is the calling thread, and `id` is a place to write to.
    unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &raw mut id) };
    ThreadClock(id)
}

impl ThreadClock {
    fn seconds(&self) -> f64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a place to write to; a clock that is gone is an error that is returned.
        unsafe { libc::clock_gettime(self.0, &raw mut time) };
        time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
    }
}

/// More address space than this is refused, here and in programs that are started.
fn limit_memory() {
    const MOST: u64 = 4 << 30;
    let limit = libc::rlimit { rlim_cur: MOST, rlim_max: MOST };
    // SAFETY: `limit` is a valid argument and is only read.
    unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
}
