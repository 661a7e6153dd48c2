//! Registers for the values of a body.
//!
//! A body is a straight line, so the next use of every value is known. Where
//! registers run out, the value whose next use is farthest leaves: constants and
//! parameters for nothing, as they are in memory anyway, others to a slot of
//! the stack (Belady, "A study of replacement algorithms", 1966; Poletto and
//! Sarkar, "Linear scan register allocation", 1999). Constants, parameters and
//! slots may be operands in memory; registers that remain at the end hold the
//! constants that are used most.

use super::steps::commutes;
use crate::jit::bodies::body::{Binary, Body, Compare, Id, Logic, Op, Unary};
use crate::jit::bodies::frame::Address;

/// A machine register of vectors, or of masks.
pub type Reg = u8;

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Reg(Reg),
    /// A constant, by its bits.
    Const(u64),
    Param(u32),
    Slot(u32),
    /// The loop's counter.
    Counter,
    /// An accumulator.
    Running(u32),
}

/// Which of three operands a fused multiplication overwrites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `d = d*p + s`
    Mul132,
    /// `d = s*d + p`
    Mul213,
    /// `d = s*p + d`
    Mul231,
}

/// An operation with registers.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Load { to: Reg, at: Address },
    Fill { to: Reg, from: Place },
    Spill { from: Reg, slot: u32 },
    FillMask { to: Reg, slot: u32 },
    SpillMask { from: Reg, slot: u32 },
    Unary { op: Unary, to: Reg, a: Reg },
    Binary { op: Binary, to: Reg, a: Reg, b: Place },
    MulAdd { form: Form, minus_product: bool, minus_addend: bool, to: Reg, s: Reg, p: Place },
    Compare { op: Compare, to: Reg, a: Reg, b: Place },
    Logic { op: Logic, to: Reg, a: Reg, b: Reg },
    Select { to: Reg, mask: Reg, a: Place, b: Reg },
    Rescue { function: u32, x: Reg, y: Reg, mask: Option<Reg>, value: Reg },
    AddTo { to: u32, value: Reg, mask: Option<Reg> },
    AddProductTo { to: u32, minus: bool, a: Reg, b: Place, mask: Option<Reg> },
    SetTo { to: u32, value: Reg, mask: Option<Reg> },
    Store { at: Address, add: bool, value: Reg, mask: Option<Reg> },
    Shifted { carry: u32, shift: u8, to: Reg, value: Reg },
    StoreRun { at: Address, add: bool, value: Reg, reach: u8 },
}

/// What there is to assign.
#[derive(Clone, Copy, Debug)]
pub struct Available {
    /// Vector registers from here to the end hold values of the body.
    pub first: Reg,
    pub end: Reg,
    /// Mask registers likewise; without them masks are vectors.
    pub masks: Option<(Reg, Reg)>,
}

/// A body with registers.
#[derive(Debug)]
pub struct Assigned {
    pub steps: Vec<Step>,
    /// Slots for vectors that the body needs.
    pub slots: u32,
    /// Slots for masks.
    pub mask_slots: u32,
    /// Constants and parameters with a register for the whole loop.
    pub hoisted: Vec<(Place, Reg)>,
}

/// Registers that an operation needs at most: a rescue, with its result.
pub const NEEDED: Reg = 5;

pub(super) const NEVER: u32 = u32::MAX;

/// Assigns registers: once to learn how many the body needs, then with constants
/// in those that are left.
pub fn assign(body: &Body, available: Available) -> Assigned {
    let mut first = Assigner::new(body, available);
    first.hoist_first();
    first.run();
    first.hoist_rest();
    let end = first.hoisted.iter().map(|(_, r)| *r).min().unwrap_or(available.end);
    let mut a = Assigner::new(body, Available { end, ..available });
    a.hoisted = first.hoisted;
    a.run();
    Assigned { steps: a.steps, slots: a.slots, mask_slots: a.mask_slots, hoisted: a.hoisted }
}

/// Classes of registers.
pub(super) const VECTORS: usize = 0;
const MASKS: usize = 1;

