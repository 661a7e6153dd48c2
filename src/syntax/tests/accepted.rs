//! Groups that could be read in more than one way, and how they are read.

use super::parsed;

fn check(text: &str, expected: &str) {
    let (ast, said) = parsed(text);
    assert_eq!(said, [], "for {text:?}");
    assert_eq!(ast.dump_all().trim_end(), expected, "for {text:?}");
}

#[test]
fn precedence() {
    check("-x^2", "(neg (^ x 2))");
    check("2^-x^2", "(^ 2 (neg (^ x 2)))");
    check("a^-b*c", "(* (^ a (neg b)) c)");
    check("A'^2", "(^ (' A) 2)");
    check("x^2'", "(^ x (' 2))");
    check("a*-b", "(* a (neg b))");
    check("a - b - c", "(- (- a b) c)");
    check("x.^.5", "(.^ x .5)");
    check("1./x", "(./ 1 x)");
    check("X*W .+ b'", "(.+ (* X W) (' b))");
    check("-y .* (z > 0)", "(.* (neg y) (> z 0))");
    check("1..n-1", "(.. 1 (- n 1))");
    check("not a and b or c == d", "(or (and (not a) b) (== c d))");
    check("0 <= x <= 1", "(chain 0 <= x <= 1)");
    check("(a < b) < c", "(< (< a b) c)");
    check("if c then a else b + d", "(if c a (+ b d))");
    check("if a then b else if c then d else e", "(if a b (if c d e))");
    check("x<-1", "(< x (neg 1))");
    check("1_000.5e-3", "1000.5e-3");
}

#[test]
fn points_and_at() {
    check("x^2 at (x = 3)", "(at (^ x 2) (point (= x 3)))");
    check("A*x - b at fit", "(at (- (* A x) b) fit)");
    check("(f at p) == 3", "(== (at f p) 3)");
    check("f at p == g at c.adam", "(== (at f p) (at g (field c adam)))");
    check("taylor(f, (x = 0, w[1] = 3), 2)", "(call taylor f (point (= x 0) (= (index w 1) 3)) 2)");
    check("check f at (x = 1)", "(check f (at (point (= x 1))))");
    check("check (f at p)", "(check f (at p))");
    check("check diff(f, x) == 2*x*(x - 1)", "(check (== (call diff f x) (* (* 2 x) (- x 1))))");
}

#[test]
fn postfix_and_nabla() {
    check("∇f.w", "(field (∇ f) w)");
    check("∇f(1, 2)", "(call (∇ f) 1 2)");
    check("-∇²f*v", "(* (neg (∇² f)) v)");
    check("∇(f + g)'", "(' (∇ (+ f g)))");
    check("A[i, :]'*x[2..5]", "(* (' (index A i :)) (index x (.. 2 5)))");
    check("t[\"a\", \"b\"].from", "(field (index t \"a\" \"b\") from)");
    check("2(x + 1)", "(call 2 (+ x 1))");
    check("csv(\"x\", seed = 3,)", "(call csv \"x\" (= seed 3))");
}

#[test]
fn arrays_and_sums() {
    check("[1, 2; 3, 4;]", "(matrix (row 1 2) (row 3 4))");
    check("[1, 2,]", "(array 1 2)");
    check("[]", "(array)");
    check("[x[i]^2 for i in 1..n]", "(comprehension (^ (index x i) 2) (for i (.. 1 n)))");
    check(
        "sum(A[i,j] for i in 1..n for j in 1..i if i != j)",
        "(call sum (generator (index A i j) (for i (.. 1 n)) (for j (.. 1 i)) (if (!= i j))))",
    );
}

#[test]
fn definitions() {
    check("var x = -1.2, y = 1", "(var (x (= (neg 1.2))) (y (= 1)))");
    check("var W: R[4, 2*n] = glorot(4, 3)", "(var (W (R 4 (* 2 n)) (= (call glorot 4 3))))");
    check(
        "var p in [0, 1] = 0.5, s: R[3] >= 0",
        "(var (p (in (array 0 1)) (= 0.5)) (s (R 3) (>= 0)))",
    );
    check("let (train, test) = split(t, 0.8)", "(let (train test) (call split t 0.8))");
    check("fn h(w: R[d], X: R[n, d], a) = X*w", "(fn h (params (w (R d)) (X (R n d)) a) (* X w))");
    check("let seed = 3; seed + 1", "(let seed 3)\n(+ seed 1)");
    check("use nn; use \"mine.opt\"; seed 42", "(use nn)\n(use \"mine.opt\")\n(seed 42)");
    check("let r = a + p where p = 1, q = 2", "(let r (where (+ a p) (= p 1) (= q 2)))");
    check("∂f/∂W[1, 2] = 3*x", "(* 3 x)");
}

