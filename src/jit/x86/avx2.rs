//! AVX2 and FMA: four lanes, masks in vectors, sixteen registers.
//!
//! The mask of active lanes is on the stack; `ymm14` and `ymm15` are free within
//! a step. Operands in memory are whole vectors, so constants lie four times in
//! the pool, and parameters go through a spare register. Neither scatters nor
//! scaling by powers of two are instructions: the former go lane by lane, the
//! latter is arithmetic on bits (`Lanes::scale_by_bits`).

use iced_x86::{Code, Instruction, MemoryOperand, Register};

use super::assembler::{Assembler, Label, memory};
use super::layout::Layout;
use super::machine::{Machine, predicate};
use super::registers::{Form, Place, Reg};
use super::writer::{Operand, Phase, Writer, low};
use crate::jit::bodies::body::{Binary, Compare, Logic, Unary};
use crate::jit::bodies::frame::{Address, Combine};

/// The instructions of AVX2 and FMA.
pub enum Avx2 {}

const ADD: Code = Code::VEX_Vaddpd_ymm_ymm_ymmm256;
const AND: Code = Code::VEX_Vandpd_ymm_ymm_ymmm256;
const BLEND: Code = Code::VEX_Vblendvpd_ymm_ymm_ymmm256_ymm;
const COMPARE: Code = Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8;
const LOAD_LANES: Code = Code::VEX_Vmaskmovpd_ymm_ymm_m256;
const STORE_LANES: Code = Code::VEX_Vmaskmovpd_m256_ymm_ymm;
const HALF: Code = Code::VEX_Vextractf128_xmmm128_ymm_imm8;
const STORE_HIGH: Code = Code::VEX_Vmovhpd_m64_xmm;

/// The table of masks: so many words of ones, then zeros.
const ONES: usize = 16;
const ZEROS: usize = 8;

type W<'a> = Writer<'a, Avx2>;

/// The lower half of a register.
fn half(r: Register) -> Register {
    low(Avx2::VECTORS.0, r)
}

