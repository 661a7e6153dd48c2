//! Golden tests: scripts with the output that they must give.
//!
//! To add one, write `tests/golden/<folder>/<what_it_shows>.opt`, three to fifteen lines with one
//! idea, and run `BLESS=1 cargo test --test golden`, which writes the expected output below a
//! line `#---`, every line of it behind `# ` (so that the whole file stays a script), or into
//! the file `<what_it_shows>.expected` where one is there. Then read what it wrote.
//!
//! The folder says what is printed:
//!
//! | folder | printed |
//! |---|---|
//! | `parse` | the syntax tree |
//! | `check` | the findings of a check without running, then `ok` or `failed` |
//! | `error` | the findings of a run, without color; nothing else |
//! | `simplify`, `grad`, `hess` | values of expression statements |
//! | `calculus`, `cookbook`, `learning` | the same, by the tables of textbooks |
//! | `latex`, `derive` | values of expression statements and derivations |
//! | `run` | all outputs |
//! | `optim` | method, status, value, kind of point and solution, to 6 digits |
//!
//! In `simplify`, `grad`, `hess`, those of textbooks and `run` three oracles look on as well: printed values parse
//! back to the node that was printed, derivatives agree with differences of 31 digits at random
//! points to 1e-10, second ones to 1e-8 (`support/oracle.rs`), and the script gives the same
//! numbers without native code. Only
//! scripts whose loops print numbers can be parsed back: the name of a loop is gone after it.
//!
//! Paths in a script are relative to its file. The scripts of `examples/` run in the same way;
//! their expected output stands in `examples.expected/`, so that users do not meet it.

mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use gradus::diag::{Code, Sink, codes};
use gradus::optim::status::Status;
use gradus::report::number::human;
use gradus::session::Fit;
use gradus::source::SourceMap;
use gradus::syntax;
use support::script::{Ran, Seen, check_in, numbers, run_in, session};
use support::{close, oracle, round_trip::round_trip};

/// Stands between a script and its output.
const MARK: &str = "#---";

/// What a folder prints for a script, or what an oracle found wrong with it.
type Print = fn(&Golden) -> Result<String, String>;

/// A script with its output.
struct Golden {
    file: PathBuf,
    script: String,
    expected: Option<String>,
    /// Where the output is kept, if not in the file itself.
    sibling: Option<PathBuf>,
}

impl Golden {
    fn read(file: PathBuf) -> Golden {
        let text = read(&file);
        let sibling = file.with_extension("expected");
        let (script, below) = match text.split_once(&format!("{MARK}\n")) {
            Some((script, below)) => (script.to_string(), Some(below)),
            None => (text, None),
        };
        if sibling.exists() {
            let expected = Some(read(&sibling));
            return Golden { file, script, expected, sibling: Some(sibling) };
        }
        let line =
            |l: &str| l.strip_prefix("# ").or(l.strip_prefix('#')).unwrap_or(l).to_string() + "\n";
        let expected = below.map(|below| below.lines().map(line).collect());
        Golden { file, script, expected, sibling: None }
    }

    fn name(&self) -> String {
        self.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    fn bless(&self, printed: &str) {
        match &self.sibling {
            Some(sibling) => write(sibling, printed),
            None => {
                let comment = |l: &str| format!("# {l}").trim_end().to_string() + "\n";
                let below: String = printed.lines().map(comment).collect();
                let script = self.script.trim_end();
                write(&self.file, &format!("{script}\n{MARK}\n{below}"));
            }
        }
    }

    /// Compares, or blesses; says what is wrong.
    fn verify(&self, print: Print) -> Result<(), String> {
        let printed = print(self).map_err(|why| format!("{}: {why}", self.file.display()))?;
        let printed = tidy(&printed);
        if self.expected.as_deref().map(tidy) == Some(printed.clone()) {
            return Ok(());
        }
        if env::var_os("BLESS").is_some() {
            self.bless(&printed);
            return Ok(());
        }
        let expected = self.expected.as_deref().unwrap_or("(nothing yet)\n");
        Err(format!("{}\n--- expected\n{expected}--- found\n{printed}", self.file.display()))
    }
}

/// Lines without blanks at their ends, and one line end at the end of all.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let text = lines.join("\n");
    if text.trim().is_empty() { String::new() } else { text.trim_end().to_string() + "\n" }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|e| panic!("cannot read {}: {e}", file.display()))
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
}

