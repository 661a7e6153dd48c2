//! Making nodes: shapes first, then the identities of each operator.

use super::{Derivative, Exact, Value, arith, arrays, binders, def, inverse, logic, matrix};
use crate::expr::{Data, ExprId, Graph, Num, Op, Symbol, SymbolId, SymbolKind};
use crate::shape::{Shape, ShapeError, in_words};

/// Makes the node `op(args)`, or says which shapes do not fit.
pub fn build(g: &mut Graph, op: Op, data: Data, args: &[ExprId]) -> Result<ExprId, ShapeError> {
    crate::work::spend(5 + args.len());
    let shape = (def(op).shape)(g, data, args)?;
    if !shape.is_countable() {
        let message = format!("{} has more entries than can be counted", in_words(shape));
        let operands: Vec<(usize, Shape)> =
            args.iter().enumerate().map(|(k, &a)| (k, g.shape(a))).collect();
        return Err(ShapeError::new(message, &operands));
    }
    if let Some(scaled) = scaled_outside(g, op, data, args) {
        return Ok(scaled);
    }
    Ok(match op {
        Op::Add => arith::add(g, args, shape),
        Op::Mul => {
            let product = arith::mul(g, args, shape);
            keep_dims(g, args, product)
        }
        Op::Had => arith::had(g, args, shape),
        Op::Pow => arith::pow(g, args[0], args[1], shape),
        Op::MatMul => matrix::matmul(g, args, shape),
        Op::Inv if !g.shape(args[0]).is_scalar() => inverse::inv(g, args[0], shape),
        Op::Transpose => matrix::transpose(g, args[0]),
        Op::And | Op::Or | Op::Not | Op::If => logic::branch(g, op, args, shape),
        Op::Elem | Op::Block | Op::Stack | Op::Fill | Op::Bcast | Op::Reshape => {
            arrays::make(g, op, data, args, shape)
        }
        _ if op.is_binder() => binders::make(g, op, data, args, shape),
        _ if args.len() == 1 && g.shape(args[0]).is_scalar() => match of_scalar(g, op, args[0]) {
            Some(simple) => simple,
            None => fold(g, op, args).unwrap_or_else(|| g.intern(op, data, args, shape)),
        },
        Op::Dot if args.iter().all(|&a| g.shape(a).is_scalar()) => g.mul(args),
        // A row with a column: derivatives have the shapes of both.
        Op::Dot if g.shape(args[0]) != g.shape(args[1]) => {
            let (a, b) = (as_column(g, args[0]), as_column(g, args[1]));
            g.apply(Op::Dot, &[a, b])
        }
        // The entries on the diagonal.
        Op::Dot if args.iter().any(|&a| g.op(a) == Op::Eye) => {
            let other = args[usize::from(g.op(args[0]) == Op::Eye)];
            g.apply(Op::Tr, &[other])
        }
        // A transpose has the same diagonal.
        Op::Tr | Op::Diag if g.op(args[0]) == Op::Transpose && is_square(g.shape(args[0])) => {
            let inner = g.args(args[0])[0];
            g.apply(op, &[inner])
        }
        Op::Tr if g.op(args[0]) == Op::Eye => g.size(args[0], 0),
        Op::SumAll | Op::MeanAll if g.op(args[0]) == Op::Fill => {
            let value = g.args(args[0])[0];
            let n = if op == Op::SumAll { g.size_of(args[0]) } else { g.int(1) };
            g.mul(&[n, value])
        }
        _ => fold(g, op, args).unwrap_or_else(|| g.intern(op, data, args, shape)),
    })
}

/// A constant array with a factor has the dimensions of the one without.
fn keep_dims(g: &mut Graph, factors: &[ExprId], product: ExprId) -> ExprId {
    if g.op(product) == Op::Fill && g.noted_dims(product).is_none() {
        let dims = factors.iter().find_map(|&f| g.noted_dims(f).filter(|_| g.op(f) == Op::Fill));
        g.note_dims(product, dims.unwrap_or_default());
    }
    product
}

/// The entries of a row or a matrix with one column as a column.
fn as_column(g: &mut Graph, e: ExprId) -> ExprId {
    match g.shape(e) {
        Shape::Vector(_) => e,
        Shape::Matrix(1, n) if n > 1 => g.transpose(e),
        shape => g.apply_data(Op::Reshape, Data::Shape(Shape::Vector(shape.len())), &[e]),
    }
}

