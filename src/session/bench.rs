//! `gradus bench`: how long a definition and its derivatives take.
//!
//! In: a script and the name of a definition. Statements run up to that definition; what stands there for
//! its own sake (optimizations, values shown) does not. Out: one [`Bench`], plain data.
//!
//! A measurement is a median over rounds. A round is as many calls as fill a few milliseconds, at points
//! whose first entry differs in its last digits from call to call, so that no call can be left out.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::statement::{self, Runner};
use super::{Mode, Outcome, Output, Receiver, Session};
use crate::check::{Checked, Reported, eval_error};
use crate::diag::{Diagnostic, Sink, codes};
use crate::expr::SymbolKind;
use crate::jit::Fault;
use crate::model::Stage;
use crate::model::blocks::MAX_BYTES;
use crate::model::compiled::{Compiled, Part, Prepared};
use crate::model::engine::Times;
use crate::problem::Problem;
use crate::syntax::ast::{Node, StmtId, StmtKind};
use crate::syntax::{self, Ast};

/// Rounds of a measurement; fewer where one call takes long.
const ROUNDS: usize = 9;
/// Seconds that a round lasts at least.
const ROUND: f64 = 0.01;
/// Seconds after which no further round begins.
const PATIENCE: f64 = 1.0;

/// Times of a definition at its start values, in seconds for one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Bench {
    /// The definition.
    pub name: String,
    /// Entries of all unknowns.
    pub n: usize,
    /// From source text to a program for value and gradient.
    pub prepare: Preparation,
    /// The value alone.
    pub f: f64,
    /// Value and gradient in one call.
    pub fgrad: f64,
    /// The Hessian alone; none where it would not fit in 1 GiB.
    pub hess: Option<f64>,
    /// Entries of the Hessian, both triangles, that may differ from zero.
    pub hess_nnz: usize,
    /// Value, gradient and Hessian in one call; none where the Hessian is computed by columns.
    pub fgradhess: Option<f64>,
    /// Value, gradient and Gauss-Newton matrix in one call, of sums of squares in few scalar unknowns.
    pub gauss_newton: Option<f64>,
    /// The value at the start.
    pub value: f64,
    /// The largest absolute gradient entry at the start.
    pub grad_norm: f64,
    /// Threads that large loops may use.
    pub threads: usize,
}

/// What getting ready takes, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Preparation {
    /// Reading and checking the text; known values that it computes are not counted.
    pub parse: f64,
    /// Derivatives and stable forms.
    pub differentiate: f64,
    /// From expressions to kernels.
    pub schedule: f64,
    /// From kernels to machine code.
    pub compile: f64,
}

impl Preparation {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.parse + self.differentiate + self.schedule + self.compile
    }
}

impl Session {
    /// Measures the definition `name` of a script.
    pub fn bench(&mut self, file: &str, text: &str, name: &str, out: &mut Receiver) -> Outcome {
        self.guarded(out, |session, out| session.bench_guarded(file, text, name, out))
    }

    fn bench_guarded(&mut self, file: &str, text: &str, name: &str, out: &mut Receiver) -> Outcome {
        let started = Instant::now();
        let ast = match self.parse(file, text, out) {
            Ok(ast) => ast,
            Err(outcome) => return outcome,
        };
        let mut parse = started.elapsed();
        for id in definitions(&ast, name) {
            let started = Instant::now();
            let outcome = statement::run_all(self, &ast, &[id], Mode::Script, out);
            if outcome.failed || outcome.interrupted {
                return outcome;
            }
            if !self.is_known(&ast, id) {
                parse += started.elapsed();
            }
        }
        let question = format!("minimize {name}");
        let source = self.files.add("gradus bench", &question);
        let mut sink = Sink::new();
        let ast = Arc::new(syntax::parse(source, &question, &mut sink));
        let mut runner = Runner::new(self, &ast, Mode::Script);
        let measured = runner.measure(name, parse, out);
        runner.flush(out);
        let mut outcome = runner.outcome;
        outcome.interrupted |= self.interrupt.load(Ordering::Relaxed);
        match measured {
            Ok(bench) => out(&self.files.sources, Output::Bench(bench)),
            Err(Reported) => outcome.failed = !outcome.interrupted,
        }
        if !outcome.failed && !outcome.interrupted {
            self.unused_settings(out);
        }
        outcome
    }

