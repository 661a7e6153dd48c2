//! Tables and what is made of them.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::{Checked, Checker, Item, NamedTable, Unreadable};
use crate::data::csv::{self, CsvOptions, Header, Missing};
use crate::data::{Categories, DataError, idx, npy};
use crate::diag::{Diagnostic, codes};
use crate::expr::DimId;
use crate::random;
use crate::shape::{Shape, Tensor};
use crate::source::Span;
use crate::syntax::ast::{Arg, NodeId};

impl Checker<'_> {
    fn text(&mut self, node: NodeId, what: &str) -> Checked<String> {
        match self.item(node)? {
            Item::Text(text) => Ok(text),
            other => {
                let finding = Diagnostic::error(
                    codes::E0404,
                    format!("expected {what} in double quotes, found {}", other.kind()),
                );
                self.report(finding.at(self.ast.span(node), other.kind()))
            }
        }
    }

    fn file(&mut self, node: NodeId) -> Checked<(String, Arc<[u8]>)> {
        let path = self.text(node, "a path")?;
        let found = self.world.read(&path, self.ast.span(node).file);
        self.readable(found, &path, node)
    }

    /// What was read, or a report of why it could not be.
    fn readable<T>(
        &mut self,
        found: Result<T, Unreadable>,
        path: &str,
        node: NodeId,
    ) -> Checked<T> {
        match found {
            Ok(found) => Ok(found),
            Err(why) => {
                let finding =
                    Diagnostic::error(why.code, format!("cannot read `{path}`: {}", why.reason));
                self.report(finding.at(self.ast.span(node), "this file").help(why.help))
            }
        }
    }

    fn data_error<T>(&mut self, error: DataError, span: Span) -> Checked<T> {
        let place = match (error.line, error.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", error.file),
            (Some(line), None) => format!("{}:{line}", error.file),
            _ => error.file.clone(),
        };
        let finding = Diagnostic::error(codes::E0702, format!("{place}: {}", error.message));
        let cell = error
            .line
            .and_then(|line| self.world.place(&error.file, line, error.column.unwrap_or(1)));
        let finding = match cell {
            Some(cell) => finding.at(cell, "here").label(span, "read by this"),
            None => finding.at(span, "read here"),
        };
        self.report(finding.help_opt(error.help))
    }

    /// `csv("file.csv")` with its options.
    pub(super) fn csv(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let mut options = CsvOptions::default();
        for arg in &args[1..] {
            let Some(name) = arg.name else { continue };
            let at = self.ast.span(arg.value);
            match self.ast.ident(name) {
                "header" => {
                    let value = self.known_scalar(arg.value, "header")?;
                    options.header = if value == Some(0.0) { Header::No } else { Header::Yes };
                }
                "sep" => {
                    let text = self.text(arg.value, "a separator")?;
                    let mut chars = text.chars();
                    match (chars.next(), chars.next()) {
                        (Some(c), None) => options.sep = Some(c),
                        _ => {
                            return self.report(
                                Diagnostic::error(codes::E0603, "a separator is one character")
                                    .at(at, "here"),
                            );
                        }
                    }
                }
                "comment" => options.comment = Some(self.text(arg.value, "a prefix of comments")?),
                _ => {
                    options.missing = match self.text(arg.value, "a word")?.as_str() {
                        "error" => Missing::Error,
                        "drop" => Missing::Drop,
                        "mean" => Missing::Mean,
                        other => {
                            let finding = Diagnostic::error(
                                codes::E0603,
                                format!("unknown way to treat missing values: \"{other}\""),
                            );
                            return self.report(
                                finding
                                    .at(at, "here")
                                    .help("write \"error\", \"drop\" or \"mean\""),
                            );
                        }
                    }
                }
            }
        }
        let (path, bytes) = self.file(args[0].value)?;
        match csv::read(&bytes, &path, &options) {
            Ok(table) => {
                let name = format!("csv(\"{path}\")");
                let rows = Some(self.g.new_dim(None));
                Ok(Item::Table(Arc::new(NamedTable { name, table, rows })))
            }
            Err(error) => self.data_error(error, span),
        }
    }

    /// `npy("x.npy")`.
    pub(super) fn npy(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let path = self.text(args[0].value, "a path")?;
        let found = self.world.open(&path, self.ast.span(args[0].value).file);
        let (mut file, len) = self.readable(found, &path, args[0].value)?;
        match npy::read_from(&mut *file, len, &path) {
            Ok(array) => {
                let shape =
                    array.cols.map_or(Shape::Vector(array.rows), |n| Shape::Matrix(array.rows, n));
                let value = Tensor::new(shape, array.values);
                Ok(Item::Expr(self.constant_array(&format!("npy(\"{path}\")"), value)))
            }
            Err(error) => self.data_error(error, span),
        }
    }

    /// `idx("train-images-idx3-ubyte.gz")`.
    pub(super) fn idx(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let (path, bytes) = self.file(args[0].value)?;
        match idx::read_packed(&bytes, &path) {
            Ok(array) => {
                let shape =
                    array.cols.map_or(Shape::Vector(array.rows), |n| Shape::Matrix(array.rows, n));
                let value = Tensor::new(shape, array.values);
                Ok(Item::Expr(self.constant_array(&format!("idx(\"{path}\")"), value)))
            }
            Err(error) => self.data_error(error, span),
        }
    }

    fn table(&mut self, arg: &Arg) -> Checked<Arc<NamedTable>> {
        match self.item(arg.value)? {
            Item::Table(table) => Ok(table),
            other => {
                let finding = Diagnostic::error(
                    codes::E0404,
                    format!("expected a table, found {}", other.kind()),
                );
                self.report(finding.at(self.ast.span(arg.value), other.kind()))
            }
        }
    }

    /// The names of a table's columns.
    pub(super) fn columns_of(&mut self, arg: &Arg, _: Span) -> Checked<Item> {
        let table = self.table(arg)?;
        Ok(Item::Texts(table.table.column_names().map(str::to_string).collect()))
    }

    /// A column of texts.
    pub(super) fn categories(&mut self, arg: &Arg, _: Span) -> Checked<Arc<Categories>> {
        match self.item(arg.value)? {
            Item::Categories(categories) => Ok(categories),
            other => {
                let finding = Diagnostic::error(
                    codes::E0404,
                    format!("expected a column of texts, found {}", other.kind()),
                );
                self.report(finding.at(self.ast.span(arg.value), other.kind()))
            }
        }
    }

    /// A column of ones and zeros for every level of a column, or of a second one, whose levels are then used.
    pub(super) fn onehot(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let (codes, rows) = self.labels(&args[0], span)?;
        let levels = match args.get(1) {
            Some(arg) => self.labels(arg, span)?.0,
            None => codes.clone(),
        };
        let mut levels = levels;
        levels.sort();
        levels.dedup();
        let width = levels.len();
        let mut values = vec![0.0; codes.len() * width];
        for (i, code) in codes.iter().enumerate() {
            match levels.binary_search(code) {
                Ok(k) => values[i * width + k] = 1.0,
                Err(_) => {
                    let message = format!("row {} holds {code}, which is no level", i + 1);
                    let at = self.ast.span(args[0].value);
                    return self.report(Diagnostic::error(codes::E0603, message).at(at, "here"));
                }
            }
        }
        let shape = Shape::Matrix(codes.len(), width);
        let array = self.constant_array("onehot", Tensor::new(shape, values));
        if let (Some(symbol), Some(rows)) = (self.g.as_symbol(array), rows) {
            let own = self.g.new_dims(shape);
            self.g.set_dims(symbol, [Some(rows), own[1]]);
        }
        Ok(Item::Expr(array))
    }

    /// The labels of a column of texts or of numbers, and the dimension of its rows.
    fn labels(&mut self, arg: &Arg, span: Span) -> Checked<(Vec<Label>, Option<DimId>)> {
        match self.item(arg.value)? {
            Item::Categories(categories) => {
                let label = |&code: &u32| Label::Text(categories.levels()[code as usize].clone());
                Ok((categories.codes().iter().map(label).collect(), None))
            }
            Item::Texts(texts) => Ok((texts.into_iter().map(Label::Text).collect(), None)),
            item => {
                let e = self.as_expr(item, span)?;
                let Some(value) = self.value_of(e, span)? else { return Err(super::Reported) };
                let label = |&x: &f64| Label::Number(x);
                Ok((value.data().iter().map(label).collect(), self.g.dim(e, 0)))
            }
        }
    }

    /// Columns shifted and scaled: to mean 0 and deviation 1, or to 0..1, by their own statistics or by those of other data.
    /// A constant column becomes zero.
    pub(super) fn scaled_columns(
        &mut self,
        args: &[Arg],
        span: Span,
        standard: bool,
    ) -> Checked<Item> {
        let e = self.expression(args[0].value)?;
        let Some(value) = self.value_of(e, span)? else { return Err(super::Reported) };
        let train = match args.get(1) {
            Some(arg) => {
                let e = self.expression(arg.value)?;
                match self.value_of(e, span)? {
                    Some(train) => train,
                    None => return Err(super::Reported),
                }
            }
            None => value.clone(),
        };
        let (m, n) = (value.shape().rows(), value.shape().cols());
        if train.shape().cols() != n {
            let message =
                format!("the data have {n} columns, those of training {}", train.shape().cols());
            return self.report(Diagnostic::error(codes::E0401, message).at(span, "here"));
        }
        let mut out = value.data().to_vec();
        for j in 0..n {
            let of_train: Vec<f64> = (0..train.shape().rows()).map(|i| train.at(i, j)).collect();
            let column: Vec<f64> = (0..m).map(|i| value.at(i, j)).collect();
            let (shift, scale) =
                if standard { mean_and_deviation(&of_train) } else { least_and_width(&of_train) };
            for i in 0..m {
                out[i * n + j] = if scale > 0.0 { (column[i] - shift) / scale } else { 0.0 };
            }
        }
        let name = if standard { "standardize" } else { "minmax" };
        let scaled = self.constant_array(name, Tensor::new(value.shape(), out));
        // Its rows are those of the data.
        if let (Some(symbol), Some(rows)) = (self.g.as_symbol(scaled), self.g.dim(e, 0)) {
            let own = self.g.new_dims(value.shape());
            self.g.set_dims(symbol, [Some(rows), own[1]]);
        }
        Ok(Item::Expr(scaled))
    }

    /// `split(t, 0.8)`.
    pub(super) fn split(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let table = self.table(&args[0])?;
        let Some(fraction) = self.known_scalar(args[1].value, "the fraction")? else {
            return Err(super::Reported);
        };
        let order = random::order::permutation(self.world.random(), table.table.n_rows());
        match table.table.split(fraction, &order) {
            Ok((a, b)) => {
                let mut named = |table, k| {
                    let rows = Some(self.g.new_dim(None));
                    Item::Table(Arc::new(NamedTable { name: format!("split_{k}"), table, rows }))
                };
                Ok(Item::Pair(Box::new((named(a, 1), named(b, 2)))))
            }
            Err(error) => self.report(
                Diagnostic::error(codes::E0603, error.to_string())
                    .at(span, "here")
                    .help_opt(error.help()),
            ),
        }
    }
}

/// What a row is labelled with.
#[derive(Clone, Debug, PartialEq)]
enum Label {
    Number(f64),
    Text(String),
}

impl Eq for Label {}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Label) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Label) -> Ordering {
        match (self, other) {
            (Label::Number(a), Label::Number(b)) => a.total_cmp(b),
            (Label::Text(a), Label::Text(b)) => a.cmp(b),
            (Label::Number(_), Label::Text(_)) => Ordering::Less,
            (Label::Text(_), Label::Number(_)) => Ordering::Greater,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Number(x) => write!(out, "{x}"),
            Label::Text(text) => write!(out, "\"{text}\""),
        }
    }
}

/// Mean and standard deviation (of the sample, divisor m - 1).
fn mean_and_deviation(x: &[f64]) -> (f64, f64) {
    let m = x.len() as f64;
    let mean = x.iter().sum::<f64>() / m;
    let square: f64 = x.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (square / (m - 1.0).max(1.0)).sqrt())
}

fn least_and_width(x: &[f64]) -> (f64, f64) {
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low, high - low)
}
