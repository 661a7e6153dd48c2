//! Entries, slices, columns of tables, and fields.

use std::sync::Arc;

use super::{Checked, Checker, Item, NamedTable, Reported};
use crate::data::Column;
use crate::diag::{Diagnostic, codes, nearest};
use crate::expr::{Data, ExprId, Op, Symbol, SymbolKind};
use crate::ops;
use crate::shape::{Shape, Tensor, in_words};
use crate::source::Span;
use crate::syntax::ast::{IndexEntry, Node, NodeId};

/// One axis of a read.
enum Axis {
    One(ExprId),
    /// First index and number of entries.
    Run(ExprId, usize),
}

impl Checker<'_> {
    /// `a[i]`, `A[i, :]`, `x[2..5]`, `t["a", "b"]`.
    pub(super) fn index(
        &mut self,
        base: NodeId,
        entries: &[IndexEntry],
        span: Span,
    ) -> Checked<Item> {
        let item = self.item(base)?;
        if let Item::Table(table) = &item {
            return self.columns(table.clone(), entries, span);
        }
        let array = self.as_expr(item, self.ast.span(base))?;
        let shape = self.g.shape(array);
        let sizes: Vec<usize> = match (shape, entries.len()) {
            (Shape::Vector(n) | Shape::Matrix(1, n), 1) => vec![n],
            (_, 2) if !shape.is_scalar() => vec![shape.rows(), shape.cols()],
            _ => {
                let finding = Diagnostic::error(
                    codes::E0401,
                    format!(
                        "{} cannot be read with {} {}",
                        in_words(shape),
                        entries.len(),
                        if entries.len() == 1 { "index" } else { "indices" }
                    ),
                );
                let help = matches!(shape, Shape::Matrix(..)).then_some(
                    "a matrix takes a row and a column: `A[i, j]`, `A[i, :]`, `A[:, j]`",
                );
                return self.report(
                    finding.at(self.ast.span(base), super::describe(shape)).help_opt(help),
                );
            }
        };
        let mut axes = Vec::new();
        for (entry, &size) in entries.iter().zip(&sizes) {
            axes.push(self.axis(entry, size)?);
        }
        let places: Vec<Span> = std::iter::once(self.ast.span(base))
            .chain(entries.iter().map(|e| self.entry_span(e)))
            .collect();
        self.read(array, shape, &axes, span, &places).map(Item::Expr)
    }

    fn entry_span(&self, entry: &IndexEntry) -> Span {
        match entry {
            IndexEntry::All(span) => *span,
            IndexEntry::At(node) => self.ast.span(*node),
        }
    }

    fn axis(&mut self, entry: &IndexEntry, size: usize) -> Checked<Axis> {
        let node = match entry {
            IndexEntry::All(_) => {
                let one = self.g.int(1);
                return Ok(Axis::Run(one, size));
            }
            IndexEntry::At(node) => *node,
        };
        if let Node::Range { low, high } = *self.ast.node(node) {
            let (lo, hi) = (self.scalar(low, "an index"), self.scalar(high, "an index"));
            let (lo, hi) = (lo?, hi?);
            for (end, place) in [(lo, low), (hi, high)] {
                self.no_unknown_in(end, self.ast.span(place), "an index")?;
            }
            return match self.run_length(lo, hi) {
                Some(n) => Ok(Axis::Run(lo, n)),
                None if self.dry => Err(Reported),
                None => self.report(
                    Diagnostic::error(codes::E0401, "the length of a slice must be known")
                        .at(self.ast.span(node), "its length depends on an index"),
                ),
            };
        }
        let index = self.expression(node)?;
        let shape = self.g.shape(index);
        if !shape.is_scalar() {
            let finding = Diagnostic::error(
                codes::E0404,
                format!("an index must be a scalar, found {}", in_words(shape)),
            );
            return self.report(
                finding.at(self.ast.span(node), super::describe(shape)).help(
                    "to pick several entries write `[x[k] for k in ...]` or a range `x[2..5]`",
                ),
            );
        }
        self.no_unknown_in(index, self.ast.span(node), "an index")?;
        Ok(Axis::One(index))
    }

    /// The length of `lo..hi`, which may move with an index but not grow.
    fn run_length(&mut self, lo: ExprId, hi: ExprId) -> Option<usize> {
        if let Some(n) = ops::count(self.g, lo, hi) {
            return Some(n);
        }
        let length = self.g.sub(hi, lo);
        let n = ops::known_value(self.g, length)? + 1.0;
        (n.fract() == 0.0 && n < 9e15).then_some(n.max(0.0) as usize)
    }

    fn read(
        &mut self,
        array: ExprId,
        shape: Shape,
        axes: &[Axis],
        span: Span,
        places: &[Span],
    ) -> Checked<ExprId> {
        let one = self.g.int(1);
        let block = |part, i, j| (Op::Block, Data::Shape(part), vec![array, i, j]);
        let (op, data, args) = match axes {
            [Axis::One(i)] => (Op::Elem, Data::None, vec![array, *i]),
            [Axis::One(i), Axis::One(j)] => (Op::Elem, Data::None, vec![array, *i, *j]),
            [Axis::Run(lo, n)] if matches!(shape, Shape::Matrix(..)) => {
                block(Shape::Matrix(1, *n), one, *lo)
            }
            [Axis::Run(lo, n)] => block(Shape::Vector(*n), *lo, one),
            [Axis::One(i), Axis::Run(lo, n)] => block(Shape::Matrix(1, *n), *i, *lo),
            [Axis::Run(lo, n), Axis::One(j)] => block(Shape::Vector(*n), *lo, *j),
            [Axis::Run(a, m), Axis::Run(b, n)] => block(Shape::Matrix(*m, *n), *a, *b),
            _ => return Err(Reported),
        };
        // In a branch that may not be taken an index may lie outside.
        if self.in_branch == 0 {
            ops::verify_read(self.g, data, &args)
                .or_else(|error| self.shape_error(&error, span, places))?;
        }
        let built = ops::build(self.g, op, data, &args);
        self.built(built, span, places)
    }

    /// Columns of a table by name.
    fn columns(
        &mut self,
        table: Arc<NamedTable>,
        entries: &[IndexEntry],
        span: Span,
    ) -> Checked<Item> {
        if let [IndexEntry::All(_), IndexEntry::At(columns)] = entries {
            return self.columns_by_place(&table, *columns, span);
        }
        let mut names = Vec::new();
        for entry in entries {
            let IndexEntry::At(node) = entry else {
                return self.report(
                    Diagnostic::error(codes::E0401, "columns of a table are named")
                        .at(span, "here")
                        .help("write `t[\"a\", \"b\"]`, or columns by their places: `t[:, 1..3]`"),
                );
            };
            match self.item(*node)? {
                Item::Text(name) => names.push((name, self.ast.span(*node))),
                other => {
                    let finding = Diagnostic::error(
                        codes::E0401,
                        format!("expected the name of a column, found {}", other.kind()),
                    );
                    return self.report(
                        finding
                            .at(self.ast.span(*node), other.kind())
                            .help("write `t[\"name\"]`; a row is read from a column: `t.name[3]`"),
                    );
                }
            }
        }
        if let [(name, at)] = &names[..] {
            return self.column(&table, name, *at);
        }
        for (name, at) in &names {
            if !matches!(self.column(&table, name, *at)?, Item::Expr(_)) {
                return self.report(
                    Diagnostic::error(codes::E0401, format!("column `{name}` holds texts"))
                        .at(*at, "texts")
                        .help("use `onehot(t.column)` to get numbers"),
                );
            }
        }
        let columns: Vec<&str> = names.iter().map(|(n, _)| n.as_str()).collect();
        let matrix = match table.table.matrix(&columns) {
            Ok(matrix) => matrix,
            Err(error) => {
                return self
                    .report(Diagnostic::error(codes::E0706, error.to_string()).at(span, "here"));
            }
        };
        let quoted: Vec<String> = columns.iter().map(|c| format!("\"{c}\"")).collect();
        let name = format!("{}[{}]", table.name, quoted.join(", "));
        let value = Tensor::new(Shape::Matrix(table.table.n_rows(), columns.len()), matrix.values);
        let matrix = self.known(&name, value);
        self.share_rows(matrix, &table);
        Ok(Item::Expr(matrix))
    }

    /// Columns of a table by their places: `t[:, 1..64]`, `t[:, 2]`.
    fn columns_by_place(
        &mut self,
        table: &Arc<NamedTable>,
        columns: NodeId,
        span: Span,
    ) -> Checked<Item> {
        let names: Vec<String> = table.table.column_names().map(str::to_string).collect();
        let (lo, n, is_one) = match self.axis(&IndexEntry::At(columns), names.len())? {
            Axis::One(at) => (at, 1, true),
            Axis::Run(lo, n) => (lo, n, false),
        };
        let at = self.ast.span(columns);
        let first = ops::known_value(self.g, lo).unwrap_or(f64::NAN);
        if !(first >= 1.0 && first.fract() == 0.0 && first as usize + n <= names.len() + 1) {
            let message = format!("`{}` has {} columns", table.name, names.len());
            return self.report(Diagnostic::error(codes::E0402, message).at(at, "outside"));
        }
        let chosen = &names[first as usize - 1..first as usize - 1 + n];
        if is_one {
            return self.column(table, &chosen[0], at);
        }
        for name in chosen {
            if !matches!(self.column(table, name, at)?, Item::Expr(_)) {
                let finding =
                    Diagnostic::error(codes::E0401, format!("column `{name}` holds texts"));
                return self
                    .report(finding.at(at, "texts").help("use `onehot(t.column)` to get numbers"));
            }
        }
        let columns: Vec<&str> = chosen.iter().map(String::as_str).collect();
        let matrix = match table.table.matrix(&columns) {
            Ok(matrix) => matrix,
            Err(error) => {
                return self
                    .report(Diagnostic::error(codes::E0706, error.to_string()).at(span, "here"));
            }
        };
        let name = format!("{}[:, {}..{}]", table.name, first, first as usize - 1 + n);
        let value = Tensor::new(Shape::Matrix(table.table.n_rows(), n), matrix.values);
        let matrix = self.known(&name, value);
        self.share_rows(matrix, table);
        Ok(Item::Expr(matrix))
    }

    /// A known leaf of that name and value; the same leaf for the same name
    /// and value.
    pub(super) fn known(&mut self, name: &str, value: Tensor) -> ExprId {
        let same = |s: &Symbol| {
            s.kind == SymbolKind::Known && s.name == name && s.value.as_ref() == Some(&value)
        };
        let found = self.g.symbols().find(|(_, s)| same(s)).map(|(id, _)| id);
        let id = found
            .unwrap_or_else(|| self.g.declare(Symbol::known(name, value.shape(), Some(value))));
        self.g.leaf(id)
    }

    /// The rows of an array from a table are those of the table.
    fn share_rows(&mut self, array: ExprId, table: &NamedTable) {
        let Some(symbol) = self.g.as_symbol(array) else { return };
        let own = match self.g.symbol(symbol).dims {
            [None, None] => self.g.new_dims(self.g.shape(array)),
            dims => dims,
        };
        self.g.set_dims(symbol, [table.rows.or(own[0]), own[1]]);
    }

    fn column(&mut self, table: &NamedTable, name: &str, span: Span) -> Checked<Item> {
        match table.table.column(name) {
            Ok(Column::Numbers(values)) => {
                let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_')
                    && !name.starts_with(|c: char| c.is_ascii_digit());
                let label = if plain {
                    format!("{}.{name}", table.name)
                } else {
                    format!("{}[\"{name}\"]", table.name)
                };
                let value = Tensor::vector(values.clone());
                let column = self.known(&label, value);
                self.share_rows(column, table);
                Ok(Item::Expr(column))
            }
            Ok(Column::Text(categories)) => Ok(Item::Categories(Arc::new(categories.clone()))),
            Err(_) => {
                let finding = Diagnostic::error(
                    codes::E0706,
                    format!("table `{}` has no column `{name}`", table.name),
                );
                let near = nearest(name, table.table.column_names())
                    .map(|n| format!("did you mean `{n}`?"));
                let all = || {
                    format!(
                        "its columns are {}",
                        table.table.column_names().collect::<Vec<_>>().join(", ")
                    )
                };
                self.report(finding.at(span, "no such column").help(near.unwrap_or_else(all)))
            }
        }
    }

    /// `r.name`.
    pub(super) fn field(&mut self, base: NodeId, field: &str, span: Span) -> Checked<Item> {
        match self.item(base)? {
            Item::Table(table) => self.column(&table, field, span),
            Item::Labelled(parts) => {
                let position = parts.unknowns.iter().position(|u| self.g.symbol(*u).name == field);
                match position {
                    Some(k) if parts.order == 1 => Ok(Item::Expr(parts.parts[k])),
                    Some(k) => Ok(self.hessian_row(&parts, k)),
                    None => {
                        let names: Vec<String> =
                            parts.unknowns.iter().map(|u| self.g.symbol(*u).name.clone()).collect();
                        let finding = Diagnostic::error(
                            codes::E0706,
                            format!("there is no derivative by `{field}`"),
                        );
                        self.report(
                            finding
                                .at(span, "no such unknown")
                                .help(format!("there are derivatives by {}", names.join(", "))),
                        )
                    }
                }
            }
            Item::Record(record) => match record.field(field) {
                Some(Item::Failed) => Err(Reported),
                Some(item) => Ok(item.clone()),
                None => {
                    let finding = Diagnostic::error(
                        codes::E0706,
                        format!("{} has no field `{field}`", record.what),
                    );
                    let names = || record.fields.iter().map(|(n, _)| n.as_str());
                    let help = nearest(field, names()).map(|n| format!("did you mean `{n}`?"));
                    let all = format!("its fields are {}", names().collect::<Vec<_>>().join(", "));
                    self.report(finding.at(span, "no such field").help(help.unwrap_or(all)))
                }
            },
            Item::Failed => Err(Reported),
            other => {
                let finding =
                    Diagnostic::error(codes::E0706, format!("{} has no fields", other.kind()));
                self.report(finding.at(span, format!("no field `{field}`")))
            }
        }
    }

    /// A row of the Hessian of several unknowns.
    fn hessian_row(&mut self, parts: &super::Labelled, k: usize) -> Item {
        let n = parts.unknowns.len();
        let row = super::Labelled {
            parts: parts.parts[k * n..(k + 1) * n].to_vec(),
            order: 1,
            ..parts.clone()
        };
        Item::Labelled(Arc::new(row))
    }

    /// A whole number that is known, such as a size.
    pub(super) fn whole(&mut self, node: NodeId, what: &str) -> Checked<Option<(usize, ExprId)>> {
        let e = self.scalar(node, what)?;
        let Some(value) = self.known_scalar(node, what)? else { return Ok(None) };
        if value.fract() != 0.0 || !(0.0..9e15).contains(&value) {
            let finding = Diagnostic::error(
                codes::E0403,
                format!("{what} must be a whole number from 0, found {value}"),
            );
            return self.report(finding.at(self.ast.span(node), "not a size"));
        }
        Ok(Some((value as usize, e)))
    }
}
