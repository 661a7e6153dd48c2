//! What must hold of any script. Each oracle gives [`Failure`]s; the same script gives the same.
//!
//! To add one: a file here with a function of an [`Examination`], and a line in [`examine`].

mod derivatives;
mod engines;
mod kernels;
mod numbers;
mod printed;
mod process;
mod rewriting;
mod statuses;

use std::collections::BTreeMap;
use std::path::Path;

use gradus::session::{Session, Settings};

use crate::support::script::{Ran, Seen, run_in};
use crate::watch::Watch;

/// Something that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    pub oracle: &'static str,
    /// What it has in common with others of its kind: numbers are written N.
    pub signature: String,
    pub detail: String,
}

impl Failure {
    pub fn new(oracle: &'static str, what: &str, detail: impl Into<String>) -> Failure {
        let detail = detail.into();
        Failure { oracle, signature: format!("{oracle}: {}", without_numbers(what)), detail }
    }
}

/// A text with N for every number, and only its beginning.
pub fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(140) {
        match c {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            '\n' => break,
            c => out.push(c),
        }
    }
    out
}

/// Whether a script holds numbers that overflow, or none at all, in differences.
pub fn overflows(text: &str) -> bool {
    ["inf", "nan", "1e308", "1e200"].iter().any(|n| text.contains(n))
}

/// A script under examination.
pub struct Examination<'a> {
    pub case: u64,
    pub text: &'a str,
    pub folder: &'a Path,
    pub watch: &'a Watch,
    /// How often each oracle had something to say.
    pub counts: &'a mut BTreeMap<&'static str, u64>,
    pub failures: Vec<Failure>,
    /// The only oracle asked, if one is.
    pub only: Option<&'a str>,
}

impl Examination<'_> {
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn wants(&self, oracle: &str) -> bool {
        self.only.is_none_or(|only| only == oracle)
    }

    pub fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    /// A new session in the folder with the data.
    pub fn session(&self, settings: Settings) -> Session {
        let mut session = Session::new(settings);
        session.set_base(self.folder);
        session
    }

    /// Runs the script in a session, under the watch.
    pub fn run(&mut self, session: &mut Session, what: &str, text: &str) -> Ran {
        self.watch.begin(self.case, what, Some(session.interrupt_flag()));
        let ran = run_in(session, "script", text);
        self.watch.end();
        ran
    }

    /// Whether a run met a bug that says so itself.
    pub fn panicked(&mut self, oracle: &'static str, ran: &Ran) -> bool {
        let is_bug = |s: &&Seen| matches!(s, Seen::Finding { code: "E0900", .. });
        let Some(bug) = ran.seen.iter().find(is_bug) else { return false };
        let text = bug.text().replace("[E0900] error: this is a bug in Gradus: ", "panic: ");
        self.fail(Failure::new(oracle, &text, bug.text()));
        true
    }
}

/// All oracles of a script that should run.
pub fn examine(e: &mut Examination) {
    if e.wants("process") && e.case.is_multiple_of(40) {
        process::check(e);
    }
    let mut session = e.session(Settings::default());
    let ran = e.run(&mut session, "run", e.text);
    e.count("run");
    if e.panicked("run", &ran) {
        return;
    }
    if ran.outcome.failed {
        e.count("run: refused");
        let first = ran.codes().first().copied();
        first.into_iter().for_each(|code| e.count(code));
        if e.wants("engines") {
            engines::check(e, &ran);
        }
        return;
    }
    if e.wants("engines") {
        engines::check(e, &ran);
    }
    if e.wants("statuses") {
        statuses::check(e, &mut session, &ran);
        statuses::own_doubts(e, &ran);
    }
    if e.wants("convexity") {
        statuses::convexity(e, &mut session, &ran);
    }
    if e.wants("kernels") {
        kernels::check(e, &mut session);
    }
    if e.wants("rewriting") {
        rewriting::check(e, &mut session, &ran);
    }
    if e.wants("derivatives") {
        derivatives::check(e, &mut session, &ran);
    }
    if e.wants("printed") {
        printed::check(e, &mut session, &ran);
    }
}

/// The oracle of scripts that may be wrong: that they end, and how.
pub fn survive(e: &mut Examination) {
    if e.wants("process") && e.case.is_multiple_of(20) {
        process::check(e);
    }
    let mut session = e.session(Settings::default());
    let ran = e.run(&mut session, "run", e.text);
    e.count("run: changed script");
    if ran.outcome.failed {
        e.count("run: changed script refused");
    }
    e.panicked("run", &ran);
}
