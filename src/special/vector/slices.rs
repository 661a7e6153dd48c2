//! The functions over slices.

use super::{Elementary, Elementary2, Simd};

/// Numbers that are worked on at a time: they stay in the first level of cache.
pub const BLOCK: usize = 512;

/// `y[i] = f(x[i])`, by the widest instructions of this machine.
///
/// # Panics
///
/// Where the lengths differ.
pub fn map(f: Elementary, x: &[f64], y: &mut [f64]) {
    map_by(Simd::here(), f, x, y);
}

/// The same, by instructions of that level at most.
pub fn map_by(simd: Simd, f: Elementary, x: &[f64], y: &mut [f64]) {
    assert_eq!(x.len(), y.len(), "as many results as arguments");
    run(simd.min(Simd::here()), Each(f, x), y);
}

/// `z[i] = f(x[i], y[i])` likewise.
///
/// # Panics
///
/// Where the lengths differ.
pub fn map2(f: Elementary2, x: &[f64], y: &[f64], z: &mut [f64]) {
    map2_by(Simd::here(), f, x, y, z);
}

/// The same, by instructions of that level at most.
pub fn map2_by(simd: Simd, f: Elementary2, x: &[f64], y: &[f64], z: &mut [f64]) {
    assert!(x.len() == z.len() && y.len() == z.len(), "as many results as arguments");
    run(simd.min(Simd::here()), Pairs(f, x, y), z);
}

/// A function and its arguments.
trait Map {
    /// Results by the algorithm, which needs fused multiplication.
    fn by_algorithm(self, results: &mut [f64]);
    /// Results by the function of numbers.
    fn by_number(self, results: &mut [f64]);
}

fn run(simd: Simd, map: impl Map, results: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        if simd == Simd::Avx512 {
            // SAFETY: the machine has the features that the function is
            // compiled for.
            return unsafe { run_avx512(map, results) };
        }
        if simd >= Simd::Avx2 {
            // SAFETY: as above.
            return unsafe { run_avx2(map, results) };
        }
    }
    if cfg!(target_arch = "aarch64") {
        return map.by_algorithm(results);
    }
    // Without fused multiplication the reductions of arguments would be wrong.
    map.by_number(results);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
fn run_avx512(map: impl Map, results: &mut [f64]) {
    map.by_algorithm(results);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(map: impl Map, results: &mut [f64]) {
    map.by_algorithm(results);
}

struct Each<'x>(Elementary, &'x [f64]);

impl Map for Each<'_> {
    #[inline(always)]
    fn by_algorithm(self, results: &mut [f64]) {
        let Each(f, x) = self;
        for (x, y) in x.chunks(BLOCK).zip(results.chunks_mut(BLOCK)) {
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
                Elementary::Log2 => each(x, y, |x| Elementary::Log2.value(x)),
                Elementary::Log10 => each(x, y, |x| Elementary::Log10.value(x)),
                Elementary::Tan => each(x, y, |x| Elementary::Tan.value(x)),
                Elementary::Atan => each(x, y, |x| Elementary::Atan.value(x)),
                Elementary::Sinh => each(x, y, |x| Elementary::Sinh.value(x)),
                Elementary::Cosh => each(x, y, |x| Elementary::Cosh.value(x)),
                Elementary::Erf => each(x, y, |x| Elementary::Erf.value(x)),
                Elementary::Erfc => each(x, y, |x| Elementary::Erfc.value(x)),
                Elementary::Lgamma => each(x, y, |x| Elementary::Lgamma.value(x)),
                Elementary::Digamma => each(x, y, |x| Elementary::Digamma.value(x)),
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

    fn by_number(self, results: &mut [f64]) {
        each(self.1, results, self.0.scalar());
    }
}

struct Pairs<'x>(Elementary2, &'x [f64], &'x [f64]);

impl Map for Pairs<'_> {
    #[inline(always)]
    fn by_algorithm(self, results: &mut [f64]) {
        let Pairs(f, x, y) = self;
        let blocks = x.chunks(BLOCK).zip(y.chunks(BLOCK));
        for ((x, y), z) in blocks.zip(results.chunks_mut(BLOCK)) {
            match f {
                Elementary2::Pow => pairs(x, y, z, |x, y| Elementary2::Pow.value(x, y)),
            }
            let hard = |x: f64, y: f64| f.hard(x, y);
            if x.iter().zip(y).fold(false, |any, (&x, &y)| any | hard(x, y)) {
                let exact = f.scalar();
                for ((x, y), z) in x.iter().zip(y).zip(z) {
                    if hard(*x, *y) {
                        *z = exact(*x, *y);
                    }
                }
            }
        }
    }

    fn by_number(self, results: &mut [f64]) {
        pairs(self.1, self.2, results, self.0.scalar());
    }
}

#[inline(always)]
fn each(x: &[f64], y: &mut [f64], f: impl Fn(f64) -> f64) {
    for (x, y) in x.iter().zip(y) {
        *y = f(*x);
    }
}

#[inline(always)]
fn pairs(x: &[f64], y: &[f64], z: &mut [f64], f: impl Fn(f64, f64) -> f64) {
    for ((x, y), z) in x.iter().zip(y).zip(z) {
        *z = f(*x, *y);
    }
}
