//! Functions of the language that are no operators of the graph: derivatives,
//! sizes, data, arrays. Each is a row; the checker, help and completion read
//! the rows. (Operators have their rows in `ops`.)

use std::sync::Arc;

use super::{Checked, Checker, Item};
use crate::diag::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::Arg;

/// A built-in function that is checked by code of its own.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Fewest and most arguments without a name.
    pub arity: (usize, usize),
    /// Names of arguments that take one.
    pub named: &'static [&'static str],
    /// How it is called.
    pub usage: &'static str,
    /// One line on what it gives.
    pub doc: &'static str,
    /// An expression to try.
    pub example: &'static str,
    run: fn(&mut Checker, &[Arg], Span) -> Checked<Item>,
}

/// The row of a built-in.
pub fn builtin(name: &str) -> Option<&'static Builtin> {
    builtins().iter().find(|b| b.name == name)
}

/// All rows.
pub fn builtins() -> &'static [Builtin] {
    ROWS
}

const MANY: usize = usize::MAX;

#[rustfmt::skip]
const ROWS: &[Builtin] = &[
    Builtin { name: "grad", arity: (1, 1), named: &[], usage: "grad(f)", doc: "all partial derivatives of a scalar; also `∇f`", example: "var x; grad(x^2)", run: |c, a, s| c.grad(&a[0], s) },
    Builtin { name: "diff", arity: (2, 3), named: &[], usage: "diff(f, x), diff(f, x, y)", doc: "the derivative by one unknown; the mixed second derivative by two", example: "var x; diff(x^3, x)", run: |c, a, s| c.diff(a, s) },
    Builtin { name: "hess", arity: (1, 2), named: &[], usage: "hess(f), hess(f, w)", doc: "the Hessian of a scalar; also `∇²f`", example: "var x, y; hess(x^2*y)", run: |c, a, s| c.hess(a, s) },
    Builtin { name: "jac", arity: (1, 2), named: &[], usage: "jac(r), jac(r, x)", doc: "the Jacobian of a column, a row an entry", example: "var x; jac([x, x^2])", run: |c, a, s| c.jac(a, s) },
    Builtin { name: "rows", arity: (1, 1), named: &[], usage: "rows(A)", doc: "number of rows of an array or a table", example: "rows([1, 2; 3, 4; 5, 6])", run: |c, a, _| c.size_of_arg(&a[0], "rows") },
    Builtin { name: "cols", arity: (1, 1), named: &[], usage: "cols(A)", doc: "number of columns of an array or a table", example: "cols([1, 2, 3]')", run: |c, a, _| c.size_of_arg(&a[0], "cols") },
    Builtin { name: "len", arity: (1, 1), named: &[], usage: "len(x)", doc: "number of entries of an array", example: "len([1, 2, 3])", run: |c, a, _| c.size_of_arg(&a[0], "len") },
    Builtin { name: "zeros", arity: (0, 2), named: &[], usage: "zeros(n), zeros(m, n)", doc: "an array of zeros", example: "zeros(2)", run: |c, a, _| c.filled(a, 0) },
    Builtin { name: "ones", arity: (0, 2), named: &[], usage: "ones(n), ones(m, n)", doc: "an array of ones", example: "ones(2, 2)", run: |c, a, _| c.filled(a, 1) },
    Builtin { name: "eye", arity: (1, 1), named: &[], usage: "eye(n)", doc: "the identity matrix", example: "eye(2)", run: |c, a, _| c.eye(a) },
    Builtin { name: "outer", arity: (2, 2), named: &[], usage: "outer(u, v)", doc: "u*v' for columns u and v", example: "outer([1, 2], [3, 4])", run: |c, a, s| c.outer(a, s) },
    Builtin { name: "clamp", arity: (3, 3), named: &[], usage: "clamp(x, lo, hi)", doc: "x moved to the nearest point of the interval", example: "clamp(5, 0, 1)", run: |c, a, s| c.clamp(a, s) },
    Builtin { name: "normal", arity: (2, 4), named: &[], usage: "normal(mu, sigma, dims..)", doc: "random draws from a normal distribution", example: "seed 1; normal(0, 1)", run: |c, a, s| c.random_array("normal", a, s) },
    Builtin { name: "uniform", arity: (2, 4), named: &[], usage: "uniform(a, b, dims..)", doc: "random draws from an interval", example: "seed 1; uniform(0, 1)", run: |c, a, s| c.random_array("uniform", a, s) },
    Builtin { name: "glorot", arity: (2, 2), named: &[], usage: "glorot(m, n)", doc: "Glorot's uniform start for weights", example: "seed 1; glorot(2, 2)", run: |c, a, s| c.random_array("glorot", a, s) },
    Builtin { name: "glorot_normal", arity: (2, 2), named: &[], usage: "glorot_normal(m, n)", doc: "Glorot's normal start for weights", example: "seed 1; glorot_normal(2, 2)", run: |c, a, s| c.random_array("glorot_normal", a, s) },
    Builtin { name: "he", arity: (2, 2), named: &[], usage: "he(m, n)", doc: "He's uniform start for weights before `relu`", example: "seed 1; he(2, 2)", run: |c, a, s| c.random_array("he", a, s) },
    Builtin { name: "median", arity: (1, 1), named: &[], usage: "median(x)", doc: "the middle of the sorted entries of known data, or the mean of the two in the middle", example: "median([3, 1, 2, 10])", run: |c, a, s| c.of_known("median", a, s) },
    Builtin { name: "quantile", arity: (2, 2), named: &[], usage: "quantile(x, p)", doc: "the value below which the share p of known data lies, linear between them", example: "quantile([1, 2, 4, 8], 0.3)", run: |c, a, s| c.of_known("quantile", a, s) },
    Builtin { name: "sort", arity: (1, 1), named: &[], usage: "sort(x)", doc: "the entries of known data, rising", example: "sort([3, 1, 2])", run: |c, a, s| c.of_known("sort", a, s) },
    Builtin { name: "chol", arity: (1, 1), named: &[], usage: "chol(A)", doc: "the lower factor L of a known positive definite matrix: L*L' is A", example: "chol([4, 2; 2, 3])", run: |c, a, s| c.of_known("chol", a, s) },
    Builtin { name: "eigenvalues", arity: (1, 1), named: &[], usage: "eigenvalues(A)", doc: "the eigenvalues of a known symmetric matrix, rising", example: "eigenvalues([2, 1; 1, 2])", run: |c, a, s| c.of_known("eigenvalues", a, s) },
    Builtin { name: "cond", arity: (1, 1), named: &[], usage: "cond(A)", doc: "the largest singular value of a known matrix over the smallest", example: "cond([2, 1; 1, 2])", run: |c, a, s| c.of_known("cond", a, s) },
    Builtin { name: "spectral_norm", arity: (1, 1), named: &[], usage: "spectral_norm(A)", doc: "the largest singular value of a known matrix", example: "spectral_norm([2, 1; 1, 2])", run: |c, a, s| c.of_known("spectral_norm", a, s) },
    Builtin { name: "nuclear_norm", arity: (1, 1), named: &[], usage: "nuclear_norm(A)", doc: "the sum of the singular values of a known matrix", example: "nuclear_norm([2, 1; 1, 2])", run: |c, a, s| c.of_known("nuclear_norm", a, s) },
    Builtin { name: "vec", arity: (1, 1), named: &[], usage: "vec(A)", doc: "the columns of a matrix below one another", example: "vec([1, 2; 3, 4])", run: |c, a, s| c.in_shape(a, s) },
    Builtin { name: "reshape", arity: (2, 3), named: &[], usage: "reshape(A, m, n)", doc: "the same entries, column by column, in another shape", example: "reshape([1, 2, 3, 4], 2, 2)", run: |c, a, s| c.in_shape(a, s) },
    Builtin { name: "he_normal", arity: (2, 2), named: &[], usage: "he_normal(m, n)", doc: "He's normal start for weights before `relu`", example: "seed 1; he_normal(2, 2)", run: |c, a, s| c.random_array("he_normal", a, s) },
    Builtin { name: "orthogonal", arity: (2, 2), named: &[], usage: "orthogonal(m, n)", doc: "a random matrix with orthonormal rows or columns", example: "seed 1; orthogonal(2, 2)", run: |c, a, s| c.random_array("orthogonal", a, s) },
    Builtin { name: "csv", arity: (1, 1), named: &["header", "sep", "comment", "missing"], usage: "csv(\"file.csv\")", doc: "a table from a text file; its path is relative to the script", example: "let t = csv(\"data/cars.csv\")", run: |c, a, s| c.csv(a, s) },
    Builtin { name: "npy", arity: (1, 1), named: &[], usage: "npy(\"x.npy\")", doc: "an array from a NumPy file", example: "let X = npy(\"x.npy\")", run: |c, a, s| c.npy(a, s) },
    Builtin { name: "columns", arity: (1, 1), named: &[], usage: "columns(t)", doc: "the names of a table's columns", example: "columns(t)", run: |c, a, s| c.columns_of(&a[0], s) },
    Builtin { name: "levels", arity: (1, 1), named: &[], usage: "levels(t.species)", doc: "the different texts in a column", example: "levels(t.species)", run: |c, a, s| c.categories(&a[0], s).map(|k| Item::Texts(k.levels().to_vec())) },
    Builtin { name: "onehot", arity: (1, 2), named: &[], usage: "onehot(t.species), onehot(test.species, train.species)", doc: "a column of ones and zeros for every level of a column of texts or numbers, in order; with the levels of a second column, where one is given", example: "onehot([2, 7, 2])", run: |c, a, s| c.onehot(a, s) },
    Builtin { name: "standardize", arity: (1, 2), named: &[], usage: "standardize(X), standardize(X, train)", doc: "columns shifted and scaled to mean 0 and standard deviation 1: those of `train`, where that is given", example: "standardize([1, 2, 3])", run: |c, a, s| c.scaled_columns(a, s, true) },
    Builtin { name: "minmax", arity: (1, 2), named: &[], usage: "minmax(X), minmax(X, train)", doc: "columns shifted and scaled to the interval from 0 to 1: as those of `train`, where that is given", example: "minmax([1, 2, 3])", run: |c, a, s| c.scaled_columns(a, s, false) },
    Builtin { name: "split", arity: (2, 2), named: &[], usage: "split(t, 0.8)", doc: "a random part of a table's rows and the rest, as a pair", example: "let (train, test) = split(t, 0.8)", run: |c, a, s| c.split(a, s) },
    Builtin { name: "idx", arity: (1, 1), named: &[], usage: "idx(\"images-idx3-ubyte.gz\")", doc: "an array from a file of the MNIST family, packed or not; an image a row", example: "let X = idx(\"train-images-idx3-ubyte.gz\")", run: |c, a, s| c.idx(a, s) },
    Builtin { name: "taylor", arity: (3, 3), named: &[], usage: "taylor(f, (x = 0), 2)", doc: "Taylor polynomial", example: "var x; taylor(exp(x), (x = 0), 3)", run: |c, a, s| c.taylor(a, s) },
    Builtin { name: "simplify", arity: (1, 1), named: &[], usage: "simplify(e)", doc: "a simpler form", example: "var x; simplify(sin(x)^2 + cos(x)^2)", run: |c, a, s| c.simplified(&a[0], s) },
    Builtin { name: "expand", arity: (1, 1), named: &[], usage: "expand(e)", doc: "products multiplied out", example: "var x; expand((x + 1)*(x - 2))", run: |c, a, s| c.expanded(&a[0], s) },
    Builtin { name: "factor", arity: (1, 1), named: &[], usage: "factor(e)", doc: "common factors taken out", example: "var x; factor(x^2 - 3*x + 2)", run: |c, a, s| c.factored(&a[0], s) },
    Builtin { name: "latex", arity: (1, 1), named: &[], usage: "latex(e)", doc: "LaTeX source of an expression, of derivatives or of a derivation", example: "var x; latex(x^2/2)", run: |c, a, _| c.latex(&a[0]) },
];

