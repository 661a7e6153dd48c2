//! From a loop of the kernel to a straight line of vector operations.
//!
//! Covered are loops without loops inside, whose reads and stores are at places
//! that the counter moves by a fixed step. Branches and filters become masks:
//! both sides are computed, and what is not taken is not stored. What may fault
//! is not covered, so nothing is computed that the kernel would have refused.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::body::{Binary, Body, Compare, Id, Logic, Op, Target};
use super::frame::Address;
use super::frame::Meeting;
use super::scatter::{Scatter, Stores};
use crate::jit::bodies::frame::Param;
use crate::jit::bodies::frame::Pointer;
use crate::jit::bodies::frame::Start;
use crate::jit::bodies::frame::Total;
use crate::jit::entries::dag::{Base, BufId, Kind};
use crate::jit::program::{GroupKind, InstrId, Item, Program};
use crate::jit::run::tables::{Place, Tables};

/// Bodies of more operations than this are left to Cranelift.
const LONGEST: usize = 3000;
/// Bytes that an offset bridges; a pointer has the rest.
const NEAR: i64 = 1 << 28;
/// Numbers that a loop is given at most.
const MOST_PARAMS: usize = 200;

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
    /// Where chunks of it meet, if these can run in any order but for that.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))] // blocks run in order
    pub meetings: Option<Vec<Meeting>>,
}

/// A whole number: `per * counter + plus + terms`.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    per: i64,
    plus: i64,
    terms: Vec<InstrId>,
}

/// An operation's result.
pub(super) enum Slot {
    Number(Id),
    Truth(Id),
    Whole(Whole),
}

/// What a loop over group `k` becomes, if it is covered.
pub fn select(
    program: &Program,
    tables: &Tables,
    stored: &Stores,
    k: usize,
    target: Target,
) -> Option<WideLoop> {
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
        stored,
        body: RefCell::new(Body::new(target)),
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
    let placed = s.place_stores(k, ends)?;
    let body = s.body.into_inner();
    (body.ops.len() <= LONGEST && s.params.len() <= MOST_PARAMS).then(|| WideLoop {
        body: body.without_dead(),
        pointers: s.pointers,
        params: s.params,
        totals: s.totals,
        overwritten: placed.overwritten,
        meetings: placed.meetings,
    })
}

pub(super) struct Selector<'p> {
    pub program: &'p Program,
    pub tables: &'p Tables,
    pub stored: &'p Stores,
    pub body: RefCell<Body>,
    pub slots: FxHashMap<InstrId, Slot>,
    pointers: Vec<Pointer>,
    params: Vec<Param>,
    pub totals: Vec<Total>,
    pub stores: Vec<Scatter>,
    /// Buffers that are read.
    pub read: Vec<BufId>,
    /// Where effects happen; everywhere if none.
    pub mask: Option<Id>,
}

impl Selector<'_> {
    pub fn push(&mut self, op: Op) -> Id {
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
            crate::memory::deep(|| self.block(block))?;
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
    pub fn number(&mut self, v: InstrId) -> Option<Id> {
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

    pub fn outside(&mut self, param: Param) -> Id {
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
    pub fn truth(&mut self, v: InstrId) -> Option<Id> {
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

    pub fn pointer(&mut self, pointer: Pointer) -> u32 {
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
}
