//! Wide loops: vectors of eight doubles on x86-64 machines with AVX-512, of four
//! on those with AVX2 and FMA, of two on others with fused multiplication.
//!
//! In: a kernel, and which of its groups are loops. Out: for every loop whose
//! body it covers, a function of a *frame* of words, which the code that
//! Cranelift makes fills and calls. Functions of pairs are made by Cranelift
//! too (`jit/pairs.rs`), of the same bodies. What is not covered stays with Cranelift:
//! nothing depends on this room but speed.
//!
//! 1. `select` (with `functions`, `effects`, `scatter`): the loop's operations to a straight line of
//!    vector operations, a `body`; elementary functions become arithmetic.
//! 2. `registers` and `steps`: the body to steps with registers.
//! 3. `emit` (with `layout`, `writer`, `rescue`): steps to instructions, and the loop around them.
//!    What differs between machines is a `machine`, of which `avx512` and `avx2` are two.
//! 4. `memory`: pages to execute.

#[cfg(all(target_arch = "x86_64", unix))]
mod assembler;
#[cfg(all(target_arch = "x86_64", unix))]
mod avx2;
#[cfg(all(target_arch = "x86_64", unix))]
mod avx512;
pub mod body;
mod effects;
#[cfg(all(target_arch = "x86_64", unix))]
mod emit;
mod functions;
#[cfg(all(target_arch = "x86_64", unix))]
mod layout;
#[cfg(all(target_arch = "x86_64", unix))]
mod machine;
#[cfg(all(target_arch = "x86_64", unix))]
mod memory;
mod recorded;
#[cfg(all(target_arch = "x86_64", unix))]
mod registers;
#[cfg(all(target_arch = "x86_64", unix))]
mod rescue;
mod scatter;
mod select;
#[cfg(all(target_arch = "x86_64", unix))]
mod steps;
#[cfg(all(target_arch = "x86_64", unix))]
mod writer;

use rustc_hash::FxHashMap;

use super::dag::{BufId, Kind};
use super::host::Tables;
use super::long::{self, Chunks, Meeting};
use super::program::{GroupKind, InstrId, Program};
use crate::special::vector::Simd;
use body::Body;
pub use body::Combine;
#[cfg(all(target_arch = "x86_64", unix))]
pub use memory::Pages;
use scatter::Stores;
use select::WideLoop;
pub use select::{Param, Pointer, Start, Total};

/// Words of a frame before the pointers.
pub const HEAD: usize = 2;

/// Elsewhere nothing is ever emitted.
#[cfg(not(all(target_arch = "x86_64", unix)))]
#[derive(Debug)]
pub enum Pages {}

#[cfg(not(all(target_arch = "x86_64", unix)))]
impl Pages {
    fn new(_: &[u8]) -> std::io::Result<Pages> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn address(&self, _: usize) -> usize {
        match *self {}
    }

    fn len(&self) -> usize {
        match *self {}
    }
}

/// Loops of fewer steps are not worth a call.
const WORTH: i64 = 16;

/// Where the code of a loop is.
#[derive(Debug)]
pub enum Code {
    /// It begins there in the pages.
    Emitted(usize),
    /// Cranelift is still to make it of this.
    Pairs(Box<Body>),
}

/// A loop that has machine code.
#[derive(Debug)]
pub struct Function {
    pub pointers: Vec<Pointer>,
    pub params: Vec<Param>,
    pub totals: Vec<Total>,
    pub code: Code,
    /// How to run it in chunks, if it is long. Compiled code holds its address.
    pub chunks: Option<Box<Chunks>>,
}

impl Function {
    /// Words of its frame.
    pub fn words(&self) -> usize {
        HEAD + self.pointers.len() + self.params.len() + self.totals.len()
    }
}

/// The wide loops of a kernel.
#[derive(Debug, Default)]
pub struct Wide {
    pub functions: FxHashMap<usize, Function>,
    /// For a buffer that a loop overwrites, the entries, first and last, that
    /// need not be zero before it.
    pub overwritten: FxHashMap<BufId, (usize, usize)>,
    pub pages: Option<Pages>,
}

impl Wide {
    /// Where the code of a function begins, if it was emitted.
    pub fn address(&self, f: &Function) -> Option<usize> {
        match f.code {
            Code::Emitted(offset) => self.pages.as_ref().map(|p| p.address(offset)),
            Code::Pairs(_) => None,
        }
    }