impl W<'_> {
    /// `to = a op memory`
    fn op_memory(&mut self, code: Code, to: Register, a: Register, b: MemoryOperand) {
        self.put(Instruction::with3(code, to, a, b));
    }

    /// `to` where the mask holds becomes `new`.
    fn blend(&mut self, to: Register, new: Register, mask: Register) {
        self.put(Instruction::with4(BLEND, to, to, new, mask));
    }

    /// As many of the first lanes as the general register and `more` say, or of
    /// those after the first four.
    fn lowest(&mut self, to: Register, more: u8, next: u32) {
        let mut table = vec![u64::MAX; ONES];
        table.resize(ONES + ZEROS, 0);
        let table = self.asm.constant_vector(&table);
        self.put(Instruction::with2(Code::Lea_r64_m, Register::R11, table));
        self.put(Instruction::with2(Code::Mov_r32_rm32, Register::EAX, Register::ECX));
        self.put(Instruction::with1(Code::Neg_rm64, Register::RAX));
        let skipped = 8 * (ONES as i64 - i64::from(more) + 4 * i64::from(next));
        let from = memory(Register::R11, skipped, false);
        self.load_whole(to, MemoryOperand { index: Register::RAX, scale: 8, ..from });
    }

    /// The address of a lane.
    fn lane(&self, at: Address, lane: i64) -> MemoryOperand {
        let first = self.at(at);
        MemoryOperand { displacement: first.displacement + 8 * lane * at.stride, ..first }
    }

    /// All lanes from their places, by way of the second spare register.
    fn collect(&mut self, to: Register, at: Address) {
        let upper = half(Avx2::SPARE.1);
        for (r, first) in [(upper, 2), (half(to), 0)] {
            let (even, odd) = (self.lane(at, first), self.lane(at, first + 1));
            self.put(Instruction::with2(Code::VEX_Vmovsd_xmm_m64, r, even));
            self.op_memory(Code::VEX_Vmovhpd_xmm_xmm_m64, r, r, odd);
        }
        let join = Code::VEX_Vinsertf128_ymm_ymm_xmmm128_imm8;
        self.put(Instruction::with4(join, to, to, upper, 1u32));
    }

    /// All lanes to their places.
    fn distribute(&mut self, at: Address, add: bool, value: Register) {
        let mut value = value;
        if add {
            self.collect(Avx2::SPARE.0, at);
            self.op3(ADD, Avx2::SPARE.0, Avx2::SPARE.0, value);
            value = Avx2::SPARE.0;
        }
        let upper = half(Avx2::SPARE.1);
        self.put(Instruction::with3(HALF, upper, value, 1u32));
        for (r, first) in [(half(value), 0), (upper, 2)] {
            let (even, odd) = (self.lane(at, first), self.lane(at, first + 1));
            self.put(Instruction::with2(Avx2::STORE_FIRST, even, r));
            self.put(Instruction::with2(STORE_HIGH, odd, r));
        }
    }

    /// Lanes under the mask to their places, one by one.
    fn distribute_under(&mut self, at: Address, add: bool, value: Register, under: Register) {
        self.put(Instruction::with2(Code::VEX_Vmovmskpd_r32_ymm, Register::R11D, under));
        let spare = half(Avx2::SPARE.1);
        for lane in 0..Avx2::LANES {
            let skip = self.asm.label();
            self.put(Instruction::with2(Code::Bt_rm32_imm8, Register::R11D, lane as u32));
            self.asm.jump(Code::Jae_rel32_64, skip);
            let mut from = half(value);
            if lane >= 2 {
                self.put(Instruction::with3(HALF, spare, value, 1u32));
                from = spare;
            }
            if lane % 2 == 1 {
                self.op3(Code::VEX_Vunpckhpd_xmm_xmm_xmmm128, spare, from, from);
                from = spare;
            }
            let to = self.lane(at, lane);
            if add {
                self.op_memory(Code::VEX_Vaddsd_xmm_xmm_xmmm64, spare, from, to);
                from = spare;
            }
            self.put(Instruction::with2(Avx2::STORE_FIRST, to, from));
            self.asm.bind(skip);
        }
    }
}

impl Machine for Avx2 {
    const LANES: i64 = 4;
    const VECTORS: (Register, u8) = (Register::YMM0, 16);
    const END: Reg = 14;
    const MASKS: Option<(Reg, Reg)> = None;
    const SPARE: (Register, Register) = (Register::YMM14, Register::YMM15);
    const RUNNING: usize = 8;
    const CARRIED: u32 = 2;
    const TABLES: usize = ONES + ZEROS;
    const CONSTANT: usize = 4;

    const LOAD: Code = Code::VEX_Vmovupd_ymm_ymmm256;
    const STORE: Code = Code::VEX_Vmovupd_ymmm256_ymm;
    const BROADCAST: Code = Code::VEX_Vbroadcastsd_ymm_m64;
    const STORE_FIRST: Code = Code::VEX_Vmovsd_m64_xmm;

    fn binary(op: Binary) -> Code {
        match op {
            Binary::Add => ADD,
            Binary::Sub => Code::VEX_Vsubpd_ymm_ymm_ymmm256,
            Binary::Mul => Code::VEX_Vmulpd_ymm_ymm_ymmm256,
            Binary::Div => Code::VEX_Vdivpd_ymm_ymm_ymmm256,
            Binary::Smaller => Code::VEX_Vminpd_ymm_ymm_ymmm256,
            Binary::Larger => Code::VEX_Vmaxpd_ymm_ymm_ymmm256,
            Binary::BitAnd => AND,
            Binary::BitOr => Code::VEX_Vorpd_ymm_ymm_ymmm256,
            Binary::BitXor => Code::VEX_Vxorpd_ymm_ymm_ymmm256,
            Binary::BitAdd => Code::VEX_Vpaddq_ymm_ymm_ymmm256,
            Binary::BitSub => Code::VEX_Vpsubq_ymm_ymm_ymmm256,
            Binary::Scale => unreachable!("bodies for this machine scale by bits"),
        }
    }

