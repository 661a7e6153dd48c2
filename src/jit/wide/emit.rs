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

use iced_x86::{Code, Instruction, MemoryOperand, Register};

use super::assembler::{Assembler, memory};
use super::avx512::{ACTIVE, LANES, Rescue, SPARE, Writer, vector};
use super::body::{Address, Body, Op};
use super::registers::{Assigned, Available, Place, Reg, Step, assign};
use super::rescue;

/// Words of a frame before the pointers.
pub const HEAD: usize = 2;
/// General registers for pointers; those after the fifth belong to the caller.
const POINTERS: [Register; 11] = [
    Register::RDX,
    Register::RSI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::RBX,
    Register::RBP,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];
const SCRATCH_POINTERS: usize = 5;
/// Registers for accumulators at most; the others are in memory.
const RUNNING: usize = 12;
/// Registers for what scatters carry; more of them are in memory.
const CARRIED: u32 = 4;
/// Vectors on the stack at most.
const MOST_SLOTS: u32 = 256;
/// Bytes of the stack between two that are touched, so that its guard is not
/// skipped.
const PAGE: i64 = 4096;
/// Turns of the loop between two looks at the interrupt.
const PATIENCE: i32 = 8192;

/// Which turns of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// All lanes are active.
    Main,
    /// Those of the mask.
    Tail,
}

/// Where things are while the loop runs.
pub struct Layout<'a> {
    assigned: &'a Assigned,
    /// The first words of parameters and of totals in the frame.
    params: usize,
    totals: usize,
    copies: u32,
    /// Registers from here hold accumulators, so many of them.
    running: (Reg, u32),
    counter: Option<Reg>,
    /// Values that scatters carry, and the first register of them if they are
    /// in registers.
    carries: (u32, Option<Reg>),
    /// Accumulators in all.
    count: u32,
}

impl Layout<'_> {
    /// The register of a place, if it is in one.
    pub fn register_of(&self, place: Place, copy: u32) -> Option<Register> {
        match place {
            Place::Reg(r) => Some(vector(r)),
            Place::Counter => self.counter.map(vector),
            Place::Running(a) if a < self.running.1 => {
                Some(vector(self.running.0 + (a * self.copies + copy) as Reg))
            }
            place => {
                let found = self.assigned.hoisted.iter().find(|(p, _)| *p == place);
                found.map(|(_, r)| vector(*r))
            }
        }
    }

    /// The memory of a parameter, a slot or an accumulator.
    pub fn memory_of(&self, place: Place, broadcast: bool) -> MemoryOperand {
        match place {
            Place::Param(p) => {
                memory(Register::RDI, 8 * (self.params + p as usize) as i64, broadcast)
            }
            Place::Slot(slot) => memory(Register::RSP, 64 * i64::from(slot), false),
            Place::Running(a) => {
                let at = self.assigned.slots + self.carries.0 + a - self.running.1;
                memory(Register::RSP, 64 * i64::from(at), false)
            }
            place => unreachable!("{place:?} has no memory in the frame"),
        }
    }

    /// What a scatter has carried from the step before.
    pub fn carry(&self, carry: u32) -> Result<Register, MemoryOperand> {
        match self.carries.1 {
            Some(r) => Ok(vector(r + carry as Reg)),
            None => Err(memory(Register::RSP, 64 * i64::from(self.assigned.slots + carry), false)),
        }
    }

    pub fn mask_slot(&self, slot: u32) -> MemoryOperand {
        memory(Register::RSP, self.words() + 16 + 8 * i64::from(slot), false)
    }

    /// Where the words of the stack begin: the caller's stack pointer, the turns
    /// until the next look at the interrupt, and masks.
    fn words(&self) -> i64 {
        64 * i64::from(self.assigned.slots + self.carries.0 + self.in_memory())
    }

    fn in_memory(&self) -> u32 {
        self.count - self.running.1
    }

    /// Where what is saved for a rescue begins.
    fn rescue_area(&self) -> i64 {
        (self.words() + 16 + 8 * i64::from(self.assigned.mask_slots) + 63) & !63
    }

    pub fn pointer(&self, pointer: u32) -> Register {
        POINTERS[pointer as usize]
    }
}