    /// Whether a statement computes a known value: data, say.
    fn is_known(&self, ast: &Ast, statement: StmtId) -> bool {
        let names = match &ast.stmt(statement).kind {
            StmtKind::Let { name, .. } => vec![*name],
            StmtKind::LetPair { names, .. } => names.to_vec(),
            // Its start values may be computed from data.
            StmtKind::Var(_) | StmtKind::Seed(_) => return true,
            _ => return false,
        };
        names.iter().any(|name| match self.state.names.get(ast.ident(*name)).map(|e| &e.item) {
            Some(crate::check::Item::Expr(e)) => {
                let g = &self.state.graph;
                g.as_symbol(*e).is_some_and(|s| g.symbol(s).kind == SymbolKind::Known)
            }
            _ => true,
        })
    }
}

/// The definitions of a script up to that of `name`; all of them where it is not there.
fn definitions(ast: &Ast, name: &str) -> Vec<StmtId> {
    let mut found = Vec::new();
    for &id in &ast.top {
        let names = match &ast.stmt(id).kind {
            StmtKind::Let { name, .. } | StmtKind::Fn { name, .. } => vec![*name],
            StmtKind::LetPair { names, .. } => names.to_vec(),
            StmtKind::Var(_)
            | StmtKind::Seed(_)
            | StmtKind::UseName(_)
            | StmtKind::UseFile(..)
            | StmtKind::Optimizer { .. } => Vec::new(),
            StmtKind::For { .. } | StmtKind::Command(_) | StmtKind::Expr(_) => continue,
        };
        found.push(id);
        if names.iter().any(|n| ast.ident(*n) == name) {
            break;
        }
    }
    found
}

impl Runner<'_> {
    /// Measures the objective of the one statement `minimize NAME`.
    fn measure(&mut self, name: &str, parse: Duration, out: &mut Receiver) -> Checked<Bench> {
        let ast = Arc::clone(&self.ast);
        let command = ast.top.first().and_then(|&id| match &ast.stmt(id).kind {
            StmtKind::Command(node) => match ast.node(*node) {
                Node::Command(command) => Some(command),
                _ => None,
            },
            _ => None,
        });
        let Some(command) = command else {
            let message = format!("expected the name of a definition, found `{name}`");
            return self.report(Diagnostic::error(codes::E0301, message));
        };
        let started = Instant::now();
        let objective = self.checker(|c| c.optimization(command))?;
        let parse = parse + started.elapsed();
        let setup = self.setup(&objective)?;
        let settings = &self.session.settings;
        let threads = settings.threads;
        let stage = settings.show.filter(|s| s.is_there()).and_then(Stage::of_compilation);
        let interrupt = Arc::clone(&self.session.interrupt);
        let engine = self.session.engine();
        let g = &mut self.session.state.graph;
        let squares = setup.squares.clone();
        let mut problem = Compiled::new(g, engine, setup.f, &objective.over, squares, None);
        if let Some(stage) = stage {
            let listing = problem.listing(stage);
            out(&self.session.files.sources, Output::Stage(listing));
        }
        let found = Measurement { x0: &setup.x0, interrupt: &interrupt }.all(&mut problem);
        drop(problem);
        let (bench, times) = match found {
            Ok(found) => found,
            Err(Fault::Interrupted) => {
                self.outcome.interrupted = true;
                return Err(Reported);
            }
            Err(Fault::Eval(error)) => {
                let Session { state, .. } = &*self.session;
                let spans = &state.spans;
                let place = |n| spans.get(&n).copied();
                let finding = eval_error(&state.graph, &error, &place, objective.span);
                return self.report(finding);
            }
        };
        let prepare = Preparation {
            parse: parse.as_secs_f64(),
            differentiate: times.differentiate.as_secs_f64(),
            schedule: times.schedule.as_secs_f64(),
            compile: times.compile.as_secs_f64(),
        };
        Ok(Bench { name: name.to_string(), prepare, threads, ..bench })
    }
}