impl Checker<'_> {
    /// Calls a built-in, after checking how many arguments it got.
    pub(super) fn call_builtin(
        &mut self,
        row: &Builtin,
        args: &[Arg],
        span: Span,
    ) -> Checked<Item> {
        let ast = Arc::clone(&self.ast);
        for name in args.iter().filter_map(|a| a.name) {
            let text = ast.ident(name);
            if !row.named.contains(&text) {
                let finding = Diagnostic::error(
                    codes::E0306,
                    format!("`{}` takes no argument named `{text}`", row.name),
                );
                let near = crate::diag::nearest(text, row.named.iter().copied())
                    .map(|n| format!("did you mean `{n}`?"));
                let all =
                    (!row.named.is_empty()).then(|| format!("it takes {}", row.named.join(", ")));
                return self.report(finding.at(name.span, "unknown").help_opt(near.or(all)));
            }
        }
        let plain = args.iter().filter(|a| a.name.is_none()).count();
        let (least, most) = row.arity;
        if plain < least || plain > most {
            let expected = match (least, most) {
                (a, b) if a == b => format!("{a}"),
                (a, MANY) => format!("at least {a}"),
                (a, b) => format!("{a} to {b}"),
            };
            let noun = if (least, most) == (1, 1) { "argument" } else { "arguments" };
            let finding = Diagnostic::error(
                codes::E0305,
                format!("`{}` takes {expected} {noun}, found {plain}", row.name),
            );
            return self.report(finding.at(span, "here").help(format!("write `{}`", row.usage)));
        }
        let mut ordered: Vec<Arg> = args.iter().filter(|a| a.name.is_none()).copied().collect();
        ordered.extend(args.iter().filter(|a| a.name.is_some()));
        (row.run)(self, &ordered, span)
    }
}
