//! Codes of reading: E01xx for characters and words, E02xx for the grammar.

super::rows! {
    E0101 "a character that is no part of the language"
    "The text holds a character that begins no word, number or operator. Such characters often come from a PDF or from another language."
    wrong "let a = 3 ≤ 4" right "let a = 3 <= 4"

    E0102 "a string without an end"
    "A string begins with a double quote and must end on the same line with another. Write `\\n` for a new line and `\\\"` for a quote inside."
    wrong "print \"done" right "print \"done\""

    E0103 "a decimal point without a digit after it"
    "A point belongs to a number only if a digit follows it, so that `1..n` is a range and `1./x` divides by each entry."
    wrong "let a = 3." right "let a = 3.0"

    E0104 "an unknown escape in a string"
    "A backslash in a string stands before `\"`, another backslash, `n` or `t`. A backslash itself is written twice."
    wrong "print \"a\\q\"" right "print \"a\\\\q\""

    E0105 "an operator of another language"
    "Other languages write this operator in another way than Gradus does."
    wrong "let a = 2**3" right "let a = 2^3"

    E0106 "text that is not UTF-8"
    "A script is UTF-8 text. Save it with that encoding; most editors have a menu for it."
    wrong "# a byte 0xFF" right "# plain text"

    E0107 "a number that is not written well"
    "A number has digits, perhaps a point with digits after it, perhaps `e` with a whole exponent. `_` stands between digits only."
    wrong "let a = 1e" right "let a = 1e3"

    E0201 "something else was expected"
    "The statement cannot go on with what stands there. The message says what could."
    wrong "let = 3" right "let a = 3"

    E0202 "a bracket that does not match"
    "Every opening bracket needs the closing one of its kind, in the right order."
    wrong "let a = [1, 2)" right "let a = [1, 2]"

    E0203 "a bracket that is never closed"
    "The statement ends, or another begins, while a bracket is still open."
    wrong "let a = (1 + 2" right "let a = (1 + 2)"

    E0204 "a product without a sign"
    "Products are written with `*`: two things side by side mean nothing."
    wrong "let a = 2 pi" right "let a = 2*pi"

    E0205 "`=` where `==` is meant"
    "`=` defines a name or names an argument; equality, also of a constraint, is `==`."
    wrong "var x\nminimize x^2 subject to x = 1" right "var x\nminimize x^2 subject to x == 1"

    E0206 "a reserved word as a name"
    "Words such as `from`, `over` and `in` have a meaning of their own and cannot be names, except after a point (`t.from`)."
    wrong "let from = 3" right "let start = 3"

    E0207 "a misspelled clause"
    "A name stands where only a clause could, and it is near the word of one."
    wrong "var x\nminimize x^2 usng newton" right "var x\nminimize x^2 using newton"

    E0208 "a range written with a colon"
    "Ranges are written with two points; a colon alone stands for all entries of an axis."
    wrong "let x = [1, 2, 3]\nx[1:2]" right "let x = [1, 2, 3]\nx[1..2]"

    E0209 "a derivative written with a prime"
    "`'` is only ever a transpose. A derivative is `diff(f, x)`."
    wrong "fn f(x) = x^2\nf'(1)" right "fn f(x) = x^2\n∇f(1)"

    E0210 "a plus before an operand"
    "There is no unary plus: the sign can be left out."
    wrong "let a = +3" right "let a = 3"

    E0211 "a second index without its `for`"
    "Every index of a sum has a `for` of its own."
    wrong "sum(i*j for i in 1..3, j in 1..3)" right "sum(i*j for i in 1..3 for j in 1..3)"

    E0212 "an operand that needs parentheses"
    "A command, an `if` or a `where` can be part of a larger expression only in parentheses of its own."
    wrong "1 + if true then 1 else 2" right "1 + (if true then 1 else 2)"

    E0213 "not something that can be given a value"
    "On the left of `=` in a point or after `from` stands a name, an entry or a field; an argument is named by one name."
    wrong "var x\nminimize x^2 over 2" right "var x\nminimize x^2 over x"

    E0214 "a mistake in the braces of a string"
    "In `print` and after `to`, braces in a string hold an expression, perhaps with a format after a colon. A brace itself is written twice."
    wrong "print \"set {1, 2}\"" right "print \"set {{1, 2}}\""

    E0215 "a range that goes on"
    "A range has two ends. It does not chain."
    wrong "1..2..3" right "1..3"

    E0216 "a statement within a statement"
    "`var`, `let`, `fn` and `optimizer` begin statements; they cannot stand inside an expression."
    wrong "print let a = 3" right "let a = 3\nprint a"

    E0217 "a brace where a parenthesis is meant"
    "Braces hold blocks, constraints and the choices of `tune`. Expressions are grouped by parentheses and lists are written in square brackets."
    wrong "let a = {1, 2}" right "let a = [1, 2]"
}
