//! Running a register program.

use std::sync::atomic::{AtomicBool, Ordering};

use super::arrays::Arrays;
use super::code::{Code, Given, Left, Loop, Op, Reg};
use super::run::{self, Lanes, Turns};
use crate::jit::run::building;
use crate::jit::run::tables::Tables;
use crate::patience;
use crate::special;
use crate::special::vector::Simd;

/// Where a run ended without values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At this site, with the value at fault.
    Fault(u32, i64),
    Interrupted,
}

/// The registers, and the memory of loops by blocks.
#[derive(Debug)]
pub struct Registers {
    pub numbers: Vec<f64>,
    pub wholes: Vec<i64>,
    pub lanes: Lanes,
}

/// What a run does not change.
#[derive(Clone, Copy)]
pub struct Context<'r> {
    pub code: &'r Code,
    pub tables: &'r Tables,
    pub simd: Simd,
    pub threads: usize,
    pub interrupt: &'r AtomicBool,
}

/// Runs a program; its registers are those of the program, or of a run before.
pub fn follow(c: Context, arrays: &mut Arrays, registers: &mut Registers) -> Result<(), Stop> {
    #[cfg(target_arch = "x86_64")]
    if c.simd.min(Simd::here()) >= Simd::Avx2 {
        // SAFETY: the machine has the features that the function is compiled for.
        return unsafe { follow_fused(c, arrays, registers) };
    }
    follow_by::<{ cfg!(target_arch = "aarch64") }>(c, arrays, registers)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn follow_fused(c: Context, arrays: &mut Arrays, registers: &mut Registers) -> Result<(), Stop> {
    follow_by::<true>(c, arrays, registers)
}

/// The entry at the position in a register, and so many entries on.
macro_rules! entry {
    ($memory:expr, $wholes:ident, $at:ident, $plus:ident) => {
        $memory[($wholes[$at as usize] + i64::from($plus)) as usize]
    };
}

/// Operations, and loops by blocks between them.
#[inline(always)]
fn follow_by<const FUSED: bool>(
    c: Context,
    arrays: &mut Arrays,
    registers: &mut Registers,
) -> Result<(), Stop> {
    let mut next = 0;
    loop {
        let Registers { numbers, wholes, .. } = registers;
        match operations::<FUSED>(c, &mut next, arrays, numbers, wholes)? {
            Some(which) => by_blocks(c, &c.code.loops[which as usize], arrays, registers)?,
            None => return Ok(()),
        }
    }
}

/// One operation after the other, up to a loop by blocks. What is long or rare stands in functions of its own, so that
/// the loop stays small.
#[inline(always)]
fn operations<const FUSED: bool>(
    c: Context,
    at: &mut usize,
    arrays: &mut Arrays,
    n: &mut [f64],
    w: &mut [i64],
) -> Result<Option<u32>, Stop> {
    let fma = |a: f64, b: f64, c: f64| if FUSED { a.mul_add(b, c) } else { a * b + c };
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    macro_rules! number {
        ($to:ident, $value:expr) => {
            n[$to as usize] = $value
        };
    }
    macro_rules! n {
        ($r:ident) => {
            n[$r as usize]
        };
    }
    macro_rules! w {
        ($r:ident) => {
            w[$r as usize]
        };
    }
    let ops = &c.code.ops[..];
    let mut next = *at;
    loop {
        let op = ops[next];
        next += 1;
        match op {
            Op::IAdd { to, a, b } => w!(to) = w!(a).wrapping_add(w!(b)),
            Op::IMul { to, a, b } => w!(to) = w!(a).wrapping_mul(w!(b)),
            Op::IMin { to, a, b } => w!(to) = w!(a).min(w!(b)),
            Op::IDiv { to, a, by } => w!(to) = (w!(a) as u64 / w!(by) as u64) as i64,
            Op::IRem { to, a, by } => w!(to) = (w!(a) as u64 % w!(by) as u64) as i64,
            Op::ISet { to, value } => w!(to) = i64::from(value),
            Op::Whole { to, x, site } => {
                let whole = n!(x) as i64;
                if whole as f64 != n!(x) {
                    return Err(Stop::Fault(site, n!(x).to_bits() as i64));
                }
                w!(to) = whole;
            }
            Op::Inside { to, index, size, site } => {
                let place = w!(index).wrapping_sub(1);
                if place as u64 >= w!(size) as u64 {
                    return Err(Stop::Fault(site, w!(index)));
                }
                w!(to) = place;
            }
            Op::Real { to, from } => number!(to, w!(from) as f64),

            Op::LoadInput { to, at, plus } => number!(to, entry!(arrays.input, w, at, plus)),
            Op::LoadOutput { to, at, plus } => number!(to, entry!(arrays.output, w, at, plus)),
            Op::LoadScratch { to, at, plus } => number!(to, entry!(arrays.scratch, w, at, plus)),
            Op::LoadData { to, data, at, plus } => {
                number!(to, entry!(arrays.data[data as usize].data(), w, at, plus));
            }
            Op::StoreOutput { at, plus, value } => entry!(arrays.output, w, at, plus) = n!(value),
            Op::StoreScratch { at, plus, value } => entry!(arrays.scratch, w, at, plus) = n!(value),
            Op::AddOutput { at, plus, value } => entry!(arrays.output, w, at, plus) += n!(value),
            Op::AddScratch { at, plus, value } => entry!(arrays.scratch, w, at, plus) += n!(value),
            Op::AddProductOutput { at, plus, a, b } => {
                let entry = &mut entry!(arrays.output, w, at, plus);
                *entry = fma(n!(a), n!(b), *entry);
            }
            Op::AddProductScratch { at, plus, a, b } => {
                let entry = &mut entry!(arrays.scratch, w, at, plus);
                *entry = fma(n!(a), n!(b), *entry);
            }
            Op::Clear { range } => {
                let (start, range) = &c.code.ranges[range as usize];
                arrays.of_mut(*start)[range.clone()].fill(0.0);
            }

            Op::Copy { to, from } => number!(to, n!(from)),
            Op::Neg { to, a } => number!(to, -n!(a)),
            Op::Abs { to, a } => number!(to, n!(a).abs()),
            Op::Sqrt { to, a } => number!(to, n!(a).sqrt()),
            Op::Floor { to, a } => number!(to, n!(a).floor()),
            Op::Ceil { to, a } => number!(to, n!(a).ceil()),
            Op::Sign { to, a } => number!(to, special::sign(n!(a))),
            Op::Relu { to, a } => number!(to, special::relu(n!(a))),
            Op::Add { to, a, b } => number!(to, n!(a) + n!(b)),
            Op::Sub { to, a, b } => number!(to, n!(a) - n!(b)),
            Op::Mul { to, a, b } => number!(to, n!(a) * n!(b)),
            Op::Div { to, a, b } => number!(to, n!(a) / n!(b)),
            Op::Min { to, a, b } => number!(to, special::min(n!(a), n!(b))),
            Op::Max { to, a, b } => number!(to, special::max(n!(a), n!(b))),
            Op::Less { to, a, b } => number!(to, truth(n!(a) < n!(b))),
            Op::LessEqual { to, a, b } => number!(to, truth(n!(a) <= n!(b))),
            Op::Equal { to, a, b } => number!(to, truth(n!(a) == n!(b))),
            Op::NotEqual { to, a, b } => number!(to, truth(n!(a) != n!(b))),
            Op::And { to, a, b } => number!(to, truth(n!(a) != 0.0 && n!(b) != 0.0)),
            Op::Or { to, a, b } => number!(to, truth(n!(a) != 0.0 || n!(b) != 0.0)),
            Op::Not { to, a } => number!(to, truth(n!(a) == 0.0)),
            Op::MulAdd { to, a, b, c } => number!(to, fma(n!(a), n!(b), n!(c))),
            Op::MulSub { to, a, b, c } => number!(to, fma(n!(a), n!(b), -n!(c))),
            Op::NegMulAdd { to, a, b, c } => number!(to, fma(-n!(a), n!(b), n!(c))),
            Op::Select { to, cond, a, b } => {
                number!(to, if n!(cond) != 0.0 { n!(a) } else { n!(b) })
            }
            Op::One { to, f, x } => number!(to, c.code.one[f as usize](n!(x))),
            Op::Two { to, f, x, y } => number!(to, c.code.two[f as usize](n!(x), n!(y))),
            Op::LogAdd { largest, sum, v } => {
                let of = log_add(n!(largest), n!(sum), n!(v));
                (n!(largest), n!(sum)) = of;
            }
            Op::LogEnd { to, largest, sum } => number!(to, n!(largest) + n!(sum).ln()),
            Op::FirstLargest { best, place, v, at } => {
                let of = first_largest((n!(best), n!(place)), n!(v), w!(at));
                (n!(best), n!(place)) = of;
            }
            Op::FirstSmallest { best, place, v, at } => {
                let of = first_largest((n!(best), n!(place)), -n!(v), w!(at));
                (n!(best), n!(place)) = of;
            }

            Op::Jump { to } => next = to as usize,
            Op::Unless { cond, to } => {
                if n!(cond) == 0.0 {
                    next = to as usize;
                }
            }
            Op::Enter { counter, lo, hi, past } => {
                w!(counter) = w!(lo);
                if w!(lo) > w!(hi) {
                    next = past as usize;
                }
            }
            Op::Next { counter, hi, body } => {
                if w!(counter) < w!(hi) {
                    w!(counter) += 1;
                    next = body as usize;
                    if c.interrupt.load(Ordering::Relaxed) {
                        return Err(Stop::Interrupted);
                    }
                }
            }
            Op::NotEmpty { lo, hi, site } => {
                if w!(lo) > w!(hi) {
                    return Err(Stop::Fault(site, 0));
                }
            }
            Op::Taken { flag, site } => {
                if w!(flag) == 0 {
                    return Err(Stop::Fault(site, 0));
                }
            }
            Op::Blocks { which } => {
                *at = next;
                return Ok(Some(which));
            }
            Op::Dense { call } => dense(c, call, arrays),
            Op::End => return Ok(None),
        }
    }
}

/// The largest so far and the sum of `exp(v - largest)`, with one more `v`.
fn log_add(largest: f64, sum: f64, v: f64) -> (f64, f64) {
    // Two infinities have no distance.
    let e = if v == largest { 1.0 } else { (-(v - largest).abs()).exp() };
    if v > largest { (v, sum * e + 1.0) } else { (largest, sum + e) }
}

/// The largest so far and its place, which is not a number before the first, by the rule of [`special::Largest`].
fn first_largest((best, place): (f64, f64), v: f64, at: i64) -> (f64, f64) {
    if place.is_nan() || special::exceeds(v, best) { (v, at as f64) } else { (best, place) }
}

#[inline(never)]
fn dense(c: Context, call: u32, arrays: &mut Arrays) {
    patience::look();
    let call = &c.tables.calls[call as usize];
    let (args, out) = arrays.split(c.tables, &call.args, c.tables.buffers[call.out.0 as usize]);
    building::run(call, c.threads, &args, out);
}

#[inline(never)]
fn by_blocks(
    c: Context,
    of: &Loop,
    arrays: &mut Arrays,
    registers: &mut Registers,
) -> Result<(), Stop> {
    let Registers { numbers, wholes, lanes } = registers;
    let (lo, hi) = (wholes[of.lo as usize], wholes[of.hi as usize]);
    if lo > hi {
        for left in &of.totals {
            if let Left::Member(to, empty) = *left {
                numbers[to as usize] = empty;
            }
        }
        return Ok(());
    }
    let place = |(terms, plus): &(Vec<Reg>, i64), stride: i64| {
        terms.iter().fold(*plus + lo * stride, |at, &t| at + wholes[t as usize])
    };
    lanes.places.clear();
    let pointers = of.places.iter().zip(&of.plan.pointers);
    lanes.places.extend(pointers.map(|(p, &(_, stride))| place(p, stride)));
    lanes.params.clear();
    lanes.params.extend(of.params.iter().map(|given| match *given {
        Given::Number(r) => numbers[r as usize],
        Given::Negated(r) => -numbers[r as usize],
        Given::Whole(r) => wholes[r as usize] as f64,
    }));
    let turns = Turns { steps: (hi - lo) as usize + 1, first: lo as f64 };
    if !run::run((&of.plan, c.simd), turns, arrays, lanes, c.interrupt) {
        return Err(Stop::Interrupted);
    }
    for (left, &total) in of.totals.iter().zip(&lanes.totals) {
        match left {
            Left::Member(to, _) => numbers[*to as usize] = total,
            Left::Entry(start, at, stride) => {
                arrays.of_mut(*start)[place(at, *stride) as usize] += total;
            }
        }
    }
    Ok(())
}
