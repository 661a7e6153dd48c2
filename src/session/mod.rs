//! A session: names, values and results, and the running of statements.
//!
//! In: source text. Out: [`Output`]s, one after the other, through a callback.
//! The session never prints and never exits; front ends render what it gives.
//! It can be used from Rust:
//!
//! ```
//! use gradus::session::{Output, Session, Settings};
//!
//! let mut session = Session::new(Settings::default());
//! let mut texts = Vec::new();
//! let outcome = session.run("example", "var x\nminimize (x - 3)^2", &mut |_, output| {
//!     if let Output::Fit { fit, .. } = output {
//!         texts.push(format!("{}: x = {}", fit.status, fit.solution[0].1.data()[0]));
//!     }
//! });
//! assert!(!outcome.failed);
//! assert_eq!(texts, ["converged: x = 3"]);
//! ```
//!
//! A script is looked at whole before any of it runs: mistakes in names and
//! shapes are all reported, and nothing has run. A REPL line runs at once.

#![warn(missing_docs)]

mod access;
mod bench;
mod check;
mod check_text;
mod collect;
mod command;
mod convex;
mod define;
mod derive;
mod explain;
mod export;
mod formula;
mod lr_range;
mod output;
mod record;
mod regular;
mod solve;
mod solve_equations;
mod statement;
mod use_file;
mod world;
mod written;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use access::{Access, Origin};
pub use bench::{Bench, Preparation};
pub use output::{Outcome, Output};
pub use statement::{io_reason, tensor_json};

use crate::check::{Entry, Names, Record};
use crate::diag::{Diagnostic, Sink, codes, nearest};
use crate::expr::{ExprId, Graph, SymbolId};
use crate::memory::{self, OutOfMemory};
use crate::model::engine::{Engine, Times, Way};
pub use crate::model::{Fit, Sense, Spoiled, Stage};
use crate::optim::update::OnProgress;
use crate::patience::{self, Stopped};
use crate::problem::Bounds;
use crate::shape::Tensor;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::{self, Ast};
use world::Files;

/// What a front end may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The seed of random draws where the script sets none.
    pub seed: u64,
    /// Threads for large loops.
    pub threads: usize,
    /// Native code; without it everything runs on the block engine, as where a build or a process can make none.
    pub jit: bool,
    /// Values that replace those of a `let`: name and text.
    pub set: Vec<(String, String)>,
    /// A stage of the work to show.
    pub show: Option<Stage>,
    /// What texts may read and write.
    pub access: Access,
    /// Gradients that are wrong on purpose, for tests.
    #[doc(hidden)]
    pub spoiled: Spoiled,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            seed: 0,
            threads: 1,
            jit: true,
            set: Vec::new(),
            show: None,
            access: Access::default(),
            spoiled: Spoiled::Nothing,
        }
    }
}

/// Receives outputs as they come, with the texts that findings point at.
pub type Receiver<'r> = dyn FnMut(&SourceMap, Output) + 'r;

/// What statements change.
#[derive(Clone, Default)]
pub(super) struct State {
    pub graph: Graph,
    pub names: Names,
    /// Start and bounds of every unknown.
    pub unknowns: HashMap<SymbolId, Unknown>,
    /// The first place of every node.
    pub spans: HashMap<ExprId, Span>,
    /// Files that `use` has read or is reading, by their canonical paths.
    pub used: Vec<PathBuf>,
    /// Results of optimizations, by their records, for `explain`.
    pub fits: Vec<(Arc<Record>, Arc<Fit>)>,
    /// Values of `--set` that a `let` has taken.
    pub taken: Vec<String>,
    /// What names meant that the indices of running loops have now, the outermost first.
    pub shadowed: Vec<Option<Entry>>,
    /// The graph is collected once it has come to so many nodes and symbols.
    pub collect_at: usize,
}

/// Start and bounds of an unknown.
#[derive(Clone, Debug)]
pub(super) struct Unknown {
    pub start: Tensor,
    pub lower: Option<Tensor>,
    pub upper: Option<Tensor>,
}

