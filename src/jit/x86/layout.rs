//! Where things are while a loop runs: registers, and the stack.

use iced_x86::{MemoryOperand, Register};

use super::assembler::memory;
use super::registers::{Assigned, Place, Reg};

/// General registers for pointers; those after the fifth belong to the caller.
pub const POINTERS: [Register; 11] = [
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
/// Pointers in registers that are not the caller's.
pub const SCRATCH_POINTERS: usize = 5;

/// Where things are while the loop runs.
///
/// The stack holds, from its pointer on, vectors: slots, what scatters carry,
/// accumulators, the mask of active lanes; then words: the caller's stack
/// pointer, turns until the next look at the interrupt, masks; then room for a
/// rescue.
pub struct Layout<'a> {
    pub assigned: &'a Assigned,
    /// The first vector register, and bytes of a vector.
    pub vectors: (Register, i64),
    /// The first words of parameters and of totals in the frame.
    pub params: usize,
    pub totals: usize,
    pub copies: u32,
    /// Registers from here hold accumulators, so many of them.
    pub running: (Reg, u32),
    pub counter: Option<Reg>,
    /// Values that scatters carry, and the first register of them if they are
    /// in registers.
    pub carries: (u32, Option<Reg>),
    /// Accumulators in all.
    pub count: u32,
}

impl Layout<'_> {
    fn vector(&self, r: Reg) -> Register {
        self.vectors.0 + u32::from(r)
    }

    /// The vector of that number on the stack.
    fn on_stack(&self, k: u32) -> MemoryOperand {
        memory(Register::RSP, self.vectors.1 * i64::from(k), false)
    }

    /// The register of a place, if it is in one.
    pub fn register_of(&self, place: Place, copy: u32) -> Option<Register> {
        match place {
            Place::Reg(r) => Some(self.vector(r)),
            Place::Counter => self.counter.map(|r| self.vector(r)),
            Place::Running(a) if a < self.running.1 => {
                Some(self.vector(self.running.0 + (a * self.copies + copy) as Reg))
            }
            place => {
                let found = self.assigned.hoisted.iter().find(|(p, _)| *p == place);
                found.map(|(_, r)| self.vector(*r))
            }
        }
    }

    /// The memory of a parameter, a slot or an accumulator.
    pub fn memory_of(&self, place: Place, broadcast: bool) -> MemoryOperand {
        match place {
            Place::Param(p) => {
                memory(Register::RDI, 8 * (self.params + p as usize) as i64, broadcast)
            }
            Place::Slot(slot) => self.on_stack(slot),
            Place::Running(a) => {
                self.on_stack(self.assigned.slots + self.carries.0 + a - self.running.1)
            }
            place => unreachable!("{place:?} has no memory in the frame"),
        }
    }

    /// What a scatter has carried from the step before.
    pub fn carry(&self, carry: u32) -> Result<Register, MemoryOperand> {
        match self.carries.1 {
            Some(r) => Ok(self.vector(r + carry as Reg)),
            None => Err(self.on_stack(self.assigned.slots + carry)),
        }
    }

    /// The mask of active lanes, as a vector.
    pub fn active(&self) -> MemoryOperand {
        self.on_stack(self.assigned.slots + self.carries.0 + self.in_memory())
    }

    pub fn mask_slot(&self, slot: u32) -> MemoryOperand {
        memory(Register::RSP, self.words() + 16 + 8 * i64::from(slot), false)
    }

    /// The caller's stack pointer.
    pub fn caller(&self) -> MemoryOperand {
        memory(Register::RSP, self.words(), false)
    }

    /// The turns until the next look at the interrupt.
    pub fn patience(&self) -> MemoryOperand {
        memory(Register::RSP, self.words() + 8, false)
    }

    fn words(&self) -> i64 {
        self.vectors.1 * i64::from(self.in_stack())
    }

    /// Vectors on the stack.
    pub fn in_stack(&self) -> u32 {
        self.assigned.slots + self.carries.0 + self.in_memory() + 1
    }

    fn in_memory(&self) -> u32 {
        self.count - self.running.1
    }

    /// Where what is saved for a rescue begins.
    pub fn rescue_area(&self) -> i64 {
        (self.words() + 16 + 8 * i64::from(self.assigned.mask_slots) + 63) & !63
    }

    pub fn pointer(&self, pointer: u32) -> Register {
        POINTERS[pointer as usize]
    }
}
