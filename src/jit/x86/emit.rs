//! The loop around a body: machine code of one function.
//!
//! The function gets a *frame*, a row of 8-byte words: the number of steps (at
//! least 1), the counter's first value as a number, the pointers, the
//! parameters, and room for the totals. Full vectors run unrolled; what remains
//! runs in steps of one vector in which only some lanes are active: the others
//! neither read nor write memory nor count. The order of a sum depends on the
//! number of steps alone.
//!
//! Returns 0, or 1 where it was interrupted.

use std::marker::PhantomData;

use iced_x86::{Code, IcedError, Instruction, Register};

use super::assembler::{Assembler, memory};
use super::layout::{Layout, POINTERS, SCRATCH_POINTERS};
use super::machine::Machine;
use super::registers::{Assigned, Available, NEEDED, Place, Reg, Step, assign};
use super::rescue;
use super::writer::{Phase, Rescue, Writer};
use crate::jit::bodies::body::{Binary, Body, Op};
use crate::jit::bodies::frame::Address;
use crate::jit::bodies::frame::HEAD;

/// Vectors on the stack at most.
const MOST_SLOTS: u32 = 256;
/// Bytes of the stack between two that are touched, so that its guard is not
/// skipped.
const PAGE: i64 = 4096;
/// Turns of the loop between two looks at the interrupt.
const PATIENCE: i32 = 8192;

/// The bytes of a function, and where in them it begins; nothing where the body
/// needs more than there is.
pub fn emit<M: Machine>(
    body: &Body,
    pointers: &[i64],
    params: usize,
    interrupt: Option<usize>,
) -> Option<(Vec<u8>, usize)> {
    if pointers.len() > POINTERS.len() {
        return None;
    }
    let count = body.accumulators.len();
    let copies = copies(body, M::RUNNING);
    let has_counter = body.ops.contains(&Op::Counter);
    let carried = if body.carries <= M::CARRIED { body.carries as usize } else { 0 };
    // What remains must do for any operation.
    let most = usize::from(M::END - NEEDED - 1) - usize::from(has_counter) - carried;
    let in_registers = count.min(M::RUNNING.min(most) / copies as usize);
    let before = in_registers * copies as usize + usize::from(has_counter);
    let available = Available { first: (before + carried) as Reg, end: M::END, masks: M::MASKS };
    let assigned = assign(body, available);
    let layout = Layout {
        assigned: &assigned,
        vectors: (M::VECTORS.0, 8 * M::LANES),
        params: HEAD + pointers.len(),
        totals: HEAD + pointers.len() + params,
        copies,
        running: (Reg::from(has_counter), in_registers as u32),
        counter: has_counter.then_some(0),
        carries: (body.carries, (carried > 0).then_some(before as Reg)),
        count: count as u32,
    };
    if layout.in_stack() + assigned.mask_slots / 8 > MOST_SLOTS {
        return None;
    }
    let e = Emitter::<M> {
        body,
        pointers,
        layout: &layout,
        interrupt,
        asm: Assembler::new(constants::<M>(body, &assigned)),
        machine: PhantomData,
    };
    Some(e.function())
}

/// How many vectors a turn of the loop handles: more, the shorter the body, so
/// that additions to a total do not wait for one another. There are so many
/// registers for totals.
fn copies(body: &Body, running: usize) -> u32 {
    let work = body
        .ops
        .iter()
        .filter(|op| !matches!(op, Op::Const(_) | Op::Param(_) | Op::Counter | Op::Running(_)))
        .count();
    let carried = body.ops.iter().any(|op| matches!(op, Op::Shifted { .. }));
    let totals = body.accumulators.len();
    match work {
        _ if carried => 1,
        0..=8 if 4 * totals <= running => 4,
        0..=16 if 2 * totals <= running => 2,
        _ => 1,
    }
}

/// Room that the pool needs, generously.
fn constants<M: Machine>(body: &Body, assigned: &Assigned) -> usize {
    let of = |op: &Op| match op {
        Op::Const(_) => M::CONSTANT,
        Op::Load(at) | Op::Store { at, .. } if at.stride != 1 => M::LANES as usize,
        _ => 0,
    };
    let all: usize = body.ops.iter().map(of).sum();
    64 + 2 * M::TABLES + all + assigned.hoisted.len() + body.accumulators.len()
}

struct Emitter<'a, M> {
    body: &'a Body,
    /// Entries between the steps of each pointer.
    pointers: &'a [i64],
    layout: &'a Layout<'a>,
    interrupt: Option<usize>,
    asm: Assembler,
    machine: PhantomData<M>,
}

