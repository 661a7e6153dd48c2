//! Statements and clauses, a row each: how they are written, what they do, a script to try.
//!
//! Functions, methods and error codes have their rows where they live; statements live in a grammar,
//! which holds no words for people, so theirs are here. A test runs every example, and sees to it that a
//! row is marked as built as soon as it is.

/// The row of a statement or a clause.
pub struct Statement {
    /// The word it begins with.
    pub name: &'static str,
    /// What it belongs to, a heading of the overview.
    pub kind: Kind,
    /// How it is written.
    pub usage: &'static str,
    /// What it does, a sentence or three.
    pub doc: &'static str,
    /// A script to try.
    pub example: &'static str,
    /// Whether this version of Gradus runs it.
    pub built: bool,
}

/// What a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It defines a name.
    Definition,
    /// It optimizes.
    Optimization,
    /// It works on formulas.
    Formula,
    /// It shows, checks, repeats or writes.
    Around,
    /// It goes on with a statement.
    Clause,
}

impl Kind {
    /// The kinds in the order of the overview.
    pub const ALL: [Kind; 5] =
        [Kind::Definition, Kind::Optimization, Kind::Clause, Kind::Formula, Kind::Around];

    /// The heading of the overview.
    pub fn heading(self) -> &'static str {
        match self {
            Kind::Definition => "Definitions",
            Kind::Optimization => "Optimization",
            Kind::Formula => "Formulas",
            Kind::Around => "Around them",
            Kind::Clause => "Clauses",
        }
    }

    /// What a page calls it.
    pub fn word(self) -> &'static str {
        if self == Kind::Clause { "clause" } else { "statement" }
    }
}

/// The row of that name.
pub fn find(name: &str) -> Option<&'static Statement> {
    STATEMENTS.iter().find(|row| row.name == name)
}

const fn row(
    kind: Kind,
    name: &'static str,
    usage: &'static str,
    doc: &'static str,
    example: &'static str,
) -> Statement {
    Statement { name, kind, usage, doc, example, built: true }
}

/// A row of something that is in the language and not in this version.
const fn planned(
    kind: Kind,
    name: &'static str,
    usage: &'static str,
    doc: &'static str,
    example: &'static str,
) -> Statement {
    Statement { name, kind, usage, doc, example, built: false }
}

use Kind::{Around, Clause, Definition, Formula, Optimization};

