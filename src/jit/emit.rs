//! Single operations as Cranelift instructions.
//!
//! Truth values stay truth values until someone computes with them. Functions
//! that are not instructions are calls of the value in the operator's row.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

use super::dag::{Base, BufId, Fun, Kind};
use super::host::{self, Place};
use super::lower::{Lowering, Site, Slot};
use super::program::InstrId;
use crate::expr::Op;
use crate::ops;

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
                let ok = self
                    .b
                    .ins()
                    .icmp_imm_u(IntCC::UnsignedLessThan, place, size as i64);
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
                let (cond, a, b) = (
                    self.truth(args[0]),
                    self.number(args[1]),
                    self.number(args[2]),
                );
                self.b.ins().select(cond, a, b)
            }
            Kind::Store { buf, add, .. } => return self.store(buf, add, args),
            Kind::Zero(buf) => return self.zero(buf),
            Kind::Both | Kind::Define(_) => return,
            Kind::Call { call } => return self.dense(call),
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
                if kind == Kind::IAdd {
                    self.b.ins().iadd(a, b)
                } else {
                    self.b.ins().imul(a, b)
                }
            }
        }
    }

    fn checked_whole(&mut self, x: Value, node: crate::expr::ExprId) -> Value {
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
        let flags = if matches!(base, Base::Buffer(_)) {
            flags
        } else {
            flags.with_readonly()
        };
        self.b.ins().load(types::F64, flags, address, offset)
    }

    fn store(&mut self, buf: BufId, add: bool, args: &[InstrId]) {
        let (address, offset) = self.address(Base::Buffer(buf), args[0]);
        let value = if add {
            let old = self
                .b
                .ins()
                .load(types::F64, MemFlagsData::trusted(), address, offset);
            self.sum(old, args[1])
        } else {
            self.number(args[1])
        };
        self.b
            .ins()
            .store(MemFlagsData::trusted(), value, address, offset);
    }

    fn zero(&mut self, buf: BufId) {
        let len = self.tables.buffers[buf.0 as usize].1;
        let (start, offset) = self.base(Base::Buffer(buf));
        let far = self.b.ins().iconst(types::I64, offset);
        let start = self.b.ins().iadd(start, far);
        if len <= SMALL {
            let zero = self.b.ins().f64const(0.0);
            for k in 0..len {
                self.b
                    .ins()
                    .store(MemFlagsData::trusted(), zero, start, k as i32 * 8);
            }
            return;
        }
        let f = self
            .b
            .ins()
            .iconst(types::I64, host::set_zero as *const () as i64);
        let len = self.b.ins().iconst(types::I64, len as i64);
        self.b
            .ins()
            .call_indirect(self.outside.zero, f, &[start, len]);
    }

    fn dense(&mut self, call: u32) {
        let f = self
            .b
            .ins()
            .iconst(types::I64, host::run_dense as *const () as i64);
        let number = self.b.ins().iconst(types::I64, i64::from(call));
        let done = self
            .b
            .ins()
            .call_indirect(self.outside.dense, f, &[self.run, number]);
        let code = self.b.inst_results(done)[0];
        let ok = self.b.ins().icmp_imm_u(IntCC::Equal, code, 0);
        self.check(ok, Site::Panicked, code);
    }

    fn function(&mut self, fun: Fun, args: &[InstrId]) -> Slot {
        let compared = |cc: FloatCC, l: &mut Self| {
            let (a, b) = (l.number(args[0]), l.number(args[1]));
            Slot::Truth(l.b.ins().fcmp(cc, a, b))
        };
        match fun {
            Fun::Lt => compared(FloatCC::LessThan, self),
            Fun::Le => compared(FloatCC::LessThanOrEqual, self),
            Fun::Gt => compared(FloatCC::GreaterThan, self),
            Fun::Ge => compared(FloatCC::GreaterThanOrEqual, self),
            Fun::Eq => compared(FloatCC::Equal, self),
            Fun::Ne => compared(FloatCC::NotEqual, self),
            Fun::And | Fun::Or => {
                let (a, b) = (self.truth(args[0]), self.truth(args[1]));
                Slot::Truth(if fun == Fun::And {
                    self.b.ins().band(a, b)
                } else {
                    self.b.ins().bor(a, b)
                })
            }
            Fun::Not => {
                let t = self.truth(args[0]);
                Slot::Truth(self.b.ins().icmp_imm_u(IntCC::Equal, t, 0))
            }
            _ => Slot::Value(self.arithmetic(fun, args)),
        }
    }

    fn arithmetic(&mut self, fun: Fun, args: &[InstrId]) -> Value {
        if matches!(fun, Fun::Add | Fun::Sub) {
            return self.add_or_subtract(fun, args[0], args[1]);
        }
        let a = self.number(args[0]);
        match fun {
            Fun::Neg => self.b.ins().fneg(a),
            Fun::Abs => self.b.ins().fabs(a),
            Fun::Sqrt => self.b.ins().sqrt(a),
            Fun::Floor => self.b.ins().floor(a),
            Fun::Ceil => self.b.ins().ceil(a),
            Fun::Sign => self.sign(a),
            Fun::Relu => {
                // A NaN stays one.
                let zero = self.b.ins().f64const(0.0);
                let keep = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThan, a, zero);
                self.b.ins().select(keep, a, zero)
            }
            Fun::Row(op) => self.call_row(op, args),
            _ => {
                let b = self.number(args[1]);
                match fun {
                    Fun::Mul => self.b.ins().fmul(a, b),
                    Fun::Div => self.b.ins().fdiv(a, b),
                    _ => self.extreme(a, b, fun == Fun::Min),
                }
            }
        }
    }

    /// -1, 0 or 1; a NaN stays one.
    fn sign(&mut self, a: Value) -> Value {
        let zero = self.b.ins().f64const(0.0);
        let (one, minus) = (self.b.ins().f64const(1.0), self.b.ins().f64const(-1.0));
        let above = self.b.ins().fcmp(FloatCC::GreaterThan, a, zero);
        let below = self.b.ins().fcmp(FloatCC::LessThan, a, zero);
        let rest = self.b.ins().select(below, minus, a);
        self.b.ins().select(above, one, rest)
    }

    /// The factors of a product that nothing else needs.
    fn own_product(&mut self, v: InstrId) -> Option<(Value, Value)> {
        let program = self.program;
        let instr = &program.instrs[v as usize];
        if !self.fused || instr.uses != 1 || instr.kind != Kind::Fun(Fun::Mul) {
            return None;
        }
        Some((self.number(instr.args[0]), self.number(instr.args[1])))
    }

    /// A number plus an operation's result, in one rounding where that is a
    /// product.
    pub fn sum(&mut self, total: Value, v: InstrId) -> Value {
        if let Some((x, y)) = self.own_product(v) {
            return self.b.ins().fma(x, y, total);
        }
        let value = self.number(v);
        self.b.ins().fadd(total, value)
    }

    fn add_or_subtract(&mut self, fun: Fun, left: InstrId, right: InstrId) -> Value {
        let subtract = fun == Fun::Sub;
        if let Some((x, y)) = self.own_product(right) {
            let total = self.number(left);
            let x = if subtract { self.b.ins().fneg(x) } else { x };
            return self.b.ins().fma(x, y, total);
        }
        if let Some((x, y)) = self.own_product(left) {
            let total = self.number(right);
            let total = if subtract {
                self.b.ins().fneg(total)
            } else {
                total
            };
            return self.b.ins().fma(x, y, total);
        }
        let (a, b) = (self.number(left), self.number(right));
        if subtract {
            self.b.ins().fsub(a, b)
        } else {
            self.b.ins().fadd(a, b)
        }
    }

    /// As `special::min` and `special::max`: a NaN on either side wins, and of
    /// equal numbers the first.
    pub fn extreme(&mut self, a: Value, b: Value, smaller: bool) -> Value {
        let beats = if smaller {
            FloatCC::LessThanOrEqual
        } else {
            FloatCC::GreaterThanOrEqual
        };
        let better = self.b.ins().fcmp(beats, a, b);
        let nan = self.b.ins().fcmp(FloatCC::Unordered, a, a);
        let first = self.b.ins().bor(better, nan);
        self.b.ins().select(first, a, b)
    }

    /// One step of `log(sum(exp(v)))` with the largest `m` so far and the sum
    /// `s` of `exp(v - m)`.
    pub fn log_add(&mut self, totals: &[Value], v: Value) -> [Value; 2] {
        let (m, s) = (totals[0], totals[1]);
        let one = self.b.ins().f64const(1.0);
        let larger = self.b.ins().fcmp(FloatCC::GreaterThan, v, m);
        let equal = self.b.ins().fcmp(FloatCC::Equal, v, m);
        let distance = self.b.ins().fsub(v, m);
        let distance = self.b.ins().fabs(distance);
        let distance = self.b.ins().fneg(distance);
        let e = self.call_unary(f64::exp, distance);
        // Two infinities have no distance.
        let e = self.b.ins().select(equal, one, e);
        let scaled = self.b.ins().fmul(s, e);
        let scaled = self.b.ins().fadd(scaled, one);
        let added = self.b.ins().fadd(s, e);
        [
            self.b.ins().select(larger, v, m),
            self.b.ins().select(larger, scaled, added),
        ]
    }

    pub fn call_unary(&mut self, f: fn(f64) -> f64, x: Value) -> Value {
        let shim = self
            .b
            .ins()
            .iconst(types::I64, host::call_unary as *const () as i64);
        let f = self.b.ins().iconst(types::I64, f as *const () as i64);
        let call = self
            .b
            .ins()
            .call_indirect(self.outside.unary, shim, &[f, x]);
        self.b.inst_results(call)[0]
    }

    fn call_row(&mut self, op: Op, args: &[InstrId]) -> Value {
        let x = self.number(args[0]);
        match ops::def(op).value {
            ops::Value::Unary(f) => self.call_unary(f, x),
            ops::Value::Binary(f) => {
                let y = self.number(args[1]);
                let shim = self
                    .b
                    .ins()
                    .iconst(types::I64, host::call_binary as *const () as i64);
                let f = self.b.ins().iconst(types::I64, f as *const () as i64);
                let call = self
                    .b
                    .ins()
                    .call_indirect(self.outside.binary, shim, &[f, x, y]);
                self.b.inst_results(call)[0]
            }
            _ => unreachable!("{op:?} is no function of numbers"),
        }
    }
}
