//! Operations of a body as steps: in which register or memory each operand is,
//! and which operand a result may replace.

use super::registers::{Assigner, Form, Place, Reg, Step, VECTORS};
use crate::jit::bodies::body::{Binary, Id, Logic, Op};

impl Assigner<'_> {
    pub fn operation(&mut self, k: Id) {
        let op = self.body.ops[k as usize];
        let operands: Vec<Id> = op.operands().collect();
        let used = &operands[..];
        match op {
            Op::Const(_) | Op::Param(_) | Op::Counter => return,
            Op::Running(to) => {
                let r = self.take(k, used);
                self.steps.push(Step::Fill { to: r, from: Place::Running(to) });
            }
            Op::Load(at) => {
                let to = self.take(k, used);
                self.steps.push(Step::Load { to, at });
            }
            Op::Unary(op, a) => {
                let a = self.in_reg(a, used);
                let to = self.result(k, used);
                self.steps.push(Step::Unary { op, to, a });
            }
            Op::Binary(op, a, b) => {
                let (a, b) = if commutes(op) && matches!(self.place(b), Place::Reg(_)) {
                    // What is in memory comes second.
                    if matches!(self.place(a), Place::Reg(_)) { (a, b) } else { (b, a) }
                } else {
                    (a, b)
                };
                let a = self.in_reg(a, used);
                let b = self.operand(b, used);
                let to = self.result(k, used);
                self.steps.push(Step::Binary { op, to, a, b });
            }
            Op::MulAdd { minus_product, minus_addend, a, b, c } => {
                return self.mul_add(k, (minus_product, minus_addend), [a, b, c]);
            }
            Op::Compare(op, a, b) => {
                let a = self.in_reg(a, used);
                let b = self.operand(b, used);
                let to = self.result(k, used);
                self.steps.push(Step::Compare { op, to, a, b });
            }
            Op::Logic(op, a, b) => {
                let a = self.in_reg(a, used);
                let b = if op == Logic::Not { a } else { self.in_reg(b, used) };
                let to = self.result(k, used);
                self.steps.push(Step::Logic { op, to, a, b });
            }
            Op::Select(mask, a, b) => {
                let mask = self.in_reg(mask, used);
                let b = self.in_reg(b, used);
                let a = self.operand(a, used);
                let to = self.result(k, used);
                self.steps.push(Step::Select { to, mask, a, b });
            }
            Op::Elementary(..) | Op::Elementary2(..) => {
                unreachable!("a body for machine code has arithmetic instead")
            }
            Op::Rescue { function, x, y, mask, value } => {
                let (x, y) = (self.in_reg(x, used), self.in_reg(y, used));
                let mask = mask.map(|m| self.in_reg(m, used));
                let from = self.in_reg(value, used);
                // The arguments must outlive the move of the value.
                let to = self.take(k, used);
                self.steps.push(Step::Fill { to, from: Place::Reg(from) });
                self.steps.push(Step::Rescue { function, x, y, mask, value: to });
            }
            Op::Shifted { carry, shift, value } => {
                let value = self.in_reg(value, used);
                // The value is stored after the result is there.
                let to = self.take(k, used);
                self.steps.push(Step::Shifted { carry, shift, to, value });
            }
            op => self.effect(op, used),
        }
        self.pass(used);
    }

    /// An operation without a value.
    fn effect(&mut self, op: Op, used: &[Id]) {
        let step = match op {
            Op::AddTo { to, value, mask } => {
                let (value, mask) = self.value_and_mask(value, mask, used);
                Step::AddTo { to, value, mask }
            }
            Op::SetTo { to, value, mask } => {
                let (value, mask) = self.value_and_mask(value, mask, used);
                Step::SetTo { to, value, mask }
            }
            Op::AddProductTo { to, minus, a, b, mask } => {
                let (a, b) = if matches!(self.place(a), Place::Reg(_)) { (a, b) } else { (b, a) };
                let (a, mask) = self.value_and_mask(a, mask, used);
                let b = self.operand(b, used);
                Step::AddProductTo { to, minus, a, b, mask }
            }
            Op::Store { at, add, value, mask } => {
                let (value, mask) = self.value_and_mask(value, mask, used);
                Step::Store { at, add, value, mask }
            }
            Op::StoreRun { at, add, value, reach } => {
                let value = self.in_reg(value, used);
                Step::StoreRun { at, add, value, reach }
            }
            op => unreachable!("{op:?} has a value"),
        };
        self.steps.push(step);
    }

    fn value_and_mask(&mut self, v: Id, mask: Option<Id>, used: &[Id]) -> (Reg, Option<Reg>) {
        (self.in_reg(v, used), mask.map(|m| self.in_reg(m, used)))
    }

    /// A register for the result, which may be that of an operand that nobody
    /// uses any more.
    fn result(&mut self, k: Id, used: &[Id]) -> Reg {
        self.pass(used);
        self.take(k, used)
    }

    fn mul_add(&mut self, k: Id, minus: (bool, bool), operands: [Id; 3]) {
        let used = &operands[..];
        let [mut a, mut b, c] = operands;
        // What is in memory is the second factor.
        if !matches!(self.place(a), Place::Reg(_)) || (self.gives(b) && !self.gives(a)) {
            (a, b) = (b, a);
        }
        let in_memory = |s: &Self, v: Id| !matches!(s.place(v), Place::Reg(_));
        let (form, d, s, p);
        if self.gives(c) {
            (form, d) = (Form::Mul231, self.in_reg(c, used));
            (s, p) = (self.in_reg(a, used), self.operand(b, used));
            self.hand_over(c, k);
        } else if self.gives(a) {
            d = self.in_reg(a, used);
            if in_memory(self, b) && !in_memory(self, c) {
                (form, s, p) = (Form::Mul132, self.in_reg(c, used), self.operand(b, used));
            } else {
                (form, s, p) = (Form::Mul213, self.in_reg(b, used), self.operand(c, used));
            }
            self.hand_over(a, k);
        } else {
            // A copy of the addend is overwritten; from memory it costs least.
            s = self.in_reg(a, used);
            let from = if in_memory(self, b) && !in_memory(self, c) {
                self.place(c)
            } else {
                self.in_reg(b, used);
                self.place(c)
            };
            let from = if from == Place::Counter { self.operand(c, used) } else { from };
            p = self.operand(b, used);
            d = self.take(k, used);
            form = Form::Mul231;
            self.steps.push(Step::Fill { to: d, from });
        }
        let (minus_product, minus_addend) = minus;
        self.steps.push(Step::MulAdd { form, minus_product, minus_addend, to: d, s, p });
        self.pass(used);
    }

    /// The register of an operand becomes that of the result.
    fn hand_over(&mut self, from: Id, to: Id) {
        let r = self.at[from as usize].take().expect("it gives its register");
        self.owners[VECTORS][usize::from(r)] = Some(to);
        self.at[to as usize] = Some(r);
    }
}

/// Whether the operands may change places.
pub fn commutes(op: Binary) -> bool {
    matches!(
        op,
        Binary::Add
            | Binary::Mul
            | Binary::BitAnd
            | Binary::BitOr
            | Binary::BitXor
            | Binary::BitAdd
    )
}
