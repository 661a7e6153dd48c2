//! Calls of functions of one or two numbers for some of the lanes.
//!
//! Out of line, and rare where a vector algorithm serves most arguments: all
//! registers are saved, a function of ours computes the lanes of a mask one by
//! one, and everything is put back.

use iced_x86::{Code, Instruction, MemoryOperand, Register};

use super::assembler::{Assembler, memory};
use super::layout::Layout;
use super::machine::Machine;
use super::writer::Rescue;
use crate::jit::bodies::body::Outside;

/// What the function outside gets.
#[repr(C)]
pub struct Lanes {
    x: [f64; 8],
    y: [f64; 8],
    value: [f64; 8],
    mask: u64,
    function: usize,
    /// Whether the function is of two numbers.
    binary: u64,
}

const VALUE: i64 = 128;
const MASK: i64 = 192;
const FUNCTION: i64 = 200;
const BINARY: i64 = 208;
/// Saved registers begin here.
const SAVED: i64 = 256;
const SAVED_MASKS: i64 = SAVED + 32 * 64;
const SAVED_WORDS: i64 = SAVED_MASKS + 64;
/// Bytes of the stack that a rescue needs.
pub const SIZE: i64 = SAVED_WORDS + 128;

/// General registers that the function outside may change.
const WORDS: [Register; 8] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
];

/// Computes the lanes of the mask one by one.
///
/// # Safety
///
/// `lanes` points to lanes that nobody else uses; their function is a
/// `fn(f64) -> f64`, or a `fn(f64, f64) -> f64` where it says so.
unsafe extern "C" fn compute(lanes: *mut Lanes) {
    // SAFETY: the caller is code of ours that passes part of its own stack.
    let lanes = unsafe { &mut *lanes };
    for k in (0..8).filter(|k| lanes.mask >> k & 1 == 1) {
        lanes.value[k] = if lanes.binary != 0 {
            // SAFETY: as the caller promises.
            let f: fn(f64, f64) -> f64 = unsafe { std::mem::transmute(lanes.function) };
            f(lanes.x[k], lanes.y[k])
        } else {
            // SAFETY: as above.
            let f: fn(f64) -> f64 = unsafe { std::mem::transmute(lanes.function) };
            f(lanes.x[k])
        };
    }
}

/// Writes the rare cases of a loop.
pub fn write<M: Machine>(
    asm: &mut Assembler,
    layout: &Layout,
    rescues: &[Rescue],
    functions: &[Outside],
) {
    let area = layout.rescue_area();
    let put = |asm: &mut Assembler, i: Result<Instruction, iced_x86::IcedError>| {
        asm.put(&i.expect("the operands fit the instruction"));
    };
    let at = |offset: i64| memory(Register::RSP, area + offset, false);
    let store = |to: MemoryOperand, r| Instruction::with2(M::STORE, to, r);
    let load = |r, from: MemoryOperand| Instruction::with2(M::LOAD, r, from);
    let shared = asm.label();
    for r in rescues {
        let (function, binary) = match functions[r.function as usize] {
            Outside::One(f) => (f as usize, false),
            Outside::Two(f) => (f as usize, true),
        };
        asm.bind(r.enter);
        put(asm, store(at(0), r.x));
        put(asm, store(at(64), r.y));
        put(asm, store(at(VALUE), r.value));
        M::bits(asm, layout, r.mask);
        put(asm, Instruction::with2(Code::Mov_rm64_r64, at(MASK), Register::R11));
        put(asm, Instruction::with2(Code::Mov_r64_imm64, Register::R11, function as u64));
        put(asm, Instruction::with2(Code::Mov_rm64_r64, at(FUNCTION), Register::R11));
        put(asm, Instruction::with2(Code::Mov_rm64_imm32, at(BINARY), i32::from(binary)));
        asm.jump(Code::Call_rel32_64, shared);
        put(asm, load(r.value, at(VALUE)));
        asm.jump(Code::Jmp_rel32_64, r.back);
    }
    // The call has pushed a word; another one aligns the stack for the next.
    asm.bind(shared);
    put(asm, Instruction::with2(Code::Sub_rm64_imm32, Register::RSP, 8));
    let at = |offset: i64| memory(Register::RSP, area + 16 + offset, false);
    let saved = |r: u8| at(SAVED + 64 * i64::from(r));
    for (k, r) in WORDS.iter().enumerate() {
        put(asm, Instruction::with2(Code::Mov_rm64_r64, at(SAVED_WORDS + 8 * k as i64), *r));
    }
    for r in 0..M::VECTORS.1 {
        put(asm, store(saved(r), M::vector(r)));
    }
    M::save_masks(asm, area + 16 + SAVED_MASKS, false);
    put(asm, Instruction::with2(Code::Lea_r64_m, Register::RDI, at(0)));
    put(asm, Instruction::with2(Code::Mov_r64_imm64, Register::RAX, compute as *const () as u64));
    asm.op0(Code::VEX_Vzeroupper);
    put(asm, Instruction::with1(Code::Call_rm64, Register::RAX));
    M::save_masks(asm, area + 16 + SAVED_MASKS, true);
    for r in 0..M::VECTORS.1 {
        put(asm, load(M::vector(r), saved(r)));
    }
    for (k, r) in WORDS.iter().enumerate() {
        put(asm, Instruction::with2(Code::Mov_r64_rm64, *r, at(SAVED_WORDS + 8 * k as i64)));
    }
    put(asm, Instruction::with2(Code::Add_rm64_imm32, Register::RSP, 8));
    asm.op0(Code::Retnq);
}
