//! Which functions give which shapes: found by asking the table of operators, so that a new row
//! is fuzzed without a word here.

use std::collections::HashMap;
use std::sync::OnceLock;

use gradus::expr::{Data, ExprId, Graph, Symbol};
use gradus::ops::{self, Domain, Lowering};
use gradus::shape::Shape;

/// A call: the name, the shapes of its arguments, and where they should lie.
pub struct Call {
    pub name: &'static str,
    pub arguments: Vec<Shape>,
    pub domain: Domain,
}

/// Calls of functions of numbers, entry by entry.
pub struct Elementwise {
    pub name: &'static str,
    pub arity: usize,
    pub domain: Domain,
}

pub struct Catalog {
    /// By the shape that they give.
    pub calls: HashMap<Shape, Vec<Call>>,
    pub elementwise: Vec<Elementwise>,
    /// Names of binders with a value: `sum`, `prod`, ...
    pub binders: Vec<&'static str>,
}

/// Sizes that scripts have.
const SIZES: [usize; 3] = [2, 3, 4];

pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(Catalog::new)
}

impl Catalog {
    fn new() -> Catalog {
        let mut g = Graph::new();
        let mut shapes = vec![Shape::Scalar];
        shapes.extend(SIZES.map(Shape::Vector));
        shapes.extend(SIZES.map(|n| Shape::Matrix(1, n)));
        shapes.extend(SIZES.iter().flat_map(|&m| SIZES.map(|n| Shape::Matrix(m, n))));
        let leaves: Vec<(Shape, ExprId)> = shapes
            .iter()
            .map(|&shape| {
                let symbol = g.declare(Symbol::unknown("a", shape));
                (shape, g.leaf(symbol))
            })
            .collect();
        let mut calls: HashMap<Shape, Vec<Call>> = HashMap::new();
        let mut elementwise = Vec::new();
        for row in ops::table().iter().filter(|row| !row.name.is_empty()) {
            if row.op.is_binder() || matches!(row.lowering, Lowering::Leaf) {
                continue;
            }
            if row.is_elementwise() {
                let (name, domain) = (row.name, row.domain);
                elementwise.push(Elementwise { name, arity: row.arity.0, domain });
                continue;
            }
            let mut add = |arguments: Vec<Shape>, nodes: &[ExprId]| {
                if let Ok(shape) = (row.shape)(&g, Data::None, nodes) {
                    let call = Call { name: row.name, arguments, domain: row.domain };
                    calls.entry(shape).or_default().push(call);
                }
            };
            if row.arity.0 <= 1 && row.arity.1 >= 1 {
                leaves.iter().for_each(|&(s, e)| add(vec![s], &[e]));
            }
            if row.arity.0 <= 2 && row.arity.1 >= 2 {
                for &(s, e) in &leaves {
                    leaves.iter().for_each(|&(t, f)| add(vec![s, t], &[e, f]));
                }
            }
        }
        let binders = ops::table().iter().filter(|row| row.op.is_binder() && !row.name.is_empty());
        let mut binders: Vec<&str> = binders.map(|row| row.name).collect();
        binders.push("mean");
        Catalog { calls, elementwise, binders }
    }
}