impl Unknown {
    /// The bounds of its entries, where it has any.
    fn bounds(&self) -> Option<Bounds> {
        if self.lower.is_none() && self.upper.is_none() {
            return None;
        }
        let free = Bounds::none(self.start.data().len());
        let side = |side: &Option<Tensor>, none: &[f64]| {
            side.as_ref().map_or(none.to_vec(), |side| side.data().to_vec())
        };
        Some(Bounds::new(side(&self.lower, free.lower()), side(&self.upper, free.upper())))
    }
}

/// Runs statements and remembers what they define.
pub struct Session {
    pub(crate) state: State,
    files: Files,
    settings: Settings,
    interrupt: Arc<AtomicBool>,
    /// Optimizations that have ended and were not shown yet; true where one
    /// line is enough.
    finished: Vec<(Arc<Fit>, bool)>,
    /// Time spent on getting objectives ready.
    prepared: Times,
    /// Who is told how far a training has come.
    progress: Option<OnProgress>,
    /// The statement that runs, for errors that know no place of their own.
    running: Option<Span>,
}

/// How a text is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A look before running: nothing runs, missing values are no mistake.
    Dry,
    /// A script: a name is defined once.
    Script,
    /// A line of a REPL: a new definition replaces the old.
    Line,
}

impl Session {
    /// How expressions are evaluated, by the settings.
    pub(crate) fn engine(&self) -> Engine {
        Engine {
            way: if self.settings.jit { Way::Compiled } else { Way::Blocks },
            threads: self.settings.threads,
            interrupt: Arc::clone(&self.interrupt),
            spoiled: self.settings.spoiled,
        }
    }

    /// A session that knows nothing but the language.
    pub fn new(settings: Settings) -> Session {
        let interrupt = Arc::new(AtomicBool::new(false));
        Session {
            state: State::default(),
            files: Files::new(
                settings.access.clone(),
                settings.seed,
                settings.jit,
                Arc::clone(&interrupt),
            ),
            settings,
            interrupt,
            finished: Vec::new(),
            prepared: Times::default(),
            progress: None,
            running: None,
        }
    }

    /// Whom to tell how far a training has come, while it goes on.
    pub fn on_progress(&mut self, told: OnProgress) {
        self.progress = Some(told);
    }

    /// The file that the text of the session comes from: a `use` of it finds that it is being read.
    pub fn is_reading(&mut self, path: &Path) {
        self.files.script = Some(path.to_path_buf());
    }

    /// The folder that relative paths of data files start from, in texts that come from now on. These
    /// are the words of whoever runs the session: they may read what the process may.
    pub fn set_base(&mut self, folder: &Path) {
        self.set_origin(Origin::own_words(folder));
    }

    /// Where the texts come from that are run from now on.
    pub fn set_origin(&mut self, origin: Origin) {
        self.files.origin = origin;
    }

    /// Why a file may not be read by the texts that come now; none where it may.
    pub fn refusal(&self, path: &Path) -> Option<Diagnostic> {
        let path = path.to_string_lossy();
        let why = self.files.place_in(&self.files.origin, &path).err()?;
        Some(
            Diagnostic::error(why.code, format!("cannot read `{path}`: {}", why.reason))
                .help(why.help),
        )
    }

