//! AVX-512: eight lanes, masks in registers of their own.
//!
//! `k1` says which lanes are active; `k7`, `zmm30` and `zmm31` are free within a
//! step.

use iced_x86::{Code, Instruction, MemoryOperand, Register};

use super::assembler::{Assembler, Label, memory};
use super::layout::Layout;
use super::machine::{Machine, predicate};
use super::registers::{Form, Place, Reg};
use super::writer::{Operand, Phase, Writer};
use crate::jit::bodies::body::{Binary, Compare, Logic, Unary};
use crate::jit::bodies::frame::{Address, Combine};

/// The instructions of AVX-512 F, DQ, BW and VL, and of BMI2.
pub enum Avx512 {}

const ACTIVE: Register = Register::K1;
const SPARE_MASK: Register = Register::K7;
const ADD: Code = Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er;
const COMPARE: Code = Code::EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae;

type W<'a> = Writer<'a, Avx512>;

impl W<'_> {
    /// An operation in lanes under a mask.
    fn op_under(&mut self, code: Code, to: Register, a: Register, b: Place, under: Register) {
        let mut i = match self.operand(b) {
            Ok(b) => Instruction::with3(code, to, a, b),
            Err(b) => Instruction::with3(code, to, a, b),
        }
        .expect("a register and an operand");
        i.set_op_mask(under);
        self.asm.put(&i);
    }

    /// A move between registers, in lanes under a mask; others become zero or
    /// stay.
    fn copy_lanes(&mut self, to: Register, from: Register, under: Register, zero: bool) {
        let mut i = Instruction::with2(Avx512::LOAD, to, from).expect("two registers");
        i.set_op_mask(under);
        i.set_zeroing_masking(zero);
        self.asm.put(&i);
    }

    fn add_lanes(&mut self, to: Register, value: Register, under: Register) {
        let mut i = Instruction::with3(ADD, to, to, value).expect("an addition");
        i.set_op_mask(under);
        self.asm.put(&i);
    }

    fn store_lanes(&mut self, to: MemoryOperand, from: Register, under: Option<Register>) {
        let mut i = Instruction::with2(Avx512::STORE, to, from).expect("a store");
        i.set_op_mask(under.unwrap_or(Register::None));
        self.asm.put(&i);
    }

    /// The operand of a gather or a scatter, whose places the spare register
    /// then holds, and all of whose lanes the spare mask names.
    fn scattered(&mut self, at: Address, under: Option<Register>) -> MemoryOperand {
        let places = self.places(at);
        self.load_whole(Avx512::SPARE.1, places);
        match under {
            Some(m) => self.op3(Code::VEX_Kandb_kr_kr_kr, SPARE_MASK, m, m),
            None => self.op3(Code::VEX_Kxnorb_kr_kr_kr, SPARE_MASK, SPARE_MASK, SPARE_MASK),
        }
        MemoryOperand { index: Avx512::SPARE.1, scale: 8, ..self.at(at) }
    }

    fn gather(&mut self, to: Register, at: Address, under: Option<Register>) {
        let from = self.scattered(at, under);
        self.op3(Avx512::binary(Binary::BitXor), to, to, to);
        let mut i =
            Instruction::with2(Code::EVEX_Vgatherqpd_zmm_k1_vm64z, to, from).expect("a gather");
        i.set_op_mask(SPARE_MASK);
        self.asm.put(&i);
    }

    /// `total` combined with an operand in lanes under a mask.
    fn accumulate_under(
        &mut self,
        total: u32,
        of: Option<Reg>,
        combine: impl FnOnce(&mut Self, Register, Register),
    ) {
        let (place, under) = (Place::Running(total), self.under(of).unwrap_or(ACTIVE));
        if let Some(r) = self.layout.register_of(place, self.copy) {
            return combine(self, r, under);
        }
        let (total, sum) = (self.layout.memory_of(place, false), Avx512::SPARE.1);
        self.load_whole(sum, total);
        combine(self, sum, under);
        self.store_whole(total, sum);
    }

    /// A mask of the lowest lanes, as many as the general register says.
    fn lowest(&mut self, to: Register, count: Register, next: u32) {
        self.put(Instruction::with2(Code::Mov_r32_imm32, Register::EAX, u32::MAX));
        self.put(Instruction::with3(
            Code::VEX_Bzhi_r32_rm32_r32,
            Register::EAX,
            Register::EAX,
            count,
        ));
        if next > 0 {
            self.put(Instruction::with2(Code::Shr_rm32_imm8, Register::EAX, 8 * next));
        }
        self.put(Instruction::with2(Code::VEX_Kmovb_kr_r32, to, Register::EAX));
    }
}

