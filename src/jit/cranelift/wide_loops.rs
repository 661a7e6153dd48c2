//! Calls of wide loops: Cranelift's code fills their frames.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    BlockArg, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Value, types,
};

use super::lower::Lowering;
use crate::jit::bodies::frame::Chunks;
use crate::jit::bodies::frame::{HEAD, Param, Pointer, Start, Total};
use crate::jit::entries::dag::BufId;
use crate::jit::program::{GroupKind, InstrId};
use crate::jit::run::long::{self};
use crate::jit::run::tables::Site;
use crate::jit::wide::Function;

impl Lowering<'_, '_> {
    /// A loop that has a function of its own, and the values of its members.
    pub(super) fn call_wide(&mut self, k: usize, f: &Function) {
        let group = &self.program.groups[k];
        let GroupKind::Loop { lo, hi, .. } = group.what else {
            return;
        };
        let members: Vec<InstrId> = group
            .members
            .iter()
            .copied()
            .filter(|&m| !self.program.instrs[m as usize].effect)
            .collect();
        let (lo, hi) = (self.value(lo), self.value(hi));
        let start: Vec<Value> = members.iter().flat_map(|&m| self.start(m)).collect();
        let (call, after) = (self.b.create_block(), self.b.create_block());
        let some = self.b.ins().icmp(IntCC::SignedLessThanOrEqual, lo, hi);
        let unchanged: Vec<BlockArg> = start.iter().map(|&v| v.into()).collect();
        self.b.ins().brif(some, call, &[], after, &unchanged);
        let finals: Vec<Value> = start.iter().map(|&v| self.param_like(after, v)).collect();

        self.b.switch_to_block(call);
        let totals = self.run_wide(k, f, lo, hi);
        let mut done: Vec<BlockArg> = Vec::new();
        for &m in &members {
            let total = f.totals.iter().position(|t| *t == Total::Member(m));
            done.push(totals[total.expect("every member has a total")].into());
            if self.width(m) > 1 {
                done.push(self.b.ins().iconst(types::I8, 1).into());
            }
        }
        self.b.ins().jump(after, &done);
        self.b.switch_to_block(after);
        let mut finals = &finals[..];
        for &m in &members {
            let (own, rest) = finals.split_at(self.width(m));
            finals = rest;
            self.result(m, own);
        }
    }

    /// Fills the frame, calls, and reads the totals.
    fn run_wide(&mut self, k: usize, f: &Function, lo: Value, hi: Value) -> Vec<Value> {
        let flags = MemFlagsData::trusted();
        let size = 8 * f.words() as u32;
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3);
        let slot = self.b.create_sized_stack_slot(slot);
        let frame = self.b.ins().stack_addr(types::I64, slot, 0);
        let mut word = 0;
        let mut push = |l: &mut Self, v: Value| {
            l.b.ins().store(flags, v, frame, word);
            word += 8;
        };
        let steps = self.b.ins().isub(hi, lo);
        let one = self.b.ins().iconst(types::I64, 1);
        let steps = self.b.ins().iadd(steps, one);
        push(self, steps);
        let first = self.b.ins().fcvt_from_sint(types::F64, lo);
        push(self, first);
        let code = self.wide.address(f, self.given.pairs.get(&k).copied());
        for p in &f.pointers {
            let p = self.pointer(p, lo);
            push(self, p);
        }
        for p in &f.params {
            let p = match *p {
                Param::Number(v) => self.number(v),
                Param::Negated(v) => {
                    let v = self.number(v);
                    self.b.ins().fneg(v)
                }
                Param::Whole(v) => {
                    let v = self.value(v);
                    self.b.ins().fcvt_from_sint(types::F64, v)
                }
            };
            push(self, p);
        }
        let code = self.b.ins().iconst(types::I64, code as i64);
        let call = match &f.chunks {
            None => self.b.ins().call_indirect(self.outside.wide, code, &[frame]),
            Some(chunks) => {
                let run = self.b.ins().iconst(types::I64, long::run_in_chunks as *const () as i64);
                let chunks = std::ptr::from_ref::<Chunks>(chunks) as i64;
                let chunks = self.b.ins().iconst(types::I64, chunks);
                let args = [self.run, code, frame, chunks];
                self.b.ins().call_indirect(self.outside.long, run, &args)
            }
        };
        let stopped = self.b.inst_results(call)[0];
        let go_on = self.b.ins().icmp_imm_u(IntCC::Equal, stopped, 0);
        self.check(go_on, Site::Interrupted, stopped);
        let place = (HEAD + f.pointers.len() + f.params.len()) as i32;
        let mut totals = Vec::with_capacity(f.totals.len());
        for (k, total) in f.totals.iter().enumerate() {
            let at = 8 * (place + k as i32);
            let value = self.b.ins().load(types::F64, flags, frame, at);
            if let Total::AddTo(pointer, offset) = total {
                let to = self.pointer(pointer, lo);
                let offset = *offset as i32;
                let old = self.b.ins().load(types::F64, flags, to, offset);
                let sum = self.b.ins().fadd(old, value);
                self.b.ins().store(flags, sum, to, offset);
            }
            totals.push(value);
        }
        totals
    }

    /// The address to which a pointer points when the counter is `lo`.
    fn pointer(&mut self, p: &Pointer, lo: Value) -> Value {
        let start = match p.start {
            Start::Input => self.input,
            Start::Output => self.output,
            Start::Scratch => self.scratch,
            Start::Data(k) => {
                let data = self.tables.data[k as usize].data().as_ptr() as usize;
                self.b.ins().iconst(types::I64, data as i64)
            }
        };
        let stride = self.b.ins().iconst(types::I64, p.stride);
        let mut entries = self.b.ins().imul(lo, stride);
        for &t in &p.terms {
            let t = self.value(t);
            entries = self.b.ins().iadd(entries, t);
        }
        let bytes = self.b.ins().ishl_imm_u(entries, 3);
        let far = self.b.ins().iconst(types::I64, p.far);
        let bytes = self.b.ins().iadd(bytes, far);
        self.b.ins().iadd(start, bytes)
    }

    /// What of a buffer must be zero before its loops run, in entries from and
    /// to; a wide loop overwrites the rest.
    pub(super) fn to_clear(&self, buf: BufId, len: usize) -> [(usize, usize); 2] {
        match self.wide.overwritten.get(&buf) {
            Some(&(first, last)) => [(0, first), (last + 1, len)],
            None => [(0, len), (len, len)],
        }
    }
}
