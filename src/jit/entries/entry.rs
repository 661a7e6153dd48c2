//! One entry of a node: scalars, and arrays that are computed where they are
//! used.

use super::dag::{Fun, Kind, Val};
use super::facts::known_scalar;
use super::translate::{At, EnvId, Translation};
use crate::expr::{Data, ExprId, Op};
use crate::ops::{self, Lowering, Value};
use crate::shape::Shape;

impl Translation<'_> {
    pub(super) fn build_entry(&mut self, e: ExprId, env: EnvId, at: At) -> Option<Val> {
        let node = self.g.node(e);
        let facts = self.facts.of(e);
        if !node.shape.is_scalar() && (facts.leaf || facts.stored) {
            let k = self.flat(at, node.shape);
            let place = self.place_of(e, env)?;
            return Some(self.load(place, k));
        }
        self.compute_entry(e, env, at)
    }

    /// The entry from those of the arguments, even of an array that is stored.
    pub(super) fn compute_entry(&mut self, e: ExprId, env: EnvId, at: At) -> Option<Val> {
        let node = self.g.node(e);
        let args = node.args;
        match node.op {
            Op::Num | Op::Symbol => Some(self.leaf(e, env)),
            Op::Add => {
                let terms = self.entries(args, env, at)?;
                Some(self.add(&terms))
            }
            Op::Mul | Op::Had => {
                let factors = self.entries(args, env, at)?;
                Some(self.product(&factors))
            }
            Op::Pow => {
                let found = self.entries(args, env, at)?;
                Some(self.power(found[0], found[1]))
            }
            Op::If => {
                let found = self.entries(args, env, at)?;
                Some(self.dag.choose(found[0], found[1], found[2]))
            }
            Op::Elem => self.read(e, env),
            Op::Fill => self.scalar(args[0], env),
            Op::Eye => {
                let (i, j) = self.cell(at, node.shape);
                let (i, j) = (self.real(i), self.real(j));
                Some(self.dag.fun(Fun::Eq, &[i, j]))
            }
            Op::Bcast | Op::Transpose | Op::Reshape => self.moved(e, env, at),
            Op::Block => self.block_entry(e, env, at),
            op if ops::def(op).is_elementwise() => {
                let found = self.entries(args, env, at)?;
                Some(self.apply(op, &found))
            }
            op if op.is_binder() => self.fold_index(e, env),
            _ => self.reduction(e, env),
        }
    }

    fn leaf(&mut self, e: ExprId, env: EnvId) -> Val {
        let node = self.g.node(e);
        match node.data {
            Data::Num(n) => self.dag.num(n.value()),
            Data::Symbol(s) => {
                if let Some(var) = self.envs.lookup(env, s) {
                    let counter = self.dag.node(Kind::Counter(var), &[]);
                    return self.real(counter);
                }
                match known_scalar(self.g, e, &self.inputs) {
                    Some(v) => self.dag.num(v),
                    None => {
                        let zero = self.dag.int(0);
                        let base = self.leaf_base(e).expect("symbols without a value were refused");
                        self.load((base, None), zero)
                    }
                }
            }
            _ => unreachable!("a leaf is a number or a symbol"),
        }
    }

    /// Functions that are a few instructions, else a call of the row's value.
    pub(super) fn apply(&mut self, op: Op, args: &[Val]) -> Val {
        let row = ops::def(op);
        let own = match op {
            Op::Abs => Fun::Abs,
            Op::Sqrt => Fun::Sqrt,
            Op::Floor => Fun::Floor,
            Op::Ceil => Fun::Ceil,
            Op::Sign => Fun::Sign,
            Op::Relu => Fun::Relu,
            Op::Min2 => Fun::Min,
            Op::Max2 => Fun::Max,
            Op::Lt => Fun::Lt,
            Op::Le => Fun::Le,
            Op::Gt => Fun::Gt,
            Op::Ge => Fun::Ge,
            Op::Eq => Fun::Eq,
            Op::Ne => Fun::Ne,
            Op::And => Fun::And,
            Op::Or => Fun::Or,
            Op::Not => Fun::Not,
            _ => Fun::Row(op),
        };
        let few = matches!(row.lowering, Lowering::Instructions);
        let fun = if few { own } else { Fun::Row(op) };
        debug_assert!(matches!(row.value, Value::Unary(_) | Value::Binary(_)));
        self.dag.fun(fun, args)
    }

    /// An entry of an array whose entries only change place.
    fn moved(&mut self, e: ExprId, env: EnvId, at: At) -> Option<Val> {
        let node = self.g.node(e);
        let (arg, from) = (node.args[0], self.g.shape(node.args[0]));
        let source = match node.op {
            Op::Reshape => At::Flat(self.flat(at, node.shape)),
            Op::Transpose => {
                let (i, j) = self.cell(at, node.shape);
                self.at_cell(from, j, i)
            }
            _ => {
                let (i, j) = self.cell(at, node.shape);
                let zero = self.dag.int(0);
                let i = if from.rows() == 1 { zero } else { i };
                let j = if from.cols() == 1 { zero } else { j };
                self.at_cell(from, i, j)
            }
        };
        self.entry(arg, env, source)
    }

    fn block_entry(&mut self, e: ExprId, env: EnvId, at: At) -> Option<Val> {
        let node = self.g.node(e);
        let whole = self.g.shape(node.args[0]);
        let first = self.entries(&node.args[1..], env, At::Scalar)?;
        let (i, j) = self.cell(at, node.shape);
        // The first row or column may be any that leaves room for the rest.
        let room = |whole: usize, part: usize| (whole + 1).saturating_sub(part);
        let r = self.position(first[0], e, room(whole.rows(), node.shape.rows()));
        let c = self.position(first[1], e, room(whole.cols(), node.shape.cols()));
        let (i, j) = (self.iadd(r, i), self.iadd(c, j));
        let source = self.at_cell(whole, i, j);
        self.entry(node.args[0], env, source)
    }

    /// `x[i]` or `A[i, j]`.
    fn read(&mut self, e: ExprId, env: EnvId) -> Option<Val> {
        let args = self.g.args(e);
        let shape = self.g.shape(args[0]);
        let indices = self.entries(&args[1..], env, At::Scalar)?;
        let (i, j) = self.place_named(e, shape, &indices);
        let source = self.at_cell(shape, i, j);
        self.entry(args[0], env, source)
    }

    /// Row and column from 0 of the entry that one or two indices name.
    pub(super) fn place_named(&mut self, e: ExprId, shape: Shape, indices: &[Val]) -> (Val, Val) {
        let zero = self.dag.int(0);
        match (shape, indices) {
            (Shape::Matrix(1, n), &[j]) => (zero, self.position(j, e, n)),
            (_, &[i]) => (self.position(i, e, shape.rows()), zero),
            (_, &[i, j, ..]) => {
                (self.position(i, e, shape.rows()), self.position(j, e, shape.cols()))
            }
            (_, []) => (zero, zero),
        }
    }

    /// Row and column of a place.
    pub(super) fn cell(&mut self, at: At, shape: Shape) -> (Val, Val) {
        let zero = self.dag.int(0);
        match at {
            At::Cell(i, j) => (i, j),
            At::Scalar => (zero, zero),
            At::Flat(k) if shape.cols() == 1 => (k, zero),
            At::Flat(k) if shape.rows() == 1 => (zero, k),
            At::Flat(k) => {
                let n = shape.cols().max(1) as i64;
                (self.dag.node(Kind::IDiv(n), &[k]), self.dag.node(Kind::IRem(n), &[k]))
            }
        }
    }

    /// A place by row and column; by position where that says the same.
    pub(super) fn at_cell(&mut self, shape: Shape, i: Val, j: Val) -> At {
        match shape {
            Shape::Scalar => At::Scalar,
            Shape::Vector(_) => At::Flat(i),
            Shape::Matrix(1, _) => At::Flat(j),
            Shape::Matrix(..) => At::Cell(i, j),
        }
    }

    /// The position in memory of a place.
    pub(super) fn flat(&mut self, at: At, shape: Shape) -> Val {
        match at {
            At::Flat(k) => k,
            At::Scalar => self.dag.int(0),
            At::Cell(i, j) => {
                let n = self.dag.int(shape.cols() as i64);
                let row = self.imul(i, n);
                self.iadd(row, j)
            }
        }
    }
}
