//! What is put into the input of a step: rows of the data, and masks.

use crate::random::Stream;
use crate::shape::Tensor;

/// Entries left out at random.
pub(super) struct Noise {
    pub p: f64,
    pub at: usize,
    pub len: usize,
}

/// Data of which rows are put into the input.
pub(super) struct Source {
    /// None for the numbers of the rows themselves.
    pub data: Option<Tensor>,
    pub along: [bool; 2],
    /// Its place in the input.
    pub at: usize,
}

impl Noise {
    /// Draws a mask: 0 with probability p, else what keeps the mean.
    pub fn put(&self, stream: &mut Stream, input: &mut [f64]) {
        let rest = 1.0 / (1.0 - self.p);
        for entry in &mut input[self.at..][..self.len] {
            *entry = if stream.unit() < self.p { 0.0 } else { rest };
        }
    }
}

impl Source {
    /// Puts the rows into the input.
    #[inline]
    pub fn put(&self, rows: &[u32], to: &mut [f64]) {
        let Some(data) = &self.data else {
            to.iter_mut().zip(rows).for_each(|(to, &row)| *to = f64::from(row) + 1.0);
            return;
        };
        let (all, columns) = (data.data(), data.shape().cols());
        match self.along {
            [true, false] if columns == 1 => {
                to.iter_mut().zip(rows).for_each(|(to, &row)| *to = all[row as usize]);
            }
            [true, false] => {
                for (to, &row) in to.chunks_exact_mut(columns).zip(rows) {
                    to.copy_from_slice(&all[row as usize * columns..][..columns]);
                }
            }
            [false, true] => {
                for (to, from) in to.chunks_exact_mut(rows.len()).zip(all.chunks_exact(columns)) {
                    to.iter_mut().zip(rows).for_each(|(to, &row)| *to = from[row as usize]);
                }
            }
            _ => {
                for (to, &row) in to.chunks_exact_mut(rows.len()).zip(rows) {
                    let from = &all[row as usize * columns..][..columns];
                    to.iter_mut().zip(rows).for_each(|(to, &column)| *to = from[column as usize]);
                }
            }
        }
    }
}
