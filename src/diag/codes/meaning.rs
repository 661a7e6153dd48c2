//! Codes of meaning: E03xx for names, E04xx for shapes, E05xx for differentiation.

super::rows! {
    E0301 "unknown name"
    "The name is not defined above this line, and it is no function or constant of Gradus."
    wrong "let a = lamda" right "let lambda = 0.1\nlet a = lambda"

    E0302 "name defined twice"
    "In a script a name is defined once, so that a formula means the same on every line. In the REPL a new definition replaces the old one."
    wrong "let a = 1\nlet a = 2" right "let a = 1\nlet b = 2"

    E0303 "shadowed index"
    "An index of a sum may not have the name of an index around it: within the inner sum it would be unclear which is meant."
    wrong "sum(sum(i for i in 1..2) for i in 1..3)" right "sum(sum(j for j in 1..2) for i in 1..3)"

    E0304 "not a function"
    "What stands before the parenthesis is a value, and a value cannot be called. A product is written with `*`."
    wrong "let a = 2\na(3 + 1)" right "let a = 2\na*(3 + 1)"

    E0305 "wrong number of arguments"
    "The function takes another number of arguments."
    wrong "atan2(1)" right "atan2(1, 2)"

    E0306 "unknown argument name"
    "The function has no argument of that name."
    wrong "zeros(size = 3)" right "zeros(3)"

    E0401 "shape mismatch"
    "The shapes of the operands do not fit together. `*` is the product of linear algebra; `.*` works entry by entry."
    wrong "[1, 2] + [1, 2, 3]" right "[1, 2, 0] + [1, 2, 3]"

    E0402 "index out of range"
    "An index counts from 1 to the length of its axis."
    wrong "let x = [1, 2]\nx[3]" right "let x = [1, 2]\nx[2]"

    E0403 "not a whole number"
    "Indices, sizes and ends of ranges are whole numbers."
    wrong "let x = [1, 2]\nx[1.5]" right "let x = [1, 2]\nx[1]"

    E0404 "expected a scalar"
    "A single number is needed here. `sum`, `norm` or an index make one of an array."
    wrong "if [1, 2] then 1 else 2" right "if 1 < 2 then 1 else 2"

    E0501 "cannot differentiate"
    "The expression has no derivative that Gradus can write down."
    wrong "var w: R[2]\ngrad(w)" right "var w: R[2]\ngrad(sumsq(w))"

    E0502 "nothing to differentiate with respect to"
    "A derivative needs an unknown: a name that `var` introduced, an entry of it, or an argument of the function."
    wrong "let a = 3\ngrad(a^2)" right "var a\ngrad(a^2)"

    E0503 "too large to write out"
    "Multiplied out, or as a polynomial, the expression has more terms than anyone can read."
    wrong "var x, y, z\nexpand((x + y + z)^100)" right "var x, y, z\nexpand((x + y + z)^3)"

    E0504 "equations cannot be solved"
    "The equations are not linear in the unknowns named, contradict each other, or do not determine them."
    wrong "var x\nsolve x^3 == 2 for x" right "var x\nsolve 2*x == 3 for x"
}
