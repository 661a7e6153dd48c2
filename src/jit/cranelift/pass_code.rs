//! Passes over the rows of a matrix as functions of their own, so that parts of one can run on several
//! threads.
//!
//! Such a function gets what the kernel's gets, and a frame of 8-byte words: the first and the last turn of
//! the loop that it is to run, what it needs of the code around it, and room for the totals.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Function, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Type,
    UserFuncName, Value, types,
};
use cranelift_frontend::FunctionBuilderContext;
use rustc_hash::FxHashSet;

use super::lower::{Lowering, Slot};
use crate::jit::bodies::frame::Combine;
use crate::jit::entries::dag::{FoldKind, Kind};
use crate::jit::program::passes::uses_of;
use crate::jit::program::{GroupKind, InstrId, Item, Program};
use crate::jit::run::frame::{PASS_HEAD, Run};
use crate::jit::run::pass_runs;
use crate::jit::run::tables::Site;

/// A pass as a function.
pub struct Outlined {
    pub number: usize,
    pub function: Function,
    /// Words of its frame before the totals.
    pub inputs: usize,
    /// How the totals of two parts become one.
    pub totals: Vec<Combine>,
}

/// What a word of the frame is.
#[derive(Clone, Copy)]
enum Word {
    Plain(Type),
    Truth,
}

impl Lowering<'_, '_> {
    /// The number of the pass that the loop of a group is, in the code around it.
    pub(super) fn pass_of(&self, k: usize) -> Option<usize> {
        let found = self.program.passes.iter().position(|p| p.group == k);
        found.filter(|_| !self.in_pass)
    }

    /// Runs a pass, and takes the values of its members.
    pub(super) fn call_pass(&mut self, k: usize, number: usize) {
        let members = self.program.groups[k].members.clone();
        let flags = MemFlagsData::trusted();
        let mut needed = Vec::new();
        let mut given = Vec::new();
        for v in needs(self.program, k) {
            let (word, value) = match self.slots[v as usize] {
                Slot::Empty => continue,
                Slot::Value(value) => (Word::Plain(self.b.func.dfg.value_type(value)), value),
                Slot::Truth(t) => (Word::Truth, self.b.ins().uextend(types::I64, t)),
            };
            needed.push((v, word));
            given.push(value);
        }
        let outlined = self.outline((k, number), &needed, &members);
        let words = outlined.inputs + members.len();
        let inputs = outlined.inputs;
        self.outlined.push(outlined);

        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * words as u32, 3);
        let slot = self.b.create_sized_stack_slot(slot);
        let frame = self.b.ins().stack_addr(types::I64, slot, 0);
        for (at, value) in given.into_iter().enumerate() {
            self.b.ins().store(flags, value, frame, 8 * (PASS_HEAD + at) as i32);
        }
        let run_pass = pass_runs::run_pass as *const ();
        let f = self.b.ins().iconst(types::I64, run_pass as i64);
        let number = self.b.ins().iconst(types::I64, number as i64);
        let call = self.b.ins().call_indirect(self.outside.pass, f, &[self.run, number, frame]);
        let code = self.b.inst_results(call)[0];
        let unwound = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, code, 0);
        self.check(unwound, Site::Panicked, code);
        // A fault is one of the function, whose site and value it has left.
        let at = std::mem::offset_of!(Run, fault) as i32;
        let value = self.b.ins().load(types::I64, flags, self.run, at);
        let ok = self.b.ins().icmp_imm_u(IntCC::Equal, code, 0);
        self.check_code(ok, code, value);
        for (t, &m) in members.iter().enumerate() {
            let total = self.b.ins().load(types::F64, flags, frame, 8 * (inputs + t) as i32);
            self.result(m, &[total]);
        }
    }

    fn outline(
        &mut self,
        (k, number): (usize, usize),
        needed: &[(InstrId, Word)],
        members: &[InstrId],
    ) -> Outlined {
        let GroupKind::Loop { lo, hi, .. } = self.program.groups[k].what else {
            unreachable!("a pass is a loop")
        };
        let mut signature = self.b.func.signature.clone();
        signature.params.push(AbiParam::new(types::I64));
        let mut function = Function::with_name_signature(UserFuncName::default(), signature);
        let mut context = FunctionBuilderContext::new();
        let sites = std::mem::take(&mut self.sites);
        let mut l = Lowering::new(self.given, &mut function, &mut context, sites);
        l.in_pass = true;
        let flags = MemFlagsData::trusted();
        let frame = l.params[4];
        let load = |l: &mut Lowering, t: Type, word: usize| -> Value {
            l.b.ins().load(t, flags, frame, 8 * word as i32)
        };
        for (word, v) in [lo, hi].into_iter().enumerate() {
            let value = load(&mut l, types::I64, word);
            l.slots[v as usize] = Slot::Value(value);
        }
        for (at, &(v, word)) in needed.iter().enumerate() {
            l.slots[v as usize] = match word {
                Word::Plain(t) => Slot::Value(load(&mut l, t, PASS_HEAD + at)),
                Word::Truth => {
                    let word = load(&mut l, types::I64, PASS_HEAD + at);
                    Slot::Truth(l.b.ins().icmp_imm_u(IntCC::NotEqual, word, 0))
                }
            };
        }
        for v in constants(self.program, k, [lo, hi]) {
            l.instr(v);
        }
        l.lower_loop(k);
        let inputs = PASS_HEAD + needed.len();
        for (t, &m) in members.iter().enumerate() {
            let total = l.number(m);
            l.b.ins().store(flags, total, frame, 8 * (inputs + t) as i32);
        }
        self.sites = l.finish();
        let combine = |&m: &InstrId| match self.program.instrs[m as usize].kind {
            Kind::Fold { fold: FoldKind::Sum, .. } => Combine::Sum,
            Kind::Fold { fold: FoldKind::Prod, .. } => Combine::Product,
            Kind::Fold { fold: FoldKind::Min, .. } => Combine::Min,
            Kind::Fold { fold: FoldKind::Max, .. } => Combine::Max,
            kind => unreachable!("no total of a pass: {kind:?}"),
        };
        Outlined { number, function, inputs, totals: members.iter().map(combine).collect() }
    }
}

