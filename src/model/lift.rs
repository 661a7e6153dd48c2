//! The formulas of an entry as formulas of whole arrays.
//!
//! In the formulas of an [`Update`] a symbol stands for an entry. Here arrays take their place: `m/(sqrt(v) + eps)` becomes one
//! pass over the arrays m and v. What acts entry by entry on numbers does so on arrays; a product of arrays is that of entries. Where
//! a formula branches by entry it becomes an array built by index.

use rustc_hash::FxHashMap;

use super::update::{Part, Reduced, Reduction, Rule, Update};
use crate::expr::{ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;
use crate::shape::Shape;

/// An unknown, or several at once, with what stands for it in the formulas.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// The shape of all arrays of it.
    pub shape: Shape,
    /// The point.
    pub theta: ExprId,
    /// The gradient.
    pub gradient: ExprId,
    /// The states, in the order of its update; a [`Layout`] gives it them.
    pub states: Vec<ExprId>,
    /// The unknown, where it is one, for options that hold by unknown.
    pub unknown: Option<SymbolId>,
}

/// Where everything that a rule moves stands: the slots, and symbols for their states.
pub(crate) struct Layout {
    slots: Vec<Slot>,
    /// For every part of the rule, its slots.
    parts: Vec<Vec<usize>>,
    /// Symbols of the states: by part, then by state, then by slot.
    pub states: Vec<SymbolId>,
}

/// What a rule gives.
pub(crate) struct Moved {
    /// The new points, by slot.
    pub theta: Vec<ExprId>,
    /// The new states, in the order of [`Layout::states`].
    pub states: Vec<ExprId>,
    /// The points that are reported, by slot; empty where those are the points themselves.
    pub answer: Vec<ExprId>,
}

impl Layout {
    /// Slots for the unknowns `over`, one each, with what stands for point and gradient. Where a rule does not tell unknowns
    /// apart, one slot may serve for all.
    pub fn new(g: &mut Graph, rule: &Rule, slots: Vec<Slot>) -> Layout {
        let belongs = |slot: &Slot, part: &Part| {
            slot.unknown.is_none_or(|unknown| part.unknowns.contains(&unknown))
        };
        let parts: Vec<Vec<usize>> = rule
            .parts
            .iter()
            .map(|part| (0..slots.len()).filter(|&k| belongs(&slots[k], part)).collect())
            .collect();
        let mut layout = Layout { slots, parts, states: Vec::new() };
        for (part, slots) in rule.parts.iter().zip(&layout.parts) {
            for state in &part.update.states {
                for &k in slots {
                    let slot = &mut layout.slots[k];
                    let shape = state.shape.unwrap_or(slot.shape);
                    let symbol = g.declare(Symbol::unknown(&state.name, shape));
                    slot.states.push(g.leaf(symbol));
                    layout.states.push(symbol);
                }
            }
        }
        layout
    }

    /// What the rule makes of the slots.
    pub fn moved(&self, g: &mut Graph, rule: &Rule) -> Moved {
        let mut theta: Vec<ExprId> = self.slots.iter().map(|slot| slot.theta).collect();
        let mut answer = theta.clone();
        let mut states = Vec::new();
        let mut has_answer = false;
        for (part, own) in rule.parts.iter().zip(&self.parts) {
            let update = &part.update;
            let (slots, maps) = self.part(g, update, own);
            for (&k, (slot, map)) in own.iter().zip(slots.iter().zip(&maps)) {
                theta[k] = whole(g, update.next, map, slot.shape);
                let shown = update.answer.map(|answer| whole(g, answer, map, slot.shape));
                has_answer |= shown.is_some();
                answer[k] = shown.unwrap_or(theta[k]);
            }
            for state in &update.states {
                let shape = |slot: &Slot| state.shape.unwrap_or(slot.shape);
                let of = |(slot, map): (&Slot, &Map)| whole(g, state.next, map, shape(slot));
                states.extend(slots.iter().zip(&maps).map(of));
            }
        }
        Moved { theta, states, answer: if has_answer { answer } else { Vec::new() } }
    }

    /// What the states start from, in the order of `states`.
    pub fn starts(&self, g: &mut Graph, rule: &Rule) -> Vec<ExprId> {
        let mut starts = Vec::new();
        for (part, own) in rule.parts.iter().zip(&self.parts) {
            let (slots, maps) = self.part(g, &part.update, own);
            for state in &part.update.states {
                let shape = |slot: &Slot| state.shape.unwrap_or(slot.shape);
                let of = |(slot, map): (&Slot, &Map)| whole(g, state.start, map, shape(slot));
                starts.extend(slots.iter().zip(&maps).map(of));
            }
        }
        starts
    }

    fn part(&self, g: &mut Graph, update: &Update, own: &[usize]) -> (Vec<Slot>, Vec<Map>) {
        let slots: Vec<Slot> = own.iter().map(|&k| self.slots[k].clone()).collect();
        let maps = maps(g, update, &slots);
        (slots, maps)
    }
}

/// What stands for the symbols of the formulas.
type Map = FxHashMap<ExprId, ExprId>;

