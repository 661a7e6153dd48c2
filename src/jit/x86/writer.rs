//! Steps of a body as instructions of a machine.

use iced_x86::{Code, IcedError, Instruction, MemoryOperand, Register};

use super::assembler::{Assembler, Label, memory};
use super::layout::Layout;
use super::machine::Machine;
use super::registers::{Form, Place, Reg, Step};
use crate::jit::bodies::body::{Binary, Unary};
use crate::jit::bodies::frame::{Address, Combine};

/// Which turns of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// All lanes are active.
    Main,
    /// Some are.
    Tail,
}

/// An operand: a register, or memory.
pub type Operand = Result<Register, MemoryOperand>;

/// Steps as instructions.
pub struct Writer<'a, M> {
    pub asm: &'a mut Assembler,
    pub layout: &'a Layout<'a>,
    pub phase: Phase,
    /// Which copy of the body this is.
    pub copy: u32,
    /// Rare cases, written after everything else.
    pub rescues: &'a mut Vec<Rescue>,
    pub machine: std::marker::PhantomData<M>,
}

/// A call for lanes that need one, out of line.
pub struct Rescue {
    pub enter: Label,
    pub back: Label,
    pub function: u32,
    pub x: Register,
    pub y: Register,
    pub value: Register,
    /// Without one, all active lanes.
    pub mask: Option<Register>,
}

