//! Codes of warnings: the statement runs, though perhaps not as meant.

super::rows! {
    W0001 "line starts with minus"
    "A line that starts with `-` is a statement of its own. To go on with a sum, end the line before with the operator."
    wrong "let a = 1\n- 2" right "let a = 1 -\n2"

    W0002 "constant is infinite or not a number"
    "A constant of the formula divides by zero, overflows or has no real value."
    wrong "let a = 1/0" right "let a = inf"

    W0003 "a minus that looks like a sign"
    "Entries are separated by commas: `[1 -2]` has one entry, the difference."
    wrong "[1 -2]" right "[1, -2]"

    W0004 "bare names before a shape"
    "Shape, bound and start belong to the one name before them; the names before that are scalars without bounds."
    wrong "var x, y: R[3]" right "var x: R[3], y: R[3]"

    W0005 "strict comparison taken as weak"
    "An optimizer cannot tell an open set from its closure: `<` and `>` are taken as `<=` and `>=`."
    wrong "var x > 0" right "var x >= 0"

    W0006 "derivative check mismatch"
    "A symbolic derivative and a numeric one differ by more than their errors explain. This is a bug of ours; please report it."
    wrong "# none that we know of" right "# every program"

    W0007 "setting without effect"
    "`--set name=value` replaces the value of a `let`; the script has no `let` of that name. A build without a code generator has no `--show clif` and `--show asm`."
    wrong "var n = 3" right "let n = 3"

    W0008 "start moved into the bounds"
    "The start of an unknown lies outside its bounds; the nearest bound is taken."
    wrong "var x in [0, 1] = 2" right "var x in [0, 1] = 1"

    W0009 "start without a finite value"
    "The objective is infinite or not a number where the search should start, so there is nothing to compare with."
    wrong "var x = -1\nminimize x - log(x)" right "var x = 1\nminimize x - log(x)"

    W0010 "batches with bias"
    "A batch estimates a sum or a mean over the rows without bias. Of a function of such a sum (a norm, a logarithm) or of a maximum over rows the mean over all batches is another number."
    wrong "let x = [1, 2, 3]\nvar w\nminimize norm(x - w) using sgd(batch = 2, epochs = 1)" right "let x = [1, 2, 3]\nvar w\nminimize sumsq(x - w) using sgd(batch = 2, epochs = 1)"
}