/// The bytes of a function, and where in them it begins; nothing where the body
/// needs more than there is.
pub fn emit(
    body: &Body,
    pointers: &[i64],
    params: usize,
    interrupt: Option<usize>,
) -> Option<(Vec<u8>, usize)> {
    if pointers.len() > POINTERS.len() {
        return None;
    }
    let count = body.accumulators.len();
    let copies = copies(body);
    let in_registers = count.min(RUNNING / copies as usize);
    let has_counter = body.ops.contains(&Op::Counter);
    let before = in_registers * copies as usize + usize::from(has_counter);
    let carried = body.carries <= CARRIED;
    let first = (before + if carried { body.carries as usize } else { 0 }) as Reg;
    let available = Available { first, end: 30, masks: (2, 7) };
    let assigned = assign(body, available);
    let layout = Layout {
        assigned: &assigned,
        params: HEAD + pointers.len(),
        totals: HEAD + pointers.len() + params,
        copies,
        running: (Reg::from(has_counter), in_registers as u32),
        counter: has_counter.then_some(0),
        carries: (body.carries, carried.then_some(before as Reg)),
        count: count as u32,
    };
    if assigned.slots + body.carries + layout.in_memory() + assigned.mask_slots / 8 > MOST_SLOTS {
        return None;
    }
    let e = Emitter {
        body,
        pointers,
        layout: &layout,
        interrupt,
        asm: Assembler::new(constants(body, &assigned)),
    };
    Some(e.function())
}

/// How many vectors a turn of the loop handles: more, the shorter the body, so
/// that additions to a total do not wait for one another.
fn copies(body: &Body) -> u32 {
    let work = body
        .ops
        .iter()
        .filter(|op| !matches!(op, Op::Const(_) | Op::Param(_) | Op::Counter | Op::Running(_)))
        .count();
    let carried = body.ops.iter().any(|op| matches!(op, Op::Shifted { .. }));
    match (work * body.accumulators.len().max(1), work) {
        _ if carried => 1,
        (_, 0..=8) if body.accumulators.len() <= 3 => 4,
        (_, 0..=16) if body.accumulators.len() <= 6 => 2,
        _ => 1,
    }
}

/// Room that the pool needs, generously.
fn constants(body: &Body, assigned: &Assigned) -> usize {
    let of = |op: &Op| match op {
        Op::Const(_) => 1,
        Op::Load(at) | Op::Store { at, .. } if at.stride != 1 => 8,
        _ => 0,
    };
    32 + assigned.hoisted.len() + body.ops.iter().map(of).sum::<usize>() + body.accumulators.len()
}

struct Emitter<'a> {
    body: &'a Body,
    /// Entries between the steps of each pointer.
    pointers: &'a [i64],
    layout: &'a Layout<'a>,
    interrupt: Option<usize>,
    asm: Assembler,
}

