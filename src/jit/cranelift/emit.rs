//! Single operations as Cranelift instructions.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

use super::lower::{Lowering, Slot};
use crate::expr::ExprId;
use crate::jit::entries::dag::{Base, BufId, Kind};
use crate::jit::program::InstrId;
use crate::jit::run::frame::Run;
use crate::jit::run::host::{self};
use crate::jit::run::tables::Place;
use crate::jit::run::tables::Site;

/// Buffers up to this long are set to zero by single stores.
const SMALL: usize = 4;

impl Lowering<'_, '_> {
    /// A result that is a number or a whole number.
    pub fn value(&mut self, v: InstrId) -> Value {
        match self.slots[v as usize] {
            Slot::Value(value) => value,
            Slot::Truth(_) => self.number(v),
            Slot::Empty => unreachable!("operation v{v} is used before it is computed"),
        }
    }

    /// A result as a number: true is 1.
    pub fn number(&mut self, v: InstrId) -> Value {
        match self.slots[v as usize] {
            Slot::Truth(t) => {
                let (one, zero) = (self.b.ins().f64const(1.0), self.b.ins().f64const(0.0));
                self.b.ins().select(t, one, zero)
            }
            _ => self.value(v),
        }
    }

    /// A result as a truth value: what is not 0 is true.
    pub fn truth(&mut self, v: InstrId) -> Value {
        match self.slots[v as usize] {
            Slot::Truth(t) => t,
            _ => {
                let (value, zero) = (self.value(v), self.b.ins().f64const(0.0));
                self.b.ins().fcmp(FloatCC::NotEqual, value, zero)
            }
        }
    }