    fn mul_add(form: Form, minus_product: bool, minus_addend: bool) -> Code {
        match (form, minus_product, minus_addend) {
            (Form::Mul132, false, false) => Code::VEX_Vfmadd132pd_ymm_ymm_ymmm256,
            (Form::Mul213, false, false) => Code::VEX_Vfmadd213pd_ymm_ymm_ymmm256,
            (Form::Mul231, false, false) => Code::VEX_Vfmadd231pd_ymm_ymm_ymmm256,
            (Form::Mul132, false, true) => Code::VEX_Vfmsub132pd_ymm_ymm_ymmm256,
            (Form::Mul213, false, true) => Code::VEX_Vfmsub213pd_ymm_ymm_ymmm256,
            (Form::Mul231, false, true) => Code::VEX_Vfmsub231pd_ymm_ymm_ymmm256,
            (Form::Mul132, true, false) => Code::VEX_Vfnmadd132pd_ymm_ymm_ymmm256,
            (Form::Mul213, true, false) => Code::VEX_Vfnmadd213pd_ymm_ymm_ymmm256,
            (Form::Mul231, true, false) => Code::VEX_Vfnmadd231pd_ymm_ymm_ymmm256,
            (Form::Mul132, true, true) => Code::VEX_Vfnmsub132pd_ymm_ymm_ymmm256,
            (Form::Mul213, true, true) => Code::VEX_Vfnmsub213pd_ymm_ymm_ymmm256,
            (Form::Mul231, true, true) => Code::VEX_Vfnmsub231pd_ymm_ymm_ymmm256,
        }
    }

    fn unary(op: Unary) -> (Code, Option<u32>) {
        let round = Code::VEX_Vroundpd_ymm_ymmm256_imm8;
        match op {
            Unary::Sqrt => (Code::VEX_Vsqrtpd_ymm_ymmm256, None),
            Unary::Nearest => (round, Some(8)),
            Unary::Floor => (round, Some(9)),
            Unary::Ceil => (round, Some(10)),
            Unary::Up(by) => (Code::VEX_Vpsllq_ymm_ymm_imm8, Some(u32::from(by))),
            Unary::Down(by) => (Code::VEX_Vpsrlq_ymm_ymm_imm8, Some(u32::from(by))),
            Unary::Exponent | Unary::Mantissa => {
                unreachable!("bodies for this machine split by bits")
            }
        }
    }

    fn mask(r: Reg) -> Register {
        Avx2::vector(r)
    }

    fn steady(w: &mut W, place: Place) -> Operand {
        match place {
            Place::Const(bits) => Err(w.asm.constant_vector(&[bits; 4])),
            place => {
                let from = w.layout.memory_of(place, false);
                w.put(Instruction::with2(Avx2::BROADCAST, Avx2::SPARE.0, from));
                Ok(Avx2::SPARE.0)
            }
        }
    }

    fn active(w: &mut W) -> Register {
        w.load_whole(Avx2::SPARE.0, w.layout.active());
        Avx2::SPARE.0
    }

    fn activate_all(w: &mut W) {
        let all = Avx2::SPARE.0;
        w.op3(Code::VEX_Vpcmpeqq_ymm_ymm_ymmm256, all, all, all);
        w.store_whole(w.layout.active(), all);
    }

    fn activate(w: &mut W) {
        w.lowest(Avx2::SPARE.0, 0, 0);
        w.store_whole(w.layout.active(), Avx2::SPARE.0);
    }

    fn run_mask(w: &mut W, reach: u8, next: u32) -> Register {
        w.lowest(Avx2::SPARE.0, reach, next);
        Avx2::SPARE.0
    }