fn is_square(shape: Shape) -> bool {
    matches!(shape, Shape::Matrix(m, n) if m == n && m > 1)
}

/// Scalar factors leave linear operators: `sum(2*x)` is `2*sum(x)`.
fn scaled_outside(g: &mut Graph, op: Op, data: Data, args: &[ExprId]) -> Option<ExprId> {
    let linear = matches!(def(op).derivative, Derivative::Linear(_)) && op != Op::Fill;
    if !(linear || op == Op::Dot) {
        return None;
    }
    let mut scalars = Vec::new();
    let mut rest = args.to_vec();
    let arrays = if op == Op::Dot { 2 } else { 1 };
    for arg in rest.iter_mut().take(arrays) {
        if g.op(*arg) != Op::Mul || g.shape(*arg).is_scalar() {
            continue;
        }
        let factors = g.args(*arg);
        let (numbers, array): (Vec<ExprId>, Vec<ExprId>) =
            factors.iter().partition(|&&f| g.shape(f).is_scalar());
        if let [array] = array[..] {
            scalars.extend(numbers);
            *arg = array;
        }
    }
    if scalars.is_empty() {
        return None;
    }
    let inner = build(g, op, data, &rest).ok()?;
    scalars.push(inner);
    Some(g.mul(&scalars))
}

/// A reduction of an array of one number.
fn of_scalar(g: &mut Graph, op: Op, a: ExprId) -> Option<ExprId> {
    match op {
        Op::SumAll | Op::ProdAll | Op::MeanAll | Op::MinAll | Op::MaxAll | Op::LogSumExpAll => {
            Some(a)
        }
        Op::Norm | Op::Norm1 | Op::NormInf => Some(g.apply(Op::Abs, &[a])),
        Op::HardMax => Some(g.int(1)),
        Op::SumSq => Some(g.powi(a, 2)),
        _ => None,
    }
}

/// The value of a function of numbers, where it is exact: `exp(0)` is 1 and
/// `sqrt(16)` is 4, but `exp(1)` stays, and so does `tanh(20)`, which only
/// rounds to 1.
fn fold(g: &mut Graph, op: Op, args: &[ExprId]) -> Option<ExprId> {
    let numbers: Vec<Num> = args.iter().map(|&a| g.as_num(a)).collect::<Option<_>>()?;
    let value = match (def(op).value, &numbers[..]) {
        (Value::Unary(f), [a]) => f(a.value()),
        (Value::Binary(f), [a, b]) => f(a.value(), b.value()),
        _ => return None,
    };
    let whole = numbers.iter().all(|n| n.as_int().is_some());
    let small = numbers.iter().all(|n| n.as_int().is_some_and(|k| (0..=1).contains(&k)));
    let exact = match def(op).exact {
        Exact::Everywhere => true,
        Exact::Whole => whole || small,
        Exact::Small => small,
    };
    (exact && value.fract() == 0.0 && value.abs() < 1e9).then(|| g.number(Num::float(value)))
}

/// The value of an expression of known scalars and literals, such as the end
/// of a range. `None` where it holds an unknown, an index, an array, or a
/// known value that has not been computed yet.
pub fn known_value(g: &Graph, e: ExprId) -> Option<f64> {
    if g.has_unknown(e) || !g.free_indices(e).is_empty() {
        return None;
    }
    if let Some(n) = g.as_num(e) {
        return Some(n.value());
    }
    if let Some(s) = g.as_symbol(e) {
        return g.symbol(s).value.as_ref()?.as_scalar();
    }
    let node = g.node(e);
    let values = || node.args.iter().map(|&a| known_value(g, a));
    match (node.op, def(node.op).value) {
        (Op::Add, _) => values().sum(),
        (Op::Mul, _) => values().product(),
        (_, Value::Unary(f)) => Some(f(values().next()??)),
        (_, Value::Binary(f)) => match node.args {
            [a, b] => Some(f(known_value(g, *a)?, known_value(g, *b)?)),
            _ => None,
        },
        _ => None,
    }
}

/// Short names for what derivative rules build. All of them take arguments
/// whose shapes fit; what does not is a bug of ours, and panics as one.
impl Graph {
    /// The node of an operator without data.
    pub fn apply(&mut self, op: Op, args: &[ExprId]) -> ExprId {
        self.apply_data(op, Data::None, args)
    }