    pub(super) fn instr(&mut self, v: InstrId) {
        let program = self.program;
        let instr = &program.instrs[v as usize];
        let args = &instr.args[..];
        let value = match instr.kind {
            Kind::Int(n) => self.b.ins().iconst(types::I64, n),
            Kind::Num(bits) => self.b.ins().f64const(f64::from_bits(bits)),
            Kind::Counter(var) => self.counters[&var],
            Kind::IAdd | Kind::IMul | Kind::IDiv(_) | Kind::IRem(_) => {
                self.whole_operation(instr.kind, args)
            }
            Kind::Whole(node) => {
                let x = self.number(args[0]);
                self.checked_whole(x, node)
            }
            Kind::Inside { node, size } => {
                let (index, one) = (self.value(args[0]), self.b.ins().iconst(types::I64, 1));
                let place = self.b.ins().isub(index, one);
                let ok = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, place, size as i64);
                self.check(ok, Site::Outside(node, size), index);
                place
            }
            Kind::Real => {
                let i = self.value(args[0]);
                self.b.ins().fcvt_from_sint(types::F64, i)
            }
            Kind::Load(base) => self.load(base, args[0]),
            Kind::Fun(fun) => {
                self.slots[v as usize] = self.function(fun, args);
                return;
            }
            Kind::Select => {
                let (cond, a, b) =
                    (self.truth(args[0]), self.number(args[1]), self.number(args[2]));
                self.b.ins().select(cond, a, b)
            }
            Kind::Store { buf, add, .. } => return self.store(buf, add, args),
            Kind::Zero(buf) => return self.zero(buf),
            Kind::Both | Kind::Define(_) => return,
            Kind::Call { call } => return self.dense(call, None),
            Kind::CallRows { call } => return self.dense(call, Some((args[0], args[1]))),
            Kind::IMin => {
                let (a, b) = (self.value(args[0]), self.value(args[1]));
                self.b.ins().smin(a, b)
            }
            Kind::If | Kind::Fold { .. } | Kind::For { .. } => {
                unreachable!("loops and branches are groups")
            }
        };
        self.slots[v as usize] = Slot::Value(value);
    }

    fn whole_operation(&mut self, kind: Kind, args: &[InstrId]) -> Value {
        let a = self.value(args[0]);
        match kind {
            Kind::IDiv(n) | Kind::IRem(n) => {
                let n = self.b.ins().iconst(types::I64, n);
                if matches!(kind, Kind::IDiv(_)) {
                    self.b.ins().udiv(a, n)
                } else {
                    self.b.ins().urem(a, n)
                }
            }
            _ => {
                let b = self.value(args[1]);
                if kind == Kind::IAdd { self.b.ins().iadd(a, b) } else { self.b.ins().imul(a, b) }
            }
        }
    }

    fn checked_whole(&mut self, x: Value, node: ExprId) -> Value {
        let i = self.b.ins().fcvt_to_sint_sat(types::I64, x);
        let back = self.b.ins().fcvt_from_sint(types::F64, i);
        let ok = self.b.ins().fcmp(FloatCC::Equal, x, back);
        let bits = self.b.ins().bitcast(types::I64, MemFlagsData::new(), x);
        self.check(ok, Site::NotWhole(node), bits);
        i
    }

    /// Address of an array, and the bytes to add to it.
    fn base(&mut self, base: Base) -> (Value, i64) {
        match base {
            Base::Input(at) => (self.input, i64::from(at) * 8),
            Base::Data(k) => {
                let start = self.tables.data[k as usize].data().as_ptr() as usize;
                (self.b.ins().iconst(types::I64, start as i64), 0)
            }
            Base::Buffer(buf) => match self.tables.buffers[buf.0 as usize].0 {
                Place::Output(at) => (self.output, at as i64 * 8),
                Place::Scratch(at) => (self.scratch, at as i64 * 8),
            },
        }
    }

    /// Address and offset of an entry. A constant part of its position goes
    /// into the offset.
    fn address(&mut self, base: Base, at: InstrId) -> (Value, i32) {
        let (start, mut offset) = self.base(base);
        let program = self.program;
        let constant = |v: InstrId| match program.instrs[v as usize].kind {
            Kind::Int(n) => Some(n),
            _ => None,
        };
        let instr = &program.instrs[at as usize];
        let position = match (instr.kind, &instr.args[..]) {
            (Kind::Int(n), _) => {
                offset += n * 8;
                None
            }
            (Kind::IAdd, &[x, c]) if constant(c).is_some() => {
                offset += constant(c).unwrap_or(0) * 8;
                Some(x)
            }
            _ => Some(at),
        };
        let mut address = start;
        if let Some(p) = position {
            let p = self.value(p);
            let bytes = self.b.ins().ishl_imm_u(p, 3);
            address = self.b.ins().iadd(start, bytes);
        }
        match i32::try_from(offset) {
            Ok(offset) => (address, offset),
            Err(_) => {
                let far = self.b.ins().iconst(types::I64, offset);
                (self.b.ins().iadd(address, far), 0)
            }
        }
    }

    fn load(&mut self, base: Base, at: InstrId) -> Value {
        let (address, offset) = self.address(base, at);
        let flags = MemFlagsData::trusted();
        // Inputs and known values do not change while the kernel runs.
        let flags = if matches!(base, Base::Buffer(_)) { flags } else { flags.with_readonly() };
        self.b.ins().load(types::F64, flags, address, offset)
    }

    fn store(&mut self, buf: BufId, add: bool, args: &[InstrId]) {
        let (address, offset) = self.address(Base::Buffer(buf), args[0]);
        let value = if add {
            let old = self.b.ins().load(types::F64, MemFlagsData::trusted(), address, offset);
            self.sum(old, args[1])
        } else {
            self.number(args[1])
        };
        self.b.ins().store(MemFlagsData::trusted(), value, address, offset);
    }

    fn zero(&mut self, buf: BufId) {
        let len = self.tables.buffers[buf.0 as usize].1;
        let (start, offset) = self.base(Base::Buffer(buf));
        let far = self.b.ins().iconst(types::I64, offset);
        let start = self.b.ins().iadd(start, far);
        for (from, to) in self.to_clear(buf, len) {
            self.clear(start, from, to);
        }
    }

    /// Sets entries to zero.
    fn clear(&mut self, start: Value, from: usize, to: usize) {
        if to <= from {
            return;
        }
        let skipped = self.b.ins().iconst(types::I64, from as i64 * 8);
        let (start, len) = (self.b.ins().iadd(start, skipped), to - from);
        if len <= SMALL {
            let zero = self.b.ins().f64const(0.0);
            for k in 0..len {
                self.b.ins().store(MemFlagsData::trusted(), zero, start, k as i32 * 8);
            }
            return;
        }
        let f = self.b.ins().iconst(types::I64, host::set_zero as *const () as i64);
        let len = self.b.ins().iconst(types::I64, len as i64);
        self.b.ins().call_indirect(self.outside.zero, f, &[start, len]);
    }

    /// A building block, or rows of it: the first and the last.
    fn dense(&mut self, call: u32, rows: Option<(InstrId, InstrId)>) {
        let f = match rows {
            None => host::run_dense as *const (),
            Some((first, last)) => {
                let (from, last) = (self.value(first), self.value(last));
                let one = self.b.ins().iconst(types::I64, 1);
                let to = self.b.ins().iadd(last, one);
                let at = std::mem::offset_of!(Run, rows) as i32;
                self.b.ins().store(MemFlagsData::trusted(), from, self.run, at);
                self.b.ins().store(MemFlagsData::trusted(), to, self.run, at + 8);
                host::run_rows as *const ()
            }
        };
        let f = self.b.ins().iconst(types::I64, f as i64);
        let number = self.b.ins().iconst(types::I64, i64::from(call));
        let done = self.b.ins().call_indirect(self.outside.dense, f, &[self.run, number]);
        let code = self.b.inst_results(done)[0];
        let ok = self.b.ins().icmp_imm_u(IntCC::Equal, code, 0);
        self.check(ok, Site::Panicked, code);
    }
}
