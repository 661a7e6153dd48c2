//! Registers for the values of a body.
//!
//! A body is a straight line, so the next use of every value is known. Where
//! registers run out, the value whose next use is farthest leaves: constants and
//! parameters for nothing, as they are in memory anyway, others to a slot of
//! the stack (Belady, "A study of replacement algorithms", 1966; Poletto and
//! Sarkar, "Linear scan register allocation", 1999). Constants, parameters and
//! slots may be operands in memory; registers that remain at the end hold the
//! constants that are used most.

use super::body::{Address, Binary, Body, Compare, Id, Logic, Op, Unary};

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
    /// Mask registers likewise.
    pub masks: (Reg, Reg),
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

const NEVER: u32 = u32::MAX;

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

struct Assigner<'b> {
    body: &'b Body,
    /// Where each value is used.
    uses: Vec<Vec<u32>>,
    /// How many of its uses are past.
    passed: Vec<u32>,
    at: Vec<Option<Reg>>,
    slot: Vec<Option<u32>>,
    /// Who is in each register, of vectors and of masks.
    owners: [[Option<Id>; 32]; 2],
    available: Available,
    /// One more than the highest vector register that was used.
    high: Reg,
    steps: Vec<Step>,
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
                Op::Binary(op, a, b) => {
                    if !commutes(op) || self.home(b).is_some() {
                        needed(self, a);
                    }
                }
                Op::Compare(_, a, _) => needed(self, a),
                Op::Select(_, _, b) => needed(self, b),
                _ => {}
            }
        }
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let most = usize::from((self.available.end - self.available.first) / 4);
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

    /// A free register for `v`; those of `locked` stay.
    fn take(&mut self, v: Id, locked: &[Id]) -> Reg {
        let mask = self.body.ops[v as usize].is_mask();
        let (first, end) =
            if mask { self.available.masks } else { (self.available.first, self.available.end) };
        let class = usize::from(mask);
        let free = (first..end).find(|&r| self.owners[class][usize::from(r)].is_none());
        let r = free.unwrap_or_else(|| self.evict(class, first, end, locked));
        self.owners[class][usize::from(r)] = Some(v);
        self.at[v as usize] = Some(r);
        if !mask {
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
            if class == 1 {
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
    fn in_reg(&mut self, v: Id, locked: &[Id]) -> Reg {
        if let Some(r) = self.hoisted(v).or(self.at[v as usize]) {
            return r;
        }
        let home = self.home(v).expect("a value is in a register or in memory");
        let to = self.take(v, locked);
        let step = match home {
            Place::Slot(slot) if self.body.ops[v as usize].is_mask() => Step::FillMask { to, slot },
            from => Step::Fill { to, from },
        };
        self.steps.push(step);
        to
    }

    /// A value where it is.
    fn place(&self, v: Id) -> Place {
        match self.hoisted(v).or(self.at[v as usize]) {
            Some(r) => Place::Reg(r),
            None => self.home(v).expect("a value is in a register or in memory"),
        }
    }

    /// A value as an operand that may be in memory; the counter may not.
    fn operand(&mut self, v: Id, locked: &[Id]) -> Place {
        match self.place(v) {
            Place::Counter => Place::Reg(self.in_reg(v, locked)),
            place => place,
        }
    }

    /// Whether a value is in a register that this operation may overwrite.
    fn gives(&self, v: Id) -> bool {
        self.dies(v) && self.at[v as usize].is_some() && self.hoisted(v).is_none()
    }

    /// Ends the uses of this operation's operands.
    fn pass(&mut self, operands: &[Id]) {
        for &v in operands {
            let (uses, passed) = (&self.uses[v as usize], &mut self.passed[v as usize]);
            while uses.get(*passed as usize).is_some_and(|&u| u <= self.now) {
                *passed += 1;
            }
            if self.next_use(v) == NEVER
                && let Some(r) = self.at[v as usize].take()
            {
                let class = usize::from(self.body.ops[v as usize].is_mask());
                self.owners[class][usize::from(r)] = None;
            }
        }
    }

    fn operation(&mut self, k: Id) {
        let op = self.body.ops[k as usize];
        let operands: Vec<Id> = op.operands().collect();
        let used = &operands[..];
        match op {
            Op::Const(_) | Op::Param(_) | Op::Counter => return,
            Op::Running(to) => {
                let r = self.take(k, used);
                self.steps.push(Step::Fill { to: r, from: Place::Running(to) });
            }
            Op::Load(at) => {
                let to = self.take(k, used);
                self.steps.push(Step::Load { to, at });
            }
            Op::Unary(op, a) => {
                let a = self.in_reg(a, used);
                let to = self.result(k, used);
                self.steps.push(Step::Unary { op, to, a });
            }
            Op::Binary(op, a, b) => {
                let (a, b) = if commutes(op) && matches!(self.place(b), Place::Reg(_)) {
                    // What is in memory comes second.
                    if matches!(self.place(a), Place::Reg(_)) { (a, b) } else { (b, a) }
                } else {
                    (a, b)
                };
                let a = self.in_reg(a, used);
                let b = self.operand(b, used);
                let to = self.result(k, used);
                self.steps.push(Step::Binary { op, to, a, b });
            }
            Op::MulAdd { minus_product, minus_addend, a, b, c } => {
                return self.mul_add(k, (minus_product, minus_addend), [a, b, c]);
            }
            Op::Compare(op, a, b) => {
                let a = self.in_reg(a, used);
                let b = self.operand(b, used);
                let to = self.result(k, used);
                self.steps.push(Step::Compare { op, to, a, b });
            }
            Op::Logic(op, a, b) => {
                let a = self.in_reg(a, used);
                let b = if op == Logic::Not { a } else { self.in_reg(b, used) };
                let to = self.result(k, used);
                self.steps.push(Step::Logic { op, to, a, b });
            }
            Op::Select(mask, a, b) => {
                let mask = self.in_reg(mask, used);
                let b = self.in_reg(b, used);
                let a = self.operand(a, used);
                let to = self.result(k, used);
                self.steps.push(Step::Select { to, mask, a, b });
            }
            Op::Rescue { function, x, y, mask, value } => {
                let (x, y) = (self.in_reg(x, used), self.in_reg(y, used));
                let mask = mask.map(|m| self.in_reg(m, used));
                let from = self.in_reg(value, used);
                // The arguments must outlive the move of the value.
                let to = self.take(k, used);
                self.steps.push(Step::Fill { to, from: Place::Reg(from) });
                self.steps.push(Step::Rescue { function, x, y, mask, value: to });
            }
            Op::AddTo { to, value, mask } => {
                let (value, mask) = self.value_and_mask(value, mask, used);
                self.steps.push(Step::AddTo { to, value, mask });
            }
            Op::SetTo { to, value, mask } => {
                let (value, mask) = self.value_and_mask(value, mask, used);
                self.steps.push(Step::SetTo { to, value, mask });
            }
            Op::AddProductTo { to, minus, a, b, mask } => {
                let (a, b) = if matches!(self.place(a), Place::Reg(_)) { (a, b) } else { (b, a) };
                let (a, mask) = self.value_and_mask(a, mask, used);
                let b = self.operand(b, used);
                self.steps.push(Step::AddProductTo { to, minus, a, b, mask });
            }
            Op::Store { at, add, value, mask } => {
                let (value, mask) = self.value_and_mask(value, mask, used);
                self.steps.push(Step::Store { at, add, value, mask });
            }
            Op::Shifted { carry, shift, value } => {
                let value = self.in_reg(value, used);
                // The value is stored after the result is there.
                let to = self.take(k, used);
                self.steps.push(Step::Shifted { carry, shift, to, value });
            }
            Op::StoreRun { at, add, value, reach } => {
                let value = self.in_reg(value, used);
                self.steps.push(Step::StoreRun { at, add, value, reach });
            }
        }
        self.pass(used);
    }

    fn value_and_mask(&mut self, v: Id, mask: Option<Id>, used: &[Id]) -> (Reg, Option<Reg>) {
        (self.in_reg(v, used), mask.map(|m| self.in_reg(m, used)))
    }

    /// A register for the result, which may be that of an operand that nobody
    /// uses any more.
    fn result(&mut self, k: Id, used: &[Id]) -> Reg {
        self.pass(used);
        self.take(k, used)
    }

    fn mul_add(&mut self, k: Id, minus: (bool, bool), operands: [Id; 3]) {
        let used = &operands[..];
        let [mut a, mut b, c] = operands;
        // What is in memory is the second factor.
        if !matches!(self.place(a), Place::Reg(_)) || (self.gives(b) && !self.gives(a)) {
            (a, b) = (b, a);
        }
        let in_memory = |s: &Self, v: Id| !matches!(s.place(v), Place::Reg(_));
        let (form, d, s, p);
        if self.gives(c) {
            (form, d) = (Form::Mul231, self.in_reg(c, used));
            (s, p) = (self.in_reg(a, used), self.operand(b, used));
            self.hand_over(c, k);
        } else if self.gives(a) {
            d = self.in_reg(a, used);
            if in_memory(self, b) && !in_memory(self, c) {
                (form, s, p) = (Form::Mul132, self.in_reg(c, used), self.operand(b, used));
            } else {
                (form, s, p) = (Form::Mul213, self.in_reg(b, used), self.operand(c, used));
            }
            self.hand_over(a, k);
        } else {
            // A copy of the addend is overwritten; from memory it costs least.
            s = self.in_reg(a, used);
            let from = if in_memory(self, b) && !in_memory(self, c) {
                self.place(c)
            } else {
                self.in_reg(b, used);
                self.place(c)
            };
            let from = if from == Place::Counter { self.operand(c, used) } else { from };
            p = self.operand(b, used);
            d = self.take(k, used);
            form = Form::Mul231;
            self.steps.push(Step::Fill { to: d, from });
        }
        let (minus_product, minus_addend) = minus;
        self.steps.push(Step::MulAdd { form, minus_product, minus_addend, to: d, s, p });
        self.pass(used);
    }

    /// The register of an operand becomes that of the result.
    fn hand_over(&mut self, from: Id, to: Id) {
        let r = self.at[from as usize].take().expect("it gives its register");
        self.owners[0][usize::from(r)] = Some(to);
        self.at[to as usize] = Some(r);
    }
}

fn commutes(op: Binary) -> bool {
    matches!(
        op,
        Binary::Add
            | Binary::Mul
            | Binary::BitAnd
            | Binary::BitOr
            | Binary::BitXor
            | Binary::BitAdd
    )
}
