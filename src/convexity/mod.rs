//! Is a function convex?
//!
//! In: an expression and the bounds of its unknowns. Out: a [`Verdict`] with its
//! proof in words. A function counts as convex where it is on the box of the
//! bounds, as far as the formula has a finite value there, and that set is
//! convex; outside it counts as infinite.
//!
//! Three instruments, in turn:
//! 1. composition rules over every node ([`rules`]), with signs by intervals;
//! 2. where they fail, second derivatives: of a node as a function of its affine
//!    parts ([`local`]), of a sum by groups of its terms, of an unknown array
//!    ([`hessian`]), and pieces of an `if` ([`piecewise`]);
//! 3. where nothing is proved, a search for counterexamples ([`search`]).
//!
//! What is rigorous: rules, intervals (rounded outwards; values of elementary
//! functions are trusted to 8 ulp), definiteness of matrices (exact or by
//! intervals), counterexamples (checked by intervals). What is numerical: that
//! the pieces of an `if` meet, up to 1e-9; a counterexample through an operator
//! that has no interval form, checked by a margin of 1e-6. Known values count as
//! the doubles they are. There is no tolerance for matrices that are
//! semidefinite up to rounding: then the answer is "unknown".
//!
//! This room knows the graph and the rooms below it, no syntax and no session.

mod definite;
mod domain;
mod elementary;
mod enclose;
mod fact;
mod groups;
mod hessian;
mod interval;
mod local;
mod piecewise;
mod proof;
mod ranges;
mod rules;
mod search;
mod sign;

use rustc_hash::FxHashMap;

pub use fact::Claim;
pub use search::Counterexample;

use enclose::Arr;
use fact::Fact;
use interval::Interval;
use rules::Context;

use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::shape::Tensor;

/// Nodes on which second derivatives are tried, at most.
const MAX_ATTEMPTS: usize = 40;
/// Nodes below such a node, at most.
const MAX_NODES: usize = 2000;

/// Intervals of unknowns, entry by entry; those not named are not bounded.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    entries: FxHashMap<SymbolId, Vec<Interval>>,
}

impl Bounds {
    /// Sets the declared bounds of an unknown.
    pub fn declare(&mut self, s: SymbolId, lower: Option<&Tensor>, upper: Option<&Tensor>) {
        let n = lower.or(upper).map_or(0, |t| t.data().len());
        let side = |t: Option<&Tensor>, k: usize, none: f64| t.map_or(none, |t| t.data()[k]);
        let entry = |k: usize| {
            let lo = side(lower, k, f64::NEG_INFINITY);
            Interval::new(lo, side(upper, k, f64::INFINITY))
        };
        if n > 0 {
            self.entries.insert(s, (0..n).map(entry).collect());
        }
    }

    fn set(&mut self, s: SymbolId, entries: Vec<Interval>) {
        self.entries.insert(s, entries);
    }

    /// The hull of all entries.
    fn hull(&self, s: SymbolId) -> Interval {
        let entries = self.entries.get(&s);
        entries.and_then(|e| e.iter().copied().reduce(Interval::hull)).unwrap_or(Interval::ALL)
    }

    /// The intervals in the shape of the symbol.
    fn array(&self, g: &Graph, s: SymbolId) -> Option<Arr> {
        let shape = g.symbol(s).shape;
        let entries = match self.entries.get(&s) {
            Some(entries) if entries.len() == shape.len() => entries.clone(),
            _ => vec![self.hull(s); shape.len()],
        };
        Some(Arr::new(shape, entries))
    }

    /// Whether none of these is bounded.
    fn is_all(&self, unknowns: &[SymbolId]) -> bool {
        unknowns.iter().all(|u| self.hull(*u) == Interval::ALL)
    }
}

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both convex and concave.
    Affine,
    /// Convex.
    Convex,
    /// Concave.
    Concave,
    /// Neither of the two, by counterexample.
    Neither,
    /// Not decided.
    Unknown,
}

impl Verdict {
    /// The word of the language: affine functions are convex.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Affine | Verdict::Convex => "convex",
            Verdict::Concave => "concave",
            Verdict::Neither => "neither",
            Verdict::Unknown => "unknown",
        }
    }
}

/// A verdict and why.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The verdict.
    pub verdict: Verdict,
    /// The proof, a step a line; for "unknown" what is known.
    pub proof: Vec<String>,
    /// The points that refute convexity, and concavity.
    pub refuted: [Option<Counterexample>; 2],
}

