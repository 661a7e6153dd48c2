//! Matrix products: the order of several factors, and calls of the dense
//! building block.
//!
//! A factor that is a transpose is read turned, never copied. An inner product
//! of a row and a column is a loop, so that both may be computed entry by
//! entry inside it.

use super::chain;
use super::dag::{Base, BufId, FoldKind, Fun, Val};
use super::translate::{At, Dense, DenseCall, EnvId, Translation};
use super::vars::Counts;
use crate::expr::{ExprId, Op};
use crate::shape::Shape;

/// One factor of a product.
#[derive(Clone, Copy)]
struct Factor {
    what: What,
    /// Rows and columns as the product sees them.
    rows: usize,
    cols: usize,
    /// Whether it lies in memory transposed.
    turned: bool,
}

#[derive(Clone, Copy)]
enum What {
    /// A node, before its transpose.
    Node(ExprId),
    /// A product of neighbours.
    Product(BufId, Val),
    /// The diagonal matrix of a column, which is never formed.
    Diagonal(ExprId),
}

impl Factor {
    /// Numbers that it takes in memory.
    fn stored(&self) -> usize {
        match self.what {
            What::Diagonal(_) => self.rows,
            _ => self.rows * self.cols,
        }
    }
}

/// Multiplications of a product of two factors.
fn cost(a: &Factor, b: &Factor) -> f64 {
    let (m, k, n) = (a.rows as f64, a.cols as f64, b.cols as f64);
    match (a.what, b.what) {
        (What::Diagonal(_), _) => k * n,
        (_, What::Diagonal(_)) => m * k,
        _ => m * k * n,
    }
}

/// The matrix `X` and the weights of `X'*diag(s)*X`, `s` being optional.
fn gram(factors: &[Factor]) -> Option<(Factor, Option<Factor>)> {
    let (first, last) = (factors.first()?, factors.last()?);
    let weights = match factors {
        [_, _] => None,
        [_, s, _] if matches!(s.what, What::Diagonal(_)) => Some(*s),
        _ => return None,
    };
    match (first.what, last.what) {
        (What::Node(a), What::Node(b))
            if a == b && first.turned && !last.turned && last.cols > 1 =>
        {
            Some((*last, weights))
        }
        _ => None,
    }
}

fn sizes(factors: &[Factor]) -> Vec<(usize, usize)> {
    factors.iter().map(|f| (f.rows, f.cols)).collect()
}

/// The positions at which neighbours are joined until two factors are left.
/// With diagonal matrices the cheapest pair comes first: they cost next to
/// nothing, and what they leave keeps its size.
fn order(factors: &[Factor]) -> Vec<usize> {
    if !factors.iter().any(|f| matches!(f.what, What::Diagonal(_))) {
        return chain::order(&sizes(factors));
    }
    let (mut left, mut found) = (factors.to_vec(), Vec::new());
    while left.len() > 2 {
        let price = |k: &usize| cost(&left[*k], &left[*k + 1]);
        let at = (0..left.len() - 1).min_by(|a, b| price(a).total_cmp(&price(b))).unwrap_or(0);
        let both = [left[at].what, left[at + 1].what];
        let dense = both.into_iter().find(|w| !matches!(w, What::Diagonal(_)));
        let what = dense.unwrap_or(both[0]);
        left[at] = Factor { cols: left[at + 1].cols, what, ..left[at] };
        left.remove(at + 1);
        found.push(at);
    }
    found
}

