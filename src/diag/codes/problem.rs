//! Codes of problems (E06xx), of running them (E07xx), and of our own mistakes (E09xx).

super::rows! {
    E0601 "unknown method"
    "No optimizer has that name: neither a built-in one nor one defined above."
    wrong "var x\nminimize x^2 using newtn" right "var x\nminimize x^2 using newton"

    E0602 "unknown option"
    "The method does not take an option of that name."
    wrong "var x\nminimize x^2 using newton(memory = 3)" right "var x\nminimize x^2 using lbfgs(memory = 3)"

    E0603 "option value out of range"
    "The value lies outside what the option allows."
    wrong "var x\nminimize x^2 using newton(gtol = -1)" right "var x\nminimize x^2 using newton(gtol = 1e-8)"

    E0604 "clause not allowed here"
    "The command does not take this clause."
    wrong "var x\nderive x^2 using newton" right "var x\nderive x^2 wrt x"

    E0605 "clause given twice"
    "Clauses come in any order, each at most once."
    wrong "var x\nminimize x^2 from x = 1 from x = 2" right "var x\nminimize x^2 from x = 1"

    E0606 "objective is not a scalar"
    "What is minimized is one number. Use `sumsq` for least squares, or a sum or norm."
    wrong "var w: R[3]\nminimize w" right "var w: R[3]\nminimize sumsq(w)"

    E0607 "no unknowns"
    "The objective depends on no unknown, so there is nothing to optimize. Unknowns are introduced by `var`."
    wrong "let a = 3\nminimize a^2" right "var a\nminimize a^2"

    E0608 "contradictory bounds"
    "The lower bound of an unknown lies above its upper bound."
    wrong "var x in [1, 0]" right "var x in [0, 1]"

    E0609 "not built yet"
    "The language has it, this version of Gradus does not."
    wrong "# the message names the construct" right "# the help names what works today"

    E0610 "no rows to draw"
    "Batches are rows of the data that the objective sums over. Where it reads several tables, or arrays that are no table, `rows` names those to draw."
    wrong "var w\nminimize w^2 using sgd(batch = 2, epochs = 1)" right "let x = [1, 2, 3]\nvar w\nminimize sum((x[i] - w)^2 for i in 1..3) using sgd(batch = 2, epochs = 1)"

    E0701 "cannot read a file"
    "The file is not there or may not be read. Paths are relative to the script."
    wrong "let t = csv(\"no such file.csv\")" right "let t = csv(\"data/cars.csv\")"

    E0702 "malformed data"
    "The file was read, and its contents are not what its format asks for. The message names line and column of the data."
    wrong "# a row with a cell too many" right "# rows of one length"

    E0703 "assertion failed"
    "The condition after `assert` does not hold. The message shows both of its sides."
    wrong "assert 1 + 1 == 3" right "assert 1 + 1 == 2"

    E0704 "not known yet"
    "The value still holds an unknown. Put in a point or a result with `at`."
    wrong "var x\nzeros(x)" right "var x\nzeros(3)"

    E0705 "cannot write a file"
    "The file could not be written: its folder is missing, or may not be written to."
    wrong "export 1 to \"missing/folder/a.csv\"" right "# export 1 to \"a.csv\""

    E0706 "result has no such field"
    "A result has its unknowns as fields, and `value`, `status`, `iterations` and others."
    wrong "var x\nlet fit = minimize x^2\nfit.valu" right "var x\nlet fit = minimize x^2\nfit.value"

    E0707 "not enough memory"
    "An array, a matrix or a result would take more memory than there is. The limit is what the machine, its control group and `ulimit` leave, or what `--memory 2G` sets. The message says how much was asked for and by what; the session goes on."
    wrong "let A = ones(10000000, 10000000)" right "let n = 100000\nsum(1 for i in 1..n)"

    E0708 "interrupted"
    "Ctrl-C ended the statement before it was done. What was defined before it is still there; an optimization that is interrupted is a result, with the best point found so far."
    wrong "# no program is wrong by itself" right "var x\nminimize (x - 1)^2 using lbfgs(max_time = 10)"

    E0709 "outside of the allowed folders"
    "A script reads and writes files below its own folder and the working folder, after links are resolved, and elsewhere only where the user allows it by `--allow-read` and `--allow-write`. What is typed at the prompt or after `-e` may read everything that the user may."
    wrong "# let t = csv(\"/etc/passwd\"), in a script" right "# gradus run script.opt --allow-read /etc"

    E0710 "a limit of the run"
    "The run took longer than `--time` allows, or wrote more than `--output` allows. `--sandbox` sets both."
    wrong "# for i in 1..1e6 { print i }, with --output 1K" right "for i in 1..10 { print i }"

    E0711 "nested too deep"
    "Calls of functions may stand in functions that are called in functions, up to a limit, which the message names."
    wrong "# 600 functions, each of which calls the one before" right "# results kept by `let` on the way"

    E0900 "a bug of ours"
    "Gradus came to a state that it should never reach. Please report it with the script that does it."
    wrong "# none that we know of" right "# every program"
}
