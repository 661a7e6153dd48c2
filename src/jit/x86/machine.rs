//! What the emitter needs of a machine: its registers, and instructions for the
//! steps that machines do in different ways.
//!
//! Every step that has the same shape on all machines is in `writer`, with codes
//! from here.

use iced_x86::{Code, Register};

use super::assembler::{Assembler, Label};
use super::layout::Layout;
use super::registers::{Form, Place, Reg};
use super::writer::Writer;
use crate::jit::bodies::body::{Binary, Compare, Logic, Unary};
use crate::jit::bodies::frame::{Address, Combine};

/// A level of vector instructions.
///
/// A mask is a register of one of two kinds: of masks, or of vectors whose lanes
/// are all ones or all zeros. In the last steps of a loop only some lanes are
/// active, and every mask of the body holds in active lanes only.
pub trait Machine: Sized {
    /// Lanes of a vector.
    const LANES: i64;
    /// Vector registers: the first one, and how many there are.
    const VECTORS: (Register, u8);
    /// Registers of the body are those before this one.
    const END: Reg;
    /// Mask registers for the body, first and end.
    const MASKS: Option<(Reg, Reg)>;
    /// Registers that hold nothing from one step to the next.
    const SPARE: (Register, Register);
    /// Registers for accumulators at most; others are in memory.
    const RUNNING: usize;
    /// Registers for what scatters carry; more of them are in memory.
    const CARRIED: u32;
    /// Words of constants for the tables of masks.
    const TABLES: usize;
    /// Words that a constant takes in the pool.
    const CONSTANT: usize;

    /// A vector from memory, or from a register.
    const LOAD: Code;
    /// A vector to memory.
    const STORE: Code;
    /// One number from memory in all lanes.
    const BROADCAST: Code;
    /// The first lane to memory.
    const STORE_FIRST: Code;

    /// An operation on two vectors; the second may be in memory.
    fn binary(op: Binary) -> Code;
    /// A fused multiplication of that form: `±a*b ± c`.
    fn mul_add(form: Form, minus_product: bool, minus_addend: bool) -> Code;
    /// An operation on one vector, with its immediate.
    fn unary(op: Unary) -> (Code, Option<u32>);

    /// A register of vectors.
    fn vector(r: Reg) -> Register {
        Self::VECTORS.0 + u32::from(r)
    }

    /// A register of masks.
    fn mask(r: Reg) -> Register;
    /// The place of a constant or of a parameter as an operand in memory, or a
    /// register that it has been put into; that may be the first spare one.
    fn steady(w: &mut Writer<Self>, place: Place) -> super::writer::Operand;
    /// The mask of active lanes, in a register that may be the first spare one.
    fn active(w: &mut Writer<Self>) -> Register;
    /// All lanes are active.
    fn activate_all(w: &mut Writer<Self>);
    /// As many lanes as `rcx` says are active.
    fn activate(w: &mut Writer<Self>);
    /// The mask of `reach` lanes more than are active, in this vector or in the
    /// next one; in a register that may be the first spare one.
    fn run_mask(w: &mut Writer<Self>, reach: u8, next: u32) -> Register;

    /// Lanes are loaded, all or the active ones; the others become zero.
    fn load(w: &mut Writer<Self>, to: Register, at: Address);
    /// Lanes under the mask are stored or added.
    fn store(
        w: &mut Writer<Self>,
        at: Address,
        add: bool,
        value: Register,
        under: Option<Register>,
    );
    /// A comparison, as a mask.
    fn compare(w: &mut Writer<Self>, op: Compare, to: Register, a: Register, b: Place);
    /// Masks combined.
    fn logic(w: &mut Writer<Self>, op: Logic, to: Register, a: Register, b: Register);
    /// `a` where the mask holds, else `b`.
    fn select(w: &mut Writer<Self>, to: Register, mask: Register, a: Place, b: Register);
    /// A mask to its slot.
    fn spill_mask(w: &mut Writer<Self>, from: Reg, slot: u32);
    /// A mask from its slot.
    fn fill_mask(w: &mut Writer<Self>, to: Reg, slot: u32);

    /// Adds to an accumulator under a mask.
    fn add_under(w: &mut Writer<Self>, to: u32, value: Register, of: Option<Reg>);
    /// Adds `±a*b` to an accumulator under a mask.
    fn add_product_under(
        w: &mut Writer<Self>,
        to: u32,
        minus: bool,
        factors: (Register, Place),
        of: Option<Reg>,
    );
    /// Sets an accumulator under a mask. The value may be in the second spare
    /// register.
    fn set_under(w: &mut Writer<Self>, to: u32, value: Register, of: Option<Reg>);
    /// The active lanes of `from`; the others become zero.
    fn active_lanes(w: &mut Writer<Self>, to: Register, from: Register);
    /// `value` moved up by `shift` lanes, with the last lanes of what `carry` has
    /// kept. `to` is neither `value` nor `spare`.
    fn shift(w: &mut Writer<Self>, to: Register, value: Register, by: (u8, u32), spare: Register);
    /// Jumps where the mask holds in any lane.
    fn jump_if_any(w: &mut Writer<Self>, mask: Register, to: Label);

    /// The smaller or the larger one of `a` and `b`, in `a`; NaN wins.
    fn extreme(w: &mut Writer<Self>, how: Combine, a: Register, b: Register);
    /// `to` becomes `a` with halves, quarters and neighbours changed over, for
    /// each turn of [`Machine::LANES`] in powers of two.
    fn swap_lanes(w: &mut Writer<Self>, turn: u32, to: Register, a: Register);

    /// The bits of a mask, or of all active lanes, in `r11`.
    fn bits(asm: &mut Assembler, layout: &Layout, mask: Option<Register>);
    /// Mask registers to memory, if there are any, or from it.
    fn save_masks(asm: &mut Assembler, area: i64, restore: bool);
}

/// The number of a comparison among the predicates of `vcmppd`; none of them
/// signals.
pub fn predicate(op: Compare) -> u32 {
    match op {
        Compare::Less => 0x11,
        Compare::LessEqual => 0x12,
        Compare::Equal => 0x00,
        Compare::NotEqual => 0x04,
        Compare::Unordered => 0x03,
    }
}