    fn load(w: &mut W, to: Register, at: Address) {
        let from = w.at(at);
        match (at.stride, w.under(None)) {
            // The loop has at least one step, so there is something to read.
            (0, _) => w.put(Instruction::with2(Avx2::BROADCAST, to, from)),
            (1, None) => w.load_whole(to, from),
            (1, Some(mask)) => w.op_memory(LOAD_LANES, to, mask, from),
            (_, None) => w.collect(to, at),
            (_, Some(mask)) => {
                let places = w.places(at);
                w.load_whole(Avx2::SPARE.1, places);
                w.op3(Avx2::binary(Binary::BitXor), to, to, to);
                let from = MemoryOperand { index: Avx2::SPARE.1, scale: 8, ..from };
                w.put(Instruction::with3(Code::VEX_Vgatherqpd_ymm_vm64y_ymm, to, from, mask));
            }
        }
    }

    fn store(w: &mut W, at: Address, add: bool, value: Register, under: Option<Register>) {
        let (to, sum) = (w.at(at), Avx2::SPARE.1);
        match (at.stride, under) {
            (1, None) if add => {
                w.op_memory(ADD, sum, value, to);
                w.store_whole(to, sum);
            }
            (1, None) => w.store_whole(to, value),
            (1, Some(mask)) => {
                let mut from = value;
                if add {
                    w.op_memory(LOAD_LANES, sum, mask, to);
                    w.op3(ADD, sum, value, sum);
                    from = sum;
                }
                w.put(Instruction::with3(STORE_LANES, to, mask, from));
            }
            (_, None) => w.distribute(at, add, value),
            (_, Some(mask)) => w.distribute_under(at, add, value, mask),
        }
    }

    fn compare(w: &mut W, op: Compare, to: Register, a: Register, b: Place) {
        let i = match w.operand(b) {
            Ok(b) => Instruction::with4(COMPARE, to, a, b, predicate(op)),
            Err(b) => Instruction::with4(COMPARE, to, a, b, predicate(op)),
        };
        w.put(i);
        if w.phase == Phase::Tail {
            w.op_memory(AND, to, to, w.layout.active());
        }
    }

    fn logic(w: &mut W, op: Logic, to: Register, a: Register, b: Register) {
        match op {
            Logic::And => w.op3(AND, to, a, b),
            Logic::Or => w.op3(Avx2::binary(Binary::BitOr), to, a, b),
            Logic::Not => {
                let all = match w.phase {
                    Phase::Main => w.asm.constant_vector(&[u64::MAX; 4]),
                    Phase::Tail => w.layout.active(),
                };
                w.op_memory(Code::VEX_Vandnpd_ymm_ymm_ymmm256, to, a, all);
            }
        }
    }

    fn select(w: &mut W, to: Register, mask: Register, a: Place, b: Register) {
        let i = match w.operand(a) {
            Ok(a) => Instruction::with4(BLEND, to, b, a, mask),
            Err(a) => Instruction::with4(BLEND, to, b, a, mask),
        };
        w.put(i);
    }

    fn spill_mask(_: &mut W, _: Reg, _: u32) {
        unreachable!("masks are vectors")
    }

    fn fill_mask(_: &mut W, _: Reg, _: u32) {
        unreachable!("masks are vectors")
    }

    fn add_under(w: &mut W, to: u32, value: Register, of: Option<Reg>) {
        // What is masked off adds 0.
        let (spare, sum) = Avx2::SPARE;
        match of {
            Some(m) => w.op3(AND, spare, value, Avx2::mask(m)),
            None => w.op_memory(AND, spare, value, w.layout.active()),
        }
        if let Some(r) = w.layout.register_of(Place::Running(to), w.copy) {
            return w.op3(ADD, r, r, spare);
        }
        let total = w.layout.memory_of(Place::Running(to), false);
        w.op_memory(ADD, sum, spare, total);
        w.store_whole(total, sum);
    }