    /// Bytes of code and constants.
    pub fn size(&self) -> usize {
        self.pages.as_ref().map_or(0, Pages::len)
    }
}

/// Which loops become wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Those that are long enough for it to pay.
    #[default]
    Auto,
    /// All that can.
    Always,
    /// None.
    Never,
}

/// Makes machine code for the loops of a kernel that are covered.
pub fn compile(
    program: &Program,
    tables: &Tables,
    interrupt: Option<usize>,
    choice: Choice,
    simd: Simd,
) -> Wide {
    let mut wide = Wide::default();
    if choice == Choice::Never || program.compares() || simd == Simd::Baseline {
        return wide;
    }
    // Elsewhere there is no emitter.
    let simd = if cfg!(all(target_arch = "x86_64", unix)) { simd } else { simd.min(Simd::Pairs) };
    // Scaling by powers of two is an instruction.
    let native = simd == Simd::Avx512;
    let stored = Stores::of(program);
    let mut bytes: Vec<u8> = Vec::new();
    let mut overwritten = Vec::new();
    for (k, group) in program.groups.iter().enumerate() {
        let GroupKind::Loop { lo, hi, .. } = group.what else { continue };
        let steps = known(program, lo).zip(known(program, hi)).map(|(lo, hi)| hi - lo + 1);
        if choice == Choice::Auto && steps.is_some_and(|n| n < WORTH) {
            continue;
        }
        let Some(found) = select::select(program, tables, &stored, k, native) else { continue };
        let code = if simd == Simd::Pairs {
            None
        } else {
            let Some((code, start)) = emit(&found, interrupt, simd) else { continue };
            bytes.resize(bytes.len().next_multiple_of(64), 0);
            let offset = bytes.len() + start;
            bytes.extend(code);
            Some(offset)
        };
        let is_long = steps.is_some_and(|n| n >= 2 * long::CHUNK);
        let meetings = found.meetings.clone().filter(|_| is_long);
        let chunks = meetings.map(|meetings| Box::new(chunks(&found, meetings, interrupt)));
        overwritten.extend(found.overwritten);
        let (pointers, params, totals) = (found.pointers, found.params, found.totals);
        let code = code.map_or_else(|| Code::Pairs(Box::new(found.body)), Code::Emitted);
        wide.functions.insert(k, Function { pointers, params, totals, code, chunks });
    }
    if bytes.is_empty() {
        wide.overwritten = entries(overwritten);
        return wide;
    }
    match Pages::new(&bytes) {
        Ok(pages) => {
            wide.pages = Some(pages);
            wide.overwritten = entries(overwritten);
            wide
        }
        // The process may not execute new code this way.
        Err(_) => Wide::default(),
    }
}

fn entries(overwritten: Vec<(BufId, usize, usize)>) -> FxHashMap<BufId, (usize, usize)> {
    overwritten.into_iter().map(|(b, lo, hi)| (b, (lo, hi))).collect()
}

/// What running a loop in chunks needs to know.
fn chunks(found: &WideLoop, meetings: Vec<Meeting>, interrupt: Option<usize>) -> Chunks {
    Chunks {
        meetings,
        strides: found.pointers.iter().map(|p| 8 * p.stride).collect(),
        params: found.params.len(),
        totals: found.body.accumulators.clone(),
        operations: found.body.ops.len(),
        interrupt,
    }
}

fn known(program: &Program, v: InstrId) -> Option<i64> {
    match program.instrs[v as usize].kind {
        Kind::Int(n) => Some(n),
        _ => None,
    }
}

/// The bytes of a loop, and where in them it begins.
#[cfg(all(target_arch = "x86_64", unix))]
fn emit(found: &WideLoop, interrupt: Option<usize>, simd: Simd) -> Option<(Vec<u8>, usize)> {
    let strides: Vec<i64> = found.pointers.iter().map(|p| p.stride).collect();
    let emit = match simd {
        Simd::Avx512 => emit::emit::<avx512::Avx512>,
        Simd::Avx2 => emit::emit::<avx2::Avx2>,
        Simd::Baseline | Simd::Pairs => return None,
    };
    emit(&found.body, &strides, found.params.len(), interrupt)
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
fn emit(_: &WideLoop, _: Option<usize>, _: Simd) -> Option<(Vec<u8>, usize)> {
    None
}
