//! Array literals, and built-ins that make arrays or tell their sizes.

use super::{Checked, Checker, Item, Reported};
use crate::diag::{Diagnostic, codes};
use crate::expr::{Data, ExprId, Op};
use crate::memory;
use crate::ops;
use crate::random::{self, RandomError};
use crate::shape::{Shape, Tensor, in_words};
use crate::source::Span;
use crate::syntax::ast::{Arg, NodeId};

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
                entries.push(self.scalar(node, "an entry of an array")?);
            }
        }
        let shape = if column { Shape::Vector(n) } else { Shape::Matrix(m, n) };
        let built = ops::build(self.g, Op::Stack, Data::Shape(shape), &entries);
        self.built(built, span, &[]).map(Item::Expr)
    }

    /// Sizes given as arguments: one for a column, two for a matrix. `None`
    /// where one is known only once the script runs.
    fn sizes(&mut self, args: &[Arg]) -> Checked<Shape> {
        let mut sizes = Vec::new();
        for arg in args {
            let Some((n, e)) = self.whole(arg.value, "a size")? else { return Err(Reported) };
            self.remember_size(n, e);
            sizes.push(n);
        }
        let shape = match sizes[..] {
            [] => Shape::Scalar,
            [n] => Shape::Vector(n),
            [m, n, ..] => Shape::Matrix(m, n),
        };
        self.check_size(shape, args.first().map(|a| self.ast.span(a.value)))?;
        Ok(shape)
    }

    /// An array must fit in memory, whatever machine this is; whether it fits in that of this one is seen where it is made.
    pub(super) fn check_size(&mut self, shape: Shape, span: Option<Span>) -> Checked<()> {
        const MOST: usize = 1 << 48;
        if shape.checked_len().is_some_and(|n| n <= MOST) {
            return Ok(());
        }
        let entries = shape.checked_len().unwrap_or(usize::MAX);
        let Err(error) = memory::claim_numbers(entries, &|| in_words(shape).into()) else {
            return Ok(());
        };
        let finding = Diagnostic::error(codes::E0707, error.to_string()).help(error.help());
        self.report(match span {
            Some(span) => finding.at(span, "this size"),
            None => finding,
        })
    }

    /// Sizes that were written as a name print as that name.
    pub(super) fn remember_size(&mut self, n: usize, e: ExprId) {
        if let Some(symbol) = self.g.as_symbol(e) {
            self.g.name_size(n, symbol);
        }
    }

    /// `zeros(..)` and `ones(..)`.
    pub(super) fn filled(&mut self, args: &[Arg], value: i64) -> Checked<Item> {
        let shape = self.sizes(args)?;
        let value = self.g.int(value);
        Ok(Item::Expr(self.g.fill(shape, value)))
    }

    /// `eye(n)`.
    pub(super) fn eye(&mut self, args: &[Arg]) -> Checked<Item> {
        let Shape::Vector(n) = self.sizes(args)? else { return Err(Reported) };
        let shape = Shape::Matrix(n, n);
        self.check_size(shape, args.first().map(|a| self.ast.span(a.value)))?;
        Ok(Item::Expr(self.g.apply_data(Op::Eye, Data::Shape(shape), &[])))
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
        let shape = self.sizes(&args[parameters..])?;
        let stream = self.world.random();
        let (m, n) = (shape.rows(), shape.cols());
        let drawn: Result<Vec<f64>, RandomError> = match name {
            "normal" => random::arrays::normal(stream, values[0], values[1], shape.len()),
            "uniform" => random::arrays::uniform(stream, values[0], values[1], shape.len()),
            "glorot" => random::arrays::glorot(stream, m, n),
            "glorot_normal" => random::arrays::glorot_normal(stream, m, n),
            "he" => random::arrays::he(stream, m, n),
            _ => random::orthogonal(stream, m, n),
        };
        match drawn {
            Ok(values) => Ok(Item::Expr(self.constant_array(name, Tensor::new(shape, values)))),
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