    fn add_product_under(w: &mut W, to: u32, minus: bool, by: (Register, Place), of: Option<Reg>) {
        let (place, sum) = (Place::Running(to), Avx2::SPARE.1);
        w.fill(sum, place);
        w.op(Avx2::mul_add(Form::Mul231, minus, false), sum, by.0, by.1);
        Avx2::set_under(w, to, sum, of);
    }

    fn set_under(w: &mut W, to: u32, value: Register, of: Option<Reg>) {
        let Some(mask) = w.under(of) else {
            return w.fill_running(to, value);
        };
        match w.layout.register_of(Place::Running(to), w.copy) {
            Some(r) => w.blend(r, value, mask),
            None => {
                let total = w.layout.memory_of(Place::Running(to), false);
                w.put(Instruction::with3(STORE_LANES, total, mask, value));
            }
        }
    }

    fn active_lanes(w: &mut W, to: Register, from: Register) {
        w.op_memory(AND, to, from, w.layout.active());
    }

    fn shift(w: &mut W, to: Register, value: Register, (by, carry): (u8, u32), spare: Register) {
        // By two lanes: the upper half of what was before, the lower half of the value.
        let code = Code::VEX_Vperm2f128_ymm_ymm_ymmm256_imm8;
        let before = w.layout.carry(carry);
        let i = match before {
            Ok(before) => Instruction::with4(code, to, value, before, 0x03u32),
            Err(before) => Instruction::with4(code, to, value, before, 0x03u32),
        };
        w.put(i);
        // By one or three: neighbours of that and of the value, or of what was before.
        let (left, right) = match (by, before) {
            (1, _) => (to, value),
            (3, Ok(before)) => (before, to),
            (3, Err(before)) => {
                w.load_whole(spare, before);
                (spare, to)
            }
            _ => return,
        };
        let code = Code::VEX_Vshufpd_ymm_ymm_ymmm256_imm8;
        w.put(Instruction::with4(code, to, left, right, 0b0101u32));
    }

    fn jump_if_any(w: &mut W, mask: Register, to: Label) {
        w.op2(Code::VEX_Vtestpd_ymm_ymmm256, mask, mask);
        w.asm.jump(Code::Jne_rel32_64, to);
    }

    fn extreme(w: &mut W, how: Combine, a: Register, b: Register) {
        // A NaN on either side wins.
        let nan = Avx2::vector(Avx2::END - 1);
        w.put(Instruction::with4(COMPARE, nan, b, b, predicate(Compare::Unordered)));
        let op = if how == Combine::Min { Binary::Smaller } else { Binary::Larger };
        w.op3(Avx2::binary(op), a, b, a);
        w.blend(a, b, nan);
    }

    fn swap_lanes(w: &mut W, turn: u32, to: Register, a: Register) {
        let i = if turn == 0 {
            let code = Code::VEX_Vperm2f128_ymm_ymm_ymmm256_imm8;
            Instruction::with4(code, to, a, a, 0x01u32)
        } else {
            Instruction::with3(Code::VEX_Vpermilpd_ymm_ymmm256_imm8, to, a, 0b0101u32)
        };
        w.put(i);
    }

    fn bits(asm: &mut Assembler, layout: &Layout, mask: Option<Register>) {
        let mut put = |i: Result<Instruction, _>| asm.put(&i.expect("a register and an operand"));
        let spare = Avx2::SPARE.0;
        if mask.is_none() {
            put(Instruction::with2(Avx2::LOAD, spare, layout.active()));
        }
        let mask = mask.unwrap_or(spare);
        put(Instruction::with2(Code::VEX_Vmovmskpd_r32_ymm, Register::R11D, mask));
    }

    fn save_masks(_: &mut Assembler, _: i64, _: bool) {}
}
