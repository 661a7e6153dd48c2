//! Steps of a body as AVX-512 instructions, eight lanes at a time.
//!
//! `k1` says which lanes are active in the last steps of a loop. Every other
//! mask holds in active lanes only. `k7`, `zmm30` and `zmm31` are free within a
//! step.

use iced_x86::{Code, Instruction, MemoryOperand, Register};

use super::assembler::{Assembler, Label, memory};
use super::body::{Address, Binary, Combine, Compare, Logic, Unary};
use super::emit::{Layout, Phase};
use super::registers::{Form, Place, Reg, Step};

/// Lanes of a vector.
pub const LANES: i64 = 8;
/// The mask of active lanes.
pub const ACTIVE: Register = Register::K1;
const SPARE_MASK: Register = Register::K7;
/// Registers that hold nothing from one step to the next.
pub const SPARE: (Register, Register) = (Register::ZMM30, Register::ZMM31);

/// A vector register.
pub fn vector(r: Reg) -> Register {
    Register::ZMM0 + u32::from(r)
}

fn mask(r: Reg) -> Register {
    Register::K0 + u32::from(r)
}

/// Steps as instructions.
pub struct Writer<'a> {
    pub asm: &'a mut Assembler,
    pub layout: &'a Layout<'a>,
    pub phase: Phase,
    /// Which copy of the body this is.
    pub copy: u32,
    /// Rare cases, written after everything else.
    pub rescues: &'a mut Vec<Rescue>,
}

/// A call for lanes that need one, out of line.
pub struct Rescue {
    pub enter: Label,
    pub back: Label,
    pub function: u32,
    pub x: Register,
    pub y: Register,
    pub value: Register,
    pub mask: Register,
}

