//! Running a plan.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use super::PLAN;
use super::lanes::{self, Input, chosen, holds};
use super::plan::{KEPT, Number, Plan, SUMMED, Source, Step};
use crate::jit::bodies::frame::HEAD;
use crate::jit::bodies::frame::{Address, Combine};
use crate::special::vector::{Simd, slices};

thread_local! {
    /// Blocks of the last run, for the next one.
    static BLOCKS: Cell<Vec<f64>> = const { Cell::new(Vec::new()) };
}

/// Runs the plan whose address is in the frame. Returns 0, or 1 where it was
/// interrupted.
///
/// # Safety
///
/// The frame is one that an emitted function of the same loop could get, and
/// holds the address of the plan.
pub unsafe extern "C" fn run(frame: *mut u64) -> i64 {
    // SAFETY: the caller's promise.
    let plan = unsafe { &*(*frame.add(PLAN) as *const Plan) };
    match plan.simd {
        // SAFETY: a plan is made for no more than the machine has.
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => unsafe { run_avx512(plan, frame) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => unsafe { run_avx2(plan, frame) },
        // SAFETY: the caller's promise.
        _ => unsafe { run_by::<{ cfg!(target_arch = "aarch64") }>(plan, frame) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
unsafe fn run_avx512(plan: &Plan, frame: *mut u64) -> i64 {
    // SAFETY: as for `run`.
    unsafe { run_by::<true>(plan, frame) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(plan: &Plan, frame: *mut u64) -> i64 {
    // SAFETY: as for `run`.
    unsafe { run_by::<true>(plan, frame) }
}

/// Where everything is while a plan runs.
struct Engine<'p> {
    plan: &'p Plan,
    pointers: &'p [u64],
    /// Blocks, then accumulators, then what shifts keep, then the numbers.
    memory: *mut f64,
    /// Where the numbers begin.
    numbers: usize,
    /// Steps that are done, and those of this block.
    done: usize,
    now: usize,
}

#[inline(always)]
unsafe fn run_by<const FUSED: bool>(plan: &Plan, frame: *mut u64) -> i64 {
    let inputs = plan.strides.len() + plan.params;
    // SAFETY: the frame has these words, and nobody else writes to it.
    let (steps, first, given) = unsafe {
        let given = std::slice::from_raw_parts(frame.add(HEAD), inputs);
        (*frame as usize, f64::from_bits(*frame.add(1)), given)
    };
    let (pointers, params) = given.split_at(plan.strides.len());
    let size = (plan.blocks + plan.accumulators.len()) * plan.lanes + KEPT * plan.carries;
    let mut memory = BLOCKS.take();
    if memory.len() < size + plan.numbers.len() {
        memory.resize(size + plan.numbers.len(), 0.0);
    }
    for (at, n) in memory[size..].iter_mut().zip(&plan.numbers) {
        // SAFETY: an entry that stays the same is one of the loop's.
        *at = unsafe { number(*n, pointers, params) };
    }
    let mut e =
        Engine { plan, pointers, memory: memory.as_mut_ptr(), numbers: size, done: 0, now: 0 };
    // SAFETY: the memory has room for everything, and only `e` uses it; the
    // pointers are those of the loop, for as many steps as there are.
    let stopped = unsafe {
        e.begin(steps);
        loop {
            e.now = (steps - e.done).min(plan.lanes);
            if e.is_stopped() {
                break 1;
            }
            for &step in &plan.steps {
                e.step::<FUSED>(step, first);
            }
            e.done += e.now;
            if e.done >= steps {
                e.finish();
                for a in 0..plan.accumulators.len() {
                    *frame.add(HEAD + inputs + a) = e.total(a, steps).to_bits();
                }
                break 0;
            }
        }
    };
    BLOCKS.set(memory);
    stopped
}

/// A number for all lanes.
///
/// # Safety
///
/// The entries are there.
unsafe fn number(n: Number, pointers: &[u64], params: &[u64]) -> f64 {
    match n {
        Number::Const(bits) => f64::from_bits(bits),
        Number::Param(p) => f64::from_bits(params[p as usize]),
        Number::Entry(p, offset) => {
            let at = pointers[p as usize].wrapping_add_signed(i64::from(offset));
            // SAFETY: as the caller promises.
            unsafe { *(at as *const f64) }
        }
    }
}

/// All of these: the entries of the loop's arrays are there for every step, and
/// nobody else uses the memory of the blocks.
impl Engine<'_> {
    fn is_stopped(&self) -> bool {
        // SAFETY: the kernel that runs keeps its interrupt.
        let set = |at| unsafe { &*(at as *const AtomicBool) }.load(Ordering::Relaxed);
        self.plan.interrupt.is_some_and(set)
    }

    /// The lanes of a block in use now.
    #[inline(always)]
    unsafe fn block<'a>(&self, b: u32) -> &'a mut [f64] {
        // SAFETY: blocks do not overlap, and no step writes to the block of an
        // operand.
        unsafe {
            let at = self.memory.add(b as usize * self.plan.lanes);
            std::slice::from_raw_parts_mut(at, self.now)
        }
    }

    /// So many lanes of an accumulator.
    #[inline(always)]
    unsafe fn running<'a>(&self, a: u32, lanes: usize) -> &'a mut [f64] {
        // SAFETY: as for blocks; what a step reads of it is done before it writes.
        unsafe {
            let at = self.memory.add((self.plan.blocks + a as usize) * self.plan.lanes);
            std::slice::from_raw_parts_mut(at, lanes)
        }
    }

    /// What a shift keeps.
    unsafe fn kept<'a>(&self, carry: u32) -> &'a mut [f64] {
        let before = (self.plan.blocks + self.plan.accumulators.len()) * self.plan.lanes;
        // SAFETY: as for blocks.
        unsafe {
            let at = self.memory.add(before + KEPT * carry as usize);
            std::slice::from_raw_parts_mut(at, KEPT)
        }
    }

    /// The entry for the first lane.
    #[inline(always)]
    fn entry(&self, pointer: u32, offset: i32) -> *mut f64 {
        let p = pointer as usize;
        let moved = 8 * self.plan.strides[p] * self.done as i64 + i64::from(offset);
        self.pointers[p].wrapping_add_signed(moved) as *mut f64
    }

    #[inline(always)]
    unsafe fn input<'a>(&self, from: Source) -> Input<'a> {
        // SAFETY: an array has entries for all lanes in use.
        unsafe {
            match from {
                Source::Block(b) => Input::Lanes(self.block(b)),
                Source::Number(n) => Input::Same(*self.memory.add(self.numbers + n as usize)),
                Source::Array(p, offset) => {
                    Input::Lanes(std::slice::from_raw_parts(self.entry(p, offset), self.now))
                }
                Source::Running(a) => Input::Lanes(self.running(a, self.now)),
            }
        }
    }

    /// An operand that the plan has made lanes of.
    #[inline(always)]
    unsafe fn lanes<'a>(&self, from: Source) -> &'a [f64] {
        // SAFETY: as the caller promises.
        match unsafe { self.input(from) } {
            Input::Lanes(lanes) => lanes,
            Input::Same(_) => &[],
        }
    }

    unsafe fn begin(&self, steps: usize) {
        // SAFETY: as the caller promises.
        unsafe {
            for (a, how) in (0..).zip(&self.plan.accumulators) {
                let lanes = if *how == Combine::Sum { SUMMED } else { self.plan.lanes.min(steps) };
                self.running(a, lanes).fill(how.neutral());
            }
            (0..self.plan.carries as u32).for_each(|c| self.kept(c).fill(0.0));
        }
    }

    #[inline(always)]
    unsafe fn step<const FUSED: bool>(&self, step: Step, first: f64) {
        // SAFETY: as the caller promises.
        unsafe {
            let input = |s| self.input(s);
            let lanes_of = |s| self.lanes(s);
            match step {
                Step::Counter(to) => {
                    let first = first + self.done as f64;
                    for (i, o) in self.block(to).iter_mut().enumerate() {
                        *o = first + i as f64;
                    }
                }
                Step::Gather(at, to) => {
                    let from = self.entry(at.pointer, at.offset);
                    for (i, o) in self.block(to).iter_mut().enumerate() {
                        *o = *from.offset(i as isize * at.stride as isize);
                    }
                }
                Step::Fill(from, to) => lanes::one(self.block(to), input(from), |x| x),
                Step::Unary(op, a, to) => lanes::unary(op, self.block(to), input(a)),
                Step::Binary(op, a, b, to) => lanes::binary(op, self.block(to), input(a), input(b)),
                Step::MulAdd { minus_product, minus_addend, of, to } => {
                    let minus = (minus_product, minus_addend);
                    let of = [input(of[0]), input(of[1]), input(of[2])];
                    lanes::mul_add::<FUSED>(self.block(to), of, minus);
                }
                Step::Compare(op, a, b, to) => {
                    lanes::compare(op, self.block(to), input(a), input(b));
                }
                Step::Logic(op, a, b, to) => lanes::logic(op, self.block(to), input(a), input(b)),
                Step::Select(of, to) => {
                    let of = [input(of[0]), input(of[1]), input(of[2])];
                    lanes::three(self.block(to), of, chosen);
                }
                Step::Elementary(f, x, to) => {
                    slices::map_by(self.plan.simd, f, self.lanes(x), self.block(to));
                }
                Step::Elementary2(f, x, y, to) => {
                    let (x, y) = (self.lanes(x), self.lanes(y));
                    slices::map2_by(self.plan.simd, f, x, y, self.block(to));
                }
                Step::Call { function, x, y, mask, value, to } => {
                    let (x, y, mask) = (self.lanes(x), self.lanes(y), mask.map(lanes_of));
                    self.block(to).copy_from_slice(self.lanes(value));
                    self.call(function, (x, y), mask, self.block(to));
                }
                Step::AddTo(to, value, mask) => {
                    let (value, total) = (self.lanes(value), self.running(to, SUMMED));
                    lanes::add(total, value, mask.map(lanes_of));
                }
                Step::AddProductTo { to, minus, a, b, mask } => {
                    let (a, b, total) = (self.lanes(a), self.lanes(b), self.running(to, SUMMED));
                    lanes::add_product::<FUSED>(total, minus, (a, b), mask.map(lanes_of));
                }
                Step::SetTo(to, value, mask) => {
                    let (value, total) = (self.lanes(value), self.running(to, self.now));
                    lanes::set(total, value, mask.map(lanes_of));
                }
                Step::Store { at, add, value, mask } => {
                    self.store(at, add, self.lanes(value), mask.map(lanes_of));
                }
                Step::Shifted { carry, shift, value, to } => {
                    self.shift((carry, usize::from(shift)), self.lanes(value), self.block(to));
                }
            }
        }
    }

    /// The function of lanes where the mask holds, one by one.
    unsafe fn call(
        &self,
        function: u32,
        (x, y): (&[f64], &[f64]),
        mask: Option<&[f64]>,
        out: &mut [f64],
    ) {
        let (f, binary) = self.plan.functions[function as usize];
        for (i, o) in out.iter_mut().enumerate() {
            if mask.is_some_and(|m| !holds(m[i])) {
                continue;
            }
            // SAFETY: the body says what the function takes.
            *o = unsafe {
                if binary {
                    std::mem::transmute::<usize, fn(f64, f64) -> f64>(f)(x[i], y[i])
                } else {
                    std::mem::transmute::<usize, fn(f64) -> f64>(f)(x[i])
                }
            };
        }
    }

    /// Stores to, or adds to, entries where the mask holds.
    #[inline(always)]
    unsafe fn store(&self, at: Address, add: bool, value: &[f64], mask: Option<&[f64]>) {
        let first = self.entry(at.pointer, at.offset);
        // SAFETY: the entries are there where the mask holds; nobody reads them
        // in this loop.
        unsafe {
            if at.stride == 1 && mask.is_none() {
                let to = std::slice::from_raw_parts_mut(first, self.now);
                if add {
                    to.iter_mut().zip(value).for_each(|(t, v)| *t += *v);
                } else {
                    to.copy_from_slice(value);
                }
                return;
            }
            for (i, v) in value.iter().enumerate() {
                if mask.is_none_or(|m| holds(m[i])) {
                    let to = first.offset(i as isize * at.stride as isize);
                    *to = if add { *to + *v } else { *v };
                }
            }
        }
    }

    /// The value moved up by some lanes.
    unsafe fn shift(&self, (carry, shift): (u32, usize), value: &[f64], out: &mut [f64]) {
        // SAFETY: as the caller promises.
        let kept = &mut unsafe { self.kept(carry) }[..shift];
        let come = shift.min(out.len());
        let stay = value.len() - come;
        out[..come].copy_from_slice(&kept[..come]);
        out[come..].copy_from_slice(&value[..stay]);
        // A last block may be shorter than the shift.
        kept.copy_within(come.., 0);
        kept[shift - come..].copy_from_slice(&value[stay..]);
    }

    /// Stores what shifts have kept past the last entry.
    unsafe fn finish(&self) {
        for rest in &self.plan.rests {
            let reach = rest.carried.iter().map(|(_, shift)| usize::from(*shift)).max();
            for i in 0..reach.unwrap_or(0) {
                let held = rest.carried.iter().filter(|(_, shift)| i < usize::from(*shift));
                // SAFETY: the loop's stores end there.
                unsafe {
                    let sum: f64 = held.map(|(carry, _)| self.kept(*carry)[i]).sum();
                    let to = self.entry(rest.at.pointer, rest.at.offset).add(i);
                    *to = if rest.add { *to + sum } else { sum };
                }
            }
        }
    }

    /// The total of an accumulator's lanes.
    unsafe fn total(&self, a: usize, steps: usize) -> f64 {
        let how = self.plan.accumulators[a];
        let lanes = if how == Combine::Sum { SUMMED } else { self.plan.lanes.min(steps) };
        // SAFETY: as the caller promises.
        let lanes = unsafe { self.running(a as u32, lanes) };
        let mut left = lanes.len();
        while left > 1 {
            let half = left.div_ceil(2);
            for i in half..left {
                lanes[i - half] = how.combined(lanes[i - half], lanes[i]);
            }
            left = half;
        }
        lanes[0]
    }
}