    /// The node of an operator with data.
    pub fn apply_data(&mut self, op: Op, data: Data, args: &[ExprId]) -> ExprId {
        build(self, op, data, args).unwrap_or_else(|e| panic!("a derived {op:?} does not fit: {e}"))
    }

    /// A literal.
    pub fn number(&mut self, n: Num) -> ExprId {
        self.intern(Op::Num, Data::Num(n), &[], Shape::Scalar)
    }

    /// A whole number.
    pub fn int(&mut self, n: i64) -> ExprId {
        self.number(Num::int(n))
    }

    /// The leaf of a symbol.
    pub fn leaf(&mut self, symbol: SymbolId) -> ExprId {
        let shape = self.symbol(symbol).shape;
        self.intern(Op::Symbol, Data::Symbol(symbol), &[], shape)
    }

    /// The constant pi, by its name.
    pub fn pi(&mut self) -> ExprId {
        self.constant("pi", std::f64::consts::PI)
    }

    /// A named constant of the language.
    pub fn constant(&mut self, name: &str, value: f64) -> ExprId {
        let found = self
            .symbols()
            .find(|(_, s)| s.kind == SymbolKind::Known && s.name == name)
            .map(|(id, _)| id);
        let id = found.unwrap_or_else(|| {
            let value = crate::shape::Tensor::scalar(value);
            self.declare(Symbol::known(name, Shape::Scalar, Some(value)))
        });
        self.leaf(id)
    }

    /// Sum.
    pub fn add(&mut self, terms: &[ExprId]) -> ExprId {
        self.apply(Op::Add, terms)
    }

    /// Difference.
    pub fn sub(&mut self, a: ExprId, b: ExprId) -> ExprId {
        let b = self.neg(b);
        self.add(&[a, b])
    }

    /// Negative.
    pub fn neg(&mut self, a: ExprId) -> ExprId {
        let minus = self.int(-1);
        self.mul(&[minus, a])
    }

    /// Product with at most one array among the factors.
    pub fn mul(&mut self, factors: &[ExprId]) -> ExprId {
        self.apply(Op::Mul, factors)
    }

    /// `a / b`, entry by entry.
    pub fn div(&mut self, a: ExprId, b: ExprId) -> ExprId {
        let inverse = self.powi(b, -1);
        super::times(self, a, inverse)
    }

    /// `a ^ n`, entry by entry.
    pub fn powi(&mut self, a: ExprId, n: i64) -> ExprId {
        let n = self.int(n);
        self.apply(Op::Pow, &[a, n])
    }

    /// Product of linear algebra; a scalar on either side goes with anything.
    pub fn matmul(&mut self, a: ExprId, b: ExprId) -> ExprId {
        if self.shape(a).is_scalar() || self.shape(b).is_scalar() {
            return self.mul(&[a, b]);
        }
        self.apply(Op::MatMul, &[a, b])
    }

    /// Transpose.
    pub fn transpose(&mut self, a: ExprId) -> ExprId {
        self.apply(Op::Transpose, &[a])
    }

    /// An array with `value` everywhere; the value itself for a scalar shape.
    pub fn fill(&mut self, shape: Shape, value: ExprId) -> ExprId {
        if shape.is_scalar() {
            return value;
        }
        self.apply_data(Op::Fill, Data::Shape(shape), &[value])
    }

    /// Zero of a shape.
    pub fn zero(&mut self, shape: Shape) -> ExprId {
        let zero = self.int(0);
        self.fill(shape, zero)
    }

    /// Whether the node is zero everywhere.
    pub fn is_zero(&self, e: ExprId) -> bool {
        match self.op(e) {
            Op::Fill => self.is_zero(self.args(e)[0]),
            _ => self.as_num(e).is_some_and(Num::is_zero),
        }
    }

    /// Whether the node is the number 1.
    pub fn is_one(&self, e: ExprId) -> bool {
        self.as_num(e).is_some_and(Num::is_one)
    }

    /// A binder over `index`; `cond` is the number 1 where there is none.
    pub fn bind(
        &mut self,
        op: Op,
        index: SymbolId,
        lo: ExprId,
        hi: ExprId,
        cond: ExprId,
        body: ExprId,
    ) -> ExprId {
        self.apply_data(op, Data::Symbol(index), &[lo, hi, cond, body])
    }
}