impl Writer<'_> {
    fn op2(&mut self, code: Code, to: Register, from: Register) {
        let i = Instruction::with2(code, to, from).expect("two registers");
        self.asm.put(&i);
    }

    fn op3(&mut self, code: Code, to: Register, a: Register, b: Register) {
        let i = Instruction::with3(code, to, a, b).expect("three registers");
        self.asm.put(&i);
    }

    /// The operand in memory of a place, or its register.
    fn operand(&mut self, place: Place) -> Result<Register, MemoryOperand> {
        if let Some(r) = self.layout.register_of(place, self.copy) {
            return Ok(r);
        }
        Err(match place {
            Place::Const(bits) => self.asm.constant(bits, true),
            place => self.layout.memory_of(place, true),
        })
    }

    /// An operation of one register and one operand that may be in memory.
    fn op(&mut self, code: Code, to: Register, a: Register, b: Place, under: Option<Register>) {
        let mut i = match self.operand(b) {
            Ok(b) => Instruction::with3(code, to, a, b),
            Err(b) => Instruction::with3(code, to, a, b),
        }
        .expect("a register and an operand");
        i.set_op_mask(under.unwrap_or(Register::None));
        self.asm.put(&i);
    }

    /// A move between registers, in lanes under a mask; others become zero or
    /// stay.
    fn copy_lanes(&mut self, to: Register, from: Register, under: Register, zero: bool) {
        let mut i = Instruction::with2(Code::EVEX_Vmovupd_zmm_k1z_zmmm512, to, from)
            .expect("two registers");
        i.set_op_mask(under);
        i.set_zeroing_masking(zero);
        self.asm.put(&i);
    }

    /// A whole vector from memory.
    pub fn load_whole(&mut self, to: Register, from: MemoryOperand) {
        let i = Instruction::with2(Code::EVEX_Vmovupd_zmm_k1z_zmmm512, to, from).expect("a load");
        self.asm.put(&i);
    }

    /// A whole vector to memory.
    pub fn store_whole(&mut self, to: MemoryOperand, from: Register) {
        let i = Instruction::with2(Code::EVEX_Vmovupd_zmmm512_k1z_zmm, to, from).expect("a store");
        self.asm.put(&i);
    }

    /// Puts what is at a place into a register.
    pub fn fill(&mut self, to: Register, from: Place) {
        match (self.operand(from), from) {
            (Ok(from), _) if from == to => {}
            (Ok(from), _) => self.op2(Code::EVEX_Vmovupd_zmm_k1z_zmmm512, to, from),
            (Err(_), Place::Slot(_) | Place::Running(_)) => {
                let from = self.layout.memory_of(from, false);
                self.load_whole(to, from);
            }
            (Err(from), _) => {
                let from = MemoryOperand { is_broadcast: false, ..from };
                let i = Instruction::with2(Code::EVEX_Vbroadcastsd_zmm_k1z_xmmm64, to, from);
                self.asm.put(&i.expect("a broadcast"));
            }
        }
    }

    /// The mask of lanes where an effect happens: those of `of`, or all active.
    fn under(&self, of: Option<Reg>) -> Option<Register> {
        of.map(mask).or((self.phase == Phase::Tail).then_some(ACTIVE))
    }

    /// Appends a step.
    pub fn step(&mut self, step: Step) {
        match step {
            Step::Load { to, at } => self.load(vector(to), at),
            Step::Fill { to, from } => self.fill(vector(to), from),
            Step::Spill { from, slot } => {
                self.store_whole(self.layout.memory_of(Place::Slot(slot), false), vector(from));
            }
            Step::FillMask { to, slot } => {
                let from = self.layout.mask_slot(slot);
                let i = Instruction::with2(Code::VEX_Kmovq_kr_km64, mask(to), from);
                self.asm.put(&i.expect("a load"));
            }
            Step::SpillMask { from, slot } => {
                let to = self.layout.mask_slot(slot);
                let i = Instruction::with2(Code::VEX_Kmovq_m64_kr, to, mask(from));
                self.asm.put(&i.expect("a store"));
            }
            Step::Unary { op, to, a } => self.unary(op, vector(to), vector(a)),
            Step::Binary { op, to, a, b } => {
                self.op(code_of(op), vector(to), vector(a), b, None);
            }
            Step::MulAdd { form, minus_product, minus_addend, to, s, p } => {
                let code = code_of_mul_add(form, minus_product, minus_addend);
                self.op(code, vector(to), vector(s), p, None);
            }
            Step::Compare { op, to, a, b } => self.compare(op, mask(to), vector(a), b),
            Step::Logic { op, to, a, b } => self.logic(op, mask(to), mask(a), mask(b)),
            Step::Select { to, mask: m, a, b } => {
                let code = Code::EVEX_Vblendmpd_zmm_k1z_zmm_zmmm512b64;
                self.op(code, vector(to), vector(b), a, Some(mask(m)));
            }
            Step::Rescue { function, x, y, mask: m, value } => {
                self.rescue(function, [vector(x), vector(y), vector(value)], m.map(mask));
            }
            Step::AddTo { to, value, mask } => {
                let code = Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er;
                self.accumulate(code, to, Place::Reg(value), mask);
            }
            Step::SetTo { to, value, mask } => {
                let under = self.under(mask);
                match (self.layout.register_of(Place::Running(to), self.copy), under) {
                    (Some(r), Some(m)) => self.copy_lanes(r, vector(value), m, false),
                    (Some(r), None) => self.fill(r, Place::Reg(value)),
                    (None, under) => self.store_lanes(
                        self.layout.memory_of(Place::Running(to), false),
                        vector(value),
                        under,
                    ),
                }
            }
            Step::AddProductTo { to, minus, a, b, mask } => {
                self.add_product(to, minus, vector(a), b, mask);
            }
            Step::Store { at, add, value, mask } => {
                let under = self.under(mask);
                self.store(at, add, vector(value), under);
            }
            Step::Shifted { carry, shift, to, value } => {
                self.shifted(carry, shift, vector(to), vector(value));
            }
            Step::StoreRun { at, add, value, reach } => {
                self.store_run(at, add, vector(value), reach);
            }
        }
    }

    fn unary(&mut self, op: Unary, to: Register, a: Register) {
        let (code, immediate) = match op {
            Unary::Sqrt => (Code::EVEX_Vsqrtpd_zmm_k1z_zmmm512b64_er, None),
            Unary::Exponent => (Code::EVEX_Vgetexppd_zmm_k1z_zmmm512b64_sae, None),
            Unary::Nearest => (Code::EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae, Some(8)),
            Unary::Floor => (Code::EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae, Some(9)),
            Unary::Ceil => (Code::EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae, Some(10)),
            // From 3/4 to 3/2, with the sign of the number.
            Unary::Mantissa => (Code::EVEX_Vgetmantpd_zmm_k1z_zmmm512b64_imm8_sae, Some(3)),
            Unary::Up(by) => (Code::EVEX_Vpsllq_zmm_k1z_zmmm512b64_imm8, Some(u32::from(by))),
            Unary::Down(by) => (Code::EVEX_Vpsrlq_zmm_k1z_zmmm512b64_imm8, Some(u32::from(by))),
        };
        let i = match immediate {
            Some(n) => Instruction::with3(code, to, a, n),
            None => Instruction::with2(code, to, a),
        };
        self.asm.put(&i.expect("a unary operation"));
    }

    fn compare(&mut self, op: Compare, to: Register, a: Register, b: Place) {
        let predicate = match op {
            Compare::Less => 0x11,
            Compare::LessEqual => 0x12,
            Compare::Equal => 0x00,
            Compare::NotEqual => 0x04,
            Compare::Unordered => 0x03u32,
        };
        let code = Code::EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae;
        let mut i = match self.operand(b) {
            Ok(b) => Instruction::with4(code, to, a, b, predicate),
            Err(b) => Instruction::with4(code, to, a, b, predicate),
        }
        .expect("a comparison");
        i.set_op_mask(self.under(None).unwrap_or(Register::None));
        self.asm.put(&i);
    }

    fn logic(&mut self, op: Logic, to: Register, a: Register, b: Register) {
        match op {
            Logic::And => self.op3(Code::VEX_Kandb_kr_kr_kr, to, a, b),
            Logic::Or => self.op3(Code::VEX_Korb_kr_kr_kr, to, a, b),
            Logic::Not if self.phase == Phase::Tail => {
                self.op3(Code::VEX_Kandnb_kr_kr_kr, to, a, ACTIVE);
            }
            Logic::Not => self.op2(Code::VEX_Knotb_kr_kr, to, a),
        }
    }

    /// `[pointer + offset]` of this copy.
    fn at(&self, at: Address) -> MemoryOperand {
        let step = 8 * LANES * at.stride * i64::from(self.copy);
        memory(self.layout.pointer(at.pointer), i64::from(at.offset) + step, false)
    }

    /// The operand of a gather or a scatter, whose places the spare register
    /// then holds, and all of whose lanes the spare mask names.
    fn scattered(&mut self, at: Address, under: Option<Register>) -> MemoryOperand {
        let places: Vec<u64> = (0..LANES).map(|l| (l * at.stride) as u64).collect();
        let places = self.asm.constant_vector(&places);
        self.load_whole(SPARE.1, places);
        match under {
            Some(m) => self.op3(Code::VEX_Kandb_kr_kr_kr, SPARE_MASK, m, m),
            None => self.op3(Code::VEX_Kxnorb_kr_kr_kr, SPARE_MASK, SPARE_MASK, SPARE_MASK),
        }
        MemoryOperand { index: SPARE.1, scale: 8, ..self.at(at) }
    }

    fn load(&mut self, to: Register, at: Address) {
        let under = self.under(None);
        let mut i = match at.stride {
            0 => {
                let from = self.at(at);
                Instruction::with2(Code::EVEX_Vbroadcastsd_zmm_k1z_xmmm64, to, from)
            }
            1 => {
                let from = self.at(at);
                Instruction::with2(Code::EVEX_Vmovupd_zmm_k1z_zmmm512, to, from)
            }
            _ => return self.gather(to, at, under),
        }
        .expect("a load");
        if let Some(m) = under {
            i.set_op_mask(m);
            i.set_zeroing_masking(true);
        }
        self.asm.put(&i);
    }

    fn gather(&mut self, to: Register, at: Address, under: Option<Register>) {
        let from = self.scattered(at, under);
        self.op3(Code::EVEX_Vxorpd_zmm_k1z_zmm_zmmm512b64, to, to, to);
        let mut i =
            Instruction::with2(Code::EVEX_Vgatherqpd_zmm_k1_vm64z, to, from).expect("a gather");
        i.set_op_mask(SPARE_MASK);
        self.asm.put(&i);
    }

    fn store_lanes(&mut self, to: MemoryOperand, from: Register, under: Option<Register>) {
        let mut i =
            Instruction::with2(Code::EVEX_Vmovupd_zmmm512_k1z_zmm, to, from).expect("a store");
        i.set_op_mask(under.unwrap_or(Register::None));
        self.asm.put(&i);
    }

    /// Adds what is in memory, in lanes under the mask.
    fn add_memory(&mut self, to: Register, a: Register, b: MemoryOperand, under: Option<Register>) {
        let mut i = Instruction::with3(Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er, to, a, b)
            .expect("an addition");
        i.set_op_mask(under.unwrap_or(Register::None));
        self.asm.put(&i);
    }

    fn store(&mut self, at: Address, add: bool, value: Register, under: Option<Register>) {
        if at.stride == 1 {
            let to = self.at(at);
            let mut from = value;
            if add {
                // Lanes that are masked off are not read.
                self.add_memory(SPARE.1, value, to, under);
                from = SPARE.1;
            }
            return self.store_lanes(to, from, under);
        }
        let mut from = value;
        if add {
            self.gather(SPARE.0, at, under);
            let code = Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er;
            self.op3(code, SPARE.0, SPARE.0, value);
            from = SPARE.0;
        }
        let to = self.scattered(at, under);
        let mut i =
            Instruction::with2(Code::EVEX_Vscatterqpd_vm64z_k1_zmm, to, from).expect("a scatter");
        i.set_op_mask(SPARE_MASK);
        self.asm.put(&i);
    }

    /// Adds an operand to an accumulator.
    fn accumulate(&mut self, code: Code, to: u32, value: Place, of: Option<Reg>) {
        let under = self.under(of);
        if let Some(r) = self.layout.register_of(Place::Running(to), self.copy) {
            return self.op(code, r, r, value, under);
        }
        let total = self.layout.memory_of(Place::Running(to), false);
        self.load_whole(SPARE.1, total);
        self.op(code, SPARE.1, SPARE.1, value, under);
        self.store_whole(total, SPARE.1);
    }

    fn add_product(&mut self, to: u32, minus: bool, a: Register, b: Place, of: Option<Reg>) {
        let code = code_of_mul_add(Form::Mul231, minus, false);
        let under = self.under(of);
        if let Some(r) = self.layout.register_of(Place::Running(to), self.copy) {
            return self.op(code, r, a, b, under);
        }
        let total = self.layout.memory_of(Place::Running(to), false);
        self.load_whole(SPARE.1, total);
        self.op(code, SPARE.1, a, b, under);
        self.store_whole(total, SPARE.1);
    }

    /// `value` moved up by some lanes, with lanes of the value before.
    fn shifted(&mut self, carry: u32, shift: u8, to: Register, value: Register) {
        let mut value = value;
        if self.phase == Phase::Tail {
            self.copy_lanes(SPARE.1, value, ACTIVE, true);
            value = SPARE.1;
        }
        if shift == 0 {
            return self.fill_register(to, value);
        }
        self.align(to, value, shift, carry);
        match self.layout.carry(carry) {
            Ok(kept) => self.fill_register(kept, value),
            Err(kept) => self.store_whole(kept, value),
        }
    }

    fn fill_register(&mut self, to: Register, from: Register) {
        self.op2(Code::EVEX_Vmovupd_zmm_k1z_zmmm512, to, from);
    }

    fn align(&mut self, to: Register, value: Register, shift: u8, carry: u32) {
        let code = Code::EVEX_Valignq_zmm_k1z_zmm_zmmm512b64_imm8;
        let by = LANES as u32 - u32::from(shift);
        let i = match self.layout.carry(carry) {
            Ok(before) => Instruction::with4(code, to, value, before, by),
            Err(before) => Instruction::with4(code, to, value, before, by),
        };
        self.asm.put(&i.expect("an alignment"));
    }

    fn store_run(&mut self, at: Address, add: bool, value: Register, reach: u8) {
        if self.phase == Phase::Main {
            return self.store(at, add, value, None);
        }
        // So many lanes beyond the active ones; those past the vector follow
        // from what was carried.
        self.run_mask(reach, 0);
        self.store(at, add, value, Some(SPARE_MASK));
    }

    /// The spare mask of the lanes of a run, those of the vector or of the next.
    fn run_mask(&mut self, reach: u8, next: u32) {
        let put = |s: &mut Self, i: Result<Instruction, iced_x86::IcedError>| {
            s.asm.put(&i.expect("whole-number arithmetic"));
        };
        put(
            self,
            Instruction::with2(
                Code::Lea_r32_m,
                Register::R11D,
                memory(Register::RCX, i64::from(reach), false),
            ),
        );
        put(self, Instruction::with2(Code::Mov_r32_imm32, Register::EAX, u32::MAX));
        put(
            self,
            Instruction::with3(
                Code::VEX_Bzhi_r32_rm32_r32,
                Register::R11D,
                Register::EAX,
                Register::R11D,
            ),
        );
        if next > 0 {
            put(self, Instruction::with2(Code::Shr_rm32_imm8, Register::R11D, 8 * next));
        }
        put(self, Instruction::with2(Code::VEX_Kmovb_kr_r32, SPARE_MASK, Register::R11D));
    }

    /// What a run still has to add past its last vector.
    pub fn flush_run(&mut self, at: Address, add: bool, reach: u8, carried: &[(u32, u8)]) {
        // The body is over: only accumulators are needed, and they come first.
        let ((zero, total), sum) = (SPARE, vector(29));
        let clear = Code::EVEX_Vxorpd_zmm_k1z_zmm_zmmm512b64;
        self.op3(clear, sum, sum, sum);
        for &(carry, shift) in carried.iter().filter(|(_, shift)| *shift > 0) {
            self.op3(clear, zero, zero, zero);
            self.align(total, zero, shift, carry);
            let code = Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er;
            self.op3(code, sum, sum, total);
        }
        self.run_mask(reach, 1);
        let next = Address { offset: at.offset + 8 * LANES as i32, ..at };
        self.store(next, add, sum, Some(SPARE_MASK));
    }

    fn rescue(&mut self, function: u32, values: [Register; 3], mask: Option<Register>) {
        let (enter, back) = (self.asm.label(), self.asm.label());
        let [x, y, value] = values;
        match mask {
            Some(m) => {
                self.op2(Code::VEX_Kortestb_kr_kr, m, m);
                self.asm.jump(Code::Jne_rel32_64, enter);
            }
            None => self.asm.jump(Code::Jmp_rel32_64, enter),
        }
        self.asm.bind(back);
        // Without a mask, all active lanes; before the last steps `k1` is full.
        let mask = mask.unwrap_or(ACTIVE);
        self.rescues.push(Rescue { enter, back, function, x, y, value, mask });
    }

    /// `a` combined with `b`, in `a`.
    pub fn combine(&mut self, how: Combine, a: Register, b: Register) {
        match how {
            Combine::Sum => self.op3(Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er, a, a, b),
            Combine::Product => self.op3(Code::EVEX_Vmulpd_zmm_k1z_zmm_zmmm512b64_er, a, a, b),
            Combine::Min | Combine::Max => {
                // A NaN on either side wins.
                let i = Instruction::with4(
                    Code::EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae,
                    SPARE_MASK,
                    b,
                    b,
                    0x03u32,
                );
                self.asm.put(&i.expect("a comparison"));
                let code = match how {
                    Combine::Min => Code::EVEX_Vminpd_zmm_k1z_zmm_zmmm512b64_sae,
                    _ => Code::EVEX_Vmaxpd_zmm_k1z_zmm_zmmm512b64_sae,
                };
                self.op3(code, a, b, a);
                self.copy_lanes(a, b, SPARE_MASK, false);
            }
        }
    }

    /// Combines the lanes of `a`, with `b` to work in; the first lane is the
    /// result.
    pub fn combine_lanes(&mut self, how: Combine, a: Register, b: Register) {
        for swap in [0b0100_1110u32, 0b1011_0001] {
            let code = Code::EVEX_Vshuff64x2_zmm_k1z_zmm_zmmm512b64_imm8;
            let i = Instruction::with4(code, b, a, a, swap).expect("a shuffle");
            self.asm.put(&i);
            self.combine(how, a, b);
        }
        let code = Code::EVEX_Vpermilpd_zmm_k1z_zmmm512b64_imm8;
        let i = Instruction::with3(code, b, a, 0b0101_0101u32).expect("a permutation");
        self.asm.put(&i);
        self.combine(how, a, b);
    }

    /// Stores the first lane.
    pub fn store_first(&mut self, to: MemoryOperand, from: Register) {
        let xmm = Register::XMM0 + (from as u32 - Register::ZMM0 as u32);
        let i = Instruction::with2(Code::EVEX_Vmovsd_m64_k1_xmm, to, xmm).expect("a store");
        self.asm.put(&i);
    }
}