/// Measuring at a start.
struct Measurement<'m> {
    x0: &'m [f64],
    interrupt: &'m AtomicBool,
}

impl Measurement<'_> {
    /// All times, and what getting ready for value and gradient took.
    fn all(&self, problem: &mut Compiled) -> Result<(Bench, Times), Fault> {
        let n = self.x0.len();
        let mut both = problem.prepared(Part::ValueGradient);
        both.call(self.x0)?;
        let value = both.out[0];
        let grad_norm = largest(&both.out[1..]);
        let fgrad = self.prepared(both)?;
        let times = problem.times;
        let f = self.prepared(problem.prepared(Part::Value))?;
        let hess_nnz = problem.hessian_nnz();
        let fits = hess_nnz.checked_mul(8).is_some_and(|bytes| bytes <= MAX_BYTES);
        let mut fgradhess = None;
        let hess = match problem.prepared_hessian() {
            _ if !fits => None,
            Some(hessian) => {
                let alone = self.prepared(hessian)?;
                let all = problem.prepared(Part::ValueGradientHessian);
                fgradhess = Some(self.prepared(all)?);
                Some(alone)
            }
            None => {
                let mut h = nalgebra::DMatrix::zeros(n, n);
                Some(self.time(|x| {
                    problem.hessian(x, &mut h);
                    black_box(&h);
                    Ok(())
                })?)
            }
        };
        let gauss_newton = match problem.fuses_gauss_newton() {
            true => Some(self.prepared(problem.prepared(Part::GaussNewton))?),
            false => None,
        };
        let bench = Bench {
            name: String::new(),
            n,
            prepare: Preparation::default(),
            f,
            fgrad,
            hess,
            hess_nnz,
            fgradhess,
            gauss_newton,
            value,
            grad_norm,
            threads: 1,
        };
        Ok((bench, times))
    }

    fn prepared(&self, mut program: Prepared) -> Result<f64, Fault> {
        self.time(|x| {
            program.call(x)?;
            black_box(&program.out);
            Ok(())
        })
    }

    /// Seconds for one call.
    fn time(&self, mut call: impl FnMut(&[f64]) -> Result<(), Fault>) -> Result<f64, Fault> {
        let mut x = self.x0.to_vec();
        let start = x.first().copied().unwrap_or(0.0);
        let last_digit = f64::EPSILON * start.abs().max(1.0);
        let starts: [f64; 8] = std::array::from_fn(|k| start + last_digit * k as f64);
        let mut round = |calls: usize| {
            let x = black_box(x.as_mut_slice());
            let started = Instant::now();
            for k in 0..calls {
                if let Some(first) = x.first_mut() {
                    *first = starts[k % 8];
                }
                call(x)?;
            }
            Ok(started.elapsed().as_secs_f64())
        };
        let began = Instant::now();
        let mut calls = 1;
        let mut elapsed = round(1)?;
        while elapsed < ROUND / 4.0 {
            calls *= 4;
            elapsed = round(calls)?;
        }
        let calls = ((calls as f64 * ROUND / elapsed).ceil() as usize).max(1);
        let mut rounds = Vec::with_capacity(ROUNDS);
        while rounds.len() < ROUNDS {
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Fault::Interrupted);
            }
            rounds.push(round(calls)? / calls as f64);
            if rounds.len() >= 3 && began.elapsed().as_secs_f64() > PATIENCE {
                break;
            }
        }
        rounds.sort_by(f64::total_cmp);
        Ok(rounds[rounds.len() / 2])
    }
}

/// The largest absolute entry; not a number where one is none.
fn largest(entries: &[f64]) -> f64 {
    let larger = |a: f64, b: &f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b.abs()) };
    entries.iter().fold(0.0, larger)
}