#[test]
fn commands() {
    check(
        "minimize f using sgd(lr = 0.1) over x, y from x = 1, w[2] = 3",
        "(minimize f (using (call sgd (= lr 0.1))) (over x y) (from (= x 1) (= (index w 2) 3)))",
    );
    check("let fit = minimize f from (x = 1)", "(let fit (minimize f (from (= x 1))))");
    check("minimize f from old", "(minimize f (from old))");
    check(
        "minimize f subject to { cap: x + y == 1; z[i] <= z[i+1] for i in 1..n-1 }",
        "(minimize f (subject to (constraint cap: (== (+ x y) 1)) \
         (constraint (<= (index z i) (index z (+ i 1))) (for i (.. 1 (- n 1))))))",
    );
    check(
        "minimize f subject to x <= 1 using sqp",
        "(minimize f (subject to (constraint (<= x 1))) (using sqp))",
    );
    check("latex(derive f wrt x, y)", "(call latex (derive f (wrt x y)))");
    check("f((minimize g over x, y), 2)", "(call f (minimize g (over x y)) 2)");
    check(
        "loss at (minimize J using adam(lr = lr))",
        "(at loss (minimize J (using (call adam (= lr lr)))))",
    );
    check(
        "(minimize f subject to {\n a <= 1\n b <= 2\n} using sqp).x",
        "(field (minimize f (subject to (constraint (<= a 1)) (constraint (<= b 2))) (using sqp)) x)",
    );
    check("solve a == 0, b == 1 for w, b", "(solve (== a 0) (== b 1) (for w b))");
    check(
        "tune lr in log(1e-4, 1), k in {8, 16} minimizing f using bayes(trials = 40)",
        "(tune (in lr (call log 1e-4 1)) (in k (choices 8 16)) (minimizing f) \
         (using (call bayes (= trials 40))))",
    );
    check("lr_range f using sgd from 1e-6 to 1", "(lr_range f (using sgd) (from 1e-6) (to 1))");
    check(
        "plot f over x in -2..2, y in -1..3 with fit",
        "(plot f (over (in x (.. (neg 2) 2)) (in y (.. (neg 1) 3))) (with fit))",
    );
    check("explain fit step 3", "(explain fit (step 3))");
    check("export f, grad(f) to \"model.c\"", "(export f (call grad f) (to \"model.c\"))");
}

#[test]
fn blocks() {
    check(
        "for lr in [0.1, 0.01] {\n let a = lr\n print a\n}",
        "(for lr (array 0.1 0.01) (let a lr) (print a))",
    );
    check(
        "optimizer gd(lr = 0.1, b) {\n state v = 0, s = 1\n v <- v - lr*g; let d = v<-1\n}\n",
        "(optimizer gd (options (= lr 0.1) b) (state (= v 0) (= s 1)) (<- v (- v (* lr g))) \
         (let d (< v (neg 1))))",
    );
    check("optimizer f { }", "(optimizer f (options))");
}

#[test]
fn strings_with_braces() {
    check(
        "print \"loss {fit.value:.3e} of {{n}}\\n\"",
        "(print (format (text \"loss \") (value (field fit value) \".3e\") (text \" of {n}\\n\")))",
    );
    check("print \"{A[:, 1]}\", 3", "(print (format (value (index A : 1))) 3)");
    check(
        "plot f to \"a{k}.svg\"",
        "(plot f (to (format (text \"a\") (value k) (text \".svg\"))))",
    );
    check("csv(\"{a}\")", "(call csv \"{a}\")");
}

#[test]
fn spans_and_documentation() {
    let text = "## What it is.\n## example: f(1)\nlet f = (a + b)*\"{x}\"\nprint \"θ {f}\"";
    let (ast, said) = parsed(text);
    assert_eq!(said, []);
    let first = ast.stmt(ast.top[0]);
    let doc: Vec<_> = first.doc.iter().map(|line| ast.text(*line)).collect();
    assert_eq!(doc, ["What it is.", "example: f(1)"]);
    let slice = |span: crate::source::Span| &text[span.start as usize..span.end as usize];
    assert_eq!(slice(first.span), "let f = (a + b)*\"{x}\"");
    let mut names = (0..ast.n_nodes() as u32).map(super::super::ast::NodeId);
    let last_name = names.rfind(|id| ast.dump(*id) == "f").unwrap();
    assert_eq!(ast.span(last_name).start as usize, text.rfind('f').unwrap());
}
