//! Which loops are run by blocks.

use rustc_hash::FxHashMap;

use crate::jit::bodies::body::Target;
use crate::jit::bodies::scatter::Stores;
use crate::jit::bodies::select::{self, WideLoop};
use crate::jit::entries::dag::{BufId, Kind};
use crate::jit::program::{GroupKind, InstrId, Program};
use crate::jit::run::tables::Tables;

/// Loops of fewer steps are faster in registers: a step of a plan takes as long as some operations.
const WORTH: i64 = 8;

/// The loops that are run by blocks.
#[derive(Debug, Default)]
pub struct Chosen {
    /// By the numbers of their groups.
    pub loops: FxHashMap<usize, WideLoop>,
    /// For a buffer that a loop overwrites, the entries, first and last, that need not be zero before it.
    pub overwritten: FxHashMap<BufId, (usize, usize)>,
}

impl Chosen {
    /// All loops whose bodies are covered and for which it pays, or for which it does not if `always`.
    pub fn of(program: &Program, tables: &Tables, always: bool) -> Chosen {
        let mut chosen = Chosen::default();
        let is_loop = |what: &GroupKind| matches!(what, GroupKind::Loop { .. });
        if program.compares() || !program.groups.iter().any(|g| is_loop(&g.what)) {
            return chosen;
        }
        let stored = Stores::of(program);
        for (k, group) in program.groups.iter().enumerate() {
            let GroupKind::Loop { lo, hi, .. } = group.what else { continue };
            let steps = known(program, lo).zip(known(program, hi)).map(|(lo, hi)| hi - lo + 1);
            if !always && steps.is_some_and(|n| n < WORTH) {
                continue;
            }
            let Some(found) = select::select(program, tables, &stored, k, Target::Blocks) else {
                continue;
            };
            let sets = found.overwritten.iter().map(|&(buf, lo, hi)| (buf, (lo, hi)));
            chosen.overwritten.extend(sets);
            chosen.loops.insert(k, found);
        }
        chosen
    }
}

fn known(program: &Program, v: InstrId) -> Option<i64> {
    match program.instrs[v as usize].kind {
        Kind::Int(n) => Some(n),
        _ => None,
    }
}
