//! Bad input: whatever the text, a run ends with findings or results, never with a panic (which
//! the session reports as E0900) and never not at all.
//!
//! To add a script, add a line to [`SCRIPTS`], or a test that calls [`survives`].

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::support::script::{Ran, run};
use gradus::optim::status::Status;
use gradus::random::Stream;

/// Long enough for any script here on a busy machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a script, and fails where it hangs or meets a bug of ours.
#[track_caller]
fn survives(what: &str, text: &str) -> Ran {
    let (sender, receiver) = channel();
    let script = text.to_string();
    thread::spawn(move || sender.send(run(&script)));
    match receiver.recv_timeout(PATIENCE) {
        Ok(ran) => {
            assert!(!ran.codes().contains(&"E0900"), "{what}:\n{}", ran.findings());
            ran
        }
        Err(RecvTimeoutError::Timeout) => panic!("{what} hangs"),
        Err(RecvTimeoutError::Disconnected) => panic!("{what} ends its thread"),
    }
}

/// Small scripts that are wrong, empty, huge or out of their domain.
const SCRIPTS: &[&str] = &[
    "",
    "\n\n\n",
    "#",
    ";;;",
    "\u{feff}let a = 1",
    "let a = \0",
    "print \"\0\"",
    "a\0b",
    "x",
    "let x = x",
    "fn f(x) = f(x)\nf(1)",
    "fn f(f) = f(f)\nf(f)",
    "let a = b\nlet b = a",
    "zeros(1e9, 1e9)",
    "zeros(1e300)",
    "ones(-1)",
    "zeros(0)",
    "sum(zeros(0))",
    "mean(zeros(0))",
    "max(zeros(0))",
    "norm(zeros(0))",
    "eye(0)",
    "det(eye(0))",
    "inv(zeros(2, 2))",
    "logdet(zeros(2, 2))",
    "var W: R[1e9, 1e9]",
    "var W: R[-1]",
    "var W: R[0]\nminimize sumsq(W)",
    "var x: R[1e10]\nx[1e10]",
    "sum(i for i in 1..inf)",
    "sum(i for i in nan..3)",
    "let n = 0\n1/n",
    "0/0",
    "0^0",
    "(-1)^0.5",
    "1e308*10",
    "2^1e9",
    "var x\nx^1000000000000",
    "1e999999999999",
    "[1, 2][1e18]",
    "[1, 2][-1]",
    "[1, 2][nan]",
    "[]",
    "[[1, 2], [3]]",
    "[;]",
    "let a = [1, 2]\na[1][1]",
    "if 1 then 2 else [1, 2]",
    "var x\nminimize x",
    "var x\nmaximize x^2",
    "var x\nminimize -exp(x)",
    "var x = 1\nminimize -1/x^2",
    "var x = 1e308\nminimize x^2",
    "var x = nan\nminimize x^2",
    "var x = inf\nminimize x^2",
    "var x in [nan, 1]\nminimize x",
    "var x in [-inf, inf]\nminimize x^2",
    "var x in [2, 2]\nminimize x^2",
    "var x = 1\nminimize sqrt(x) - x",
    "var x = 1\nminimize x*log(x) + log(-x)",
    "var x\nminimize nan*x",
    "var x\nminimize 0*x",
    "var x, y\nminimize x^2",
    "var x\nminimize (minimize x^2)",
    "var x\nlet f = minimize x^2\nlet g = minimize f",
    "var x\nminimize x^2 from x = [1, 2]",
    "var x\nminimize x^2 over x, x",
    "var x: R[2]\nminimize sumsq(x) over x[1]",
    "var x\nminimize x^2 using lm(max_iter = 0)",
    "var x\nminimize x^2 using newton(max_iter = 1e300)",
    "var x\nminimize x^2 using newton(gtol = nan)",
    "var x\nminimize x^2 using lbfgs(memory = 0)",
    "var x\nminimize x^2 using lbfgs(memory = 1e15)",
    "for i in 1..1e18 { }",
    "for i in 0 { print i }",
    "assert nan",
    "assert nan == nan",
    "assert [1, 2] == [1, 3]",
    "seed -1",
    "seed 1.5",
    "seed 1e300",
    "normal(0, -1, 3)",
    "uniform(1, 0, 3)",
    "normal(nan, 1, 3)",
    "glorot(0, 0)",
    "orthogonal(0, 3)",
    "csv(3)",
    "csv(\"/\")",
    "csv(\"\")",
    "npy(\"src/lib.rs\")",
    "use \"src/lib.rs\"",
    "use \"\"",
    "print \"{\"",
    "print \"{}\"",
    "print \"{1:}\"",
    "print \"{1:zz}\"",
    "print \"{1:999999999f}\"",
    "grad(grad)",
    "grad(sin)",
    "sin",
    "∇",
    "∇²",
    "∂",
    "∂f/∂x =",
    "var x\n∇∇x",
    "var x\ndiff(x, x, x, x)",
    "var A: R[2, 2]\ngrad(det(A*A'))",
    "polygamma(1.5, 2)",
    "polygamma(-1, 2)",
    "var x\ndiff(polygamma(x, 2), x)",
    "gamma(1000)",
    "mod(1, 0)",
    "floor(nan)",
    "e'",
    "''''",
    "1'",
    "let é = 1\nlet e\u{301} = 2\né",
    "let 𝛼 = 1\n𝛼",
    "print \"\u{202e}abc\"",
    "x at (x = 1)",
    "1 at (x = 1)",
    "var x\nx at x",
    "var x\nx at (x = x)",
    "var x\nx at (x[1] = 2)",
    "a where a = a",
    "a where b = 1, a = b",
    "sum(i for i in 1..3 for i in 1..3)",
    "sum(x[i] for i in 1..3)",
    "var x: R[3]\nsum(x[i - 1] for i in 1..3)",
    "var x: R[3]\nminimize sum((x[i + 1] - 1)^2 for i in 1..3)",
    "split([1, 2], 0.5)",
    "standardize([1, 1, 1])",
    "minmax([1, 1])",
    "standardize(zeros(0))",
    "columns(3)",
    "rows(3)",
    "len(3)",
    "clamp(1, 2, 0)",
    "tr([1, 2])",
    "[1, 2]^2",
    "[1, 2; 3, 4]^0.5",
    "[1, 2; 3, 4]^-1",
    "[1, 2; 3, 4]^1000000",
    "cumsum(zeros(2, 0))",
    "outer(1, 2)",
    "dot(1, [1, 2])",
    "if true then",
    "minimize",
    "let",
    "var",
    "fn",
    "optimizer a { }",
    "tune",
    "plot",
    "var let = 3",
];

