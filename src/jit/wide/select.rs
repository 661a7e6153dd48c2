//! From a loop of the kernel to a straight line of vector operations.
//!
//! Covered are loops without loops inside, whose reads and stores are at places
//! that the counter moves by a fixed step. Branches and filters become masks:
//! both sides are computed, and what is not taken is not stored. What may fault
//! is not covered, so nothing is computed that the kernel would have refused.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::super::dag::{Base, BufId, FoldKind, Fun, Kind};
use super::super::host::{Place, Tables};
use super::super::program::{GroupKind, InstrId, Item, Program};
use super::body::{Address, Binary, Body, Combine, Compare, Id, Logic, Op, Recorded, Unary};
use super::scatter::{self, Scatter};
use crate::ops::{self, Lowering, Value};

/// Bodies of more operations than this are left to Cranelift.
const LONGEST: usize = 3000;
/// Bytes that an offset bridges; a pointer has the rest.
const NEAR: i64 = 1 << 28;
/// Numbers that a loop is given at most.
const MOST_PARAMS: usize = 200;

/// Where a pointer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    Input,
    Output,
    Scratch,
    Data(u32),
}

/// A pointer that the loop is given: that to the entry which the first value of
/// the counter names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pointer {
    pub start: Start,
    /// Whole numbers from outside of the loop, added up.
    pub terms: Vec<InstrId>,
    /// Entries for every step of the counter.
    pub stride: i64,
    /// Bytes that do not fit into an offset.
    pub far: i64,
}

/// A number that the loop is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Param {
    Number(InstrId),
    /// A number with the other sign.
    Negated(InstrId),
    /// A whole number, as a number.
    Whole(InstrId),
}

/// What happens to the total of an accumulator.
#[derive(Clone, Debug, PartialEq)]
pub enum Total {
    /// It is the value of this member of the loop.
    Member(InstrId),
    /// It is added to this entry.
    AddTo(Pointer, i64),
}

/// A loop to be emitted.
#[derive(Debug)]
pub struct WideLoop {
    pub body: Body,
    pub pointers: Vec<Pointer>,
    pub params: Vec<Param>,
    pub totals: Vec<Total>,
    /// Buffers that the loop overwrites, with the entries, first and last, that
    /// it sets: nobody needs to set those to zero before.
    pub overwritten: Vec<(BufId, usize, usize)>,
}

/// A whole number: `per * counter + plus + terms`.
#[derive(Clone, Debug, Default)]
struct Whole {
    per: i64,
    plus: i64,
    terms: Vec<InstrId>,
}

enum Slot {
    Number(Id),
    Truth(Id),
    Whole(Whole),
}

/// What a loop over group `k` becomes, if it is covered.
pub fn select(program: &Program, tables: &Tables, k: usize, native: bool) -> Option<WideLoop> {
    let GroupKind::Loop { lo, hi, body, filter, .. } = program.groups[k].what else {
        return None;
    };
    let constant = |v: InstrId| match program.instrs[v as usize].kind {
        Kind::Int(n) => Some(n),
        _ => None,
    };
    let ends = constant(lo).zip(constant(hi));
    let mut s = Selector {
        program,
        tables,
        body: RefCell::new(Body::new(native)),
        slots: FxHashMap::default(),
        pointers: Vec::new(),
        params: Vec::new(),
        totals: Vec::new(),
        stores: Vec::new(),
        read: Vec::new(),
        mask: None,
    };
    s.block(body)?;
    if let Some((cond, taken)) = filter {
        s.mask = Some(s.truth(cond)?);
        s.block(taken)?;
    }
    for &m in &program.groups[k].members {
        s.member(m, filter.is_some())?;
    }
    let overwritten = s.place_stores(k, ends)?;
    let body = s.body.into_inner();
    (body.ops.len() <= LONGEST && s.params.len() <= MOST_PARAMS).then(|| WideLoop {
        body: body.without_dead(),
        pointers: s.pointers,
        params: s.params,
        totals: s.totals,
        overwritten,
    })
}