impl Translation<'_> {
    /// Fills a buffer with a product of arrays.
    pub(super) fn product_into(&mut self, e: ExprId, env: EnvId, out: BufId) -> Option<Val> {
        let mut factors = self.factors(e);
        self.place_all(&factors, env)?;
        if let Some((x, weights)) = gram(&factors) {
            return self.gram_call(x, weights, env, out);
        }
        self.multiply(&mut factors, env)?;
        let &[a, b] = &factors[..] else { unreachable!("a product has at least two factors") };
        self.product_call(a, b, env, out)
    }

    /// `X'*X` or `X'*diag(s)*X`.
    fn gram_call(
        &mut self,
        x: Factor,
        weights: Option<Factor>,
        env: EnvId,
        out: BufId,
    ) -> Option<Val> {
        let mut places = vec![(self.place(x, env)?, x.rows * x.cols)];
        if let Some(s) = weights {
            places.push((self.place(s, env)?, s.rows));
        }
        let args = places.iter().map(|((base, _), len)| (*base, *len)).collect();
        let after: Vec<Val> = places.iter().filter_map(|((_, done), _)| *done).collect();
        let what = Dense::Gram { m: x.rows, n: x.cols };
        Some(self.call(DenseCall { what, args, out }, &after))
    }

    /// A product that is a number.
    pub(super) fn inner_product(&mut self, e: ExprId, env: EnvId) -> Option<Val> {
        let mut factors = self.factors(e);
        let n = self.inner_size(&factors);
        let (var, k) = self.counter(Counts::Entries(n), n);
        if factors.len() > 2 {
            self.place_all(&factors, env)?;
            self.multiply(&mut factors, env)?;
        }
        let entries: Vec<Option<Val>> =
            factors.iter().map(|f| self.line_entry(*f, env, k)).collect();
        let entries = entries.into_iter().collect::<Option<Vec<Val>>>()?;
        let product = self.dag.fun(Fun::Mul, &entries);
        Some(self.fold_over(FoldKind::Sum, &[var], product))
    }

    fn factors(&self, e: ExprId) -> Vec<Factor> {
        let factor = |&a: &ExprId| {
            let shape = self.g.shape(a);
            let turned = self.g.op(a) == Op::Transpose;
            let what = match self.g.op(a) {
                // Of a column; that of a matrix is a column.
                Op::Diag if !matches!(self.g.shape(self.g.args(a)[0]), Shape::Matrix(..)) => {
                    What::Diagonal(self.g.args(a)[0])
                }
                _ => What::Node(if turned { self.g.args(a)[0] } else { a }),
            };
            Factor { what, rows: shape.rows(), cols: shape.cols(), turned }
        };
        let mut factors: Vec<Factor> = self.g.args(e).iter().map(factor).collect();
        // Of two diagonal neighbours one is formed, and so is one that stands where an entry is asked for.
        for k in 0..factors.len() {
            let alone = k > 0 && matches!(factors[k - 1].what, What::Diagonal(_));
            if matches!(factors[k].what, What::Diagonal(_)) && (alone || factors[k].rows == 1) {
                factors[k].what = What::Node(self.g.args(e)[k]);
            }
        }
        factors
    }

    /// Asks for all factors at once.
    fn place_all(&mut self, factors: &[Factor], env: EnvId) -> Option<()> {
        let found: Vec<bool> = factors.iter().map(|f| self.place(*f, env).is_some()).collect();
        found.iter().all(|&x| x).then_some(())
    }

    fn place(&mut self, f: Factor, env: EnvId) -> Option<(Base, Option<Val>)> {
        match f.what {
            What::Node(e) | What::Diagonal(e) => self.place_of(e, env),
            What::Product(buf, definition) => Some((Base::Buffer(buf), Some(definition))),
        }
    }

    /// Multiplies neighbours in the order of least operations, until two factors
    /// are left: `X'*X*w` is two products of a matrix and a column.
    fn multiply(&mut self, factors: &mut Vec<Factor>, env: EnvId) -> Option<()> {
        for at in order(factors) {
            let (a, b) = (factors[at], factors[at + 1]);
            let buf = self.new_buffer(a.rows * b.cols);
            let done = self.product_call(a, b, env, buf)?;
            let joined = Factor {
                what: What::Product(buf, done),
                rows: a.rows,
                cols: b.cols,
                turned: false,
            };
            factors.splice(at..=at + 1, [joined]);
        }
        Some(())
    }

    fn product_call(&mut self, a: Factor, b: Factor, env: EnvId, out: BufId) -> Option<Val> {
        let (left, right) = (self.place(a, env)?, self.place(b, env)?);
        let after: Vec<Val> = [left.1, right.1].into_iter().flatten().collect();
        let (left, right) = (left.0, right.0);
        let scale = |matrix: Factor, by_columns| Dense::Scale {
            m: matrix.rows,
            n: matrix.cols,
            turned: matrix.turned,
            by_columns,
        };
        match (a.what, b.what) {
            // A diagonal factor is a column, and the other one is scaled by it.
            (What::Diagonal(_), _) => {
                let args = vec![(right, b.stored()), (left, a.rows)];
                let what = scale(b, false);
                return Some(self.call(DenseCall { what, args, out }, &after));
            }
            (_, What::Diagonal(_)) => {
                let args = vec![(left, a.stored()), (right, b.rows)];
                let what = scale(a, true);
                return Some(self.call(DenseCall { what, args, out }, &after));
            }
            _ => {}
        }
        let what = Dense::Product {
            m: a.rows,
            k: a.cols,
            n: b.cols,
            left_turned: a.turned,
            right_turned: b.turned,
        };
        let args = vec![(left, a.rows * a.cols), (right, b.rows * b.cols)];
        Some(self.call(DenseCall { what, args, out }, &after))
    }

    /// The common size of the last two factors after the others are joined as
    /// [`Self::multiply`] does.
    fn inner_size(&self, factors: &[Factor]) -> usize {
        let mut sizes = sizes(factors);
        for at in order(factors) {
            sizes[at].1 = sizes[at + 1].1;
            sizes.remove(at + 1);
        }
        sizes[0].1
    }

    /// Entry `k` of a row or column; its orientation does not matter.
    fn line_entry(&mut self, f: Factor, env: EnvId, k: Val) -> Option<Val> {
        match f.what {
            // Of a single entry, so that it is a row as well.
            What::Diagonal(e) if self.g.shape(e) == Shape::Scalar => self.scalar(e, env),
            What::Diagonal(e) => self.entry(e, env, At::Flat(k)),
            What::Node(e) if self.g.shape(e) == Shape::Scalar => self.scalar(e, env),
            What::Node(e) => self.entry(e, env, At::Flat(k)),
            What::Product(buf, definition) => {
                Some(self.load((Base::Buffer(buf), Some(definition)), k))
            }
        }
    }
}
