//! Functions of numbers as vector operations.

use super::body::{Binary, Compare, Id, Logic, Op, Outside, Target, Unary};
use super::frame::Param;
use super::recorded::Recorded;
use super::select::{Selector, Slot};
use crate::expr::Op as RowOp;
use crate::jit::entries::dag::{Fun, Kind};
use crate::jit::program::InstrId;
use crate::ops::{self, Lowering, Value};

impl Selector<'_> {
    /// The factors of a product that nothing else needs.
    pub fn own_product(&mut self, v: InstrId) -> Option<(Id, Id)> {
        let instr = &self.program.instrs[v as usize];
        let own = instr.uses == 1
            && instr.kind == Kind::Fun(Fun::Mul)
            && matches!(self.slots.get(&v), Some(Slot::Number(_)));
        own.then(|| Some((self.number(instr.args[0])?, self.number(instr.args[1])?)))?
    }

    /// A product with the other sign, where one factor comes from outside and
    /// can change it there.
    fn negated_product(&mut self, v: InstrId) -> Option<Id> {
        let instr = &self.program.instrs[v as usize];
        let inside = matches!(self.slots.get(&v), Some(Slot::Number(_)));
        if instr.uses != 1 || instr.kind != Kind::Fun(Fun::Mul) || !inside {
            return None;
        }
        let outside = instr.args.iter().position(|a| !self.slots.contains_key(a))?;
        let other = self.number(instr.args[1 - outside])?;
        let factor = self.outside(Param::Negated(instr.args[outside]));
        Some(self.push(Op::Binary(Binary::Mul, factor, other)))
    }

    pub fn function(&mut self, fun: Fun, args: &[InstrId]) -> Option<Slot> {
        let binary = match fun {
            Fun::Mul => Some(Binary::Mul),
            Fun::Div => Some(Binary::Div),
            _ => None,
        };
        if let Some(op) = binary {
            let (a, b) = (self.number(args[0])?, self.number(args[1])?);
            return Some(Slot::Number(self.push(Op::Binary(op, a, b))));
        }
        match fun {
            Fun::Add | Fun::Sub => self.add_or_subtract(fun, args[0], args[1]).map(Slot::Number),
            Fun::Lt | Fun::Le | Fun::Gt | Fun::Ge | Fun::Eq | Fun::Ne => {
                let (a, b) = (self.number(args[0])?, self.number(args[1])?);
                let op = match fun {
                    Fun::Lt => Op::Compare(Compare::Less, a, b),
                    Fun::Le => Op::Compare(Compare::LessEqual, a, b),
                    Fun::Gt => Op::Compare(Compare::Less, b, a),
                    Fun::Ge => Op::Compare(Compare::LessEqual, b, a),
                    Fun::Eq => Op::Compare(Compare::Equal, a, b),
                    _ => Op::Compare(Compare::NotEqual, a, b),
                };
                Some(Slot::Truth(self.push(op)))
            }
            Fun::And | Fun::Or | Fun::Not => {
                let a = self.truth(args[0])?;
                let (op, b) = match fun {
                    Fun::And => (Logic::And, self.truth(args[1])?),
                    Fun::Or => (Logic::Or, self.truth(args[1])?),
                    _ => (Logic::Not, a),
                };
                Some(Slot::Truth(self.push(Op::Logic(op, a, b))))
            }
            Fun::Min | Fun::Max => {
                let (a, b) = (self.number(args[0])?, self.number(args[1])?);
                Some(Slot::Number(self.extreme(a, b, fun == Fun::Min)))
            }
            Fun::Row(op) => self.row(op, args).map(Slot::Number),
            _ => {
                if let Some(product) = self.negated_product(args[0]).filter(|_| fun == Fun::Neg) {
                    return Some(Slot::Number(product));
                }
                let a = self.number(args[0])?;
                Some(Slot::Number(self.unary(fun, a)?))
            }
        }
    }

    fn unary(&mut self, fun: Fun, a: Id) -> Option<Id> {
        let constant = |s: &mut Self, value: f64| s.push(Op::Const(value.to_bits()));
        Some(match fun {
            Fun::Neg => {
                let sign = constant(self, -0.0);
                self.push(Op::Binary(Binary::BitXor, a, sign))
            }
            Fun::Abs => {
                let rest = self.push(Op::Const(!(1 << 63)));
                self.push(Op::Binary(Binary::BitAnd, a, rest))
            }
            Fun::Sqrt => self.push(Op::Unary(Unary::Sqrt, a)),
            Fun::Floor => self.push(Op::Unary(Unary::Floor, a)),
            Fun::Ceil => self.push(Op::Unary(Unary::Ceil, a)),
            Fun::Relu => {
                // A NaN stays one: it is the second argument.
                let zero = constant(self, 0.0);
                self.push(Op::Binary(Binary::Larger, zero, a))
            }
            Fun::Sign => {
                let (zero, one, minus) =
                    (constant(self, 0.0), constant(self, 1.0), constant(self, -1.0));
                let below = self.push(Op::Compare(Compare::Less, a, zero));
                let above = self.push(Op::Compare(Compare::Less, zero, a));
                let rest = self.push(Op::Select(below, minus, a));
                self.push(Op::Select(above, one, rest))
            }
            _ => return None,
        })
    }

    /// As `special::min` and `special::max`: a NaN on either side wins.
    pub fn extreme(&mut self, a: Id, b: Id, smaller: bool) -> Id {
        // Gives `a` where they are equal or `a` is NaN.
        let op = if smaller { Binary::Smaller } else { Binary::Larger };
        let found = self.push(Op::Binary(op, b, a));
        let nan = self.push(Op::Compare(Compare::Unordered, b, b));
        self.push(Op::Select(nan, b, found))
    }

    fn add_or_subtract(&mut self, fun: Fun, left: InstrId, right: InstrId) -> Option<Id> {
        let subtract = fun == Fun::Sub;
        if let Some((a, b)) = self.own_product(right) {
            let c = self.number(left)?;
            let (minus_product, minus_addend) = (subtract, false);
            return Some(self.push(Op::MulAdd { minus_product, minus_addend, a, b, c }));
        }
        if let Some((a, b)) = self.own_product(left) {
            let c = self.number(right)?;
            let (minus_product, minus_addend) = (false, subtract);
            return Some(self.push(Op::MulAdd { minus_product, minus_addend, a, b, c }));
        }
        let (a, b) = (self.number(left)?, self.number(right)?);
        let op = if subtract { Binary::Sub } else { Binary::Add };
        Some(self.push(Op::Binary(op, a, b)))
    }

    /// A function of the table, by its algorithm or by calls.
    fn row(&mut self, op: RowOp, args: &[InstrId]) -> Option<Id> {
        let row = ops::def(op);
        let x = self.number(args[0])?;
        let call = |s: &mut Self, f: Outside, y: Option<Id>, mask, value| {
            let functions = &mut s.body.get_mut().functions;
            functions.push(f);
            let function = functions.len() as u32 - 1;
            s.push(Op::Rescue { function, x, y: y.unwrap_or(x), mask, value })
        };
        let blocks = self.body.get_mut().target == Target::Blocks;
        match (row.lowering, row.value) {
            (Lowering::Vector(algorithm), _) if blocks => {
                Some(self.push(Op::Elementary(algorithm, x)))
            }
            (Lowering::Vector2(algorithm), _) if blocks => {
                let y = self.number(args[1])?;
                Some(self.push(Op::Elementary2(algorithm, x, y)))
            }
            (Lowering::Vector(algorithm), Value::Unary(f)) => {
                let recorded = Recorded { body: &self.body, id: x };
                let value = algorithm.value(recorded).id;
                match algorithm.hard(recorded).map(|m| m.id) {
                    None => Some(value),
                    hard => Some(call(self, Outside::One(f), None, hard, value)),
                }
            }
            (Lowering::Vector2(algorithm), Value::Binary(f)) => {
                let y = self.number(args[1])?;
                let [a, b] = [x, y].map(|id| Recorded { body: &self.body, id });
                let value = algorithm.value(a, b).id;
                let hard = algorithm.hard(a, b).id;
                Some(call(self, Outside::Two(f), Some(y), Some(hard), value))
            }
            (_, Value::Unary(f)) => Some(call(self, Outside::One(f), None, None, x)),
            (_, Value::Binary(f)) => {
                let y = self.number(args[1])?;
                Some(call(self, Outside::Two(f), Some(y), None, x))
            }
            _ => None,
        }
    }
}
