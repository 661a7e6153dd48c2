//! The arithmetic that a kernel does in one run.
//!
//! Counted are operations on numbers: `+ - * /`, `min`, `max`, `abs` and every
//! elementary function are one each; a product of matrices is `m*n*(2*k - 1)`, and
//! `det`, `logdet` and `inv` are what Gaussian elimination takes (see
//! `ops::lu`). Counting, addressing, loads, stores, negations, comparisons and
//! choices are not arithmetic.
//!
//! Ranges and conditions made of loop counters are followed exactly. Where a
//! branch depends on the point, the longer one counts, and what a condition on
//! the point admits counts as admitted.

use rustc_hash::FxHashMap;

use crate::expr::Op;
use crate::jit::entries::dag::{FoldKind, Fun, Kind};
use crate::jit::entries::translate::Dense;
use crate::jit::entries::vars::VarId;
use crate::jit::program::{Block, GroupKind, InstrId, Item, Program};

/// Ranges and conditions deeper than this are taken for unknown.
const DEPTH: usize = 12;

/// Operations of one run of the kernel.
pub fn operations(program: &Program) -> f64 {
    Counter { program, counters: FxHashMap::default() }.block(0)
}

struct Counter<'p> {
    program: &'p Program,
    /// The values of the counters of the loops around.
    counters: FxHashMap<VarId, i64>,
}

