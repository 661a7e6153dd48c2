//! The words of statements and clauses, a row each: token, command, clauses, and what people are told.
//!
//! The lexer has the same words as attributes of its tokens, the grammar as terminals; tests compare the three. What a
//! word does when it runs is an arm of a `match` on [`CommandKind`] or on the kind of statement, which the compiler asks for.

use super::ast::CommandKind;
use super::token::Token;

/// The row of a statement or a clause.
pub struct Statement {
    /// The word it begins with.
    pub name: &'static str,
    /// The token of its (first) word.
    pub token: Token,
    /// What it belongs to, a heading of the overview.
    pub kind: Kind,
    /// How it is written.
    pub usage: &'static str,
    /// What it does, a sentence or three.
    pub doc: &'static str,
    /// A script to try.
    pub example: &'static str,
    /// The command that it is, and the clauses that this takes, by their names.
    pub command: Option<(CommandKind, &'static [&'static str])>,
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

/// Every word of the language with its token.
pub fn words() -> impl Iterator<Item = (&'static str, Token)> {
    let first =
        |row: &'static Statement| (row.name.split(' ').next().unwrap_or(row.name), row.token);
    STATEMENTS.iter().map(first).chain(INNER.iter().copied())
}

/// Whether a name can never be defined, because it is a reserved word.
pub fn is_reserved_word(name: &str) -> bool {
    words().any(|(word, token)| word == name && token.is_reserved())
}

/// The words that begin statements.
pub(super) fn statement_words() -> impl Iterator<Item = &'static str> {
    only(|token| {
        let inside = matches!(token, Token::State | Token::Step);
        token.begins_definition()
            || token.is_command_word()
            || token.is_contextual() && !inside
            || token == Token::For
    })
}

/// The words that go on with a statement.
pub(super) fn inner_words() -> impl Iterator<Item = &'static str> {
    only(|token| {
        token.is_clause_word() || matches!(token, Token::For | Token::In | Token::And | Token::Or)
    })
}

fn only(is_one: fn(Token) -> bool) -> impl Iterator<Item = &'static str> {
    words().filter(move |(_, token)| is_one(*token)).map(|(word, _)| word)
}

impl CommandKind {
    /// Its row.
    fn row(self) -> &'static Statement {
        let is_it = |row: &&Statement| row.command.is_some_and(|(kind, _)| kind == self);
        STATEMENTS.iter().find(is_it).expect("every command has a row, as a test sees to")
    }

    /// The word it is called by.
    pub fn word(self) -> &'static str {
        self.row().name
    }

    /// The names of the clauses it takes.
    pub fn clause_words(self) -> &'static [&'static str] {
        self.row().command.map_or(&[], |(_, clauses)| clauses)
    }
}

const fn row(
    kind: Kind,
    name: &'static str,
    token: Token,
    usage: &'static str,
    doc: &'static str,
    example: &'static str,
) -> Statement {
    Statement { name, token, kind, usage, doc, example, command: None, built: true }
}

/// A row of something that is in the language and not in this version.
const fn planned(
    kind: Kind,
    name: &'static str,
    token: Token,
    usage: &'static str,
    doc: &'static str,
    example: &'static str,
) -> Statement {
    Statement { name, token, kind, usage, doc, example, command: None, built: false }
}

impl Statement {
    const fn command(self, kind: CommandKind, clauses: &'static [&'static str]) -> Statement {
        Statement { command: Some((kind, clauses)), ..self }
    }
}

use Kind::{Around, Clause, Definition, Formula, Optimization};

/// Words within statements that have no page of their own.
const INNER: &[(&str, Token)] = &[
    ("then", Token::Then),
    ("else", Token::Else),
    ("in", Token::In),
    ("and", Token::And),
    ("or", Token::Or),
    ("not", Token::Not),
    ("minimizing", Token::Minimizing),
    ("maximizing", Token::Maximizing),
    ("state", Token::State),
    ("step", Token::Step),
];

