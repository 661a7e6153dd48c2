//! The block engine: kernels without machine code.
//!
//! In: a kernel with its tables. Out: an [`Engine`], which runs it on any processor and where no code may be made, and
//! which is ready some twenty times sooner than machine code is. Loops whose body `bodies` covers are run by blocks of
//! lanes: each operation runs over a block before the next one does, in loops of plain Rust that are compiled for every
//! level of vector instructions. Everything else is a register program. Both are plain data, and all memory is reached
//! by slices: a position that the kernel got wrong would be a panic.
//!
//! - `choose`: which loops are run by blocks.
//! - `plan`: bodies to steps, whose operands are blocks, arrays or single numbers.
//! - `run`: the loop around them, and effects. `lanes`: what one step does to a block.
//! - `code`: the operations of register programs. `write` and `loops`: kernels to these. `follow`: running them.
//! - `arrays`: the memory of a run.

mod arrays;
mod choose;
mod code;
mod follow;
mod lanes;
mod loops;
mod plan;
mod run;
mod write;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use super::kernel::Fault;
use super::program::Program;
use super::run::tables::Tables;
use super::{Choice, Options};
use crate::special::vector::Simd;
use arrays::Arrays;
use choose::Chosen;
use code::Code;
use follow::{Context, Registers, Stop};

/// A kernel that is ready to be run by blocks and registers.
pub struct Engine {
    code: Code,
    tables: Tables,
    simd: Simd,
    threads: usize,
    interrupt: Arc<AtomicBool>,
    /// Numbers of scratch memory.
    scratch: usize,
    memory: Mutex<Memory>,
}

/// What a run writes to beside the output vector.
struct Memory {
    registers: Registers,
    scratch: Vec<f64>,
}

impl Engine {
    /// Makes a kernel ready. Cost: linear in its operations.
    pub fn new(program: &Program, tables: Tables, scratch: Vec<f64>, options: &Options) -> Engine {
        let always = options.wide == Choice::Blocks { always: true };
        let simd = options.simd.map_or(Simd::here(), |s| s.min(Simd::here()));
        let chosen = Chosen::of(program, &tables, always);
        let fuses = cfg!(target_arch = "aarch64") || simd >= Simd::Avx2;
        let code = write::write(program, &tables, &chosen, fuses && !program.compares());
        let registers = registers(&code);
        let (threads, interrupt) = (options.threads, options.interrupt.clone().unwrap_or_default());
        let length = scratch.len();
        let memory = Mutex::new(Memory { registers, scratch });
        Engine { code, tables, simd, threads, interrupt, scratch: length, memory }
    }

    /// Loops that are run by blocks.
    pub fn n_loops(&self) -> usize {
        self.code.loops.len()
    }

    /// Bytes of the register program.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.code.ops[..])
    }

    /// Replaces the memory by new memory.
    pub fn renew_memory(&self) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        *memory = self.new_memory();
    }

    fn new_memory(&self) -> Memory {
        Memory { registers: registers(&self.code), scratch: vec![0.0; self.scratch] }
    }

    /// Computes the outputs at `x`; both have the lengths of the kernel.
    pub fn call(&self, x: &[f64], out: &mut [f64]) -> Result<(), Fault> {
        match self.memory.try_lock() {
            Ok(mut memory) => self.run(x, out, &mut memory),
            // A run that unwound may have left anything.
            Err(TryLockError::Poisoned(memory)) => {
                let mut memory = memory.into_inner();
                *memory = self.new_memory();
                self.memory.clear_poison();
                self.run(x, out, &mut memory)
            }
            // Another thread, or a call from within a call, gets memory of its own.
            Err(TryLockError::WouldBlock) => self.run(x, out, &mut self.new_memory()),
        }
    }

    fn run(&self, x: &[f64], out: &mut [f64], memory: &mut Memory) -> Result<(), Fault> {
        let Engine { code, tables, simd, threads, .. } = self;
        let context =
            Context { code, tables, simd: *simd, threads: *threads, interrupt: &self.interrupt };
        let Memory { registers, scratch } = memory;
        let mut arrays = Arrays { input: x, output: out, scratch, data: &tables.data };
        follow::follow(context, &mut arrays, registers).map_err(|stop| match stop {
            Stop::Interrupted => Fault::Interrupted,
            Stop::Fault(site, value) => code.sites[site as usize].fault(value),
        })
    }
}

/// The registers before the first run.
fn registers(code: &Code) -> Registers {
    let lanes = run::Lanes::new(code.loops.iter().map(|l| &l.plan));
    Registers { numbers: code.numbers.clone(), wholes: code.wholes.clone(), lanes }
}
