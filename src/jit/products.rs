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
}

fn sizes(factors: &[Factor]) -> Vec<(usize, usize)> {
    factors.iter().map(|f| (f.rows, f.cols)).collect()
}

impl Translation<'_> {
    /// Fills a buffer with a product of arrays.
    pub(super) fn product_into(&mut self, e: ExprId, env: EnvId, out: BufId) -> Option<Val> {
        let mut factors = self.factors(e);
        self.place_all(&factors, env)?;
        self.multiply(&mut factors, env)?;
        let &[a, b] = &factors[..] else { unreachable!("a product has at least two factors") };
        self.product_call(a, b, env, out)
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
            let what = What::Node(if turned { self.g.args(a)[0] } else { a });
            Factor { what, rows: shape.rows(), cols: shape.cols(), turned }
        };
        self.g.args(e).iter().map(factor).collect()
    }

    /// Asks for all factors at once.
    fn place_all(&mut self, factors: &[Factor], env: EnvId) -> Option<()> {
        let found: Vec<bool> = factors.iter().map(|f| self.place(*f, env).is_some()).collect();
        found.iter().all(|&x| x).then_some(())
    }

    fn place(&mut self, f: Factor, env: EnvId) -> Option<(Base, Option<Val>)> {
        match f.what {
            What::Node(e) => self.place_of(e, env),
            What::Product(buf, definition) => Some((Base::Buffer(buf), Some(definition))),
        }
    }

    /// Multiplies neighbours in the order of least operations, until two factors
    /// are left: `X'*X*w` is two products of a matrix and a column.
    fn multiply(&mut self, factors: &mut Vec<Factor>, env: EnvId) -> Option<()> {
        for at in chain::order(&sizes(factors)) {
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
        let what = Dense::Product {
            m: a.rows,
            k: a.cols,
            n: b.cols,
            left_turned: a.turned,
            right_turned: b.turned,
        };
        let args = vec![(left.0, a.rows * a.cols), (right.0, b.rows * b.cols)];
        let after: Vec<Val> = [left.1, right.1].into_iter().flatten().collect();
        Some(self.call(DenseCall { what, args, out }, &after))
    }

    /// The common size of the last two factors after the others are joined as
    /// [`Self::multiply`] does.
    fn inner_size(&self, factors: &[Factor]) -> usize {
        let mut sizes = sizes(factors);
        for at in chain::order(&sizes) {
            sizes[at].1 = sizes[at + 1].1;
            sizes.remove(at + 1);
        }
        sizes[0].1
    }

    /// Entry `k` of a row or column; its orientation does not matter.
    fn line_entry(&mut self, f: Factor, env: EnvId, k: Val) -> Option<Val> {
        match f.what {
            What::Node(e) if self.g.shape(e) == Shape::Scalar => self.scalar(e, env),
            What::Node(e) => self.entry(e, env, At::Flat(k)),
            What::Product(buf, definition) => {
                Some(self.load((Base::Buffer(buf), Some(definition)), k))
            }
        }
    }
}