fn code_of(op: Binary) -> Code {
    match op {
        Binary::Add => Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er,
        Binary::Sub => Code::EVEX_Vsubpd_zmm_k1z_zmm_zmmm512b64_er,
        Binary::Mul => Code::EVEX_Vmulpd_zmm_k1z_zmm_zmmm512b64_er,
        Binary::Div => Code::EVEX_Vdivpd_zmm_k1z_zmm_zmmm512b64_er,
        Binary::Smaller => Code::EVEX_Vminpd_zmm_k1z_zmm_zmmm512b64_sae,
        Binary::Larger => Code::EVEX_Vmaxpd_zmm_k1z_zmm_zmmm512b64_sae,
        Binary::BitAnd => Code::EVEX_Vandpd_zmm_k1z_zmm_zmmm512b64,
        Binary::BitOr => Code::EVEX_Vorpd_zmm_k1z_zmm_zmmm512b64,
        Binary::BitXor => Code::EVEX_Vxorpd_zmm_k1z_zmm_zmmm512b64,
        Binary::BitAdd => Code::EVEX_Vpaddq_zmm_k1z_zmm_zmmm512b64,
        Binary::BitSub => Code::EVEX_Vpsubq_zmm_k1z_zmm_zmmm512b64,
        Binary::Scale => Code::EVEX_Vscalefpd_zmm_k1z_zmm_zmmm512b64_er,
    }
}

fn code_of_mul_add(form: Form, minus_product: bool, minus_addend: bool) -> Code {
    match (form, minus_product, minus_addend) {
        (Form::Mul132, false, false) => Code::EVEX_Vfmadd132pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul213, false, false) => Code::EVEX_Vfmadd213pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul231, false, false) => Code::EVEX_Vfmadd231pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul132, false, true) => Code::EVEX_Vfmsub132pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul213, false, true) => Code::EVEX_Vfmsub213pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul231, false, true) => Code::EVEX_Vfmsub231pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul132, true, false) => Code::EVEX_Vfnmadd132pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul213, true, false) => Code::EVEX_Vfnmadd213pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul231, true, false) => Code::EVEX_Vfnmadd231pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul132, true, true) => Code::EVEX_Vfnmsub132pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul213, true, true) => Code::EVEX_Vfnmsub213pd_zmm_k1z_zmm_zmmm512b64_er,
        (Form::Mul231, true, true) => Code::EVEX_Vfnmsub231pd_zmm_k1z_zmm_zmmm512b64_er,
    }
}