/// Every statement and clause.
#[rustfmt::skip]
pub const STATEMENTS: &[Statement] = &[
    row(Definition, "var", "var x, w: R[3], p in [0, 1] = 0.5, s >= 0",
        "Introduces unknowns of optimization: scalars, columns `R[n]`, matrices `R[m, n]`, with bounds and starts where wanted. Starts are 0 where none is given.",
        "var x = -1.2, y = 1\nminimize 100*(y - x^2)^2 + (1 - x)^2"),
    row(Definition, "let", "let NAME = EXPR",
        "Names a value, a formula, data or a result. Without unknowns it is computed once and keeps its name in formulas; with unknowns it is a formula.",
        "let a = 3\nvar x\nlet f = a*x^2\ngrad(f)"),
    row(Definition, "fn", "fn NAME(ARG, ARG: R[n]) = EXPR",
        "Defines a function. Its arguments are its variables: `grad(g)`, `minimize g`. Sizes in the shapes of arguments are bound at the call.",
        "fn g(t) = exp(-t^2)\ng(0)"),
    planned(Definition, "optimizer", "optimizer NAME(lr = 0.01) { state v = 0; theta <- theta - lr*g }",
        "Defines a first-order method by its update: `theta` is the unknown, `g` its gradient, `t` the step from 1.",
        "optimizer descent(lr = 0.01) { theta <- theta - lr*g }"),
    row(Definition, "use", "use \"FILE.opt\"",
        "Takes the definitions of a file, or of a library by its name: `use nn`.",
        ""),
    row(Definition, "seed", "seed N",
        "Seeds every random draw from here on. The same seed gives the same numbers on every machine.",
        "seed 42\nnormal(0, 1)"),

    row(Optimization, "minimize", "minimize EXPR [over ..] [from ..] [subject to ..] [using ..]",
        "Finds unknowns that make the expression smallest. Without `using` the method is chosen from the structure, and the choice is explained. As a statement it reports; `let fit = minimize ..` keeps the result: `fit.x`, `fit.value`, `fit.status`, `fit.iterations`, `fit.trace`, ...",
        "var x, y\nlet fit = minimize (x - 1)^2 + (y - x)^2\nfit.x"),
    row(Optimization, "maximize", "maximize EXPR [over ..] [from ..] [subject to ..] [using ..]",
        "Like `minimize`, for the largest value, which is reported as the expression is written.",
        "var x\nmaximize 3 - (x - 1)^2"),
    planned(Optimization, "compare", "compare EXPR using METHOD, METHOD, ..",
        "Runs several methods on one problem and prints a table; takes every clause of `minimize`.",
        "var x = 3\ncompare (x - 1)^2 using newton, bfgs"),
    planned(Optimization, "tune", "tune NAME in log(1e-4, 1), .. minimizing EXPR using bayes(trials = 40)",
        "Searches hyperparameters; the expression may contain `(minimize ..)`.",
        "tune a in [0, 1] minimizing (a - 0.3)^2 using grid"),
    planned(Optimization, "lr_range", "lr_range EXPR using METHOD from LOW to HIGH",
        "Tries learning rates over a range and proposes one.",
        "var x = 1\nlr_range x^2 using gd from 1e-6 to 1"),

    row(Clause, "over", "over x, y",
        "Names the unknowns that move; the rest stay at their starts. In `plot` it gives the axes: `over x in -2..2`.",
        "var x, y = 2\nminimize (x - y)^2 + x^2 over x"),
    row(Clause, "from", "from x = -1.2, y = 1    or    from fit",
        "Where to start: values of unknowns, or the solution of a result.",
        "var x, y\nminimize (x - 1)^2 + (y - x)^2 from x = 3, y = 3"),
    planned(Clause, "subject to", "subject to { x^2 + y^2 <= 2; cap: x + y == 1; z[i] <= z[i+1] for i in 1..n-1 }",
        "Constraints, each perhaps with a label and a family index. One constraint needs no braces.",
        "var x, y\nminimize x^2 + y^2 subject to x + y == 1"),
    row(Clause, "using", "using METHOD(OPTION = VALUE, ..)",
        "Names the method and its options; `newton` and `newton()` are the same.",
        "var x = 2\nminimize (x - 1)^4 using newton(gtol = 1e-10)"),
    row(Clause, "wrt", "derive EXPR wrt x, y",
        "Names what `derive` differentiates with respect to.",
        "var x\nderive x^2 wrt x"),
    planned(Clause, "with", "plot EXPR over x in -2..2, y in -1..3 with fit",
        "Draws the path of a result into a plot.",
        "var x, y\nlet fit = minimize x^2 + y^2 from x = 1\nplot x^2 + y^2 over x in -1..1, y in -1..1 with fit"),
    planned(Clause, "to", ".. to \"FILE\"",
        "Names the file that `plot` or `export` writes.",
        "var x\nexport x^2 to \"model.c\""),
    row(Clause, "where", "EXPR where p = E1, q = E2",
        "Names shared parts of an expression; long results print that way.",
        "var x\np^2 + p where p = x + 1"),
    row(Clause, "at", "EXPR at (x = 1, w[2] = 0)    or    EXPR at fit",
        "Puts in numbers for unknowns, or the solution of a result. What has no unknown left is a value.",
        "var x\nx^2 at (x = 3)"),
    row(Clause, "if", "if CONDITION then A else B",
        "One of two values. The one that is not taken has no effect, even where it would not be a number. In a sum, `for .. if CONDITION` leaves terms out.",
        "let z = 3\nif z > 0 then z else 0"),

    row(Formula, "derive", "derive EXPR wrt x",
        "A derivation, one rule a line, each line correct by itself.",
        "var x\nderive exp(x^2) wrt x"),
    row(Formula, "solve", "solve grad(J) == 0 for w, b",
        "The closed form, where the equations are linear in the unknowns named.",
        "var x\nsolve 2*x == 4 for x"),
    row(Formula, "convex", "convex EXPR",
        "Says convex, concave, neither or unknown, with the rules or the point that prove it.",
        "var x\nconvex x^2"),
    row(Formula, "check", "check EXPR [at POINT]    or    check E1 == E2",
        "Compares symbolic derivatives with numeric ones; or says whether two expressions are equal, and where they are not.",
        "var x\ncheck x^2"),

    row(Around, "print", "print EXPR, \"text {EXPR:.3e}\"",
        "Prints values and texts on a line. Braces in a text hold an expression, perhaps with a format.",
        "let a = 1/3\nprint \"a is {a:.2f}\""),
    row(Around, "assert", "assert CONDITION",
        "Stops the script where the condition is false, with the values of both sides.",
        "assert 1 + 1 == 2"),
    row(Around, "for", "for NAME in ELEMENTS { .. }",
        "Repeats statements over the elements of a column or over whole numbers. In a sum, a product or an array it binds an index: `sum(x[i] for i in 1..n)`.",
        "for k in 1..3 {\n  print k^2\n}"),
    row(Around, "explain", "explain fit [step N]",
        "What the structure analysis found and why the method was chosen; or one step with its numbers put in.",
        "var x\nlet fit = minimize x^2\nexplain fit"),
    planned(Around, "plot", "plot fit    or    plot EXPR over x in -2..2 [with fit] [to \"FILE.svg\"]",
        "Value and gradient norm against iterations, a curve, or contours with the path taken.",
        "var x\nplot x^2 over x in -1..1"),
    planned(Around, "export", "export f, grad(f) to \"model.c\"",
        "Writes source code (`.c .py .jl .rs .tex`), or a table: `export fit.trace to \"trace.csv\"`.",
        "var x\nexport x^2 to \"model.c\""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Severity, codes};
    use crate::session::{Output, Session, Settings};

    /// The codes of the errors that a script draws.
    fn errors(script: &str) -> Vec<crate::diag::Code> {
        let mut found = Vec::new();
        Session::new(Settings::default()).run("example", script, &mut |_, output| match output {
            Output::Finding(finding) if finding.severity == Severity::Error => {
                found.push(finding.code)
            }
            _ => {}
        });
        found
    }

    #[test]
    fn examples_run_and_rows_know_whether_they_are_built() {
        for row in STATEMENTS {
            let expected = if row.built { vec![] } else { vec![codes::E0609] };
            assert_eq!(errors(row.example), expected, "`{}`: {}", row.name, row.example);
        }
    }

    #[test]
    fn every_word_that_begins_a_statement_or_a_clause_has_a_row() {
        use crate::syntax::KEYWORDS;
        let is_told_elsewhere =
            ["then", "else", "in", "and", "or", "not", "minimizing", "maximizing", "state", "step"];
        for (word, _) in KEYWORDS.iter().filter(|(word, _)| !is_told_elsewhere.contains(word)) {
            let name = if *word == "subject" { "subject to" } else { word };
            assert!(find(name).is_some(), "`{word}` has no page");
        }
    }
}
