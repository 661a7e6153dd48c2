//! The functions over slices.

use super::Elementary;
#[cfg(target_arch = "x86_64")]
use super::Simd;

/// Numbers that are worked on at a time: they stay in the first level of cache.
pub const BLOCK: usize = 512;

/// `y[i] = f(x[i])`, by the widest instructions of this machine.
///
/// # Panics
///
/// Where the lengths differ.
pub fn map(f: Elementary, x: &[f64], y: &mut [f64]) {
    assert_eq!(x.len(), y.len(), "as many results as arguments");
    #[cfg(target_arch = "x86_64")]
    {
        let simd = Simd::here();
        if simd == Simd::Avx512 {
            // SAFETY: the machine has the features that the function is
            // compiled for.
            return unsafe { map_avx512(f, x, y) };
        }
        if simd >= Simd::Avx2 {
            // SAFETY: as above.
            return unsafe { map_avx2(f, x, y) };
        }
    }
    if cfg!(target_arch = "aarch64") {
        return map_by(f, x, y);
    }
    // Without fused multiplication the reductions of arguments would be wrong.
    let f = f.scalar();
    for (x, y) in x.iter().zip(y) {
        *y = f(*x);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
fn map_avx512(f: Elementary, x: &[f64], y: &mut [f64]) {
    map_by(f, x, y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn map_avx2(f: Elementary, x: &[f64], y: &mut [f64]) {
    map_by(f, x, y);
}

#[inline(always)]
fn map_by(f: Elementary, x: &[f64], y: &mut [f64]) {
    for (x, y) in x.chunks(BLOCK).zip(y.chunks_mut(BLOCK)) {
        // One loop for each, with the function inlined.
        match f {
            Elementary::Exp => each(x, y, |x| Elementary::Exp.value(x)),
            Elementary::Expm1 => each(x, y, |x| Elementary::Expm1.value(x)),
            Elementary::Log => each(x, y, |x| Elementary::Log.value(x)),
            Elementary::Log1p => each(x, y, |x| Elementary::Log1p.value(x)),
            Elementary::Sin => each(x, y, |x| Elementary::Sin.value(x)),
            Elementary::Cos => each(x, y, |x| Elementary::Cos.value(x)),
            Elementary::Tanh => each(x, y, |x| Elementary::Tanh.value(x)),
            Elementary::Sigmoid => each(x, y, |x| Elementary::Sigmoid.value(x)),
            Elementary::Softplus => each(x, y, |x| Elementary::Softplus.value(x)),
        }
        let hard = |x: f64| f.hard(x).unwrap_or(false);
        if x.iter().fold(false, |any, &x| any | hard(x)) {
            let exact = f.scalar();
            for (x, y) in x.iter().zip(y).filter(|(x, _)| hard(**x)) {
                *y = exact(*x);
            }
        }
    }
}

#[inline(always)]
fn each(x: &[f64], y: &mut [f64], f: impl Fn(f64) -> f64) {
    for (x, y) in x.iter().zip(y) {
        *y = f(*x);
    }
}
