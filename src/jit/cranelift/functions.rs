//! Functions of numbers as Cranelift instructions.
//!
//! Truth values stay truth values until someone computes with them. Functions
//! that are not instructions are calls of the value in the operator's row.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::lower::{Lowering, Slot};
use crate::expr::Op;
use crate::jit::entries::dag::{Fun, Kind};
use crate::jit::program::InstrId;
use crate::jit::run::host;
use crate::ops;
use crate::special;

impl Lowering<'_, '_> {
    /// A function of operations' results.
    pub(super) fn function(&mut self, fun: Fun, args: &[InstrId]) -> Slot {
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
            let total = if subtract { self.b.ins().fneg(total) } else { total };
            return self.b.ins().fma(x, y, total);
        }
        let (a, b) = (self.number(left), self.number(right));
        if subtract { self.b.ins().fsub(a, b) } else { self.b.ins().fadd(a, b) }
    }

    /// As `special::min` and `special::max`: a NaN on either side wins, and of
    /// equal numbers the first.
    pub fn extreme(&mut self, a: Value, b: Value, smaller: bool) -> Value {
        let beats = if smaller { FloatCC::LessThanOrEqual } else { FloatCC::GreaterThanOrEqual };
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
        [self.b.ins().select(larger, v, m), self.b.ins().select(larger, scaled, added)]
    }

    /// One step of the first index of the largest, by the rule of [`special::Largest`]: the largest value so
    /// far and its index, not a number before the first.
    pub fn first_largest(&mut self, totals: &[Value], v: Value, at: Value) -> [Value; 2] {
        let (best, place) = (totals[0], totals[1]);
        let (tie, most) = (self.b.ins().f64const(special::TIE), self.b.ins().f64const(f64::MAX));
        let size = self.b.ins().fabs(best);
        let size = self.b.ins().fmin(size, most);
        let slack = self.b.ins().fmul(tie, size);
        let level = self.b.ins().fadd(best, slack);
        let larger = self.b.ins().fcmp(FloatCC::GreaterThan, v, level);
        let first = self.b.ins().fcmp(FloatCC::Unordered, place, place);
        let takes = self.b.ins().bor(larger, first);
        [self.b.ins().select(takes, v, best), self.b.ins().select(takes, at, place)]
    }

    pub fn call_unary(&mut self, f: fn(f64) -> f64, x: Value) -> Value {
        let shim = self.b.ins().iconst(types::I64, host::call_unary as *const () as i64);
        let f = self.b.ins().iconst(types::I64, f as *const () as i64);
        let call = self.b.ins().call_indirect(self.outside.unary, shim, &[f, x]);
        self.b.inst_results(call)[0]
    }

    fn call_row(&mut self, op: Op, args: &[InstrId]) -> Value {
        let x = self.number(args[0]);
        match ops::def(op).value {
            ops::Value::Unary(f) => self.call_unary(f, x),
            ops::Value::Binary(f) => {
                let y = self.number(args[1]);
                let shim = self.b.ins().iconst(types::I64, host::call_binary as *const () as i64);
                let f = self.b.ins().iconst(types::I64, f as *const () as i64);
                let call = self.b.ins().call_indirect(self.outside.binary, shim, &[f, x, y]);
                self.b.inst_results(call)[0]
            }
            _ => unreachable!("{op:?} is no function of numbers"),
        }
    }
}