struct Selector<'p> {
    program: &'p Program,
    tables: &'p Tables,
    body: RefCell<Body>,
    slots: FxHashMap<InstrId, Slot>,
    pointers: Vec<Pointer>,
    params: Vec<Param>,
    totals: Vec<Total>,
    stores: Vec<Scatter>,
    /// Buffers that are read.
    read: Vec<BufId>,
    /// Where effects happen; everywhere if none.
    mask: Option<Id>,
}

impl Selector<'_> {
    fn push(&mut self, op: Op) -> Id {
        self.body.get_mut().push(op)
    }

    fn block(&mut self, block: usize) -> Option<()> {
        let program = self.program;
        for item in &program.blocks[block].items {
            match *item {
                Item::Instr(v) => self.instr(v)?,
                Item::Group(k) => self.branch(k)?,
            }
        }
        Some(())
    }

    fn branch(&mut self, k: usize) -> Option<()> {
        let program = self.program;
        let GroupKind::Branch { cond, then, other } = program.groups[k].what else {
            return None;
        };
        let (outer, cond) = (self.mask, self.truth(cond)?);
        let not = self.push(Op::Logic(Logic::Not, cond, cond));
        for (side, block) in [(cond, then), (not, other)] {
            self.mask = Some(match outer {
                Some(m) => self.push(Op::Logic(Logic::And, m, side)),
                None => side,
            });
            // As deep as branches are nested in the source of one summand.
            stacker::maybe_grow(64 * 1024, 4 << 20, || self.block(block))?;
        }
        self.mask = outer;
        for &m in &program.groups[k].members {
            let instr = &program.instrs[m as usize];
            if !instr.effect {
                let (a, b) = (self.number(instr.args[1])?, self.number(instr.args[2])?);
                let value = self.push(Op::Select(cond, a, b));
                self.slots.insert(m, Slot::Number(value));
            }
        }
        Some(())
    }

    fn instr(&mut self, v: InstrId) -> Option<()> {
        let program = self.program;
        let instr = &program.instrs[v as usize];
        let args = &instr.args[..];
        let slot = match instr.kind {
            Kind::Int(n) => Slot::Whole(Whole { plus: n, ..Whole::default() }),
            Kind::Num(bits) => Slot::Number(self.push(Op::Const(bits))),
            Kind::Counter(_) => Slot::Whole(Whole { per: 1, ..Whole::default() }),
            Kind::IAdd => {
                let (mut a, b) = (self.whole(args[0])?, self.whole(args[1])?);
                a.per = a.per.checked_add(b.per)?;
                a.plus = a.plus.checked_add(b.plus)?;
                a.terms.extend(b.terms);
                a.terms.sort_unstable();
                Slot::Whole(a)
            }
            Kind::IMul => {
                let (a, b) = (self.whole(args[0])?, self.whole(args[1])?);
                let by = |a: &Whole| (a.per == 0 && a.terms.is_empty()).then_some(a.plus);
                let (w, n) = by(&a).map(|n| (&b, n)).or_else(|| by(&b).map(|n| (&a, n)))?;
                if !w.terms.is_empty() {
                    return None;
                }
                let (per, plus) = (w.per.checked_mul(n)?, w.plus.checked_mul(n)?);
                Slot::Whole(Whole { per, plus, terms: Vec::new() })
            }
            Kind::Real => {
                let w = self.whole(args[0])?;
                Slot::Number(self.real(&w))
            }
            Kind::Load(base) => Slot::Number(self.load(base, args[0])?),
            Kind::Fun(fun) => self.function(fun, args)?,
            Kind::Select => {
                let (cond, a, b) =
                    (self.truth(args[0])?, self.number(args[1])?, self.number(args[2])?);
                Slot::Number(self.push(Op::Select(cond, a, b)))
            }
            Kind::Store { buf, add, .. } => return self.store(buf, add, args),
            Kind::Both => return Some(()),
            _ => return None,
        };
        self.slots.insert(v, slot);
        Some(())
    }

    /// An operation's result as a number: true is 1.
    fn number(&mut self, v: InstrId) -> Option<Id> {
        match self.slots.get(&v) {
            Some(&Slot::Number(id)) => Some(id),
            Some(&Slot::Truth(t)) => {
                let (one, zero) =
                    (self.push(Op::Const(1f64.to_bits())), self.push(Op::Const(0f64.to_bits())));
                Some(self.push(Op::Select(t, one, zero)))
            }
            Some(Slot::Whole(_)) => None,
            None => Some(self.outside(Param::Number(v))),
        }
    }

    fn outside(&mut self, param: Param) -> Id {
        if let Param::Number(v) | Param::Negated(v) = param
            && let Kind::Num(bits) = self.program.instrs[v as usize].kind
        {
            let sign = if param == Param::Number(v) { 0 } else { 1 << 63 };
            return self.push(Op::Const(bits ^ sign));
        }
        let known = self.params.iter().position(|p| *p == param);
        let at = known.unwrap_or_else(|| {
            self.params.push(param);
            self.params.len() - 1
        });
        self.push(Op::Param(at as u32))
    }

    /// A result as a mask: what is not 0 is true.
    fn truth(&mut self, v: InstrId) -> Option<Id> {
        if let Some(&Slot::Truth(t)) = self.slots.get(&v) {
            return Some(t);
        }
        let (value, zero) = (self.number(v)?, self.push(Op::Const(0f64.to_bits())));
        Some(self.push(Op::Compare(Compare::NotEqual, value, zero)))
    }

    fn whole(&self, v: InstrId) -> Option<Whole> {
        match (self.slots.get(&v), self.program.instrs[v as usize].kind) {
            (Some(Slot::Whole(w)), _) => Some(w.clone()),
            (Some(_), _) => None,
            (None, Kind::Int(n)) => Some(Whole { plus: n, ..Whole::default() }),
            (None, _) => Some(Whole { terms: vec![v], ..Whole::default() }),
        }
    }

    /// A whole number as a number; exact, as whole numbers in kernels are below
    /// 2^53.
    fn real(&mut self, w: &Whole) -> Id {
        let mut value = self.push(Op::Const((w.plus as f64).to_bits()));
        if w.per != 0 {
            let per = self.push(Op::Const((w.per as f64).to_bits()));
            let (counter, c) = (self.push(Op::Counter), value);
            let (minus_product, minus_addend) = (false, false);
            value = self.push(Op::MulAdd { minus_product, minus_addend, a: counter, b: per, c });
        }
        for &t in &w.terms {
            let t = self.outside(Param::Whole(t));
            value = self.push(Op::Binary(Binary::Add, value, t));
        }
        value
    }

    /// The address of the entry at a place in an array.
    fn address(&mut self, base: Base, at: InstrId) -> Option<(Pointer, i64)> {
        let w = self.whole(at)?;
        let (start, first) = match base {
            Base::Input(at) => (Start::Input, i64::from(at)),
            Base::Data(k) => (Start::Data(k), 0),
            Base::Buffer(buf) => match self.tables.buffers[buf.0 as usize].0 {
                Place::Output(at) => (Start::Output, at as i64),
                Place::Scratch(at) => (Start::Scratch, at as i64),
            },
        };
        let bytes = first.checked_add(w.plus)?.checked_mul(8)?;
        // Offsets stay below 2^28, with room for what unrolling adds.
        let near = ((bytes + NEAR) & (2 * NEAR - 1)) - NEAR;
        let pointer = Pointer { start, terms: w.terms, stride: w.per, far: bytes - near };
        w.per.checked_mul(8 * 64).filter(|s| i32::try_from(*s).is_ok())?;
        Some((pointer, near))
    }

    pub(super) fn pointer(&mut self, pointer: Pointer) -> u32 {
        let known = self.pointers.iter().position(|p| *p == pointer);
        known.unwrap_or_else(|| {
            self.pointers.push(pointer);
            self.pointers.len() - 1
        }) as u32
    }

    fn load(&mut self, base: Base, at: InstrId) -> Option<Id> {
        if let Base::Buffer(buf) = base {
            self.read.push(buf);
        }
        let (pointer, near) = self.address(base, at)?;
        let stride = pointer.stride;
        let pointer = self.pointer(pointer);
        Some(self.push(Op::Load(Address { pointer, offset: near as i32, stride })))
    }

    fn store(&mut self, buf: BufId, add: bool, args: &[InstrId]) -> Option<()> {
        let (pointer, near) = self.address(Base::Buffer(buf), args[0])?;
        let value = self.number(args[1])?;
        let mask = self.mask;
        self.stores.push(Scatter { buf, add, pointer, offset: near, value, mask });
        Some(())
    }

    /// The factors of a product that nothing else needs.
    fn own_product(&mut self, v: InstrId) -> Option<(Id, Id)> {
        let instr = &self.program.instrs[v as usize];
        let own = instr.uses == 1
            && instr.kind == Kind::Fun(Fun::Mul)
            && matches!(self.slots.get(&v), Some(Slot::Number(_)));
        own.then(|| Some((self.number(instr.args[0])?, self.number(instr.args[1])?)))?
    }

    /// A product with the other sign, where one factor comes from outside and
    /// can change it there.
    fn negated_product(&mut self, v: InstrId) -> Option<Id> {
        let instr = &self.program.instrs[v as usize];
        let inside = matches!(self.slots.get(&v), Some(Slot::Number(_)));
        if instr.uses != 1 || instr.kind != Kind::Fun(Fun::Mul) || !inside {
            return None;
        }
        let outside = instr.args.iter().position(|a| !self.slots.contains_key(a))?;
        let other = self.number(instr.args[1 - outside])?;
        let factor = self.outside(Param::Negated(instr.args[outside]));
        Some(self.push(Op::Binary(Binary::Mul, factor, other)))
    }

    fn function(&mut self, fun: Fun, args: &[InstrId]) -> Option<Slot> {
        let binary = match fun {
            Fun::Mul => Some(Binary::Mul),
            Fun::Div => Some(Binary::Div),
            _ => None,
        };
        if let Some(op) = binary {
            let (a, b) = (self.number(args[0])?, self.number(args[1])?);
            return Some(Slot::Number(self.push(Op::Binary(op, a, b))));
        }
        match fun {
            Fun::Add | Fun::Sub => self.add_or_subtract(fun, args[0], args[1]).map(Slot::Number),
            Fun::Lt | Fun::Le | Fun::Gt | Fun::Ge | Fun::Eq | Fun::Ne => {
                let (a, b) = (self.number(args[0])?, self.number(args[1])?);
                let op = match fun {
                    Fun::Lt => Op::Compare(Compare::Less, a, b),
                    Fun::Le => Op::Compare(Compare::LessEqual, a, b),
                    Fun::Gt => Op::Compare(Compare::Less, b, a),
                    Fun::Ge => Op::Compare(Compare::LessEqual, b, a),
                    Fun::Eq => Op::Compare(Compare::Equal, a, b),
                    _ => Op::Compare(Compare::NotEqual, a, b),
                };
                Some(Slot::Truth(self.push(op)))
            }
            Fun::And | Fun::Or | Fun::Not => {
                let a = self.truth(args[0])?;
                let (op, b) = match fun {
                    Fun::And => (Logic::And, self.truth(args[1])?),
                    Fun::Or => (Logic::Or, self.truth(args[1])?),
                    _ => (Logic::Not, a),
                };
                Some(Slot::Truth(self.push(Op::Logic(op, a, b))))
            }
            Fun::Min | Fun::Max => {
                let (a, b) = (self.number(args[0])?, self.number(args[1])?);
                Some(Slot::Number(self.extreme(a, b, fun == Fun::Min)))
            }
            Fun::Row(op) => self.row(op, args).map(Slot::Number),
            _ => {
                if let Some(product) = self.negated_product(args[0]).filter(|_| fun == Fun::Neg) {
                    return Some(Slot::Number(product));
                }
                let a = self.number(args[0])?;
                Some(Slot::Number(self.unary(fun, a)?))
            }
        }
    }

    fn unary(&mut self, fun: Fun, a: Id) -> Option<Id> {
        let constant = |s: &mut Self, value: f64| s.push(Op::Const(value.to_bits()));
        Some(match fun {
            Fun::Neg => {
                let sign = constant(self, -0.0);
                self.push(Op::Binary(Binary::BitXor, a, sign))
            }
            Fun::Abs => {
                let rest = self.push(Op::Const(!(1 << 63)));
                self.push(Op::Binary(Binary::BitAnd, a, rest))
            }
            Fun::Sqrt => self.push(Op::Unary(Unary::Sqrt, a)),
            Fun::Floor => self.push(Op::Unary(Unary::Floor, a)),
            Fun::Ceil => self.push(Op::Unary(Unary::Ceil, a)),
            Fun::Relu => {
                // A NaN stays one: it is the second argument.
                let zero = constant(self, 0.0);
                self.push(Op::Binary(Binary::Larger, zero, a))
            }
            Fun::Sign => {
                let (zero, one, minus) =
                    (constant(self, 0.0), constant(self, 1.0), constant(self, -1.0));
                let below = self.push(Op::Compare(Compare::Less, a, zero));
                let above = self.push(Op::Compare(Compare::Less, zero, a));
                let rest = self.push(Op::Select(below, minus, a));
                self.push(Op::Select(above, one, rest))
            }
            _ => return None,
        })
    }

    /// As `special::min` and `special::max`: a NaN on either side wins.
    fn extreme(&mut self, a: Id, b: Id, smaller: bool) -> Id {
        // Gives `a` where they are equal or `a` is NaN.
        let op = if smaller { Binary::Smaller } else { Binary::Larger };
        let found = self.push(Op::Binary(op, b, a));
        let nan = self.push(Op::Compare(Compare::Unordered, b, b));
        self.push(Op::Select(nan, b, found))
    }

    fn add_or_subtract(&mut self, fun: Fun, left: InstrId, right: InstrId) -> Option<Id> {
        let subtract = fun == Fun::Sub;
        if let Some((a, b)) = self.own_product(right) {
            let c = self.number(left)?;
            let (minus_product, minus_addend) = (subtract, false);
            return Some(self.push(Op::MulAdd { minus_product, minus_addend, a, b, c }));
        }
        if let Some((a, b)) = self.own_product(left) {
            let c = self.number(right)?;
            let (minus_product, minus_addend) = (false, subtract);
            return Some(self.push(Op::MulAdd { minus_product, minus_addend, a, b, c }));
        }
        let (a, b) = (self.number(left)?, self.number(right)?);
        let op = if subtract { Binary::Sub } else { Binary::Add };
        Some(self.push(Op::Binary(op, a, b)))
    }

    /// A function of the table, by its algorithm or by calls.
    fn row(&mut self, op: crate::expr::Op, args: &[InstrId]) -> Option<Id> {
        let row = ops::def(op);
        let x = self.number(args[0])?;
        let call = |s: &mut Self, f: usize, y: Option<Id>, mask, value| {
            let functions = &mut s.body.get_mut().functions;
            functions.push((f, y.is_some()));
            let function = functions.len() as u32 - 1;
            s.push(Op::Rescue { function, x, y: y.unwrap_or(x), mask, value })
        };
        match (row.lowering, row.value) {
            (Lowering::Vector(algorithm), Value::Unary(f)) => {
                let recorded = Recorded { body: &self.body, id: x };
                let value = algorithm.value(recorded).id;
                match algorithm.hard(recorded).map(|m| m.id) {
                    None => Some(value),
                    hard => Some(call(self, f as usize, None, hard, value)),
                }
            }
            (_, Value::Unary(f)) => Some(call(self, f as usize, None, None, x)),
            (_, Value::Binary(f)) => {
                let y = self.number(args[1])?;
                Some(call(self, f as usize, Some(y), None, x))
            }
            _ => None,
        }
    }

    /// What a member of the loop does with its body's value.
    fn member(&mut self, m: InstrId, filtered: bool) -> Option<()> {
        let instr = &self.program.instrs[m as usize];
        let Kind::Fold { fold, node, .. } = instr.kind else {
            return Some(());
        };
        if filtered && node.is_some() {
            return None;
        }
        let combine = match fold {
            FoldKind::Sum => Combine::Sum,
            FoldKind::Prod => Combine::Product,
            FoldKind::Min => Combine::Min,
            FoldKind::Max => Combine::Max,
            FoldKind::LogSumExp => return None,
        };
        let (to, mask, v) = (self.total(combine, Total::Member(m)), self.mask, instr.args[2]);
        if combine == Combine::Sum {
            if let Some((a, b)) = self.own_product(v) {
                self.push(Op::AddProductTo { to, minus: false, a, b, mask });
                return Some(());
            }
            let value = self.number(v)?;
            self.push(Op::AddTo { to, value, mask });
            return Some(());
        }
        let (value, running) = (self.number(v)?, self.push(Op::Running(to)));
        let value = match combine {
            Combine::Product => self.push(Op::Binary(Binary::Mul, running, value)),
            _ => self.extreme(running, value, combine == Combine::Min),
        };
        self.push(Op::SetTo { to, value, mask });
        Some(())
    }

    fn total(&mut self, combine: Combine, total: Total) -> u32 {
        self.totals.push(total);
        let accumulators = &mut self.body.get_mut().accumulators;
        accumulators.push(combine);
        accumulators.len() as u32 - 1
    }

    /// Writes the stores. Returns the buffers that the loop overwrites.
    fn place_stores(
        &mut self,
        k: usize,
        ends: Option<(i64, i64)>,
    ) -> Option<Vec<(BufId, usize, usize)>> {
        let stores = std::mem::take(&mut self.stores);
        let alone = |buf: BufId| stores.iter().filter(|s| s.buf == buf).count() == 1;
        for s in &stores {
            let unordered = !s.add && (!alone(s.buf) || s.pointer.stride == 0);
            if unordered || self.read.contains(&s.buf) {
                return None;
            }
        }
        let mut overwritten = Vec::new();
        for run in scatter::runs(stores) {
            let first = &run[0];
            if first.pointer.stride == 0 {
                for s in run {
                    let to = self.total(Combine::Sum, Total::AddTo(s.pointer, s.offset));
                    self.push(Op::AddTo { to, value: s.value, mask: s.mask });
                }
                continue;
            }
            let set = scatter::overwritten(self.program, self.tables, k, ends, &run);
            overwritten.extend(set);
            self.store_run(run, set.is_some());
        }
        Some(overwritten)
    }

    fn store_run(&mut self, run: Vec<Scatter>, fresh: bool) {
        let first = &run[0];
        let stride = first.pointer.stride;
        let pointer = self.pointer(first.pointer.clone());
        let at = Address { pointer, offset: first.offset as i32, stride };
        if let [s] = &run[..] {
            let (add, value, mask) = (s.add && !fresh, s.value, s.mask);
            self.push(Op::Store { at, add, value, mask });
            return;
        }
        let mut total = None;
        for s in &run {
            let shift = ((s.offset - first.offset) / 8) as u8;
            let mut value = s.value;
            if let Some(mask) = s.mask {
                let zero = self.push(Op::Const(0f64.to_bits()));
                value = self.push(Op::Select(mask, value, zero));
            }
            let body = self.body.get_mut();
            let carry = body.carries;
            body.carries += u32::from(shift > 0);
            value = self.push(Op::Shifted { carry, shift, value });
            total = Some(match total {
                None => value,
                Some(t) => self.push(Op::Binary(Binary::Add, t, value)),
            });
        }
        let reach = run.last().map_or(0, |s| ((s.offset - run[0].offset) / 8) as u8);
        if let Some(value) = total {
            self.push(Op::StoreRun { at, add: !fresh, value, reach });
        }
    }
}
