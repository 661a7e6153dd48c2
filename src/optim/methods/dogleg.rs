//! Newton's method with the exact Hessian, in a trust region whose steps follow a double dogleg.
//!
//! ```text
//! p on the path 0, -(g'g / g'Hg) g, -H^-1 g,   |p| <= delta;   rho = (f - f(x + p)) / -m(p)
//! ```
//!
//! (Powell 1970; Dennis & Mei 1979; Nocedal & Wright 2006, sec. 4.1.) The path and what stands in for it where H is not
//! positive definite are those of [`dogleg`](crate::optim::trust::dogleg). As with `newton` a point counts as a solution
//! only where H has no negative curvature, and a saddle is left along the least eigenvector.

use crate::memory;
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::status::Stop;
use crate::optim::trust::dogleg::Dogleg;
use crate::optim::trust::region_loop::{FIRST_RADIUS, Region, Rule, Steps};
use crate::optim::trust::second_order::test_second_order;
use crate::optim::trust::trust_region::{Step, Subproblem};
use crate::optim::vector::norm;
use nalgebra::DMatrix;

/// The row of `dogleg`.
pub static METHOD: MethodDef = MethodDef {
    name: "dogleg",
    aliases: &["double_dogleg"],
    family: "second order",
    summary: "Newton's method with the exact Hessian in a trust region, by double dogleg steps",
    when_to_use: "For up to a few hundred unknowns with a Hessian at hand. A step costs one Cholesky factorization where \
                  that is positive definite, however often its radius is cut; `newton` decomposes it into eigenvectors \
                  wherever the radius binds, and follows curved valleys a little better. Leaves saddle points.",
    formula: "x_new = x + p,  p where the path 0, -(g'*g/(g'*H*g))*g, -H^-1*g leaves |p| <= delta",
    needs: &[Need::Objective, Need::Gradient, Need::DenseHessian],
    accepts_bounds: false,
    own_options: &[OptionDef {
        name: "radius",
        kind: OptionKind::Number { min: 1e-12, max: 1e12 },
        default: OptionDefault::Absent,
        doc: "the first radius of the trust region; max(1, |x|/10) if left out",
    }],
    max_iter: 20_000,
    reference: "Powell (1970); Dennis & Mei (1979); Dennis & Schnabel (1983), sec. 6.4.2; \
                Shultz, Schnabel & Byrd (1985); Nocedal & Wright (2006), sec. 4.1",
    entry: minimize,
};

/// The constants of `newton`.
const RULE: Rule = Rule { shrink: 0.25, grow: 0.9, factors: (0.25, 0.5), is_wary: false };

impl Steps for Dogleg<'_> {
    fn propose(
        &mut self,
        _run: &mut Run<'_>,
        _x: &[f64],
        _g: &[f64],
        radius: f64,
    ) -> Result<Option<Step>, Stop> {
        Ok(Some(self.within(radius)))
    }

    fn is_joint(&self) -> bool {
        false
    }
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (x, f, g) = run.first_evaluation()?;
    let n = x.len();
    // Itself, its factors, and vectors with values.
    memory::need_square(n, 4, "the Hessian of `dogleg`");
    let mut h = DMatrix::zeros(n, n);
    let radius = run.options().number("radius").unwrap_or(FIRST_RADIUS.max(0.1 * norm(&x)));
    let mut at = Region::new((x, f, g), radius, RULE);
    let mut step = 0.0;
    loop {
        let Region { x, f, g, radius, .. } = &at;
        let point = Iterate { x, f: *f, g, step, radius: *radius, how: How::default() };
        run.record(&point)?;
        if !run.eval.hessian(x, &mut h)? {
            return Ok(run.stalled("the Hessian is not finite here"));
        }
        let mut model = Subproblem::new(&h, g);
        let stationary = test_second_order(run, &point, &mut model);
        if let Some((stop, true)) = stationary {
            return Ok(stop);
        }
        run.check_limits(&point)?;
        let mut path = Dogleg::new(&h, g, &mut model);
        match (at.advance(run, &mut path)?, stationary) {
            (Some(made), _) => step = made.length,
            (None, Some((stop, _))) => return Ok(stop),
            (None, None) => return Ok(run.stalled("no step lowers f beyond its rounding")),
        }
    }
}