impl Emitter<'_> {
    fn put(&mut self, i: Result<Instruction, iced_x86::IcedError>) {
        self.asm.put(&i.expect("the operands fit the instruction"));
    }

    fn writer<'w>(
        &'w mut self,
        phase: Phase,
        copy: u32,
        rescues: &'w mut Vec<Rescue>,
    ) -> Writer<'w> {
        Writer { asm: &mut self.asm, layout: self.layout, phase, copy, rescues }
    }

    fn function(mut self) -> (Vec<u8>, usize) {
        let copies = self.layout.copies;
        let mut rescues = Vec::new();
        self.enter();
        let (main, rest, done, exit) =
            (self.asm.label(), self.asm.label(), self.asm.label(), self.asm.label());
        let (look, back) = (self.asm.label(), self.asm.label());
        let turn = LANES as i32 * copies as i32;
        self.put(Instruction::with2(Code::Sub_rm64_imm32, Register::RCX, turn));
        self.asm.jump(Code::Jl_rel32_64, rest);
        self.asm.align();
        self.asm.bind(main);
        if self.interrupt.is_some() {
            let left = memory(Register::RSP, self.layout.words() + 8, false);
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
        self.put(Instruction::with2(Code::Mov_r32_imm32, Register::EAX, u32::MAX));
        self.put(Instruction::with3(
            Code::VEX_Bzhi_r32_rm32_r32,
            Register::EAX,
            Register::EAX,
            Register::ECX,
        ));
        self.put(Instruction::with2(Code::VEX_Kmovb_kr_r32, ACTIVE, Register::EAX));
        self.body_once(Phase::Tail, 0, &mut rescues);
        if runs {
            self.flush(&mut rescues);
        } else if copies > 1 {
            self.advance(1);
            self.put(Instruction::with2(Code::Sub_rm64_imm32, Register::RCX, LANES as i32));
            self.asm.jump(Code::Jg_rel32_64, again);
        }
        self.asm.bind(done);
        self.totals(&mut rescues);
        self.put(Instruction::with2(Code::Xor_rm32_r32, Register::EAX, Register::EAX));
        self.asm.bind(exit);
        self.leave();
        if let Some(flag) = self.interrupt {
            self.asm.bind(look);
            let left = memory(Register::RSP, self.layout.words() + 8, false);
            self.put(Instruction::with2(Code::Mov_rm64_imm32, left, PATIENCE));
            self.put(Instruction::with2(Code::Mov_r64_imm64, Register::R11, flag as u64));
            let flag = memory(Register::R11, 0, false);
            self.put(Instruction::with2(Code::Cmp_rm8_imm8, flag, 0u32));
            self.asm.jump(Code::Je_rel32_64, back);
            self.put(Instruction::with2(Code::Mov_r32_imm32, Register::EAX, 1u32));
            self.asm.jump(Code::Jmp_rel32_64, exit);
        }
        if !rescues.is_empty() {
            rescue::write(&mut self.asm, self.layout.rescue_area(), &rescues, &self.body.functions);
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
        let words = self.layout.words();
        let caller = memory(Register::RSP, words, false);
        self.put(Instruction::with2(Code::Mov_rm64_r64, caller, Register::RAX));
        if self.interrupt.is_some() {
            let left = memory(Register::RSP, words + 8, false);
            self.put(Instruction::with2(Code::Mov_rm64_imm32, left, PATIENCE));
        }
        let from = |word: usize| memory(Register::RDI, 8 * word as i64, false);
        self.put(Instruction::with2(Code::Mov_r64_rm64, Register::RCX, from(0)));
        for k in 0..self.pointers.len() {
            self.put(Instruction::with2(Code::Mov_r64_rm64, POINTERS[k], from(HEAD + k)));
        }
        let all = Instruction::with3(Code::VEX_Kxnorb_kr_kr_kr, ACTIVE, ACTIVE, ACTIVE);
        self.put(all);
        let layout = self.layout;
        let mut none = Vec::new();
        for &(place, r) in &layout.assigned.hoisted {
            let from = match place {
                Place::Const(bits) => self.asm.constant(bits, false),
                place => layout.memory_of(place, false),
            };
            self.put(Instruction::with2(Code::EVEX_Vbroadcastsd_zmm_k1z_xmmm64, vector(r), from));
        }
        if let Some(r) = layout.counter.map(vector) {
            let lanes: Vec<u64> = (0..LANES).map(|l| (l as f64).to_bits()).collect();
            let lanes = self.asm.constant_vector(&lanes);
            self.put(Instruction::with2(Code::EVEX_Vbroadcastsd_zmm_k1z_xmmm64, r, from(1)));
            self.put(Instruction::with3(Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er, r, r, lanes));
        }
        for (a, how) in self.body.accumulators.iter().enumerate() {
            let place = Place::Running(a as u32);
            let neutral = Place::Const(how.neutral().to_bits());
            for copy in 0..layout.copies {
                let mut w = self.writer(Phase::Main, copy, &mut none);
                match layout.register_of(place, copy) {
                    Some(r) => w.fill(r, neutral),
                    None => {
                        w.fill(SPARE.1, neutral);
                        w.store_whole(layout.memory_of(place, false), SPARE.1);
                    }
                }
            }
        }
        for carry in 0..layout.carries.0 {
            let mut w = self.writer(Phase::Main, 0, &mut none);
            match layout.carry(carry) {
                Ok(r) => w.fill(r, Place::Const(0)),
                Err(kept) => {
                    w.fill(SPARE.1, Place::Const(0));
                    w.store_whole(kept, SPARE.1);
                }
            }
        }
    }

    /// Registers of the caller that are used.
    fn saved(&self) -> Vec<Register> {
        POINTERS[..self.pointers.len()].iter().skip(SCRATCH_POINTERS).copied().collect()
    }

    fn leave(&mut self) {
        let caller = memory(Register::RSP, self.layout.words(), false);
        self.put(Instruction::with2(Code::Mov_r64_rm64, Register::RSP, caller));
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
        if let Some(r) = layout.counter.map(vector) {
            let step = self.asm.constant((LANES as f64).to_bits(), true);
            self.put(Instruction::with3(Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er, r, r, step));
        }
    }

    /// Moves the pointers by so many vectors.
    fn advance(&mut self, vectors: i64) {
        for (k, &stride) in self.pointers.iter().enumerate().filter(|(_, s)| **s != 0) {
            let by = 8 * LANES * vectors * stride;
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
                    w.load_whole(SPARE.0, layout.memory_of(place, false));
                    SPARE.0
                }
            };
            for copy in 1..layout.copies {
                if let Some(r) = layout.register_of(place, copy) {
                    w.combine(how, first, r);
                }
            }
            w.combine_lanes(how, first, SPARE.1);
            w.store_first(to, first);
        }
    }
}