    /// Raise this to stop whatever runs; an optimization keeps its best point.
    pub fn interrupt_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupt)
    }

    /// The texts that findings point at.
    pub fn sources(&self) -> &SourceMap {
        &self.files.sources
    }

    /// How long it has taken so far to differentiate and to compile objectives, all together.
    pub fn preparation_time(&self) -> Duration {
        self.prepared.differentiate + self.prepared.schedule + self.prepared.compile
    }

    /// The names that are defined, for completion and `:vars`.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.state.names.iter()
    }

    /// The graph that holds every node of the session, for looking at them.
    pub fn graph(&self) -> &Graph {
        &self.state.graph
    }

    /// The same, to derive and compile what the session holds.
    pub fn graph_mut(&mut self) -> &mut Graph {
        &mut self.state.graph
    }

    /// One line about what a name stands for.
    pub fn describe(&mut self, name: &str) -> Option<String> {
        let item = self.state.names.get(name)?.item.clone();
        Some(define::describe(&mut self.state, &mut self.files, &item))
    }

    /// Runs a whole script. Everything is checked before anything runs.
    pub fn run(&mut self, name: &str, text: &str, out: &mut Receiver) -> Outcome {
        self.guarded(out, |session, out| {
            let ast = match session.parse(name, text, out) {
                Ok(ast) => ast,
                Err(outcome) => return outcome,
            };
            if ast.top.len() > 1 {
                let outcome = session.look(&ast, false, out);
                if outcome.failed || outcome.interrupted {
                    return outcome;
                }
            }
            let outcome = session.execute(&ast, Mode::Script, out);
            if !outcome.failed && !outcome.interrupted {
                session.unused_settings(out);
            }
            outcome
        })
    }

    /// Checks a script without running it; failed where a mistake was reported.
    pub fn check(&mut self, name: &str, text: &str, out: &mut Receiver) -> Outcome {
        self.guarded(out, |session, out| match session.parse(name, text, out) {
            Ok(ast) => session.look(&ast, true, out),
            Err(outcome) => outcome,
        })
    }

    /// Runs what was typed into a REPL.
    pub fn run_line(&mut self, name: &str, text: &str, out: &mut Receiver) -> Outcome {
        self.files.forget();
        self.guarded(out, |session, out| match session.parse(name, text, out) {
            Ok(ast) => session.execute(&ast, Mode::Line, out),
            Err(outcome) => outcome,
        })
    }

    /// Parses and reports; how it ended where there was a mistake. A script with a
    /// mistake of syntax is looked at as far as it could be read, so that one
    /// run reports mistakes of every kind.
    fn parse(&mut self, name: &str, text: &str, out: &mut Receiver) -> Result<Arc<Ast>, Outcome> {
        let file = self.files.add(name, text);
        self.show_tokens(text, out);
        let mut sink = Sink::new();
        let ast = Arc::new(syntax::parse(file, text, &mut sink));
        let failed = sink.has_errors();
        self.flush(&mut sink, out);
        if self.settings.show == Some(Stage::Ast) {
            out(&self.files.sources, Output::Stage(ast.dump_all()));
        }
        if failed {
            let outcome = self.look(&ast, false, out);
            return Err(Outcome { failed: true, ..outcome });
        }
        Ok(ast)
    }

    fn show_tokens(&self, text: &str, out: &mut Receiver) {
        if self.settings.show == Some(Stage::Tokens) {
            out(&self.files.sources, Output::Stage(syntax::dump_tokens(text)));
        }
    }

    /// Checks all statements on a copy of the state; failed where there is a
    /// mistake. Without one it stays silent, since running will give
    /// the same warnings, unless `everything` is to be reported. Whatever else statements give out is dropped here.
    fn look(&mut self, ast: &Arc<Ast>, everything: bool, out: &mut Receiver) -> Outcome {
        let before = self.state.clone();
        let random = self.files.random_state();
        let mut findings = Vec::new();
        let outcome = self.execute(ast, Mode::Dry, &mut |_, output| {
            if let Output::Finding(finding) = output {
                findings.push(finding);
            }
        });
        if everything && !outcome.failed && !outcome.interrupted {
            // Nothing runs after this, which would find out.
            self.unused_settings(out);
        }
        self.state = before;
        self.files.restore_random(random);
        if outcome.failed || outcome.interrupted || everything {
            for finding in findings {
                out(&self.files.sources, Output::Finding(finding));
            }
        }
        outcome
    }

    /// Runs statements in order, with nothing left over from statements before.
    fn execute(&mut self, ast: &Arc<Ast>, mode: Mode, out: &mut Receiver) -> Outcome {
        self.state.shadowed.clear();
        self.sheltered(out, |session, out| statement::run_all(session, ast, &ast.top, mode, out))
    }

    /// Does `work`, with no interrupt from before, until the flag is raised.
    fn guarded(
        &mut self,
        out: &mut Receiver,
        work: impl FnOnce(&mut Session, &mut Receiver) -> Outcome,
    ) -> Outcome {
        let flag = self.interrupt_flag();
        flag.store(false, Ordering::Relaxed);
        patience::watching(&flag, || self.sheltered(out, work))
    }

    /// Does `work`. A bug of ours is caught here: it is reported as one, and
    /// the session goes on. So are the end of memory and an interrupt outside of all statements.
    fn sheltered(
        &mut self,
        out: &mut Receiver,
        work: impl FnOnce(&mut Session, &mut Receiver) -> Outcome,
    ) -> Outcome {
        let run = std::panic::AssertUnwindSafe(|| patience::attempt(|| work(self, out)));
        let (finding, outcome) = match std::panic::catch_unwind(run) {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(Stopped)) => {
                self.settle();
                let interrupted = Outcome { interrupted: true, ..Outcome::default() };
                (Diagnostic::error(codes::E0708, "interrupted"), interrupted)
            }
            Err(payload) => {
                self.finished.clear();
                let finding = self.report_of(payload.as_ref());
                (finding, Outcome { failed: true, ..Outcome::default() })
            }
        };
        out(&self.files.sources, Output::Finding(finding));
        outcome
    }

    /// What is said of a panic: the end of memory, or a bug of ours.
    fn report_of(&mut self, payload: &(dyn std::any::Any + Send)) -> Diagnostic {
        let Some(error) = OutOfMemory::caught(payload) else { return bug(payload) };
        memory::recover();
        self.state.collect();
        let finding = out_of_memory(error);
        match self.running {
            Some(span) => finding.at(span, "while this was run"),
            None => finding,
        }
    }

    /// What is left is to say what came of work that was interrupted.
    fn settle(&mut self) {
        patience::settle();
    }

    fn flush(&mut self, sink: &mut Sink, out: &mut Receiver) {
        for finding in sink.take() {
            out(&self.files.sources, Output::Finding(finding));
        }
    }

    /// `--set` must name a `let` of the script, and `--show` a stage of this build. Says what does not, once all texts
    /// have run.
    pub fn unused_settings(&mut self, out: &mut Receiver) {
        if let Some(stage) = self.settings.show.filter(|s| !s.is_there()) {
            let stage = stage.name();
            let message =
                format!("this build has no code generator, so --show {stage} had no effect");
            let finding = Diagnostic::warning(codes::W0007, message)
                .help("`--show kernel` shows the loops; the feature `jit` of the crate adds the generator");
            out(&self.files.sources, Output::Finding(finding));
        }
        for (name, _) in &self.settings.set {
            if !self.state.taken.contains(name) {
                let message = format!("no `let` defines `{name}`, so --set had no effect");
                let near = nearest(name, self.state.names.iter().map(|(known, _)| known));
                let help = near.map(|near| format!("did you mean `--set {near}=...`?"));
                let finding = Diagnostic::warning(codes::W0007, message).help_opt(help);
                out(&self.files.sources, Output::Finding(finding));
            }
        }
    }

    /// A text of its own for what `--set` gives.
    pub(super) fn add_source(&mut self, name: &str, text: &str) -> FileId {
        let origin = Origin::own_words(&self.files.origin.folder);
        self.files.add_from(origin, name, text, true)
    }
}

/// The report of memory that has come to its end.
pub(crate) fn out_of_memory(error: &OutOfMemory) -> Diagnostic {
    Diagnostic::error(codes::E0707, error.to_string()).help(error.help())
}

/// The report of a panic.
fn bug(payload: &(dyn std::any::Any + Send)) -> Diagnostic {
    let text = payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "no message".to_string());
    Diagnostic::error(codes::E0900, format!("this is a bug in Gradus: {text}"))
        .help("please report it with the script that shows it; the session can go on")
}
