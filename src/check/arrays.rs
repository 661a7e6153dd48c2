//! Array literals, and built-ins that make arrays or tell their sizes.

use std::sync::Arc;

use super::{Checked, Checker, Item, Reported};
use crate::diag::{Diagnostic, codes};
use crate::expr::{Data, Dims, ExprId, Op};
use crate::memory;
use crate::ops;
use crate::random::{self, RandomError};
use crate::shape::{Shape, Tensor, in_words};
use crate::source::Span;
use crate::syntax::ast::{Arg, Node, NodeId};

impl Checker<'_> {
    /// `[1, 2, 3]`, a column, or the rows of a matrix.
    pub(super) fn array(
        &mut self,
        rows: &[Vec<NodeId>],
        column: bool,
        span: Span,
    ) -> Checked<Item> {
        let (m, n) = (rows.len(), rows[0].len());
        let mut entries = Vec::with_capacity(m * n);
        for row in rows {
            if row.len() != n {
                let at = row.first().map_or(span, |&e| self.ast.span(e));
                let finding = Diagnostic::error(
                    codes::E0401,
                    format!("this row has length {}, the first has length {n}", row.len()),
                );
                return self.report(finding.at(at, "this row"));
            }
            for &node in row {
                entries.push(self.expression(node)?);
            }
        }
        if entries.iter().any(|&e| !self.g.shape(e).is_scalar()) {
            return self.stacked(rows, &entries, span).map(Item::Expr);
        }
        let shape = if column { Shape::Vector(n) } else { Shape::Matrix(m, n) };
        let built = ops::build(self.g, Op::Stack, Data::Shape(shape), &entries);
        self.built(built, span, &[]).map(Item::Expr)
    }

    /// `[v; w]` and `[A, v]`: arrays below and beside one another. A column has one column, a number one row.
    fn stacked(&mut self, rows: &[Vec<NodeId>], parts: &[ExprId], span: Span) -> Checked<ExprId> {
        let n = rows[0].len();
        let place = |k: usize| self.ast.span(rows[k / n][k % n]);
        let size = |shape: Shape, axis: usize| ops::axis_length(shape, axis).max(1);
        let shapes: Vec<Shape> = parts.iter().map(|&e| self.g.shape(e)).collect();
        let mut unfit = None;
        let (mut height, mut width) = (0, 0);
        for (r, row) in shapes.chunks(n).enumerate() {
            let columns: usize = row.iter().map(|&s| size(s, 1)).sum();
            if r == 0 {
                width = columns;
            } else if columns != width {
                unfit = unfit.or(Some((r * n, "columns", columns, width)));
            }
            height += size(row[0], 0);
            for (k, &shape) in row.iter().enumerate() {
                if size(shape, 0) != size(row[0], 0) {
                    unfit = unfit.or(Some((r * n + k, "rows", size(shape, 0), size(row[0], 0))));
                }
            }
        }
        if let Some((k, what, found, wanted)) = unfit {
            let beside = what == "rows";
            let shape = self.g.shape(parts[k]);
            let message =
                format!("{} has {found} {what} where {wanted} are wanted", in_words(shape));
            let finding =
                Diagnostic::error(codes::E0401, message).at(place(k), super::describe(shape));
            return self.report(finding.help(match beside {
                true => {
                    "`,` puts arrays beside one another; write `;` to put them below one another"
                }
                false => {
                    "`;` puts arrays below one another; write `,` to put them beside one another"
                }
            }));
        }
        let whole = if width == 1 { Shape::Vector(height) } else { Shape::Matrix(height, width) };
        self.check_size(whole, Some(span))?;
        let mut terms = Vec::new();
        let mut row = 1;
        for (parts, shapes) in parts.chunks(n).zip(shapes.chunks(n)) {
            let mut column = 1;
            for (&e, &shape) in parts.iter().zip(shapes) {
                terms.push((e, row, column));
                column += size(shape, 1);
            }
            row += size(shapes[0], 0);
        }
        let mut placed = Vec::new();
        for (e, row, column) in terms {
            let (i, j) = (self.g.int(row as i64), self.g.int(column as i64));
            let (op, args) = match (self.g.shape(e), whole) {
                (Shape::Scalar, Shape::Vector(_)) => (Op::Place, vec![e, i]),
                (Shape::Scalar, _) => (Op::Place, vec![e, i, j]),
                _ => (Op::PlaceBlock, vec![e, i, j]),
            };
            let built = ops::build(self.g, op, Data::Shape(whole), &args);
            placed.push(self.built(built, span, &[])?);
        }
        let sum = ops::build(self.g, Op::Add, Data::None, &placed);
        self.built(sum, span, &[])
    }

    /// A function of a known array that is worked out at once.
    pub(super) fn of_known(&mut self, name: &str, args: &[Arg], span: Span) -> Checked<Item> {
        let e = self.expression(args[0].value)?;
        let Some(value) = self.value_of(e, span)? else { return Err(Reported) };
        let p = match args.get(1) {
            Some(arg) => self.known_scalar(arg.value, "the share")?,
            None => Some(0.5),
        };
        let found = match super::known::function(name, &value, p.unwrap_or(0.5)) {
            Ok(found) => found,
            Err(why) => {
                let at = self.ast.span(args[0].value);
                return self.report(Diagnostic::error(codes::E0401, why).at(at, "here"));
            }
        };
        Ok(Item::Expr(self.constant_array(name, found)))
    }

    /// `vec(A)` and `reshape(A, m, n)`: the entries column by column, as in MATLAB and Julia.
    pub(super) fn in_shape(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let e = self.expression(args[0].value)?;
        let n = self.g.shape(e).len();
        let (shape, _) = match args.len() {
            1 => (Shape::Vector(n), [None; 2]),
            _ => self.sizes(&args[1..])?,
        };
        if shape.len() != n {
            let message = format!("{} has {} entries, not {n}", in_words(shape), shape.len());
            return self.report(Diagnostic::error(codes::E0401, message).at(span, "here"));
        }
        // By rows of the transpose is by columns.
        let turned = match self.g.shape(e) {
            Shape::Matrix(..) => self.g.transpose(e),
            _ => e,
        };
        let turned = match shape {
            Shape::Matrix(rows, columns) => {
                let across = Shape::Matrix(columns, rows);
                let flat = ops::build(self.g, Op::Reshape, Data::Shape(across), &[turned]);
                let flat = self.built(flat, span, &[])?;
                self.g.transpose(flat)
            }
            _ => {
                let flat = ops::build(self.g, Op::Reshape, Data::Shape(shape), &[turned]);
                self.built(flat, span, &[])?
            }
        };
        Ok(Item::Expr(turned))
    }

    /// Sizes given as arguments: one for a column, two for a matrix. `None`
    /// where one is known only once the script runs.
    fn sizes(&mut self, args: &[Arg]) -> Checked<(Shape, Dims)> {
        let mut sizes = Vec::new();
        let mut dims: Dims = [None; 2];
        for (axis, arg) in args.iter().enumerate() {
            let Some((n, e)) = self.whole(arg.value, "a size")? else { return Err(Reported) };
            sizes.push(n);
            if let Some(known) = dims.get_mut(axis) {
                *known = Some(self.g.new_dim(Some(e)));
            }
        }
        let shape = match sizes[..] {
            [] => Shape::Scalar,
            [n] => Shape::Vector(n),
            [m, n, ..] => Shape::Matrix(m, n),
        };
        self.check_size(shape, args.first().map(|a| self.ast.span(a.value)))?;
        Ok((shape, dims))
    }

    /// An array must fit in memory, whatever machine this is; whether it fits in that of this one is seen where it is made.
    pub(super) fn check_size(&mut self, shape: Shape, span: Option<Span>) -> Checked<()> {
        if shape.is_countable() {
            return Ok(());
        }
        let entries = shape.rows().max(1).saturating_mul(shape.cols().max(1));
        let Err(error) = memory::claim_numbers(entries, &|| in_words(shape).into()) else {
            return Ok(());
        };
        let finding = Diagnostic::error(codes::E0707, error.to_string()).help(error.help());
        self.report(match span {
            Some(span) => finding.at(span, "this size"),
            None => finding,
        })
    }

    /// `zeros(..)` and `ones(..)`.
    pub(super) fn filled(&mut self, args: &[Arg], value: i64) -> Checked<Item> {
        let (shape, dims) = self.sizes(args)?;
        let value = self.g.int(value);
        let filled = self.g.fill(shape, value);
        self.g.note_dims(filled, dims);
        Ok(Item::Expr(filled))
    }

    /// `eye(n)`.
    pub(super) fn eye(&mut self, args: &[Arg]) -> Checked<Item> {
        let (Shape::Vector(n), [rows, _]) = self.sizes(args)? else { return Err(Reported) };
        let shape = Shape::Matrix(n, n);
        self.check_size(shape, args.first().map(|a| self.ast.span(a.value)))?;
        let eye = self.g.apply_data(Op::Eye, Data::Shape(shape), &[]);
        self.g.note_dims(eye, [rows, rows]);
        Ok(Item::Expr(eye))
    }

    /// `rows`, `cols` and `len` of an array or a table.
    pub(super) fn size_of_arg(&mut self, arg: &Arg, which: &str) -> Checked<Item> {
        let item = self.item(arg.value)?;
        if let Item::Table(t) = &item {
            let n = if which == "cols" { t.table.column_names().len() } else { t.table.n_rows() };
            return Ok(Item::Expr(self.g.int(n as i64)));
        }
        if let Item::Categories(c) = &item {
            return Ok(Item::Expr(self.g.int(c.codes().len() as i64)));
        }
        let e = self.as_expr(item, self.ast.span(arg.value))?;
        let shape = self.g.shape(e);
        let n = match which {
            "rows" => shape.rows(),
            "cols" => shape.cols(),
            _ => shape.len(),
        };
        Ok(Item::Expr(self.g.int(n as i64)))
    }

    /// After `let n = rows(A)` that dimension of `A` is called `n`.
    pub fn name_dimension(&mut self, value: NodeId, size: ExprId) -> Checked<()> {
        let ast = Arc::clone(&self.ast);
        let Node::Call { callee, args } = ast.node(value) else { return Ok(()) };
        let (Node::Name(which), [arg]) = (ast.node(*callee), &args[..]) else { return Ok(()) };
        let axis = match ast.name(*which) {
            "rows" | "len" => 0,
            "cols" => 1,
            _ => return Ok(()),
        };
        // Anything else might draw random numbers once more.
        if !matches!(ast.node(arg.value), Node::Name(_) | Node::Field { .. }) {
            return Ok(());
        }
        let (dim, n) = match self.item(arg.value)? {
            Item::Table(t) if axis == 0 => (t.rows, t.table.n_rows()),
            Item::Expr(e) => (self.g.dim(e, axis), ops::axis_length(self.g.shape(e), axis)),
            _ => return Ok(()),
        };
        if let Some(dim) = dim.filter(|_| ops::known_value(self.g, size) == Some(n as f64)) {
            self.g.name_dim(dim, size);
        }
        Ok(())
    }

    /// `outer(u, v)`, the product of a column and a row.
    pub(super) fn outer(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let (u, v) = (self.expression(args[0].value)?, self.expression(args[1].value)?);
        for (e, arg) in [(u, &args[0]), (v, &args[1])] {
            let shape = self.g.shape(e);
            if !matches!(shape, Shape::Vector(_)) {
                let finding = Diagnostic::error(
                    codes::E0401,
                    format!("expected a column, found {}", in_words(shape)),
                );
                return self.report(finding.at(self.ast.span(arg.value), super::describe(shape)));
            }
        }
        let row = self.g.transpose(v);
        self.node(Op::MatMul, &[u, row], span, &[]).map(Item::Expr)
    }

    /// `clamp(x, lo, hi)`.
    pub(super) fn clamp(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let mut e = [
            self.expression(args[0].value)?,
            self.expression(args[1].value)?,
            self.expression(args[2].value)?,
        ];
        let places: Vec<Span> = args.iter().map(|a| self.ast.span(a.value)).collect();
        e[0] = self.node(Op::Max2, &[e[0], e[1]], span, &places[..2])?;
        self.node(Op::Min2, &[e[0], e[2]], span, &[places[0], places[2]]).map(Item::Expr)
    }

    /// Random arrays: `normal(mu, sigma, dims..)` and its relatives.
    pub(super) fn random_array(&mut self, name: &str, args: &[Arg], span: Span) -> Checked<Item> {
        let parameters = if matches!(name, "normal" | "uniform") { 2 } else { 0 };
        let mut values = Vec::new();
        for arg in &args[..parameters] {
            match self.known_scalar(arg.value, "a parameter of a random array")? {
                Some(v) => values.push(v),
                None => return Err(Reported),
            }
        }
        let (shape, dims) = self.sizes(&args[parameters..])?;
        let stream = self.world.random();
        let (m, n) = (shape.rows(), shape.cols());
        let drawn: Result<Vec<f64>, RandomError> = match name {
            "normal" => random::arrays::normal(stream, values[0], values[1], shape.len()),
            "uniform" => random::arrays::uniform(stream, values[0], values[1], shape.len()),
            "glorot" => random::arrays::glorot(stream, m, n),
            "glorot_normal" => random::arrays::glorot_normal(stream, m, n),
            "he" => random::arrays::he(stream, m, n),
            "he_normal" => random::arrays::he_normal(stream, m, n),
            _ => random::orthogonal(stream, m, n),
        };
        match drawn {
            Ok(values) => {
                let array = self.constant_array(name, Tensor::new(shape, values));
                if let Some(symbol) = self.g.as_symbol(array) {
                    self.g.set_dims(symbol, dims);
                }
                Ok(Item::Expr(array))
            }
            Err(error) => {
                self.report(Diagnostic::error(codes::E0401, error.to_string()).at(span, "here"))
            }
        }
    }

    /// A known value that has no name of the user's: small ones are literals,
    /// large ones leaves.
    pub(super) fn constant_array(&mut self, name: &str, value: Tensor) -> ExprId {
        match value.as_scalar() {
            Some(v) => self.g.number(crate::expr::Num::float(v)),
            None => {
                let symbol = crate::expr::Symbol::known(name, value.shape(), Some(value));
                let id = self.g.declare(symbol);
                self.g.leaf(id)
            }
        }
    }
}