impl Machine for Avx512 {
    const LANES: i64 = 8;
    const VECTORS: (Register, u8) = (Register::ZMM0, 32);
    const END: Reg = 30;
    const MASKS: Option<(Reg, Reg)> = Some((2, 7));
    const SPARE: (Register, Register) = (Register::ZMM30, Register::ZMM31);
    const RUNNING: usize = 12;
    const CARRIED: u32 = 4;
    const TABLES: usize = 0;
    const CONSTANT: usize = 1;

    const LOAD: Code = Code::EVEX_Vmovupd_zmm_k1z_zmmm512;
    const STORE: Code = Code::EVEX_Vmovupd_zmmm512_k1z_zmm;
    const BROADCAST: Code = Code::EVEX_Vbroadcastsd_zmm_k1z_xmmm64;
    const STORE_FIRST: Code = Code::EVEX_Vmovsd_m64_k1_xmm;

    fn binary(op: Binary) -> Code {
        match op {
            Binary::Add => ADD,
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

    fn mul_add(form: Form, minus_product: bool, minus_addend: bool) -> Code {
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

    fn unary(op: Unary) -> (Code, Option<u32>) {
        let round = Code::EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae;
        match op {
            Unary::Sqrt => (Code::EVEX_Vsqrtpd_zmm_k1z_zmmm512b64_er, None),
            Unary::Exponent => (Code::EVEX_Vgetexppd_zmm_k1z_zmmm512b64_sae, None),
            Unary::Nearest => (round, Some(8)),
            Unary::Floor => (round, Some(9)),
            Unary::Ceil => (round, Some(10)),
            // From 3/4 to 3/2, with the sign of the number.
            Unary::Mantissa => (Code::EVEX_Vgetmantpd_zmm_k1z_zmmm512b64_imm8_sae, Some(3)),
            Unary::Up(by) => (Code::EVEX_Vpsllq_zmm_k1z_zmmm512b64_imm8, Some(u32::from(by))),
            Unary::Down(by) => (Code::EVEX_Vpsrlq_zmm_k1z_zmmm512b64_imm8, Some(u32::from(by))),
        }
    }

    fn mask(r: Reg) -> Register {
        Register::K0 + u32::from(r)
    }

    fn steady(w: &mut W, place: Place) -> Operand {
        Err(match place {
            Place::Const(bits) => w.asm.constant(bits, true),
            place => w.layout.memory_of(place, true),
        })
    }

    fn active(_: &mut W) -> Register {
        ACTIVE
    }

    fn activate_all(w: &mut W) {
        w.op3(Code::VEX_Kxnorb_kr_kr_kr, ACTIVE, ACTIVE, ACTIVE);
    }

    fn activate(w: &mut W) {
        w.lowest(ACTIVE, Register::ECX, 0);
    }

    fn run_mask(w: &mut W, reach: u8, next: u32) -> Register {
        let more = memory(Register::RCX, i64::from(reach), false);
        w.put(Instruction::with2(Code::Lea_r32_m, Register::R11D, more));
        w.lowest(SPARE_MASK, Register::R11D, next);
        SPARE_MASK
    }

    fn load(w: &mut W, to: Register, at: Address) {
        let under = w.under(None);
        let code = match at.stride {
            0 => Avx512::BROADCAST,
            1 => Avx512::LOAD,
            _ => return w.gather(to, at, under),
        };
        let mut i = Instruction::with2(code, to, w.at(at)).expect("a load");
        if let Some(m) = under {
            i.set_op_mask(m);
            i.set_zeroing_masking(true);
        }
        w.asm.put(&i);
    }

    fn store(w: &mut W, at: Address, add: bool, value: Register, under: Option<Register>) {
        if at.stride == 1 {
            let to = w.at(at);
            let mut from = value;
            if add {
                // Lanes that are masked off are not read.
                let mut i =
                    Instruction::with3(ADD, Avx512::SPARE.1, value, to).expect("an addition");
                i.set_op_mask(under.unwrap_or(Register::None));
                w.asm.put(&i);
                from = Avx512::SPARE.1;
            }
            return w.store_lanes(to, from, under);
        }
        let mut from = value;
        if add {
            from = Avx512::SPARE.0;
            w.gather(from, at, under);
            w.op3(ADD, from, from, value);
        }
        let to = w.scattered(at, under);
        let mut i =
            Instruction::with2(Code::EVEX_Vscatterqpd_vm64z_k1_zmm, to, from).expect("a scatter");
        i.set_op_mask(SPARE_MASK);
        w.asm.put(&i);
    }

    fn compare(w: &mut W, op: Compare, to: Register, a: Register, b: Place) {
        let mut i = match w.operand(b) {
            Ok(b) => Instruction::with4(COMPARE, to, a, b, predicate(op)),
            Err(b) => Instruction::with4(COMPARE, to, a, b, predicate(op)),
        }
        .expect("a comparison");
        i.set_op_mask(w.under(None).unwrap_or(Register::None));
        w.asm.put(&i);
    }

    fn logic(w: &mut W, op: Logic, to: Register, a: Register, b: Register) {
        match op {
            Logic::And => w.op3(Code::VEX_Kandb_kr_kr_kr, to, a, b),
            Logic::Or => w.op3(Code::VEX_Korb_kr_kr_kr, to, a, b),
            Logic::Not if w.phase == Phase::Tail => {
                w.op3(Code::VEX_Kandnb_kr_kr_kr, to, a, ACTIVE);
            }
            Logic::Not => w.op2(Code::VEX_Knotb_kr_kr, to, a),
        }
    }

    fn select(w: &mut W, to: Register, mask: Register, a: Place, b: Register) {
        w.op_under(Code::EVEX_Vblendmpd_zmm_k1z_zmm_zmmm512b64, to, b, a, mask);
    }

    fn spill_mask(w: &mut W, from: Reg, slot: u32) {
        let to = w.layout.mask_slot(slot);
        w.put(Instruction::with2(Code::VEX_Kmovq_m64_kr, to, Avx512::mask(from)));
    }

    fn fill_mask(w: &mut W, to: Reg, slot: u32) {
        let from = w.layout.mask_slot(slot);
        w.put(Instruction::with2(Code::VEX_Kmovq_kr_km64, Avx512::mask(to), from));
    }

    fn add_under(w: &mut W, to: u32, value: Register, of: Option<Reg>) {
        w.accumulate_under(to, of, |w, r, under| w.add_lanes(r, value, under));
    }

    fn add_product_under(w: &mut W, to: u32, minus: bool, by: (Register, Place), of: Option<Reg>) {
        let code = Avx512::mul_add(Form::Mul231, minus, false);
        w.accumulate_under(to, of, |w, r, under| w.op_under(code, r, by.0, by.1, under));
    }

    fn set_under(w: &mut W, to: u32, value: Register, of: Option<Reg>) {
        let under = w.under(of);
        match w.layout.register_of(Place::Running(to), w.copy) {
            Some(r) => w.copy_lanes(r, value, under.unwrap_or(ACTIVE), false),
            None => w.store_lanes(w.layout.memory_of(Place::Running(to), false), value, under),
        }
    }

    fn active_lanes(w: &mut W, to: Register, from: Register) {
        w.copy_lanes(to, from, ACTIVE, true);
    }

    fn shift(w: &mut W, to: Register, value: Register, (by, carry): (u8, u32), _: Register) {
        let code = Code::EVEX_Valignq_zmm_k1z_zmm_zmmm512b64_imm8;
        let by = 8 - u32::from(by);
        let i = match w.layout.carry(carry) {
            Ok(before) => Instruction::with4(code, to, value, before, by),
            Err(before) => Instruction::with4(code, to, value, before, by),
        };
        w.put(i);
    }

    fn jump_if_any(w: &mut W, mask: Register, to: Label) {
        w.op2(Code::VEX_Kortestb_kr_kr, mask, mask);
        w.asm.jump(Code::Jne_rel32_64, to);
    }

    fn extreme(w: &mut W, how: Combine, a: Register, b: Register) {
        // A NaN on either side wins.
        let nan = predicate(Compare::Unordered);
        w.put(Instruction::with4(COMPARE, SPARE_MASK, b, b, nan));
        let op = if how == Combine::Min { Binary::Smaller } else { Binary::Larger };
        w.op3(Avx512::binary(op), a, b, a);
        w.copy_lanes(a, b, SPARE_MASK, false);
    }

    fn swap_lanes(w: &mut W, turn: u32, to: Register, a: Register) {
        let i = match turn {
            0 | 1 => {
                let code = Code::EVEX_Vshuff64x2_zmm_k1z_zmm_zmmm512b64_imm8;
                let order = if turn == 0 { 0b0100_1110u32 } else { 0b1011_0001 };
                Instruction::with4(code, to, a, a, order)
            }
            _ => {
                let code = Code::EVEX_Vpermilpd_zmm_k1z_zmmm512b64_imm8;
                Instruction::with3(code, to, a, 0b0101_0101u32)
            }
        };
        w.put(i);
    }

    fn bits(asm: &mut Assembler, _: &Layout, mask: Option<Register>) {
        let mask = mask.unwrap_or(ACTIVE);
        let i = Instruction::with2(Code::VEX_Kmovb_r32_kr, Register::R11D, mask);
        asm.put(&i.expect("two registers"));
    }

    fn save_masks(asm: &mut Assembler, area: i64, restore: bool) {
        for k in 1..8u32 {
            let (mask, at) =
                (Register::K0 + k, memory(Register::RSP, area + 8 * i64::from(k), false));
            let i = if restore {
                Instruction::with2(Code::VEX_Kmovq_kr_km64, mask, at)
            } else {
                Instruction::with2(Code::VEX_Kmovq_m64_kr, at, mask)
            };
            asm.put(&i.expect("a mask and memory"));
        }
    }
}
