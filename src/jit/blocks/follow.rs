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
    let ops = &c.code.ops[..];
    let mut next = *at;
    loop {
        let op = ops[next];
        next += 1;
        match op {
            Op::Jump { to } => next = to as usize,
            Op::Unless { cond, to } => {
                if n[cond as usize] == 0.0 {
                    next = to as usize;
                }
            }
            Op::Enter { counter, lo, hi, past } => {
                w[counter as usize] = w[lo as usize];
                if w[lo as usize] > w[hi as usize] {
                    next = past as usize;
                }
            }
            Op::Next { counter, hi, body } => {
                if w[counter as usize] < w[hi as usize] {
                    w[counter as usize] += 1;
                    next = body as usize;
                    if c.interrupt.load(Ordering::Relaxed) {
                        return Err(Stop::Interrupted);
                    }
                }
            }
            Op::NotEmpty { lo, hi, site } => {
                if w[lo as usize] > w[hi as usize] {
                    return Err(Stop::Fault(site, 0));
                }
            }
            Op::Taken { flag, site } => {
                if w[flag as usize] == 0 {
                    return Err(Stop::Fault(site, 0));
                }
            }
            Op::Blocks { which } => {
                *at = next;
                return Ok(Some(which));
            }
            Op::Dense { call } => dense(c, call, arrays),
            Op::End => return Ok(None),
            op => {
                if !(numbers::<FUSED>(op, c, n)
                    || memory::<FUSED>(op, c, arrays, n, w)
                    || whole(op, n, w)?)
                {
                    fold(op, n, w);
                }
            }
        }
    }
}

// The groups of operations are inlined into one `match` over all of them. Each gives whether the operation is one of its own.