impl<M: Machine> Emitter<'_, M> {
    fn put(&mut self, i: Result<Instruction, IcedError>) {
        self.asm.put(&i.expect("the operands fit the instruction"));
    }

    fn writer<'w>(
        &'w mut self,
        phase: Phase,
        copy: u32,
        rescues: &'w mut Vec<Rescue>,
    ) -> Writer<'w, M> {
        let machine = PhantomData;
        Writer { asm: &mut self.asm, layout: self.layout, phase, copy, rescues, machine }
    }

    fn function(mut self) -> (Vec<u8>, usize) {
        let copies = self.layout.copies;
        let mut rescues = Vec::new();
        self.enter();
        let (main, rest, done, exit) =
            (self.asm.label(), self.asm.label(), self.asm.label(), self.asm.label());
        let (look, back) = (self.asm.label(), self.asm.label());
        let turn = M::LANES as i32 * copies as i32;
        self.put(Instruction::with2(Code::Sub_rm64_imm32, Register::RCX, turn));
        self.asm.jump(Code::Jl_rel32_64, rest);
        self.asm.align();
        self.asm.bind(main);
        if self.interrupt.is_some() {
            let left = self.layout.patience();
            self.put(Instruction::with1(Code::Dec_rm64, left));
            self.asm.jump(Code::Je_rel32_64, look);
            self.asm.bind(back);
        }
        for copy in 0..copies {
            self.body_once(Phase::Main, copy, &mut rescues);
        }
        self.advance(i64::from(copies));
        self.put(Instruction::with2(Code::Sub_rm64_imm32, Register::RCX, turn));
        self.asm.jump(Code::Jge_rel32_64, main);

        self.asm.bind(rest);
        self.put(Instruction::with2(Code::Add_rm64_imm32, Register::RCX, turn));
        let runs = self.body.ops.iter().any(|op| matches!(op, Op::Shifted { .. }));
        if !runs {
            // Scatters in runs have to write what they carry in any case.
            self.put(Instruction::with2(Code::Test_rm64_r64, Register::RCX, Register::RCX));
            self.asm.jump(Code::Je_rel32_64, done);
        }
        let again = self.asm.label();
        self.asm.bind(again);
        M::activate(&mut self.writer(Phase::Tail, 0, &mut rescues));
        self.body_once(Phase::Tail, 0, &mut rescues);
        if runs {
            self.flush(&mut rescues);
        } else if copies > 1 {
            self.advance(1);
            self.put(Instruction::with2(Code::Sub_rm64_imm32, Register::RCX, M::LANES as i32));
            self.asm.jump(Code::Jg_rel32_64, again);
        }
        self.asm.bind(done);
        self.totals(&mut rescues);
        self.put(Instruction::with2(Code::Xor_rm32_r32, Register::EAX, Register::EAX));
        self.asm.bind(exit);
        self.leave();
        if let Some(flag) = self.interrupt {
            self.asm.bind(look);
            let left = self.layout.patience();
            self.put(Instruction::with2(Code::Mov_rm64_imm32, left, PATIENCE));
            self.put(Instruction::with2(Code::Mov_r64_imm64, Register::R11, flag as u64));
            let flag = memory(Register::R11, 0, false);
            self.put(Instruction::with2(Code::Cmp_rm8_imm8, flag, 0u32));
            self.asm.jump(Code::Je_rel32_64, back);
            self.put(Instruction::with2(Code::Mov_r32_imm32, Register::EAX, 1u32));
            self.asm.jump(Code::Jmp_rel32_64, exit);
        }
        if !rescues.is_empty() {
            rescue::write::<M>(&mut self.asm, self.layout, &rescues, &self.body.functions);
        }
        self.asm.finish()
    }

    /// Saves the caller's registers and sets up what stays for the whole loop.
    fn enter(&mut self) {
        for r in self.saved() {
            self.put(Instruction::with1(Code::Push_r64, r));
        }
        let mut size = self.layout.rescue_area();
        if self.body.ops.iter().any(|op| matches!(op, Op::Rescue { .. })) {
            size += rescue::SIZE;
        }
        self.put(Instruction::with2(Code::Mov_r64_rm64, Register::RAX, Register::RSP));
        for page in 1..=size / PAGE {
            let touched = memory(Register::RSP, -page * PAGE, false);
            self.put(Instruction::with2(Code::Mov_rm64_r64, touched, Register::RAX));
        }
        self.put(Instruction::with2(Code::Sub_rm64_imm32, Register::RSP, size as i32));
        self.put(Instruction::with2(Code::And_rm64_imm8, Register::RSP, -64));
        self.put(Instruction::with2(Code::Mov_rm64_r64, self.layout.caller(), Register::RAX));
        if self.interrupt.is_some() {
            let left = self.layout.patience();
            self.put(Instruction::with2(Code::Mov_rm64_imm32, left, PATIENCE));
        }
        let from = |word: usize| memory(Register::RDI, 8 * word as i64, false);
        self.put(Instruction::with2(Code::Mov_r64_rm64, Register::RCX, from(0)));
        for (k, &r) in POINTERS.iter().enumerate().take(self.pointers.len()) {
            self.put(Instruction::with2(Code::Mov_r64_rm64, r, from(HEAD + k)));
        }
        let layout = self.layout;
        let mut none = Vec::new();
        M::activate_all(&mut self.writer(Phase::Main, 0, &mut none));
        for &(place, r) in &layout.assigned.hoisted {
            let from = match place {
                Place::Const(bits) => self.asm.constant(bits, false),
                place => layout.memory_of(place, false),
            };
            self.put(Instruction::with2(M::BROADCAST, M::vector(r), from));
        }
        if let Some(r) = layout.counter.map(M::vector) {
            let lanes: Vec<u64> = (0..M::LANES).map(|l| (l as f64).to_bits()).collect();
            let lanes = self.asm.constant_vector(&lanes);
            self.put(Instruction::with2(M::BROADCAST, r, from(1)));
            self.put(Instruction::with3(M::binary(Binary::Add), r, r, lanes));
        }
        for (a, how) in self.body.accumulators.iter().enumerate() {
            let place = Place::Running(a as u32);
            let neutral = Place::Const(how.neutral().to_bits());
            for copy in 0..layout.copies {
                let mut w = self.writer(Phase::Main, copy, &mut none);
                match layout.register_of(place, copy) {
                    Some(r) => w.fill(r, neutral),
                    None => {
                        w.fill(M::SPARE.1, neutral);
                        w.store_whole(layout.memory_of(place, false), M::SPARE.1);
                    }
                }
            }
        }
        for carry in 0..layout.carries.0 {
            let mut w = self.writer(Phase::Main, 0, &mut none);
            match layout.carry(carry) {
                Ok(r) => w.fill(r, Place::Const(0)),
                Err(kept) => {
                    w.fill(M::SPARE.1, Place::Const(0));
                    w.store_whole(kept, M::SPARE.1);
                }
            }
        }
    }

    /// Registers of the caller that are used.
    fn saved(&self) -> Vec<Register> {
        POINTERS[..self.pointers.len()].iter().skip(SCRATCH_POINTERS).copied().collect()
    }

    fn leave(&mut self) {
        self.put(Instruction::with2(Code::Mov_r64_rm64, Register::RSP, self.layout.caller()));
        for r in self.saved().into_iter().rev() {
            self.put(Instruction::with1(Code::Pop_r64, r));
        }
        self.asm.op0(Code::VEX_Vzeroupper);
        self.asm.op0(Code::Retnq);
    }

    fn body_once(&mut self, phase: Phase, copy: u32, rescues: &mut Vec<Rescue>) {
        let layout = self.layout;
        let mut w = self.writer(phase, copy, rescues);
        for &step in &layout.assigned.steps {
            w.step(step);
        }
        if let Some(r) = layout.counter.map(M::vector) {
            w.op(M::binary(Binary::Add), r, r, Place::Const((M::LANES as f64).to_bits()));
        }
    }

    /// Moves the pointers by so many vectors.
    fn advance(&mut self, vectors: i64) {
        for (k, &stride) in self.pointers.iter().enumerate().filter(|(_, s)| **s != 0) {
            let by = 8 * M::LANES * vectors * stride;
            self.put(Instruction::with2(Code::Add_rm64_imm32, POINTERS[k], by as i32));
        }
    }

    /// What runs of scatters still have to add after the last step.
    fn flush(&mut self, rescues: &mut Vec<Rescue>) {
        let layout = self.layout;
        let mut carried = Vec::new();
        for &step in &layout.assigned.steps {
            match step {
                Step::Shifted { carry, shift, .. } => carried.push((carry, shift)),
                Step::StoreRun { at, add, reach, .. } => {
                    let at: Address = at;
                    self.writer(Phase::Tail, 0, rescues).flush_run(at, add, reach, &carried);
                    carried.clear();
                }
                _ => {}
            }
        }
    }

    /// Combines copies and lanes of the accumulators.
    fn totals(&mut self, rescues: &mut Vec<Rescue>) {
        let layout = self.layout;
        // Nothing of the body is needed any more, but for accumulators.
        for (a, &how) in self.body.accumulators.iter().enumerate() {
            let place = Place::Running(a as u32);
            let to = memory(Register::RDI, 8 * (layout.totals + a) as i64, false);
            let mut w = self.writer(Phase::Main, 0, rescues);
            let first = match layout.register_of(place, 0) {
                Some(r) => r,
                None => {
                    w.load_whole(M::SPARE.0, layout.memory_of(place, false));
                    M::SPARE.0
                }
            };
            for copy in 1..layout.copies {
                if let Some(r) = layout.register_of(place, copy) {
                    w.combine(how, first, r);
                }
            }
            w.combine_lanes(how, first, M::SPARE.1);
            w.store_first(to, first);
        }
    }
}
