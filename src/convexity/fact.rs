//! What is known of the curvature of a node, and why.

use std::rc::Rc;

use crate::expr::ExprId;

/// A statement about the curvature of a node on the box of the unknowns. An
/// array has it where every entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Affine, constants included.
    Affine,
    /// Convex, on a convex domain.
    Convex,
    /// Concave, on a convex domain.
    Concave,
    /// Positive, with a convex logarithm.
    LogConvex,
    /// Nonnegative, with a concave logarithm where it is positive.
    LogConcave,
}

impl Claim {
    /// As an adjective.
    pub fn word(self) -> &'static str {
        match self {
            Claim::Affine => "affine",
            Claim::Convex => "convex",
            Claim::Concave => "concave",
            Claim::LogConvex => "log-convex",
            Claim::LogConcave => "log-concave",
        }
    }

    /// The claim about the negative.
    pub fn flipped(self) -> Option<Claim> {
        match self {
            Claim::Affine => Some(Claim::Affine),
            Claim::Convex => Some(Claim::Concave),
            Claim::Concave => Some(Claim::Convex),
            Claim::LogConvex | Claim::LogConcave => None,
        }
    }
}

/// Why a claim holds: a rule, and the claims that it rests on.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The rule in words, to follow "is convex: ".
    pub text: String,
    /// What it uses.
    pub uses: Vec<(ExprId, Claim)>,
}

/// All that is known of one node.
#[derive(Clone, Debug, Default)]
pub struct Fact {
    /// Affine in the unknowns; constants are.
    pub affine: bool,
    convex: Option<Rc<Reason>>,
    concave: Option<Rc<Reason>>,
    log_convex: Option<Rc<Reason>>,
    log_concave: Option<Rc<Reason>>,
}

impl Fact {
    /// An affine node.
    pub fn affine() -> Fact {
        Fact { affine: true, ..Fact::default() }
    }

    fn slot(&self, claim: Claim) -> &Option<Rc<Reason>> {
        match claim {
            Claim::Affine | Claim::Convex => &self.convex,
            Claim::Concave => &self.concave,
            Claim::LogConvex => &self.log_convex,
            Claim::LogConcave => &self.log_concave,
        }
    }

    /// Whether the claim is known to hold.
    pub fn has(&self, claim: Claim) -> bool {
        match claim {
            Claim::Affine => self.affine,
            Claim::Convex | Claim::Concave => self.affine || self.slot(claim).is_some(),
            _ => self.slot(claim).is_some(),
        }
    }

    /// Whether nothing is known about its curvature.
    pub fn is_blank(&self) -> bool {
        !self.has(Claim::Convex) && !self.has(Claim::Concave)
    }

    /// Adds a claim; the first reason for one stays.
    pub fn add(&mut self, claim: Claim, text: impl Into<String>, uses: &[(ExprId, Claim)]) {
        let slot = match claim {
            Claim::Affine => return self.affine = true,
            Claim::Convex => &mut self.convex,
            Claim::Concave => &mut self.concave,
            Claim::LogConvex => &mut self.log_convex,
            Claim::LogConcave => &mut self.log_concave,
        };
        slot.get_or_insert_with(|| Rc::new(Reason { text: text.into(), uses: uses.to_vec() }));
    }

    /// Why the claim holds; `None` for what is affine and needs no words.
    pub fn reason(&self, claim: Claim) -> Option<Rc<Reason>> {
        if self.affine && matches!(claim, Claim::Affine | Claim::Convex | Claim::Concave) {
            return None;
        }
        self.slot(claim).clone()
    }
}