/// Every statement and clause.
#[rustfmt::skip]
pub const STATEMENTS: &[Statement] = &[
    row(Definition, "var", Token::Var, "var x, w: R[3], p in [0, 1] = 0.5, s >= 0",
        "Introduces unknowns of optimization: scalars, columns `R[n]`, matrices `R[m, n]`, with bounds and starts where wanted. Starts are 0 where none is given.",
        "var x = -1.2, y = 1\nminimize 100*(y - x^2)^2 + (1 - x)^2"),
    row(Definition, "let", Token::Let, "let NAME = EXPR",
        "Names a value, a formula, data or a result. Without unknowns it is computed once and keeps its name in formulas; with unknowns it is a formula.",
        "let a = 3\nvar x\nlet f = a*x^2\ngrad(f)"),
    row(Definition, "fn", Token::Fn, "fn NAME(ARG, ARG: R[n]) = EXPR",
        "Defines a function. Its arguments are its variables: `grad(g)`, `minimize g`. Sizes in the shapes of arguments are bound at the call.",
        "fn g(t) = exp(-t^2)\ng(0)"),
    row(Definition, "optimizer", Token::Optimizer, "optimizer NAME(lr = 0.01) { state v = 0; theta <- theta - lr*g }",
        "Defines a first-order method by its update: `theta` is the unknown, `g` its gradient, `t` the step from 1.",
        "optimizer descent(lr = 0.01) { theta <- theta - lr*g }"),
    row(Definition, "use", Token::Use, "use \"FILE.opt\"",
        "Takes the definitions of a file, or of a library by its name: `use nn`.",
        ""),
    row(Definition, "seed", Token::Seed, "seed N",
        "Seeds every random draw from here on. The same seed gives the same numbers on every machine.",
        "seed 42\nnormal(0, 1)"),

    row(Optimization, "minimize", Token::Minimize, "minimize EXPR [over ..] [from ..] [subject to ..] [using ..]",
        "Finds unknowns that make the expression smallest. Without `using` the method is chosen from the structure, and the choice is explained. As a statement it reports; `let fit = minimize ..` keeps the result: `fit.x`, `fit.value`, `fit.status`, `fit.iterations`, `fit.trace`, ...",
        "var x, y\nlet fit = minimize (x - 1)^2 + (y - x)^2\nfit.x")
        .command(CommandKind::Minimize, &["over", "from", "subject to", "using"]),
    row(Optimization, "maximize", Token::Maximize, "maximize EXPR [over ..] [from ..] [subject to ..] [using ..]",
        "Like `minimize`, for the largest value, which is reported as the expression is written.",
        "var x\nmaximize 3 - (x - 1)^2")
        .command(CommandKind::Maximize, &["over", "from", "subject to", "using"]),
    planned(Optimization, "compare", Token::Compare, "compare EXPR using METHOD, METHOD, ..",
        "Runs several methods on one problem and prints a table; takes every clause of `minimize`.",
        "var x = 3\ncompare (x - 1)^2 using newton, bfgs")
        .command(CommandKind::Compare, &["over", "from", "subject to", "using"]),
    planned(Optimization, "tune", Token::Tune, "tune NAME in log(1e-4, 1), .. minimizing EXPR using bayes(trials = 40)",
        "Searches hyperparameters; the expression may contain `(minimize ..)`.",
        "tune a in [0, 1] minimizing (a - 0.3)^2 using grid")
        .command(CommandKind::Tune, &["minimizing", "maximizing", "using"]),
    row(Optimization, "lr_range", Token::LrRange, "lr_range EXPR using METHOD from LOW to HIGH",
        "Looks for the largest stable rate of a first-order method from where the unknowns stand: by the curvature, or by trying \
         rates. A result has `limit`, that rate, `rate`, half of it, and `probes`, a table of what was tried.",
        "var x = 1\nlr_range 3*x^2 using sgd from 1e-6 to 10")
        .command(CommandKind::LrRange, &["over", "using", "from", "to"]),

    row(Clause, "over", Token::Over, "over x, y",
        "Names the unknowns that move; the rest stay at their starts. In `plot` it gives the axes: `over x in -2..2`.",
        "var x, y = 2\nminimize (x - y)^2 + x^2 over x"),
    row(Clause, "from", Token::From, "from x = -1.2, y = 1    or    from fit",
        "Where to start: values of unknowns, or the solution of a result.",
        "var x, y\nminimize (x - 1)^2 + (y - x)^2 from x = 3, y = 3"),
    planned(Clause, "subject to", Token::Subject, "subject to { x^2 + y^2 <= 2; cap: x + y == 1; z[i] <= z[i+1] for i in 1..n-1 }",
        "Constraints, each perhaps with a label and a family index. One constraint needs no braces.",
        "var x, y\nminimize x^2 + y^2 subject to x + y == 1"),
    row(Clause, "using", Token::Using, "using METHOD(OPTION = VALUE, ..)",
        "Names the method and its options; `newton` and `newton()` are the same.",
        "var x = 2\nminimize (x - 1)^4 using newton(gtol = 1e-10)"),
    row(Clause, "wrt", Token::Wrt, "derive EXPR wrt x, y",
        "Names what `derive` differentiates with respect to.",
        "var x\nderive x^2 wrt x"),
    planned(Clause, "with", Token::With, "plot EXPR over x in -2..2, y in -1..3 with fit",
        "Draws the path of a result into a plot.",
        "var x, y\nlet fit = minimize x^2 + y^2 from x = 1\nplot x^2 + y^2 over x in -1..1, y in -1..1 with fit"),
    planned(Clause, "to", Token::To, ".. to \"FILE\"",
        "Names the file that `plot` or `export` writes.",
        "var x\nexport x^2 to \"model.c\""),
    row(Clause, "where", Token::Where, "EXPR where p = E1, q = E2",
        "Names shared parts of an expression; long results print that way.",
        "var x\np^2 + p where p = x + 1"),
    row(Clause, "at", Token::At, "EXPR at (x = 1, w[2] = 0)    or    EXPR at fit",
        "Puts in numbers for unknowns, or the solution of a result. What has no unknown left is a value.",
        "var x\nx^2 at (x = 3)"),
    row(Clause, "if", Token::If, "if CONDITION then A else B",
        "One of two values. The one that is not taken has no effect, even where it would not be a number. In a sum, `for .. if CONDITION` leaves terms out.",
        "let z = 3\nif z > 0 then z else 0"),

    row(Formula, "derive", Token::Derive, "derive EXPR wrt x",
        "A derivation, one rule a line, each line correct by itself.",
        "var x\nderive exp(x^2) wrt x")
        .command(CommandKind::Derive, &["wrt"]),
    row(Formula, "solve", Token::Solve, "solve grad(J) == 0 for w, b",
        "The closed form, where the equations are linear in the unknowns named.",
        "var x\nsolve 2*x == 4 for x")
        .command(CommandKind::Solve, &["for"]),
    row(Formula, "convex", Token::Convex, "convex EXPR",
        "Says convex, concave, neither or unknown, with the rules or the point that prove it.",
        "var x\nconvex x^2")
        .command(CommandKind::Convex, &[]),
    row(Formula, "check", Token::Check, "check EXPR [at POINT]    or    check E1 == E2",
        "Compares symbolic derivatives with numeric ones; or says whether two expressions are equal, and where they are not.",
        "var x\ncheck x^2")
        .command(CommandKind::Check, &["at"]),

    row(Around, "print", Token::Print, "print EXPR, \"text {EXPR:.3e}\"",
        "Prints values and texts on a line. Braces in a text hold an expression, perhaps with a format.",
        "let a = 1/3\nprint \"a is {a:.2f}\"")
        .command(CommandKind::Print, &[]),
    row(Around, "assert", Token::Assert, "assert CONDITION",
        "Stops the script where the condition is false, with the values of both sides.",
        "assert 1 + 1 == 2")
        .command(CommandKind::Assert, &[]),
    row(Around, "for", Token::For, "for NAME in ELEMENTS { .. }",
        "Repeats statements over the elements of a column or over whole numbers. In a sum, a product or an array it binds an index: `sum(x[i] for i in 1..n)`.",
        "for k in 1..3 {\n  print k^2\n}"),
    row(Around, "explain", Token::Explain, "explain fit [step N]",
        "What the structure analysis found and why the method was chosen; or one step with its numbers put in.",
        "var x\nlet fit = minimize x^2\nexplain fit")
        .command(CommandKind::Explain, &["step"]),
    planned(Around, "plot", Token::Plot, "plot fit    or    plot EXPR over x in -2..2 [with fit] [to \"FILE.svg\"]",
        "Value and gradient norm against iterations, a curve, or contours with the path taken.",
        "var x\nplot x^2 over x in -1..1")
        .command(CommandKind::Plot, &["over", "with", "to"]),
    planned(Around, "export", Token::Export, "export f, grad(f) to \"model.c\"",
        "Writes source code (`.c .py .jl .rs .tex`), or a table: `export fit.trace to \"trace.csv\"`.",
        "var x\nexport x^2 to \"model.c\"")
        .command(CommandKind::Export, &["to"]),
];

#[cfg(test)]
mod tests {
    use super::super::token::lex;
    use super::*;
    use crate::diag::{Severity, codes};
    use crate::session::{Output, Session, Settings};
    use logos::Logos;

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
    fn the_table_is_what_the_lexer_and_the_tree_know() {
        for (word, token) in words() {
            assert_eq!(Token::lexer(word).next(), Some(Ok(token)), "{word}");
            assert!(token.is_word(), "{word}");
            assert_ne!(token.is_reserved(), token.is_contextual(), "{word}");
        }
        // The reference counts 28 reserved words.
        assert_eq!(words().filter(|(word, _)| is_reserved_word(word)).count(), 28);
        assert!(!is_reserved_word("lambda") && lex("lambda")[0].token == Token::Name);
        for kind in CommandKind::ALL {
            assert_eq!(find(kind.word()).and_then(|row| row.command.map(|c| c.0)), Some(kind));
        }
    }
}