impl Counter<'_> {
    /// Loops nest as deep as binders in the source do, which the parser bounds.
    fn block(&mut self, block: usize) -> f64 {
        let program = self.program;
        let Block { items } = &program.blocks[block];
        let mut total = 0.0;
        for item in items {
            total += match *item {
                Item::Instr(v) => self.instr(v),
                Item::Group(k) => self.group(k),
            };
        }
        total
    }

    fn group(&mut self, k: usize) -> f64 {
        let program = self.program;
        let group = &program.groups[k];
        match group.what {
            GroupKind::Branch { cond, then, other } => match self.known(cond) {
                Some(c) if c != 0.0 => self.block(then),
                Some(_) => self.block(other),
                None => self.block(then).max(self.block(other)),
            },
            GroupKind::Loop { var, lo, hi, body, filter } => {
                let ends = (self.known(lo), self.known(hi));
                let (lo, hi) = match ends {
                    (Some(lo), Some(hi)) => (lo as i64, hi as i64),
                    // A range that depends on the point: one round of it.
                    _ => (1, 1),
                };
                let step: f64 = group.members.iter().map(|&m| self.combine(m)).sum();
                let uniform = filter.is_none() && !program.has_group(body);
                if uniform {
                    let trips = (hi - lo + 1).max(0) as f64;
                    return trips * (self.block(body) + step);
                }
                let mut total = 0.0;
                for value in lo..=hi {
                    self.counters.insert(var, value);
                    total += self.block(body);
                    total += match filter {
                        Some((cond, _)) if self.known(cond) == Some(0.0) => 0.0,
                        Some((_, taken)) => self.block(taken) + step,
                        None => step,
                    };
                }
                self.counters.remove(&var);
                total
            }
        }
    }

    /// What a member of a loop does with the value of each round.
    fn combine(&self, member: InstrId) -> f64 {
        match self.program.instrs[member as usize].kind {
            // An exponential and an addition.
            Kind::Fold { fold: FoldKind::LogSumExp, .. } => 2.0,
            Kind::Fold { .. } => 1.0,
            _ => 0.0,
        }
    }

    fn instr(&self, v: InstrId) -> f64 {
        match self.program.instrs[v as usize].kind {
            Kind::Fun(Fun::Neg | Fun::And | Fun::Or | Fun::Not) => 0.0,
            Kind::Fun(Fun::Lt | Fun::Le | Fun::Gt | Fun::Ge | Fun::Eq | Fun::Ne) => 0.0,
            Kind::Fun(_) => 1.0,
            Kind::Store { add: true, .. } => 1.0,
            Kind::Call { call } => {
                let call = &self.program.calls[call as usize];
                dense(&call.what, call.args.first().map_or(0, |(_, len)| *len))
            }
            Kind::CallRows { call } => {
                let call = &self.program.calls[call as usize];
                let of = match call.what {
                    Dense::Product { m, k, left_turned, .. } => {
                        if left_turned {
                            k
                        } else {
                            m
                        }
                    }
                    Dense::Gram { m, .. } => m,
                    _ => 1,
                };
                let args = &self.program.instrs[v as usize].args;
                let rows = match (self.known(args[0]), self.known(args[1])) {
                    (Some(from), Some(to)) => to - from + 1.0,
                    _ => of as f64,
                };
                dense(&call.what, 0) * rows / of as f64
            }
            _ => 0.0,
        }
    }

    /// The value of what is made of numbers and counters only.
    fn known(&self, v: InstrId) -> Option<f64> {
        self.known_to(v, DEPTH)
    }

    fn known_to(&self, v: InstrId, depth: usize) -> Option<f64> {
        let instr = &self.program.instrs[v as usize];
        let left = depth.checked_sub(1)?;
        let arg = |k: usize| self.known_to(instr.args[k], left);
        let truth = |b: bool| Some(f64::from(u8::from(b)));
        match instr.kind {
            Kind::Int(n) => Some(n as f64),
            Kind::Num(bits) => Some(f64::from_bits(bits)),
            Kind::Counter(var) => self.counters.get(&var).map(|&n| n as f64),
            Kind::Real | Kind::Whole(_) => arg(0),
            Kind::Inside { .. } => Some(arg(0)? - 1.0),
            Kind::IAdd | Kind::Fun(Fun::Add) => Some(arg(0)? + arg(1)?),
            Kind::IMul | Kind::Fun(Fun::Mul) => Some(arg(0)? * arg(1)?),
            Kind::IMin => Some(arg(0)?.min(arg(1)?)),
            Kind::IDiv(n) => Some((arg(0)? / n as f64).floor()),
            Kind::IRem(n) => Some(arg(0)?.rem_euclid(n as f64)),
            Kind::Fun(Fun::Sub) => Some(arg(0)? - arg(1)?),
            Kind::Fun(Fun::Neg) => Some(-arg(0)?),
            Kind::Fun(Fun::Lt) => truth(arg(0)? < arg(1)?),
            Kind::Fun(Fun::Le) => truth(arg(0)? <= arg(1)?),
            Kind::Fun(Fun::Gt) => truth(arg(0)? > arg(1)?),
            Kind::Fun(Fun::Ge) => truth(arg(0)? >= arg(1)?),
            Kind::Fun(Fun::Eq) => truth(arg(0)? == arg(1)?),
            Kind::Fun(Fun::Ne) => truth(arg(0)? != arg(1)?),
            Kind::Fun(Fun::Not) => truth(arg(0)? == 0.0),
            Kind::Fun(Fun::And) => truth(arg(0)? != 0.0 && arg(1)? != 0.0),
            Kind::Fun(Fun::Or) => truth(arg(0)? != 0.0 || arg(1)? != 0.0),
            _ => None,
        }
    }
}

/// Operations of a dense building block whose first argument has `len`
/// entries.
fn dense(what: &Dense, len: usize) -> f64 {
    match what {
        // One triangle: the other is the same.
        Dense::Gram { m, n } => *m as f64 * *n as f64 * (*n as f64 + 1.0),
        Dense::Scale { m, n, .. } => *m as f64 * *n as f64,
        Dense::Others => 3.0 * len.saturating_sub(2) as f64,
        Dense::Product { m, k, n, .. } => *m as f64 * *n as f64 * (2.0 * *k as f64 - 1.0).max(0.0),
        Dense::Factor { n } => 2.0 / 3.0 * (*n as f64).powi(3),
        Dense::FromFactors { op: Op::Inv, n } => 4.0 / 3.0 * (*n as f64).powi(3),
        Dense::FromFactors { n, .. } => *n as f64,
        Dense::Row { .. } => len as f64,
    }
}
