//! Vector code for x86-64 with AVX-512, or with AVX2 and FMA, of the bodies of loops.
//!
//! 1. `registers` and `steps`: the body to steps with registers.
//! 2. `emit` (with `layout`, `writer`, `rescue`): steps to instructions, and the loop around them. What differs between
//!    machines is a `machine`, of which `avx512` and `avx2` are two.
//! 3. `memory`: pages to execute.

mod assembler;
mod avx2;
mod avx512;
mod emit;
mod layout;
mod machine;
pub mod memory;
mod registers;
mod rescue;
mod steps;
mod writer;

use super::bodies::body::Body;
use crate::special::vector::Simd;

/// The bytes of a loop over `body`, and where in them it begins; none where it is not covered, or not at this level.
pub fn emit(
    body: &Body,
    strides: &[i64],
    params: usize,
    interrupt: Option<usize>,
    simd: Simd,
) -> Option<(Vec<u8>, usize)> {
    let emit = match simd {
        Simd::Avx512 => emit::emit::<avx512::Avx512>,
        Simd::Avx2 => emit::emit::<avx2::Avx2>,
        Simd::Baseline | Simd::Pairs => return None,
    };
    emit(body, strides, params, interrupt)
}
