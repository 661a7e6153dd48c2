//! Running a plan.

use std::sync::atomic::{AtomicBool, Ordering};

use super::arrays::Arrays;
use super::lanes::{self, Input, chosen, holds};
use super::plan::{KEPT, Number, Plan, Source, Step, Target};
use crate::jit::bodies::body::Outside;
use crate::jit::bodies::frame::Address;
use crate::special::vector::{Simd, slices};

/// Numbers of a line of the cache.
const LINE: usize = 8;

/// Lines of a page. The processor takes addresses that differ by whole pages for the same until it knows better.
const LINES: usize = 64;

/// Room for the lanes of one value. It begins where a line of the cache does: vectors that lie across two take twice as
/// long.
#[derive(Debug, Default)]
struct Block {
    numbers: Vec<f64>,
    start: usize,
}

impl Block {
    /// The `k`-th block. In their pages blocks begin far apart, so that no step reads just behind where it has written
    /// in another page.
    fn new(lanes: usize, k: usize) -> Block {
        let numbers = vec![0.0; lanes + (LINES + 1) * LINE];
        let aligned = numbers.as_ptr().align_offset(8 * LINE).min(LINE);
        let line = numbers.as_ptr().wrapping_add(aligned).addr() / (8 * LINE) % LINES;
        let wanted = (k % 8 * 8 + k / 8 % 2 * 4) % LINES;
        let start = aligned + (wanted + LINES - line) % LINES * LINE;
        Block { numbers, start }
    }

    #[inline(always)]
    fn lanes(&self, count: usize) -> &[f64] {
        &self.numbers[self.start..][..count]
    }

    #[inline(always)]
    fn lanes_mut(&mut self, count: usize) -> &mut [f64] {
        &mut self.numbers[self.start..][..count]
    }
}

/// The memory of plans, kept from run to run: room for the largest of them.
#[derive(Debug, Default)]
pub struct Lanes {
    blocks: Vec<Block>,
    /// Lanes of accumulators.
    running: Vec<Block>,
    /// What shifts keep.
    kept: Vec<[f64; KEPT]>,
    numbers: Vec<f64>,
    /// Where pointers point to when a loop begins, in entries.
    pub places: Vec<i64>,
    /// Numbers that a loop is given, and those that it leaves.
    pub params: Vec<f64>,
    pub totals: Vec<f64>,
}

impl Lanes {
    /// Room for all of these plans.
    pub fn new<'p>(plans: impl Iterator<Item = &'p Plan> + Clone) -> Lanes {
        // The first blocks are those of all plans, the last of few.
        let room = |count: fn(&Plan) -> usize, before: usize| -> Vec<Block> {
            let mut most: Vec<usize> = Vec::new();
            for plan in plans.clone() {
                most.resize(most.len().max(count(plan)), 0);
                most[..count(plan)].iter_mut().for_each(|m| *m = plan.lanes.max(*m));
            }
            most.into_iter().enumerate().map(|(k, n)| Block::new(n, before + k)).collect()
        };
        let carries = plans.clone().map(|p| p.carries).max().unwrap_or(0);
        let blocks = room(|p| p.blocks, 0);
        Lanes {
            running: room(|p| p.accumulators.len(), blocks.len()),
            blocks,
            kept: vec![[0.0; KEPT]; carries],
            ..Lanes::default()
        }
    }
}

impl Lanes {
    /// What a plan stores, which it holds in blocks, and masks of that.
    #[inline(always)]
    fn held(&self, from: Source, now: usize) -> &[f64] {
        match from {
            Source::Block(b) => self.blocks[b as usize].lanes(now),
            Source::Running(a) => self.running[a as usize].lanes(now),
            Source::Array(..) | Source::Number(_) => unreachable!("what is stored is in a block"),
        }
    }
}

/// The steps that a loop takes.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    pub steps: usize,
    /// The counter's first value.
    pub first: f64,
}