pub(super) struct Assigner<'b> {
    pub body: &'b Body,
    /// Where each value is used.
    uses: Vec<Vec<u32>>,
    /// How many of its uses are past.
    passed: Vec<u32>,
    pub at: Vec<Option<Reg>>,
    slot: Vec<Option<u32>>,
    /// Who is in each register, of vectors and of masks.
    pub owners: [[Option<Id>; 32]; 2],
    available: Available,
    /// One more than the highest vector register that was used.
    high: Reg,
    pub steps: Vec<Step>,
    slots: u32,
    mask_slots: u32,
    hoisted: Vec<(Place, Reg)>,
    now: u32,
}

impl<'b> Assigner<'b> {
    fn new(body: &'b Body, available: Available) -> Assigner<'b> {
        let n = body.ops.len();
        let mut uses: Vec<Vec<u32>> = vec![Vec::new(); n];
        for (k, op) in body.ops.iter().enumerate() {
            for a in op.operands() {
                uses[a as usize].push(k as u32);
            }
        }
        Assigner {
            body,
            uses,
            passed: vec![0; n],
            at: vec![None; n],
            slot: vec![None; n],
            owners: [[None; 32]; 2],
            high: available.first,
            available,
            steps: Vec::with_capacity(n + n / 4),
            slots: 0,
            mask_slots: 0,
            hoisted: Vec::new(),
            now: 0,
        }
    }

    fn run(&mut self) {
        for k in 0..self.body.ops.len() {
            self.now = k as u32;
            self.operation(k as Id);
        }
    }

    /// The memory of a value that needs no register.
    fn home(&self, v: Id) -> Option<Place> {
        match self.body.ops[v as usize] {
            Op::Const(bits) => Some(Place::Const(bits)),
            Op::Param(p) => Some(Place::Param(p)),
            Op::Counter => Some(Place::Counter),
            _ => self.slot[v as usize].map(Place::Slot),
        }
    }

    fn hoisted(&self, v: Id) -> Option<Reg> {
        let home = self.home(v)?;
        self.hoisted.iter().find(|(p, _)| *p == home).map(|(_, r)| *r)
    }

    fn next_use(&self, v: Id) -> u32 {
        let uses = &self.uses[v as usize];
        uses.get(self.passed[v as usize] as usize).copied().unwrap_or(NEVER)
    }

    /// Whether this operation is the last to use a value.
    fn dies(&self, v: Id) -> bool {
        self.uses[v as usize].last() == Some(&self.now)
    }

    /// Constants that are needed in a register again and again get one.
    fn hoist_first(&mut self) {
        let mut counts: Vec<(Place, u32)> = Vec::new();
        let mut needed = |s: &Self, v: Id| {
            if let Some(home) = s.home(v).filter(|p| *p != Place::Counter) {
                match counts.iter_mut().find(|(p, _)| *p == home) {
                    Some((_, n)) => *n += 1,
                    None => counts.push((home, 1)),
                }
            }
        };
        for op in &self.body.ops {
            match *op {
                Op::Binary(op, a, b) if !commutes(op) || self.home(b).is_some() => {
                    needed(self, a);
                }
                Op::Compare(_, a, _) => needed(self, a),
                Op::Select(_, _, b) => needed(self, b),
                _ => {}
            }
        }
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let free = self.available.end - self.available.first;
        let most = usize::from((free / 4).min(free.saturating_sub(NEEDED)));
        for (home, _) in counts.into_iter().take(most) {
            self.available.end -= 1;
            self.hoisted.push((home, self.available.end));
        }
    }

    /// So do the most used ones, in registers that are left.
    fn hoist_rest(&mut self) {
        let mut counts: Vec<(Place, u32)> = Vec::new();
        for v in 0..self.body.ops.len() {
            let steady = |p: &Place| matches!(p, Place::Const(_) | Place::Param(_));
            let Some(home) = self.home(v as Id).filter(steady) else {
                continue;
            };
            if self.hoisted(v as Id).is_none() {
                counts.push((home, self.uses[v].len() as u32));
            }
        }
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        for ((home, _), r) in counts.into_iter().zip(self.high..self.available.end) {
            self.hoisted.push((home, r));
        }
    }

    /// Which registers a value goes to.
    fn class(&self, v: Id) -> usize {
        let mask = self.body.ops[v as usize].is_mask() && self.available.masks.is_some();
        if mask { MASKS } else { VECTORS }
    }

    /// A free register for `v`; those of `locked` stay.
    pub fn take(&mut self, v: Id, locked: &[Id]) -> Reg {
        let class = self.class(v);
        let vectors = (self.available.first, self.available.end);
        let (first, end) = self.available.masks.filter(|_| class == MASKS).unwrap_or(vectors);
        let free = (first..end).find(|&r| self.owners[class][usize::from(r)].is_none());
        let r = free.unwrap_or_else(|| self.evict(class, first, end, locked));
        self.owners[class][usize::from(r)] = Some(v);
        self.at[v as usize] = Some(r);
        if class == VECTORS {
            self.high = self.high.max(r + 1);
        }
        r
    }

    fn evict(&mut self, class: usize, first: Reg, end: Reg, locked: &[Id]) -> Reg {
        let owner = |s: &Self, r: Reg| s.owners[class][usize::from(r)];
        let farthest = (first..end)
            .filter(|&r| owner(self, r).is_some_and(|v| !locked.contains(&v)))
            .max_by_key(|&r| owner(self, r).map(|v| self.next_use(v)))
            .expect("an operation has fewer operands than there are registers");
        let v = owner(self, farthest).expect("it was chosen for its owner");
        if self.home(v).is_none() {
            if class == MASKS {
                self.slot[v as usize] = Some(self.mask_slots);
                self.steps.push(Step::SpillMask { from: farthest, slot: self.mask_slots });
                self.mask_slots += 1;
            } else {
                self.slot[v as usize] = Some(self.slots);
                self.steps.push(Step::Spill { from: farthest, slot: self.slots });
                self.slots += 1;
            }
        }
        self.at[v as usize] = None;
        self.owners[class][usize::from(farthest)] = None;
        farthest
    }

    /// The register of a value, which is put into one if it is in none.
    pub fn in_reg(&mut self, v: Id, locked: &[Id]) -> Reg {
        if let Some(r) = self.hoisted(v).or(self.at[v as usize]) {
            return r;
        }
        let home = self.home(v).expect("a value is in a register or in memory");
        let to = self.take(v, locked);
        let step = match home {
            Place::Slot(slot) if self.class(v) == MASKS => Step::FillMask { to, slot },
            from => Step::Fill { to, from },
        };
        self.steps.push(step);
        to
    }

    /// A value where it is.
    pub fn place(&self, v: Id) -> Place {
        match self.hoisted(v).or(self.at[v as usize]) {
            Some(r) => Place::Reg(r),
            None => self.home(v).expect("a value is in a register or in memory"),
        }
    }

    /// A value as an operand that may be in memory; the counter may not.
    pub fn operand(&mut self, v: Id, locked: &[Id]) -> Place {
        match self.place(v) {
            Place::Counter => Place::Reg(self.in_reg(v, locked)),
            place => place,
        }
    }

    /// Whether a value is in a register that this operation may overwrite.
    pub fn gives(&self, v: Id) -> bool {
        self.dies(v) && self.at[v as usize].is_some() && self.hoisted(v).is_none()
    }

    /// Ends the uses of this operation's operands.
    pub fn pass(&mut self, operands: &[Id]) {
        for &v in operands {
            let (uses, passed) = (&self.uses[v as usize], &mut self.passed[v as usize]);
            while uses.get(*passed as usize).is_some_and(|&u| u <= self.now) {
                *passed += 1;
            }
            if self.next_use(v) == NEVER
                && let Some(r) = self.at[v as usize].take()
            {
                let class = self.class(v);
                self.owners[class][usize::from(r)] = None;
            }
        }
    }
}