impl Analysis {
    /// The verdict and its proof, for people.
    pub fn text(&self) -> String {
        let head = match self.verdict {
            Verdict::Affine => "convex (affine: both convex and concave)".to_string(),
            verdict => verdict.word().to_string(),
        };
        let mut lines = vec![head];
        lines.extend(self.proof.iter().map(|line| format!("  {line}")));
        lines.join("\n")
    }
}

/// Analyses a scalar expression over the box of its bounds. Works on a copy of
/// the graph: what a proof builds does not stay.
pub fn analyze(graph: &Graph, f: ExprId, bounds: &Bounds) -> Analysis {
    let mut g = graph.clone();
    let g = &mut g;
    if !g.has_unknown(f) {
        let proof = vec!["it is constant".to_string()];
        return Analysis { verdict: Verdict::Affine, proof, refuted: [None, None] };
    }
    let facts = facts(g, f, bounds);
    let own = &facts[&f];
    let (convex, concave) = (own.has(Claim::Convex), own.has(Claim::Concave));
    let mut proved = |verdict, claim| Analysis {
        verdict,
        proof: proof::lines(g, f, claim, &facts),
        refuted: [None, None],
    };
    match (convex, concave) {
        (true, true) => proved(Verdict::Affine, Claim::Convex),
        (true, false) => proved(Verdict::Convex, Claim::Convex),
        (false, true) => proved(Verdict::Concave, Claim::Concave),
        (false, false) => refute(g, f, bounds),
    }
}

/// Facts of all nodes, by rules and where they fail by second derivatives.
fn facts(g: &mut Graph, f: ExprId, bounds: &Bounds) -> FxHashMap<ExprId, Fact> {
    let ranges = ranges::ranges(g, f, bounds);
    let mut facts: FxHashMap<ExprId, Fact> = FxHashMap::default();
    let mut attempts = 0;
    for e in g.reachable(&[f]) {
        if !g.has_unknown(e) {
            continue;
        }
        let mut own = rules::fact(&mut Context { g, ranges: &ranges, facts: &facts }, e);
        let may_try = attempts < MAX_ATTEMPTS && crate::work::is_left();
        if may_try && own.is_blank() && is_candidate(g, e) {
            attempts += 1;
            by_derivatives(g, e, bounds, &ranges, &facts, &mut own);
        }
        facts.insert(e, own);
    }
    facts
}

/// Operators at which a new curvature may come about.
fn is_candidate(g: &Graph, e: ExprId) -> bool {
    let op = g.op(e);
    let moves = matches!(
        op,
        Op::Elem | Op::Block | Op::Fill | Op::Stack | Op::Reshape | Op::Transpose | Op::Bcast
    );
    let truth = matches!(
        op,
        Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne | Op::And | Op::Or | Op::Not
    );
    !moves && !truth && g.reachable(&[e]).len() <= MAX_NODES
}

/// Adds what second derivatives prove.
fn by_derivatives(
    g: &mut Graph,
    e: ExprId,
    bounds: &Bounds,
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
    own: &mut Fact,
) {
    let mut outcome = local::prove(g, e, ranges, facts);
    if outcome.convex.is_none() && outcome.concave.is_none() {
        if g.op(e) == Op::Add && groups::prove(g, e, bounds, ranges, facts, own) {
            return;
        }
        if g.shape(e).is_scalar() && g.free_indices(e).is_empty() {
            let unknowns = g.unknowns(&[e]);
            outcome = hessian::prove(g, e, &unknowns, bounds);
        }
    }
    if let Some(text) = outcome.convex {
        own.add(Claim::Convex, text, &[]);
    }
    if let Some(text) = outcome.concave {
        own.add(Claim::Concave, text, &[]);
    }
}

/// A verdict where nothing is proved.
fn refute(g: &mut Graph, f: ExprId, bounds: &Bounds) -> Analysis {
    let refuted = search::search(g, f, bounds);
    let mut proof: Vec<String> = Vec::new();
    for (found, word) in refuted.iter().zip(["convex", "concave"]) {
        if let Some(c) = found {
            proof.push(c.in_words(g, word));
        }
    }
    let verdict = if proof.len() == 2 { Verdict::Neither } else { Verdict::Unknown };
    if verdict == Verdict::Unknown {
        let left = match &refuted {
            [None, None] => "no rule proves it convex or concave, and no counterexample was found",
            [Some(_), _] => "no proof that it is concave, and no counterexample to that",
            [None, Some(_)] => "no proof that it is convex, and no counterexample to that",
        };
        proof.push(left.to_string());
    }
    Analysis { verdict, proof, refuted }
}
