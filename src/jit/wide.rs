//! Wide loops: vectors of eight doubles on x86-64 machines with AVX-512, of four
//! on those with AVX2 and FMA. Elsewhere pairs, by Cranelift (`cranelift::pairs`).
//!
//! In: a kernel, and which of its groups are loops. Out: for every loop whose
//! body it covers, a function of a *frame* of words, which the code that
//! Cranelift makes fills and calls. What is not covered stays with Cranelift:
//! nothing depends on this room but speed.
//!
//! `bodies` makes straight lines of vector operations of loops, `x86` machine code of these.

use rustc_hash::FxHashMap;

use super::Choice;
use super::bodies::body::{Body, Target};
use super::bodies::frame::{Chunks, HEAD, Meeting, Param, Pointer, Total};
use super::bodies::scatter::Stores;
use super::bodies::select::{self, WideLoop};
use super::entries::dag::{BufId, Kind};
use super::program::{GroupKind, InstrId, Program};
use super::run::long;
use super::run::tables::Tables;
#[cfg(all(target_arch = "x86_64", unix))]
pub use super::x86::memory::Pages;
use crate::special::vector::Simd;

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

/// What runs a loop.
#[derive(Debug)]
pub enum Code {
    /// Machine code; where it begins in the pages.
    Emitted(usize),
    /// Cranelift makes it of this.
    Pairs(Box<Body>),
}

/// A loop that does not run as Cranelift's code.
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
    /// Where the code of a function begins. `pairs` is where Cranelift has put it, if it has made it.
    pub fn address(&self, f: &Function, pairs: Option<usize>) -> usize {
        match &f.code {
            Code::Emitted(offset) => self.pages.as_ref().map_or(0, |p| p.address(*offset)),
            Code::Pairs(_) => pairs.expect("loops over pairs are compiled first"),
        }
    }

    /// Bytes of code and constants.
    pub fn size(&self) -> usize {
        self.pages.as_ref().map_or(0, Pages::len)
    }
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
    if choice == Choice::Never || program.compares() {
        return wide;
    }
    let emits = match simd {
        // Scaling by powers of two is an instruction.
        Simd::Avx512 => Some(Target::Native),
        Simd::Avx2 => Some(Target::Bits),
        Simd::Baseline | Simd::Pairs => None,
    };
    let stored = Stores::of(program);
    let mut bytes: Vec<u8> = Vec::new();
    let mut overwritten = Vec::new();
    for (k, group) in program.groups.iter().enumerate() {
        let GroupKind::Loop { lo, hi, .. } = group.what else { continue };
        let steps = known(program, lo).zip(known(program, hi)).map(|(lo, hi)| hi - lo + 1);
        if choice == Choice::Auto && steps.is_some_and(|n| n < WORTH) {
            continue;
        }
        let select = |target| select::select(program, tables, &stored, k, target);
        let emitted = |found: &WideLoop| emit(found, interrupt, simd);
        let found = emits.and_then(select).and_then(|found| Some((emitted(&found)?, found)));
        let (code, found) = match found {
            Some(((code, start), found)) => {
                bytes.resize(bytes.len().next_multiple_of(64), 0);
                let offset = bytes.len() + start;
                bytes.extend(code);
                (Code::Emitted(offset), found)
            }
            None if simd == Simd::Baseline => continue,
            None => {
                let Some(found) = select(Target::Bits) else { continue };
                (Code::Pairs(Box::new(found.body.clone())), found)
            }
        };
        let is_long = steps.is_some_and(|n| n >= 2 * long::CHUNK);
        let meetings = found.meetings.clone().filter(|_| is_long);
        let chunks = meetings.map(|meetings| Box::new(chunks(&found, meetings, interrupt)));
        overwritten.extend(found.overwritten);
        let (pointers, params, totals) = (found.pointers, found.params, found.totals);
        wide.functions.insert(k, Function { pointers, params, totals, code, chunks });
    }
    wide.overwritten = overwritten.into_iter().map(|(b, lo, hi)| (b, (lo, hi))).collect();
    if bytes.is_empty() {
        return wide;
    }
    match Pages::new(&bytes) {
        Ok(pages) => {
            wide.pages = Some(pages);
            wide
        }
        // The process may not execute new code this way.
        Err(_) => Wide::default(),
    }
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
    super::x86::emit(&found.body, &strides, found.params.len(), interrupt, simd)
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
fn emit(_: &WideLoop, _: Option<usize>, _: Simd) -> Option<(Vec<u8>, usize)> {
    None
}