/// What the loop of a group uses of the code around it, but for constants and its own ends.
fn needs(program: &Program, k: usize) -> Vec<InstrId> {
    outside(program, k).into_iter().filter(|&v| !is_constant(program, v)).collect()
}

/// Constants of the code around the loop that it uses.
fn constants(program: &Program, k: usize, ends: [InstrId; 2]) -> Vec<InstrId> {
    let found = outside(program, k).into_iter();
    found.filter(|v| is_constant(program, *v) && !ends.contains(v)).collect()
}

fn is_constant(program: &Program, v: InstrId) -> bool {
    matches!(program.instrs[v as usize].kind, Kind::Int(_) | Kind::Num(_))
}

/// What the loop of a group uses and does not compute, each once.
fn outside(program: &Program, k: usize) -> Vec<InstrId> {
    let mut inside: FxHashSet<InstrId> = FxHashSet::default();
    let mut work = vec![Item::Group(k)];
    while let Some(item) = work.pop() {
        match item {
            Item::Instr(v) => {
                inside.insert(v);
            }
            Item::Group(k) => {
                let group = &program.groups[k];
                inside.extend(&group.members);
                let blocks = match group.what {
                    GroupKind::Loop { body, filter, .. } => [Some(body), filter.map(|f| f.1)],
                    GroupKind::Branch { then, other, .. } => [Some(then), Some(other)],
                };
                for block in blocks.into_iter().flatten() {
                    work.extend(program.blocks[block].items.iter().copied());
                }
            }
        }
    }
    let mut used = uses_of(program, Item::Group(k));
    used.retain(|v| inside.insert(*v));
    used
}