#[test]
fn small_scripts() {
    for text in SCRIPTS {
        survives(&format!("{text:?}"), text);
    }
}

#[test]
fn nested_brackets() {
    let depth = 10_000;
    for (open, close) in
        [("(", ")"), ("[", "]"), ("sin(", ")"), ("-(", ")"), ("(1 + ", ")"), ("{", "}")]
    {
        let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        survives(&format!("{depth} of `{open}`"), &text);
        survives(&format!("{depth} open `{open}`"), &open.repeat(depth));
        survives(&format!("{depth} closing `{close}`"), &close.repeat(depth));
    }
}

#[test]
fn long_operators() {
    let n = 10_000;
    for part in ["1 + ", "1 - ", "2^", "-", "not ", "1 < ", "1..", "a.", "if 1 then 2 else ", "1, "]
    {
        survives(&format!("{n} of `{part}`"), &(part.repeat(n) + "1"));
    }
}

#[test]
fn a_line_of_a_megabyte() {
    let terms = "1 + ".repeat(250_000) + "1";
    let ran = survives("a sum of a megabyte", &terms).passed("a sum of a megabyte");
    assert_eq!(ran.texts(), ["250001"]);
    let list = format!("sum([{}1])", "1, ".repeat(300_000));
    let ran = survives("a list of a megabyte", &list).passed("a list of a megabyte");
    assert_eq!(ran.texts(), ["300001"]);
    survives("a name of a megabyte", &"x".repeat(1 << 20));
    survives("a number of a megabyte", &"1".repeat(1 << 20));
    survives("a string of a megabyte", &format!("print \"{}\"", "x".repeat(1 << 20)));
    survives("a comment of a megabyte", &format!("#{}", "x".repeat(1 << 20)));
}

#[test]
fn bytes() {
    for case in 0..1_000 {
        let mut stream = Stream::new(case).split("bytes");
        let bytes: Vec<u8> = (0..stream.below(120)).map(|_| stream.below(256) as u8).collect();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        survives(&format!("{text:?}"), &text);
    }
}

