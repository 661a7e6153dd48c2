//! The arrays of a kernel while it runs, as slices.

use crate::jit::bodies::frame::Start;
use crate::jit::entries::dag::Base;
use crate::jit::run::tables::{Place, Tables};
use crate::shape::Tensor;

/// The arrays of a run. Inputs and known values do not change.
pub struct Arrays<'r> {
    pub input: &'r [f64],
    pub output: &'r mut [f64],
    pub scratch: &'r mut [f64],
    pub data: &'r [Tensor],
}

impl<'r> Arrays<'r> {
    /// The memory in which an array lies.
    #[inline(always)]
    pub fn of(&self, start: Start) -> &[f64] {
        match start {
            Start::Input => self.input,
            Start::Output => self.output,
            Start::Scratch => self.scratch,
            Start::Data(k) => self.data[k as usize].data(),
        }
    }

    /// The memory of a buffer, to write to.
    #[inline(always)]
    pub fn of_mut(&mut self, start: Start) -> &mut [f64] {
        match start {
            Start::Output => self.output,
            Start::Scratch => self.scratch,
            Start::Input | Start::Data(_) => unreachable!("nothing is stored to what is given"),
        }
    }

    /// The memory of a buffer, to take away while a step writes to it.
    #[inline(always)]
    pub fn whole_mut(&mut self, start: Start) -> &mut &'r mut [f64] {
        match start {
            Start::Output => &mut self.output,
            Start::Scratch => &mut self.scratch,
            Start::Input | Start::Data(_) => unreachable!("nothing is stored to what is given"),
        }
    }

    /// What a building block reads, and the buffer that it fills. A building block never reads what it writes.
    pub fn split<'s>(
        &'s mut self,
        tables: &'s Tables,
        args: &[(Base, usize)],
        (place, len): (Place, usize),
    ) -> (Vec<&'s [f64]>, &'s mut [f64]) {
        let Arrays { input, output, scratch, data } = self;
        let is_output = matches!(place, Place::Output(_));
        let (Place::Output(at) | Place::Scratch(at)) = place;
        let (own, other) = if is_output { (output, scratch) } else { (scratch, output) };
        let (before, rest) = own.split_at_mut(at);
        let (out, after) = rest.split_at_mut(len);
        let (before, after, other): (&[f64], &[f64], &[f64]) = (before, after, other);
        let arg = |&(base, n): &(Base, usize)| match base {
            Base::Input(k) => &input[k as usize..][..n],
            Base::Data(k) => &data[k as usize].data()[..n],
            Base::Buffer(buf) => {
                let place = tables.buffers[buf.0 as usize].0;
                let (Place::Output(k) | Place::Scratch(k)) = place;
                match matches!(place, Place::Output(_)) == is_output {
                    false => &other[k..][..n],
                    true if k < at || n == 0 => &before[k.min(at)..][..n],
                    true => &after[k - at - len..][..n],
                }
            }
        };
        (args.iter().map(arg).collect(), out)
    }
}
