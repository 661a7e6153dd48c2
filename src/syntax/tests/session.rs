//! What the REPL asks, and what remains of a text with mistakes.

use super::parsed;
use crate::syntax::{Completeness, completeness};

#[test]
fn lines_run_wait_or_fail() {
    use Completeness::{Complete, Error, Incomplete};
    let check = |text, expected| assert_eq!(completeness(text), expected, "for {text:?}");
    check("let fit = minimize f", Complete);
    check("a; b", Complete);
    check("let a = (1 +", Incomplete);
    check("let a =", Incomplete);
    check("if a then b", Incomplete);
    check("derive f wrt", Incomplete);
    check("for k in 1..3", Incomplete);
    check("for k in 1..3 {\n print k", Incomplete);
    check("minimize", Incomplete);
    check("x +", Incomplete);
    check("x\n+", Incomplete);
    check("let 3 = (", Error);
    check("3.", Error);
    check("print \"abc", Error);
    check("a)", Error);
    check("f(]", Error);
    check("let a = (\nlet b = 1", Error);
    check("2x", Error);
    check("f(2x", Error);
    check("let a =\nlet b = 1", Error);
    check("var x > 0\nlet a =", Incomplete);
    check("minimize f over x over x", Error);
}

#[test]
fn a_bad_statement_hides_nothing_and_its_names_are_kept() {
    let text = "let a = 2x\nlet b = 3\nvar p: R[2y], q = 3\nfn f(x) = \nlet (u, v) = 3 4\n\
                optimizer o { x }\nlet c = (1\nlet d = 4\nb + d";
    let (ast, said) = parsed(text);
    assert_eq!(ast.failed_names, ["a", "p", "q", "f", "u", "v", "o", "c"]);
    assert_eq!(said.len(), 6, "{said:#?}");
    assert_eq!(ast.dump_all(), "(let b 3)\n(let d 4)\n(+ b d)\n");
}