fn maps(g: &mut Graph, update: &Update, slots: &[Slot]) -> Vec<Map> {
    let mut maps: Vec<Map> = Vec::new();
    for slot in slots {
        let mut map = Map::default();
        map.insert(g.leaf(update.theta), slot.theta);
        map.insert(g.leaf(update.gradient), slot.gradient);
        for (state, &array) in update.states.iter().zip(&slot.states) {
            map.insert(g.leaf(state.symbol), array);
        }
        for option in &update.by_unknown {
            let own = option.values.iter().find(|(u, _)| Some(*u) == slot.unknown);
            map.insert(g.leaf(option.symbol), own.map_or(option.default, |(_, value)| *value));
        }
        maps.push(map);
    }
    for r in &update.reductions {
        let parts: Vec<ExprId> =
            slots.iter().zip(&maps).map(|(slot, map)| part(g, r, slot, map)).collect();
        let all = r.all.then(|| together(g, r.how, &parts));
        let n: usize = slots.iter().map(|slot| slot.shape.len()).sum();
        let leaf = g.leaf(r.symbol);
        for ((slot, map), part) in slots.iter().zip(&mut maps).zip(parts) {
            let count = if r.all { n } else { slot.shape.len() };
            let value = finished(g, r.how, all.unwrap_or(part), count);
            map.insert(leaf, value);
        }
    }
    maps
}

/// The part of a reduction that a slot gives.
fn part(g: &mut Graph, r: &Reduction, slot: &Slot, map: &Map) -> ExprId {
    let arrays: Vec<ExprId> = r.of.iter().map(|&e| whole(g, e, map, slot.shape)).collect();
    let scalar = slot.shape.is_scalar();
    match r.how {
        Reduced::Max | Reduced::Min | Reduced::Sum | Reduced::Mean if scalar => arrays[0],
        Reduced::Norm | Reduced::SumSq if scalar => g.powi(arrays[0], 2),
        Reduced::Dot if scalar => g.mul(&arrays),
        Reduced::Max => g.apply(Op::MaxAll, &arrays),
        Reduced::Min => g.apply(Op::MinAll, &arrays),
        Reduced::Sum | Reduced::Mean => g.apply(Op::SumAll, &arrays),
        Reduced::Norm | Reduced::SumSq => g.apply(Op::SumSq, &arrays),
        Reduced::Dot => g.apply(Op::Dot, &arrays),
    }
}

/// Parts of several slots as one.
fn together(g: &mut Graph, how: Reduced, parts: &[ExprId]) -> ExprId {
    let op = match how {
        Reduced::Max => Op::Max2,
        Reduced::Min => Op::Min2,
        _ => return g.add(parts),
    };
    let join = |a, b| g.apply(op, &[a, b]);
    parts.iter().copied().reduce(join).expect("there is an unknown")
}

fn finished(g: &mut Graph, how: Reduced, total: ExprId, count: usize) -> ExprId {
    match how {
        Reduced::Norm => g.apply(Op::Sqrt, &[total]),
        Reduced::Mean => {
            let count = g.int(count as i64);
            g.div(total, count)
        }
        _ => total,
    }
}

/// A formula over arrays, filled where it does not depend on the entry.
fn whole(g: &mut Graph, e: ExprId, map: &Map, shape: Shape) -> ExprId {
    let found = lifted(g, e, map).unwrap_or_else(|| by_index(g, e, map, shape));
    if g.shape(found) == shape { found } else { g.fill(shape, found) }
}

/// The formula with arrays in place of entries; none where it branches by entry.
fn lifted(g: &mut Graph, root: ExprId, map: &Map) -> Option<ExprId> {
    let mut new: Map = map.clone();
    for e in g.reachable(&[root]) {
        if new.contains_key(&e) {
            continue;
        }
        let args: Vec<ExprId> =
            g.args(e).iter().map(|a| new.get(a).copied().unwrap_or(*a)).collect();
        let made = if args == g.args(e) { e } else { over_arrays(g, e, args)? };
        new.insert(e, made);
    }
    new.get(&root).copied()
}

fn over_arrays(g: &mut Graph, e: ExprId, mut args: Vec<ExprId>) -> Option<ExprId> {
    let (op, data) = (g.op(e), g.node(e).data);
    let is_array = |g: &Graph, a: ExprId| !g.shape(a).is_scalar();
    match op {
        Op::Mul => {
            let (arrays, mut scalars): (Vec<ExprId>, Vec<ExprId>) =
                args.iter().partition(|&&a| is_array(g, a));
            if arrays.len() > 1 {
                scalars.push(ops::build(g, Op::Had, data, &arrays).ok()?);
                args = scalars;
            }
        }
        Op::If => {
            let shape = args[1..].iter().map(|&a| g.shape(a)).find(|s| !s.is_scalar());
            for arg in &mut args[1..] {
                if let Some(shape) = shape.filter(|s| g.shape(*arg) != *s) {
                    *arg = g.fill(shape, *arg);
                }
            }
        }
        op if op.is_binder() => return None,
        _ => {}
    }
    ops::build(g, op, data, &args).ok()
}

/// The formula as an array built by index.
fn by_index(g: &mut Graph, e: ExprId, map: &Map, shape: Shape) -> ExprId {
    let avoid: Vec<ExprId> = map.values().copied().chain([e]).collect();
    let i = g.fresh_index("i", &avoid);
    let row = g.leaf(i);
    let mut places = vec![row];
    let mut j = None;
    if let Shape::Matrix(..) = shape {
        let column = g.fresh_index("j", &[&avoid[..], &[row]].concat());
        places.push(g.leaf(column));
        j = Some(column);
    }
    let pairs: Vec<(ExprId, ExprId)> = map
        .iter()
        .map(|(&from, &to)| match g.shape(to).is_scalar() {
            true => (from, to),
            false => (from, g.apply(Op::Elem, &[&[to], &places[..]].concat())),
        })
        .collect();
    let mut body = ops::substitute(g, e, &pairs);
    let one = g.int(1);
    if let Some(j) = j {
        let hi = g.int(shape.cols() as i64);
        body = g.bind(Op::Comp, j, one, hi, one, body);
    }
    let hi = g.int(shape.rows() as i64);
    if shape.is_scalar() { body } else { g.bind(Op::Comp, i, one, hi, one, body) }
}
