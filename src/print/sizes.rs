//! Sizes that are written out, such as that of `ones(n)`.
//!
//! Only the shape of such an array is in its node. What the user calls its
//! axes follows from what stands beside it: the terms of one sum have the same
//! axes, neighbours in a product share one, and the axes of the whole are
//! given.

use rustc_hash::FxHashMap;

use crate::expr::{Data, ExprId, Graph, Op};
use crate::ops::{axis_length, inner_axes};

/// How the user writes the sizes of an array, where that is not a number.
pub type SizeNames = [Option<ExprId>; 2];

/// The names of the sizes of all arrays below `root` that are written by
/// their sizes.
pub(super) fn names(g: &Graph, root: ExprId, whole: SizeNames) -> FxHashMap<ExprId, SizeNames> {
    let order = g.reachable(&[root]);
    let mut found = FxHashMap::default();
    if !order.iter().any(|&e| is_made(g, e)) {
        return found;
    }
    let mut known: FxHashMap<ExprId, SizeNames> = FxHashMap::default();
    known.insert(root, whole);
    for &e in order.iter().rev() {
        if g.shape(e).is_scalar() && g.args(e).iter().all(|&a| g.shape(a).is_scalar()) {
            continue;
        }
        let given = known.get(&e).copied().unwrap_or_default();
        let own = [0, 1].map(|axis| {
            let name = given[axis].filter(|&size| g.as_num(size).is_none());
            name.or_else(|| g.size_name(e, axis)).or(given[axis])
        });
        if is_made(g, e) {
            // The identity is square.
            let square = g.op(e) == Op::Eye;
            let sizes = if square { [own[0].or(own[1]); 2] } else { own };
            found.insert(e, sizes);
        }
        for (axis, size) in own.into_iter().enumerate() {
            for (arg, at) in inner_axes(g, e, axis) {
                note(g, &mut known, arg, at, size);
            }
        }
        shared(g, e, &mut known);
    }
    found
}

/// Whether an array prints with its sizes.
fn is_made(g: &Graph, e: ExprId) -> bool {
    matches!(g.op(e), Op::Fill | Op::Eye | Op::Bcast | Op::Reshape)
}

fn note(
    g: &Graph,
    known: &mut FxHashMap<ExprId, SizeNames>,
    e: ExprId,
    axis: usize,
    size: Option<ExprId>,
) {
    if size.is_some() && axis_length(g.shape(e), axis) > 1 {
        let names = known.entry(e).or_default();
        // A name goes before a number.
        let is_name = |size: &ExprId| g.as_num(*size).is_none();
        names[axis] = names[axis].filter(is_name).or(size).or(names[axis]);
    }
}

/// What arguments say about one another's axes.
fn shared(g: &Graph, e: ExprId, known: &mut FxHashMap<ExprId, SizeNames>) {
    let args = g.args(e);
    match (g.op(e), g.node(e).data) {
        (Op::MatMul, _) => {
            for pair in args.windows(2) {
                let (left, right) = (g.size_name(pair[0], 1), g.size_name(pair[1], 0));
                note(g, known, pair[0], 1, right);
                note(g, known, pair[1], 0, left);
            }
        }
        // Arguments of one shape are combined entry by entry.
        (_, Data::None) if args.len() > 1 => {
            for axis in 0..2 {
                let arrays = || args.iter().filter(|&&a| g.shape(a) == g.shape(args[0]));
                let size = arrays().find_map(|&a| g.size_name(a, axis));
                arrays().for_each(|&a| note(g, known, a, axis, size));
            }
        }
        _ => {}
    }
}