impl<M: Machine> Writer<'_, M> {
    pub fn put(&mut self, i: Result<Instruction, IcedError>) {
        self.asm.put(&i.expect("the operands fit the instruction"));
    }

    pub fn op2(&mut self, code: Code, to: Register, from: Register) {
        self.put(Instruction::with2(code, to, from));
    }

    pub fn op3(&mut self, code: Code, to: Register, a: Register, b: Register) {
        self.put(Instruction::with3(code, to, a, b));
    }

    /// The operand in memory of a place, or its register.
    pub fn operand(&mut self, place: Place) -> Operand {
        if let Some(r) = self.layout.register_of(place, self.copy) {
            return Ok(r);
        }
        match place {
            Place::Const(_) | Place::Param(_) => M::steady(self, place),
            place => Err(self.layout.memory_of(place, false)),
        }
    }

    /// An operation of one register and one operand that may be in memory, in all
    /// lanes.
    pub fn op(&mut self, code: Code, to: Register, a: Register, b: Place) {
        let i = match self.operand(b) {
            Ok(b) => Instruction::with3(code, to, a, b),
            Err(b) => Instruction::with3(code, to, a, b),
        };
        self.put(i);
    }

    /// A whole vector from memory.
    pub fn load_whole(&mut self, to: Register, from: MemoryOperand) {
        self.put(Instruction::with2(M::LOAD, to, from));
    }

    /// A whole vector to memory.
    pub fn store_whole(&mut self, to: MemoryOperand, from: Register) {
        self.put(Instruction::with2(M::STORE, to, from));
    }

    /// Puts what is at a place into a register.
    pub fn fill(&mut self, to: Register, from: Place) {
        if let Some(from) = self.layout.register_of(from, self.copy) {
            if from != to {
                self.op2(M::LOAD, to, from);
            }
            return;
        }
        match from {
            Place::Const(bits) => {
                let from = self.asm.constant(bits, false);
                self.put(Instruction::with2(M::BROADCAST, to, from));
            }
            Place::Param(_) => {
                let from = self.layout.memory_of(from, false);
                self.put(Instruction::with2(M::BROADCAST, to, from));
            }
            from => self.load_whole(to, self.layout.memory_of(from, false)),
        }
    }

    /// The mask of lanes where an effect happens: those of `of`, or all active.
    /// It may be in the first spare register.
    pub fn under(&mut self, of: Option<Reg>) -> Option<Register> {
        match of {
            Some(m) => Some(M::mask(m)),
            None if self.phase == Phase::Tail => Some(M::active(self)),
            None => None,
        }
    }

    /// Whether an effect happens in some lanes only.
    fn is_partial(&self, of: Option<Reg>) -> bool {
        of.is_some() || self.phase == Phase::Tail
    }

    /// Appends a step.
    pub fn step(&mut self, step: Step) {
        let vector = M::vector;
        match step {
            Step::Load { to, at } => M::load(self, vector(to), at),
            Step::Fill { to, from } => self.fill(vector(to), from),
            Step::Spill { from, slot } => {
                self.store_whole(self.layout.memory_of(Place::Slot(slot), false), vector(from));
            }
            Step::FillMask { to, slot } => M::fill_mask(self, to, slot),
            Step::SpillMask { from, slot } => M::spill_mask(self, from, slot),
            Step::Unary { op, to, a } => self.unary(op, vector(to), vector(a)),
            Step::Binary { op, to, a, b } => self.op(M::binary(op), vector(to), vector(a), b),
            Step::MulAdd { form, minus_product, minus_addend, to, s, p } => {
                let code = M::mul_add(form, minus_product, minus_addend);
                self.op(code, vector(to), vector(s), p);
            }
            Step::Compare { op, to, a, b } => M::compare(self, op, M::mask(to), vector(a), b),
            Step::Logic { op, to, a, b } => {
                M::logic(self, op, M::mask(to), M::mask(a), M::mask(b));
            }
            Step::Select { to, mask, a, b } => {
                M::select(self, vector(to), M::mask(mask), a, vector(b));
            }
            Step::Rescue { function, x, y, mask, value } => {
                let values = [vector(x), vector(y), vector(value)];
                self.rescue(function, values, mask.map(M::mask));
            }
            Step::AddTo { to, value, mask } if self.is_partial(mask) => {
                M::add_under(self, to, vector(value), mask);
            }
            Step::AddTo { to, value, .. } => {
                self.accumulate(M::binary(Binary::Add), to, None, Place::Reg(value));
            }
            Step::AddProductTo { to, minus, a, b, mask } if self.is_partial(mask) => {
                M::add_product_under(self, to, minus, (vector(a), b), mask);
            }
            Step::AddProductTo { to, minus, a, b, .. } => {
                let code = M::mul_add(Form::Mul231, minus, false);
                self.accumulate(code, to, Some(vector(a)), b);
            }
            Step::SetTo { to, value, mask } if self.is_partial(mask) => {
                M::set_under(self, to, vector(value), mask);
            }
            Step::SetTo { to, value, .. } => self.fill_running(to, vector(value)),
            Step::Store { at, add, value, mask } => {
                let under = self.under(mask);
                M::store(self, at, add, vector(value), under);
            }
            Step::Shifted { carry, shift, to, value } => {
                self.shifted(carry, shift, vector(to), vector(value));
            }
            Step::StoreRun { at, add, value, reach } => {
                self.store_run(at, add, vector(value), reach);
            }
        }
    }

    /// Sets an accumulator in all lanes.
    pub fn fill_running(&mut self, to: u32, value: Register) {
        match self.layout.register_of(Place::Running(to), self.copy) {
            Some(r) => self.op2(M::LOAD, r, value),
            None => self.store_whole(self.layout.memory_of(Place::Running(to), false), value),
        }
    }

    fn unary(&mut self, op: Unary, to: Register, a: Register) {
        let i = match M::unary(op) {
            (code, Some(n)) => Instruction::with3(code, to, a, n),
            (code, None) => Instruction::with2(code, to, a),
        };
        self.put(i);
    }

    /// `[pointer + offset]` of this copy.
    pub fn at(&self, at: Address) -> MemoryOperand {
        let step = 8 * M::LANES * at.stride * i64::from(self.copy);
        memory(self.layout.pointer(at.pointer), i64::from(at.offset) + step, false)
    }

    /// The places of the lanes, in entries.
    pub fn places(&mut self, at: Address) -> MemoryOperand {
        let places: Vec<u64> = (0..M::LANES).map(|l| (l * at.stride) as u64).collect();
        self.asm.constant_vector(&places)
    }

    /// Adds to an accumulator in all lanes: a value, or what `code` makes of a
    /// factor and a value.
    fn accumulate(&mut self, code: Code, to: u32, factor: Option<Register>, value: Place) {
        if let Some(r) = self.layout.register_of(Place::Running(to), self.copy) {
            return self.op(code, r, factor.unwrap_or(r), value);
        }
        let (total, sum) = (self.layout.memory_of(Place::Running(to), false), M::SPARE.1);
        self.load_whole(sum, total);
        self.op(code, sum, factor.unwrap_or(sum), value);
        self.store_whole(total, sum);
    }

    /// `value` moved up by some lanes, with lanes of the value before.
    fn shifted(&mut self, carry: u32, shift: u8, to: Register, value: Register) {
        let mut value = value;
        if self.phase == Phase::Tail {
            M::active_lanes(self, M::SPARE.1, value);
            value = M::SPARE.1;
        }
        if shift == 0 {
            return self.op2(M::LOAD, to, value);
        }
        M::shift(self, to, value, (shift, carry), M::SPARE.0);
        match self.layout.carry(carry) {
            Ok(kept) => self.op2(M::LOAD, kept, value),
            Err(kept) => self.store_whole(kept, value),
        }
    }

    fn store_run(&mut self, at: Address, add: bool, value: Register, reach: u8) {
        if self.phase == Phase::Main {
            return M::store(self, at, add, value, None);
        }
        // So many lanes beyond the active ones; those past the vector follow
        // from what was carried.
        let mask = M::run_mask(self, reach, 0);
        M::store(self, at, add, value, Some(mask));
    }

    /// What a run still has to add past its last vector.
    pub fn flush_run(&mut self, at: Address, add: bool, reach: u8, carried: &[(u32, u8)]) {
        // The body is over: only accumulators are needed, and they come first.
        let ((zero, total), sum) = (M::SPARE, M::vector(M::END - 1));
        let clear = M::binary(Binary::BitXor);
        self.op3(clear, sum, sum, sum);
        for &(carry, shift) in carried.iter().filter(|(_, shift)| *shift > 0) {
            self.op3(clear, zero, zero, zero);
            M::shift(self, total, zero, (shift, carry), M::vector(M::END - 2));
            self.op3(M::binary(Binary::Add), sum, sum, total);
        }
        let mask = M::run_mask(self, reach, 1);
        let next = Address { offset: at.offset + 8 * M::LANES as i32, ..at };
        M::store(self, next, add, sum, Some(mask));
    }

    fn rescue(&mut self, function: u32, values: [Register; 3], mask: Option<Register>) {
        let (enter, back) = (self.asm.label(), self.asm.label());
        let [x, y, value] = values;
        match mask {
            Some(m) => M::jump_if_any(self, m, enter),
            None => self.asm.jump(Code::Jmp_rel32_64, enter),
        }
        self.asm.bind(back);
        self.rescues.push(Rescue { enter, back, function, x, y, value, mask });
    }

    /// `a` combined with `b`, in `a`. The body is over.
    pub fn combine(&mut self, how: Combine, a: Register, b: Register) {
        match how {
            Combine::Sum => self.op3(M::binary(Binary::Add), a, a, b),
            Combine::Product => self.op3(M::binary(Binary::Mul), a, a, b),
            Combine::Min | Combine::Max => M::extreme(self, how, a, b),
        }
    }

    /// Combines the lanes of `a`, with `b` to work in; the first lane is the
    /// result.
    pub fn combine_lanes(&mut self, how: Combine, a: Register, b: Register) {
        for turn in 0..M::LANES.ilog2() {
            M::swap_lanes(self, turn, b, a);
            self.combine(how, a, b);
        }
    }

    /// Stores the first lane.
    pub fn store_first(&mut self, to: MemoryOperand, from: Register) {
        let xmm = low(M::VECTORS.0, from);
        self.put(Instruction::with2(M::STORE_FIRST, to, xmm));
    }
}

/// The register of two doubles that is part of a wider one.
pub fn low(first: Register, r: Register) -> Register {
    Register::XMM0 + (r as u32 - first as u32)
}