/// Whole numbers, places and their checks.
#[inline(always)]
fn whole(op: Op, n: &mut [f64], w: &mut [i64]) -> Result<bool, Stop> {
    match op {
        Op::IAdd { to, a, b } => w[to as usize] = w[a as usize].wrapping_add(w[b as usize]),
        Op::IMul { to, a, b } => w[to as usize] = w[a as usize].wrapping_mul(w[b as usize]),
        Op::IMin { to, a, b } => w[to as usize] = w[a as usize].min(w[b as usize]),
        Op::IDiv { to, a, by } => {
            w[to as usize] = (w[a as usize] as u64 / w[by as usize] as u64) as i64
        }
        Op::IRem { to, a, by } => {
            w[to as usize] = (w[a as usize] as u64 % w[by as usize] as u64) as i64
        }
        Op::ISet { to, value } => w[to as usize] = i64::from(value),
        Op::Whole { to, x, site } => {
            let whole = n[x as usize] as i64;
            if whole as f64 != n[x as usize] {
                return Err(Stop::Fault(site, n[x as usize].to_bits() as i64));
            }
            w[to as usize] = whole;
        }
        Op::Inside { to, index, size, site } => {
            let place = w[index as usize].wrapping_sub(1);
            if place as u64 >= w[size as usize] as u64 {
                return Err(Stop::Fault(site, w[index as usize]));
            }
            w[to as usize] = place;
        }
        Op::Real { to, from } => n[to as usize] = w[from as usize] as f64,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Entries of arrays.
#[inline(always)]
fn memory<const FUSED: bool>(
    op: Op,
    c: Context,
    arrays: &mut Arrays,
    n: &mut [f64],
    w: &mut [i64],
) -> bool {
    match op {
        Op::LoadInput { to, at, plus } => n[to as usize] = entry!(arrays.input, w, at, plus),
        Op::LoadOutput { to, at, plus } => n[to as usize] = entry!(arrays.output, w, at, plus),
        Op::LoadScratch { to, at, plus } => n[to as usize] = entry!(arrays.scratch, w, at, plus),
        Op::LoadData { to, data, at, plus } => {
            n[to as usize] = entry!(arrays.data[data as usize].data(), w, at, plus);
        }
        Op::StoreOutput { at, plus, value } => {
            entry!(arrays.output, w, at, plus) = n[value as usize]
        }
        Op::StoreScratch { at, plus, value } => {
            entry!(arrays.scratch, w, at, plus) = n[value as usize]
        }
        Op::AddOutput { at, plus, value } => {
            entry!(arrays.output, w, at, plus) += n[value as usize]
        }
        Op::AddScratch { at, plus, value } => {
            entry!(arrays.scratch, w, at, plus) += n[value as usize]
        }
        Op::AddProductOutput { at, plus, a, b } => {
            let entry = &mut entry!(arrays.output, w, at, plus);
            *entry = fma::<FUSED>(n[a as usize], n[b as usize], *entry);
        }
        Op::AddProductScratch { at, plus, a, b } => {
            let entry = &mut entry!(arrays.scratch, w, at, plus);
            *entry = fma::<FUSED>(n[a as usize], n[b as usize], *entry);
        }
        Op::Clear { range } => {
            let (start, range) = &c.code.ranges[range as usize];
            arrays.of_mut(*start)[range.clone()].fill(0.0);
        }
        _ => return false,
    }
    true
}

/// Arithmetic and functions.
#[inline(always)]
fn numbers<const FUSED: bool>(op: Op, c: Context, n: &mut [f64]) -> bool {
    match op {
        Op::Copy { to, from } => n[to as usize] = n[from as usize],
        Op::Neg { to, a } => n[to as usize] = -n[a as usize],
        Op::Abs { to, a } => n[to as usize] = n[a as usize].abs(),
        Op::Sqrt { to, a } => n[to as usize] = n[a as usize].sqrt(),
        Op::Floor { to, a } => n[to as usize] = n[a as usize].floor(),
        Op::Ceil { to, a } => n[to as usize] = n[a as usize].ceil(),
        Op::Sign { to, a } => n[to as usize] = special::sign(n[a as usize]),
        Op::Relu { to, a } => n[to as usize] = special::relu(n[a as usize]),
        Op::Add { to, a, b } => n[to as usize] = n[a as usize] + n[b as usize],
        Op::Sub { to, a, b } => n[to as usize] = n[a as usize] - n[b as usize],
        Op::Mul { to, a, b } => n[to as usize] = n[a as usize] * n[b as usize],
        Op::Div { to, a, b } => n[to as usize] = n[a as usize] / n[b as usize],
        Op::Min { to, a, b } => n[to as usize] = special::min(n[a as usize], n[b as usize]),
        Op::Max { to, a, b } => n[to as usize] = special::max(n[a as usize], n[b as usize]),
        Op::Less { to, a, b } => n[to as usize] = truth(n[a as usize] < n[b as usize]),
        Op::LessEqual { to, a, b } => n[to as usize] = truth(n[a as usize] <= n[b as usize]),
        Op::Equal { to, a, b } => n[to as usize] = truth(n[a as usize] == n[b as usize]),
        Op::NotEqual { to, a, b } => n[to as usize] = truth(n[a as usize] != n[b as usize]),
        Op::And { to, a, b } => {
            n[to as usize] = truth(n[a as usize] != 0.0 && n[b as usize] != 0.0)
        }
        Op::Or { to, a, b } => n[to as usize] = truth(n[a as usize] != 0.0 || n[b as usize] != 0.0),
        Op::Not { to, a } => n[to as usize] = truth(n[a as usize] == 0.0),
        Op::MulAdd { to, a, b, c } => {
            n[to as usize] = fma::<FUSED>(n[a as usize], n[b as usize], n[c as usize])
        }
        Op::MulSub { to, a, b, c } => {
            n[to as usize] = fma::<FUSED>(n[a as usize], n[b as usize], -n[c as usize])
        }
        Op::NegMulAdd { to, a, b, c } => {
            n[to as usize] = fma::<FUSED>(-n[a as usize], n[b as usize], n[c as usize])
        }
        Op::Select { to, cond, a, b } => {
            n[to as usize] = if n[cond as usize] != 0.0 { n[a as usize] } else { n[b as usize] }
        }
        Op::One { to, f, x } => n[to as usize] = c.code.one[f as usize](n[x as usize]),
        Op::Two { to, f, x, y } => {
            n[to as usize] = c.code.two[f as usize](n[x as usize], n[y as usize])
        }
        _ => return false,
    }
    true
}

/// Steps of folds that are more than one operation.
#[inline(always)]
fn fold(op: Op, n: &mut [f64], w: &mut [i64]) {
    match op {
        Op::LogAdd { largest, sum, v } => {
            let of = log_add(n[largest as usize], n[sum as usize], n[v as usize]);
            (n[largest as usize], n[sum as usize]) = of;
        }
        Op::LogEnd { to, largest, sum } => {
            n[to as usize] = n[largest as usize] + n[sum as usize].ln()
        }
        Op::FirstLargest { best, place, v, at } => {
            let of =
                first_largest((n[best as usize], n[place as usize]), n[v as usize], w[at as usize]);
            (n[best as usize], n[place as usize]) = of;
        }
        Op::FirstSmallest { best, place, v, at } => {
            let of = first_largest(
                (n[best as usize], n[place as usize]),
                -n[v as usize],
                w[at as usize],
            );
            (n[best as usize], n[place as usize]) = of;
        }
        _ => unreachable!("{op:?} belongs to no group"),
    }
}

fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// `a*b + c`; rounded once where the processor does that.
#[inline(always)]
fn fma<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
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
