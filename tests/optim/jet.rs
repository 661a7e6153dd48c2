//! Second-order jets: a value with its gradient and Hessian by N variables, for exact derivatives of test
//! problems. The product rule and the chain rule to second order, written out; nothing else.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `v + g'd + 1/2 d'Hd`.
#[derive(Clone, Copy, Debug)]
pub struct Jet<const N: usize> {
    pub v: f64,
    pub g: [f64; N],
    pub h: [[f64; N]; N],
}

impl<const N: usize> Jet<N> {
    pub fn constant(v: f64) -> Self {
        Jet { v, g: [0.0; N], h: [[0.0; N]; N] }
    }

    /// The variables at a point.
    pub fn variables(x: &[f64]) -> [Self; N] {
        std::array::from_fn(|i| {
            let mut jet = Jet::constant(x[i]);
            jet.g[i] = 1.0;
            jet
        })
    }

    /// `phi(self)` from `phi`, `phi'` and `phi''` at the value.
    fn chain(self, phi: f64, first: f64, second: f64) -> Self {
        let mut out = Jet::constant(phi);
        for i in 0..N {
            out.g[i] = first * self.g[i];
            for j in 0..N {
                out.h[i][j] = first * self.h[i][j] + second * self.g[i] * self.g[j];
            }
        }
        out
    }

    pub fn exp(self) -> Self {
        let e = self.v.exp();
        self.chain(e, e, e)
    }

    pub fn ln(self) -> Self {
        self.chain(self.v.ln(), 1.0 / self.v, -1.0 / (self.v * self.v))
    }

    pub fn sin(self) -> Self {
        self.chain(self.v.sin(), self.v.cos(), -self.v.sin())
    }

    pub fn cos(self) -> Self {
        self.chain(self.v.cos(), -self.v.sin(), -self.v.cos())
    }

    pub fn sqrt(self) -> Self {
        let root = self.v.sqrt();
        self.chain(root, 0.5 / root, -0.25 / (root * self.v))
    }

    pub fn atan(self) -> Self {
        let first = 1.0 / (1.0 + self.v * self.v);
        self.chain(self.v.atan(), first, -2.0 * self.v * first * first)
    }

    pub fn sq(self) -> Self {
        self * self
    }
}

impl<const N: usize> Add for Jet<N> {
    type Output = Self;
    fn add(mut self, b: Self) -> Self {
        self.v += b.v;
        for i in 0..N {
            self.g[i] += b.g[i];
            for j in 0..N {
                self.h[i][j] += b.h[i][j];
            }
        }
        self
    }
}

impl<const N: usize> Mul for Jet<N> {
    type Output = Self;
    fn mul(self, b: Self) -> Self {
        let mut out = Jet::constant(self.v * b.v);
        for i in 0..N {
            out.g[i] = self.v * b.g[i] + b.v * self.g[i];
            for j in 0..N {
                out.h[i][j] = self.v * b.h[i][j]
                    + b.v * self.h[i][j]
                    + self.g[i] * b.g[j]
                    + self.g[j] * b.g[i];
            }
        }
        out
    }
}

impl<const N: usize> Neg for Jet<N> {
    type Output = Self;
    fn neg(self) -> Self {
        self.chain(-self.v, -1.0, 0.0)
    }
}

impl<const N: usize> Sub for Jet<N> {
    type Output = Self;
    fn sub(self, b: Self) -> Self {
        self + -b
    }
}

impl<const N: usize> Div for Jet<N> {
    type Output = Self;
    fn div(self, b: Self) -> Self {
        let r = 1.0 / b.v;
        self * b.chain(r, -r * r, 2.0 * r * r * r)
    }
}

impl<const N: usize> Add<f64> for Jet<N> {
    type Output = Self;
    fn add(mut self, b: f64) -> Self {
        self.v += b;
        self
    }
}

impl<const N: usize> Sub<f64> for Jet<N> {
    type Output = Self;
    fn sub(self, b: f64) -> Self {
        self + -b
    }
}

impl<const N: usize> Mul<f64> for Jet<N> {
    type Output = Self;
    fn mul(self, b: f64) -> Self {
        self.chain(self.v * b, b, 0.0)
    }
}
