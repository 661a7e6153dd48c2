//! Products that leave one factor out, all of them at once.

use super::{EvalError, Evaluation};
use crate::expr::{ExprId, Op};
use crate::ops::{self, Range};
use crate::patience;

/// All products of the factors of one node but one.
pub(super) struct Others {
    /// When they were computed.
    time: u64,
    /// The first and the last value of the index.
    ends: (i64, i64),
    /// `None` where a factor has no value: it may be the one that is left out.
    products: Option<Vec<f64>>,
}

impl Evaluation<'_> {
    /// The product `e` over an index between two ends, where it leaves out the value of another index.
    pub(super) fn product_but_one(
        &mut self,
        e: ExprId,
        range: Range,
        ends: (i64, i64),
    ) -> Result<Option<f64>, EvalError> {
        if self.g.op(e) != Op::Prod || !range.is_filtered(self.g) {
            return Ok(None);
        }
        let set = |s| self.indices.get(&s).map_or(0, |(time, _)| *time);
        let Some(pattern) = ops::but_one(self.g, e, &set) else { return Ok(None) };
        let Some(&(_, k)) = self.indices.get(&pattern.but) else { return Ok(None) };
        if k < ends.0 as f64 || k > ends.1 as f64 || k.fract() != 0.0 {
            return Ok(None);
        }
        let known = self.others.get(&e).is_some_and(|o| {
            let mut free = self.g.free_indices(e).iter().filter(|s| **s != pattern.but);
            o.ends == ends && free.all(|&s| set(s) <= o.time)
        });
        if !known {
            let products = match self.factors(e, range, &pattern.conditions, ends) {
                Ok(factors) => {
                    let mut products = vec![0.0; factors.len()];
                    ops::products_of_others(&factors, &mut products);
                    Some(products)
                }
                Err(_) => None,
            };
            self.others.insert(e, Others { time: self.clock, ends, products });
        }
        let at = (k as i64 - ends.0) as usize;
        Ok(self.others[&e].products.as_ref().map(|p| p[at]))
    }

    /// The factors for all values of the index, 1 where a condition does not hold.
    fn factors(
        &mut self,
        e: ExprId,
        range: Range,
        conditions: &[ExprId],
        (lo, hi): (i64, i64),
    ) -> Result<Vec<f64>, EvalError> {
        let body = self.g.args(e)[Op::BINDER_BODY];
        let mut factors = Vec::new();
        for j in lo..=hi {
            patience::look();
            self.set_index(range.index, j as f64);
            let mut taken = true;
            for &cond in conditions {
                taken = taken && self.value(cond)?.number() != 0.0;
            }
            factors.push(if taken { self.value(body)?.number() } else { 1.0 });
        }
        Ok(factors)
    }
}