/// What scripts are made of, without ranges that a loop would run through for long.
const TOKENS: &[&str] = &[
    "x",
    "y",
    "w",
    "A",
    "f",
    "fit",
    "1",
    "2",
    "0.5",
    "1e-3",
    "3",
    "+",
    "-",
    "*",
    "/",
    "^",
    ".*",
    "./",
    ".+",
    ".^",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "\n",
    "\n",
    ":",
    "=",
    "==",
    "<",
    "<=",
    ">=",
    "!=",
    "..",
    ".",
    "<-",
    "∇",
    "∇²",
    "\"text\"",
    "\"{x}\"",
    "let",
    "var",
    "fn",
    "if",
    "then",
    "else",
    "for",
    "in",
    "at",
    "and",
    "or",
    "not",
    "minimize",
    "maximize",
    "over",
    "from",
    "subject",
    "to",
    "using",
    "where",
    "newton",
    "lm",
    "sum",
    "sin",
    "log",
    "sqrt",
    "grad",
    "diff",
    "hess",
    "norm",
    "max",
    "inv",
    "zeros",
    "R",
    "pi",
    "inf",
    "nan",
    "true",
    "print",
    "assert",
    "seed",
    "i",
    "optimizer",
    "state",
    "tune",
    "compare",
    "plot",
    "export",
];

/// Definitions that give many token soups a meaning.
const PROLOGUE: &str = "var x = 1, y\nvar w: R[2]\nlet A = [1, 2; 3, 4]\nlet f = x^2 + y^2\n";

#[test]
fn tokens() {
    for case in 0..3_000 {
        let mut stream = Stream::new(case).split("tokens");
        let n = 1 + stream.below(12);
        let soup: Vec<&str> = (0..n).map(|_| TOKENS[stream.below(TOKENS.len())]).collect();
        let text = format!("{PROLOGUE}{}", soup.join(" "));
        survives(&format!("{text:?}"), &text);
    }
}

/// Scripts of which one token is replaced or left out: most of it still means something.
#[test]
fn scripts_with_one_wrong_token() {
    let script = "var x = -1.2 , y = 1 , w : R [ 2 ] >= 0\nlet A = [ 1 , 2 ; 3 , 4 ]\n\
        let f = sum ( ( w [ i ] - A [ i , 1 ] * x ) ^ 2 for i in 1 .. 2 ) + log ( 1 + y ^ 2 )\n\
        grad ( f )\nlet fit = minimize f over x , w from x = 2 using lbfgs ( memory = 5 )\n\
        print \"{fit.x:.3f}\"\nassert fit . value >= 0 and not fit . value < 0\n\
        ( f at fit ) + norm ( A * w .* [ 1 , 2 ] ) at ( w = [ 1 , 2 ] , y = 0 )";
    let words: Vec<&str> = script.split(' ').collect();
    for case in 0..1_500 {
        let mut stream = Stream::new(case).split("mutants");
        let mut mutant = words.clone();
        let at = stream.below(words.len());
        mutant[at] = if stream.below(4) == 0 { "" } else { TOKENS[stream.below(TOKENS.len())] };
        let text = mutant.join(" ");
        survives(&text, &text);
    }
}

#[test]
fn an_unbounded_objective_says_so() {
    for script in [
        "var x = 1\nminimize -x^2",
        "var x\nminimize 2*x",
        "var x, y\nminimize x*y from x = 1, y = 2",
    ] {
        let ran = survives(script, script).passed(script);
        let status = ran.fits()[0].status;
        assert_eq!(status, Status::Unbounded, "{script}: {}", ran.fits()[0].message);
    }
}

#[test]
fn a_logarithm_of_a_negative_number_in_mid_run_is_stepped_around() {
    let script = "var x = 10\nminimize x - 2*log(x) using METHOD";
    for method in ["newton", "bfgs", "lbfgs", "gd"] {
        let ran = survives(method, &script.replace("METHOD", method)).passed(method);
        let fit = ran.fits()[0];
        assert!((fit.x[0] - 2.0).abs() < 1e-4, "{method}: {} at {}", fit.message, fit.x[0]);
    }
}

#[test]
fn a_start_that_is_not_finite_names_the_part_and_the_index() {
    let script = "let a = [3, -1, 2]\nvar x = 1\nminimize sum(x^2 - log(a[i]*x) for i in 1..3)";
    let ran = survives("a start", script);
    assert_eq!(ran.fits()[0].status, Status::InvalidStart);
    let message = &ran.fits()[0].message;
    assert!(message.contains("log(a[i]*x)") && message.contains("i = 2"), "{message}");
}

#[test]
fn an_index_out_of_range_in_mid_run_is_an_error_at_its_place() {
    let script = "let x = [1, 2, 3]\nvar w\nminimize sum((x[i + 1] - w)^2 for i in 1..3)";
    let ran = survives("an index", script);
    assert!(ran.outcome.failed && ran.findings().contains("x[i+1]"), "{}", ran.findings());
}

#[test]
fn contradictory_bounds_are_an_error() {
    let ran = survives("bounds", "var x in [1, 0]\nminimize x^2");
    assert_eq!(ran.codes(), ["E0608"]);
}
