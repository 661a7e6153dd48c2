#!/usr/bin/env python3
"""Compares the book forms of the calculus goldens with what is printed, at random points.

    python3 tests/sympy/verify_book_forms.py

Every `# book:` line is evaluated beside its printed line with mpmath, at points where both are
real; the exit status is 1 where they differ by more than 1e-9 or have no point in common.
"""

import ast
import random
import re
import sys

import count_operations as goldens

TRIES = 40
INTERVALS = [(0.2, 0.9), (1.1, 2.5), (2.1, 3.0)]


class SomeColumn:
    """Entries of a column whose values the script draws."""

    def __getitem__(self, i):
        return 1 + i / 7


def functions():
    import mpmath as m

    names = "exp log sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh atan2 erf erfc"
    table = {name: getattr(m, name) for name in names.split()}
    return table | {
        "pi": m.pi,
        "sign": m.sign,
        "gamma": m.gamma,
        "lgamma": lambda x: m.log(abs(m.gamma(x))),
        "digamma": lambda x: m.psi(0, x),
        "trigamma": lambda x: m.psi(1, x),
        "cbrt": lambda x: m.sign(x) * abs(x) ** (m.mpf(1) / 3),
        "hypot": m.hypot,
        "sigmoid": lambda x: 1 / (1 + m.exp(-x)),
        "IF": lambda cond, a, b: a if cond else b,
        "RANGE": lambda a, b: range(int(a), int(b) + 1),
        "prod": m.fprod,
        "logsumexp": lambda terms: m.log(m.fsum(map(m.exp, terms))),
        "sum": lambda terms: m.fsum(terms),
        "abs": abs,
        "max": max,
        "min": min,
    }


def values(text, names):
    tree = ast.fix_missing_locations(ast.Expression(goldens.python_tree(text)))
    return eval(compile(tree, text, "eval"), dict(names))


def difference(book, printed, names, unknowns, table):
    """None where both agree at every point that has both, else why not."""
    import mpmath as m

    agreed = 0
    for k in range(TRIES):
        low, high = INTERVALS[k % len(INTERVALS)]
        point = dict(table)
        point |= {u.split(" ")[0]: m.mpf(random.uniform(low, high)) for u in unknowns}
        point |= {n: SomeColumn() if "(" in v else m.mpf(v) for n, v in names.items()}
        try:
            a, b = m.mpmathify(values(book, point)), m.mpmathify(values(printed, point))
        except (ValueError, ZeroDivisionError):
            continue
        if m.im(a) != 0 or m.im(b) != 0:
            continue
        if abs(a - b) > 1e-9 * max(1, abs(a)):
            return f"{m.nstr(a, 10)} and {m.nstr(b, 10)}"
        agreed += 1
    return None if agreed else "no point in common"


def main():
    random.seed(1)
    table, total, wrong = functions(), 0, 0
    for file in sorted((goldens.ROOT / "tests/golden/calculus").glob("*.opt")):
        names, unknowns, found = goldens.rows(file)
        for statement, books, lines in found:
            for book, line in zip(books, lines):
                printed = re.sub(r"^∂.*? = ", "", line)
                why = difference(book, printed, names, unknowns, table)
                total += 1
                if why:
                    wrong += 1
                    print(f"{file.stem}: {statement}\n    book   {book}\n    Gradus {printed}\n    {why}")
    print(f"{total} forms, {wrong} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    goldens.with_sympy()
    main()