/// Runs a plan whose places and parameters are in `lanes`; leaves the totals there. False where it was interrupted.
pub fn run(
    (plan, simd): (&Plan, Simd),
    turns: Turns,
    arrays: &mut Arrays,
    lanes: &mut Lanes,
    interrupt: &AtomicBool,
) -> bool {
    let follower = Follower { plan, simd, turns, arrays, lanes, done: 0, now: 0 };
    match simd.min(Simd::here()) {
        // SAFETY: the machine has the features that the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => unsafe { run_avx512(follower, interrupt) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => unsafe { run_avx2(follower, interrupt) },
        _ => follower.run::<{ cfg!(target_arch = "aarch64") }>(interrupt),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
fn run_avx512(follower: Follower, interrupt: &AtomicBool) -> bool {
    follower.run::<true>(interrupt)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(follower: Follower, interrupt: &AtomicBool) -> bool {
    follower.run::<true>(interrupt)
}

/// Where everything is while a plan runs.
struct Follower<'r, 'a> {
    plan: &'r Plan,
    simd: Simd,
    turns: Turns,
    arrays: &'r mut Arrays<'a>,
    lanes: &'r mut Lanes,
    /// Steps that are done, and those of this block.
    done: usize,
    now: usize,
}

/// What a step writes to: a block, or an array from an entry on.
struct Taken<'a> {
    block: Block,
    array: &'a mut [f64],
    first: Option<usize>,
}

impl Taken<'_> {
    #[inline(always)]
    fn lanes_mut(&mut self, count: usize) -> &mut [f64] {
        match self.first {
            None => self.block.lanes_mut(count),
            Some(first) => &mut self.array[first..][..count],
        }
    }
}

impl<'a> Follower<'_, 'a> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self, interrupt: &AtomicBool) -> bool {
        let plan = self.plan;
        self.begin();
        while self.done < self.turns.steps {
            if interrupt.load(Ordering::Relaxed) {
                return false;
            }
            self.now = (self.turns.steps - self.done).min(plan.lanes);
            for &step in &plan.steps {
                self.step::<FUSED>(step);
            }
            self.done += self.now;
        }
        self.finish();
        true
    }

    fn begin(&mut self) {
        let plan = self.plan;
        let mut numbers = std::mem::take(&mut self.lanes.numbers);
        numbers.clear();
        numbers.extend(plan.numbers.iter().map(|&n| match n {
            Number::Const(bits) => f64::from_bits(bits),
            Number::Param(p) => self.lanes.params[p as usize],
            Number::Entry(p, offset) => self.memory(p)[self.entry(p, offset)],
        }));
        self.lanes.numbers = numbers;
        let used = plan.lanes.min(self.turns.steps);
        for (how, running) in plan.accumulators.iter().zip(&mut self.lanes.running) {
            running.lanes_mut(used).fill(how.neutral());
        }
        self.lanes.kept[..plan.carries].fill([0.0; KEPT]);
    }

    /// The memory that a pointer points to.
    #[inline(always)]
    fn memory(&self, pointer: u32) -> &[f64] {
        self.arrays.of(self.plan.pointers[pointer as usize].0)
    }

    /// The entry for the first lane.
    #[inline(always)]
    fn entry(&self, pointer: u32, offset: i32) -> usize {
        let p = pointer as usize;
        let moved = self.plan.pointers[p].1 * self.done as i64 + i64::from(offset / 8);
        (self.lanes.places[p] + moved) as usize
    }

    #[inline(always)]
    fn input(&self, from: Source) -> Input<'_> {
        match from {
            Source::Number(n) => Input::Same(self.lanes.numbers[n as usize]),
            _ => Input::Lanes(self.lanes(from)),
        }
    }

    /// An operand that the plan has made lanes of.
    #[inline(always)]
    fn lanes(&self, from: Source) -> &[f64] {
        match from {
            Source::Block(b) => self.lanes.blocks[b as usize].lanes(self.now),
            Source::Running(a) => self.lanes.running[a as usize].lanes(self.now),
            Source::Array(p, offset) => &self.memory(p)[self.entry(p, offset)..][..self.now],
            Source::Number(_) => &[],
        }
    }

    #[inline(always)]
    fn step<const FUSED: bool>(&mut self, step: Step) {
        let now = self.now;
        // A block, or an array, while it is written: it is taken away meanwhile, since no step reads what it writes.
        // Not a function of a closure: that would be compiled without vector instructions.
        macro_rules! write {
            ($to:expr, |$s:ident, $out:ident| $body:expr) => {{
                let mut taken = self.take($to);
                {
                    let ($s, $out) = (&mut *self, taken.lanes_mut(now));
                    $body;
                }
                self.give_back($to, taken);
            }};
        }
        macro_rules! block {
            ($to:expr, |$s:ident, $out:ident| $body:expr) => {
                write!(Target::Block($to), |$s, $out| $body)
            };
        }
        match step {
            Step::Counter(to) => block!(to, |s, out| {
                let first = s.turns.first + s.done as f64;
                out.iter_mut().enumerate().for_each(|(i, o)| *o = first + i as f64);
            }),
            Step::Gather(at, to) => block!(to, |s, out| s.gather(at, out)),
            Step::Fill(from, to) => block!(to, |s, out| lanes::one(out, s.input(from), |x| x)),
            Step::Unary(op, a, to) => block!(to, |s, out| lanes::unary(op, out, s.input(a))),
            Step::Binary(op, a, b, to) => {
                write!(to, |s, out| lanes::binary(op, out, s.input(a), s.input(b)));
            }
            Step::MulAdd(of, signs, to) => write!(to, |s, out| {
                let of = [s.input(of[0]), s.input(of[1]), s.input(of[2])];
                lanes::mul_add::<FUSED>(out, of, signs);
            }),
            Step::Compare(op, a, b, to) => {
                block!(to, |s, out| lanes::compare(op, out, s.input(a), s.input(b)));
            }
            Step::Logic(op, a, b, to) => {
                block!(to, |s, out| lanes::logic(op, out, s.input(a), s.input(b)));
            }
            Step::Select(of, to) => block!(to, |s, out| {
                let of = [s.input(of[0]), s.input(of[1]), s.input(of[2])];
                lanes::three(out, of, chosen);
            }),
            Step::Elementary(f, x, to) => {
                block!(to, |s, out| slices::map_by(s.simd, f, s.lanes(x), out));
            }
            Step::Elementary2(f, x, y, to) => {
                block!(to, |s, out| slices::map2_by(s.simd, f, s.lanes(x), s.lanes(y), out));
            }
            Step::Call { function, x, y, mask, value, to } => block!(to, |s, out| {
                out.copy_from_slice(s.lanes(value));
                s.call(function, (s.lanes(x), s.lanes(y)), s.mask(mask), out);
            }),
            Step::Store { at, add, value, mask } => self.store(at, add, value, mask),
            Step::Shifted { carry, shift, value, to } => block!(to, |s, out| {
                let mut kept = s.lanes.kept[carry as usize];
                shifted(&mut kept[..usize::from(shift)], s.lanes(value), out);
                s.lanes.kept[carry as usize] = kept;
            }),
            step => self.accumulate::<FUSED>(step),
        }
    }

    /// Takes away the block, or the array, that a step writes to.
    #[inline(always)]
    fn take(&mut self, to: Target) -> Taken<'a> {
        match to {
            Target::Block(b) => {
                let block = std::mem::take(&mut self.lanes.blocks[b as usize]);
                Taken { block, array: &mut [], first: None }
            }
            Target::Array(p, offset) => {
                let first = Some(self.entry(p, offset));
                let start = self.plan.pointers[p as usize].0;
                let array = std::mem::take(self.arrays.whole_mut(start));
                Taken { block: Block::default(), array, first }
            }
        }
    }

    #[inline(always)]
    fn give_back(&mut self, to: Target, taken: Taken<'a>) {
        match to {
            Target::Block(b) => self.lanes.blocks[b as usize] = taken.block,
            Target::Array(p, _) => {
                let start = self.plan.pointers[p as usize].0;
                *self.arrays.whole_mut(start) = taken.array;
            }
        }
    }

    /// Steps that change accumulators.
    #[inline(always)]
    fn accumulate<const FUSED: bool>(&mut self, step: Step) {
        let (Step::AddTo(to, ..)
        | Step::AddProductTo { to, .. }
        | Step::AddSquareOfSub(to, _)
        | Step::AddSquareOfMulAdd(to, ..)
        | Step::SetTo(to, ..)) = step
        else {
            unreachable!("{step:?} belongs to no group")
        };
        let mut taken = std::mem::take(&mut self.lanes.running[to as usize]);
        let (s, total) = (&*self, taken.lanes_mut(self.now));
        match step {
            Step::AddTo(_, value, mask) => lanes::add(total, s.lanes(value), s.mask(mask)),
            Step::AddProductTo { minus, a, b, mask, .. } => {
                let (factors, mask) = ((s.lanes(a), s.lanes(b)), s.mask(mask));
                lanes::add_product::<FUSED>(total, minus, factors, mask);
            }
            Step::AddSquareOfSub(_, [a, b]) => {
                lanes::add_square_of_sub::<FUSED>(total, s.input(a), s.input(b));
            }
            Step::AddSquareOfMulAdd(_, of, signs) => {
                let of = [s.input(of[0]), s.input(of[1]), s.input(of[2])];
                lanes::add_square_of_mul_add::<FUSED>(total, of, signs);
            }
            Step::SetTo(_, value, mask) => lanes::set(total, s.lanes(value), s.mask(mask)),
            _ => {}
        }
        self.lanes.running[to as usize] = taken;
    }

    #[inline(always)]
    fn mask(&self, mask: Option<Source>) -> Option<&[f64]> {
        mask.map(|from| self.lanes(from))
    }

    /// Entries some way apart.
    fn gather(&self, at: Address, out: &mut [f64]) {
        let (memory, first) = (self.memory(at.pointer), self.entry(at.pointer, at.offset));
        match usize::try_from(at.stride) {
            Ok(stride) if stride > 0 => {
                let entries = memory[first..].iter().step_by(stride);
                out.iter_mut().zip(entries).for_each(|(o, e)| *o = *e);
            }
            _ => {
                for (i, o) in out.iter_mut().enumerate() {
                    *o = memory[(first as i64 + i as i64 * at.stride) as usize];
                }
            }
        }
    }

    /// The function of lanes where the mask holds, one by one.
    fn call(&self, function: u32, (x, y): (&[f64], &[f64]), mask: Option<&[f64]>, out: &mut [f64]) {
        let f = self.plan.functions[function as usize];
        for (i, o) in out.iter_mut().enumerate() {
            if mask.is_some_and(|m| !holds(m[i])) {
                continue;
            }
            *o = match f {
                Outside::One(f) => f(x[i]),
                Outside::Two(f) => f(x[i], y[i]),
            };
        }
    }

    /// Stores to, or adds to, entries where the mask holds.
    #[inline(always)]
    fn store(&mut self, at: Address, add: bool, value: Source, mask: Option<Source>) {
        let start = self.plan.pointers[at.pointer as usize].0;
        let (first, now) = (self.entry(at.pointer, at.offset), self.now);
        let Follower { arrays, lanes, .. } = self;
        let value = lanes.held(value, now);
        let mask = mask.map(|from| lanes.held(from, now));
        let memory = arrays.of_mut(start);
        if at.stride == 1 && mask.is_none() {
            let to = &mut memory[first..][..now];
            if add {
                to.iter_mut().zip(value).for_each(|(t, v)| *t += *v);
            } else {
                to.copy_from_slice(value);
            }
            return;
        }
        for (i, v) in value.iter().enumerate() {
            if mask.is_none_or(|m| holds(m[i])) {
                let to = &mut memory[(first as i64 + i as i64 * at.stride) as usize];
                *to = if add { *to + *v } else { *v };
            }
        }
    }

    /// Stores what shifts have kept past the last entry, and leaves the totals.
    #[inline(always)]
    fn finish(&mut self) {
        let plan = self.plan;
        for rest in &plan.rests {
            let reach = rest.carried.iter().map(|(_, shift)| usize::from(*shift)).max();
            let first = self.entry(rest.at.pointer, rest.at.offset);
            for i in 0..reach.unwrap_or(0) {
                let held = rest.carried.iter().filter(|(_, shift)| i < usize::from(*shift));
                let sum: f64 = held.map(|(carry, _)| self.lanes.kept[*carry as usize][i]).sum();
                let start = plan.pointers[rest.at.pointer as usize].0;
                let to = &mut self.arrays.of_mut(start)[first + i];
                *to = if rest.add { *to + sum } else { sum };
            }
        }
        let Lanes { totals, running, .. } = &mut *self.lanes;
        let used = plan.lanes.min(self.turns.steps);
        totals.clear();
        for (how, running) in plan.accumulators.iter().zip(running) {
            totals.push(lanes::combined(*how, running.lanes_mut(used)));
        }
    }
}

/// The value moved up by as many lanes as are kept of the block before.
fn shifted(kept: &mut [f64], value: &[f64], out: &mut [f64]) {
    let shift = kept.len();
    let come = shift.min(out.len());
    let stay = value.len() - come;
    out[..come].copy_from_slice(&kept[..come]);
    out[come..].copy_from_slice(&value[..stay]);
    // A last block may be shorter than the shift.
    kept.copy_within(come.., 0);
    kept[shift - come..].copy_from_slice(&value[stay..]);
}