/// The scripts of a folder, by name.
fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|e| panic!("cannot read {}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "opt"));
    files.sort();
    files
}

/// All scripts of a folder of goldens; every one that fails is reported.
fn folder(name: &str, print: Print) {
    let folder = Path::new("tests/golden").join(name);
    let files = scripts(&folder);
    assert!(!files.is_empty(), "{} holds no script", folder.display());
    let verify = |file| Golden::read(file).verify(print).err();
    let wrong: Vec<String> = files.into_iter().filter_map(verify).collect();
    assert!(wrong.is_empty(), "{} goldens of `{name}` fail:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn parse() {
    folder("parse", |golden| {
        let mut sources = SourceMap::new();
        let file = sources.add(golden.name(), &golden.script);
        let mut sink = Sink::new();
        Ok(syntax::parse(file, &golden.script, &mut sink).dump_all())
    });
}

#[test]
fn check() {
    folder("check", |golden| {
        let mut session = session(golden.folder(), true);
        let ran = check_in(&mut session, &golden.name(), &golden.script);
        let end = if ran.outcome.failed { "failed" } else { "ok" };
        Ok(format!("{}\n{end}\n", ran.findings()))
    });
}

#[test]
fn error() {
    folder("error", |golden| {
        let mut session = session(golden.folder(), true);
        let ran = run_in(&mut session, &golden.name(), &golden.script);
        if ran.codes().is_empty() {
            return Err("there is no finding".to_string());
        }
        Ok(ran.findings())
    });
}

#[test]
fn simplify() {
    folder("simplify", observed);
}

#[test]
fn grad() {
    folder("grad", derived);
}

#[test]
fn hess() {
    folder("hess", derived);
}

#[test]
fn cookbook() {
    folder("cookbook", from_a_book);
}

#[test]
fn learning() {
    folder("learning", from_a_book);
}

#[test]
fn calculus() {
    folder("calculus", from_a_book);
}

#[test]
fn jac() {
    folder("jac", from_a_book);
}

#[test]
fn convex() {
    folder("convex", observed);
}

#[test]
fn latex() {
    folder("latex", shown);
}

#[test]
fn derive() {
    folder("derive", shown);
}

#[test]
fn training() {
    folder("training", observed);
}

#[test]
fn run() {
    folder("run", observed);
}

/// Codes that no golden of `error` can draw, and why.
const WITHOUT_GOLDEN: &[(&str, &str)] = &[
    ("E0708", "needs Ctrl-C; tests/cli/interrupts.rs draws it"),
    ("E0709", "needs a file outside of the allowed folders; tests of the sandbox draw it"),
    ("E0710", "needs a limit of the run; tests of the sandbox draw it"),
    ("E0711", "needs hundreds of definitions; tests/cli/limits.rs draws it"),
    ("E0900", "a bug of ours"),
    ("W0006", "a bug of ours"),
    ("W0007", "needs `--set`"),
];

#[test]
fn every_code_has_a_golden() {
    let files = scripts(Path::new("tests/golden/error"));
    let texts: String = files.iter().map(|f| read(f)).collect();
    let lacks = |code: &Code| !texts.contains(&format!("# [{code}]"));
    let lacking: Vec<&str> = codes::all().filter(lacks).map(Code::id).collect();
    let excused: Vec<&str> = WITHOUT_GOLDEN.iter().map(|(code, _)| *code).collect();
    assert_eq!(lacking, excused, "codes without a golden, and those that are excused");
}

#[test]
fn optim() {
    folder("optim", |golden| {
        let ran = run_in(&mut session(golden.folder(), true), &golden.name(), &golden.script);
        let report = |seen: &Seen| match seen {
            Seen::Fit { fit, .. } => optimization(fit),
            other => other.text().to_string() + "\n",
        };
        Ok(ran.seen.iter().map(report).collect())
    });
}

#[test]
fn examples() {
    let mut wrong = Vec::new();
    for file in scripts(Path::new("examples")) {
        let name = file.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let sibling = Path::new("tests/golden/examples.expected").join(name + ".txt");
        let expected = fs::read_to_string(&sibling).ok();
        let golden = Golden { script: read(&file), file, expected, sibling: Some(sibling) };
        wrong.extend(golden.verify(observed).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All outputs; `tests/formulas/derive.rs` and `tests/formulas/latex.rs` have the oracles.
fn shown(golden: &Golden) -> Result<String, String> {
    let ran = run_in(&mut session(golden.folder(), true), &golden.name(), &golden.script);
    Ok(printed(&ran))
}

/// All outputs, under the eyes of the oracles.
fn observed(golden: &Golden) -> Result<String, String> {
    looked_at(golden).map(|(ran, _)| printed(&ran))
}

/// The same, where some derivative must be asked for.
fn derived(golden: &Golden) -> Result<String, String> {
    match looked_at(golden)? {
        (ran, _) if ran.outcome.failed => Err(ran.findings()),
        (_, 0) => Err("no statement of it is a derivative that can be checked".to_string()),
        (ran, _) => Ok(printed(&ran)),
    }
}

/// The same of tables from books, in which some scripts hold other statements.
fn from_a_book(golden: &Golden) -> Result<String, String> {
    let (ran, _) = looked_at(golden)?;
    if ran.outcome.failed { Err(ran.findings()) } else { Ok(printed(&ran)) }
}

fn printed(ran: &Ran) -> String {
    ran.seen.iter().map(output).collect()
}

/// The run of a script, and how many derivatives were checked.
fn looked_at(golden: &Golden) -> Result<(Ran, usize), String> {
    let mut session = session(golden.folder(), true);
    let ran = run_in(&mut session, &golden.name(), &golden.script);
    without_native_code(golden, &ran)?;
    let mut n_derived = 0;
    for seen in &ran.seen {
        if let Seen::Value { name, text, value } = seen {
            round_trip(&mut session, name, text, value)?;
            n_derived += usize::from(oracle::derivative(&mut session, name)?);
        }
    }
    Ok((ran, n_derived))
}

/// The script gives the same numbers on the block engine.
fn without_native_code(golden: &Golden, ran: &Ran) -> Result<(), String> {
    let plain = run_in(&mut session(golden.folder(), false), &golden.name(), &golden.script);
    if plain.seen.len() != ran.seen.len() {
        return Err(format!("without native code it gives other outputs:\n{}", plain.findings()));
    }
    for (native, plain) in ran.seen.iter().zip(&plain.seen) {
        let (a, b) = (figures(native), figures(plain));
        if a.len() != b.len() || !a.iter().zip(&b).all(|(a, b)| close(a.0, b.0, a.1)) {
            return Err(format!(
                "native code gives {a:?}, the block engine {b:?} (number, tolerance)"
            ));
        }
    }
    Ok(())
}

/// The numbers in an output, each with how well it is determined.
fn figures(seen: &Seen) -> Vec<(f64, f64)> {
    match seen {
        Seen::Value { value, .. } => numbers(value).into_iter().map(|v| (v, 1e-9)).collect(),
        // Where a minimum lies is known to half the digits of its value.
        Seen::Fit { fit, .. } => {
            let entries = fit.x.iter().map(|&x| (x, 1e-6));
            std::iter::once((fit.value, 1e-9)).chain(entries).collect()
        }
        _ => Vec::new(),
    }
}

fn output(seen: &Seen) -> String {
    match seen {
        Seen::Fit { fit, brief: true } => {
            format!(
                "{}: {}, value {}\n",
                fit.name.as_deref().unwrap_or("fit"),
                fit.status.name(),
                human(round(fit.value))
            )
        }
        Seen::Fit { fit, .. } => optimization(fit),
        other => other.text().to_string() + "\n",
    }
}

/// An optimization without what depends on the machine.
fn optimization(fit: &Fit) -> String {
    let mut out = format!("{} {} by {}", fit.sense.word(), fit.objective, fit.method);
    if !fit.why.is_empty() {
        let _ = write!(out, " ({})", fit.why);
    }
    let _ = write!(out, "\n  {}", fit.status.name());
    // How far it went is no result.
    if fit.status == Status::Unbounded {
        return out + "\n";
    }
    let _ = write!(out, ", value {}", human(round(fit.value)));
    if let Some(point) = fit.point() {
        let _ = write!(out, ", {point}");
    }
    for (name, value) in &fit.solution {
        let entries: Vec<String> = value.data().iter().map(|&v| human(round(v))).collect();
        let _ = write!(out, "\n  {name} = {}", entries.join(", "));
    }
    out + "\n"
}

/// Noise around zero is no result.
fn round(v: f64) -> f64 {
    if v.abs() < 1e-9 { 0.0 } else { v }
}
