#!/usr/bin/env python3
"""Counts operations of printed derivatives against SymPy's and the textbook's.

    python3 tests/sympy/count_operations.py [--all] [FILE.opt ...]

Reads the goldens of tests/golden/calculus (or the files named). Every statement below lines
`# book: FORM`, one for each line that it prints, is compared if it is a derivative of a scalar
by scalars: the printed form, the book's form, and what SymPy's `simplify` makes of SymPy's own
derivative. All three are written in Gradus, and one rule counts all of them on their syntax
trees: every sum, difference, product, quotient, power, call, comparison, `if` and indexed sum is
one operation; signs, names and numbers are none, and a fraction is a quotient.

Prints what is longer than both the book's form and SymPy's (everything with --all), and a
summary. The exit status is 1 where less than 95 % are no longer than the larger of the two.

SymPy is installed into target/sympy on the first run.
"""

import ast
import os
import re
import signal
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "target" / "sympy"
SYMPY = "sympy==1.14.0"
NEEDED = 0.95
# SymPy is given so many seconds for one form; what takes longer is compared with the book alone.
PATIENCE = 20


def with_sympy():
    """Runs this script again in an environment that has SymPy, made where it is missing."""
    python = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(HOME, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", SYMPY], check=True)
    if Path(sys.prefix).resolve() != HOME.resolve():
        sys.exit(subprocess.run([python, *sys.argv]).returncode)


# ---- Gradus to Python syntax -------------------------------------------------------------------


def split_if(text):
    """`if c then a else b`, also in brackets, as Python writes it."""
    while (found := re.search(r"\bif\b(?!_)", text)) and "then" in text:
        start, depth, marks = found.start(), 0, {}
        for m in re.finditer(r"[(\[]|[)\]]|\bthen\b|\belse\b", text[start:]):
            word = m.group()
            if word in "([":
                depth += 1
            elif word in ")]":
                depth -= 1
                if depth < 0:
                    marks["end"] = start + m.start()
                    break
            elif depth == 0:
                marks.setdefault(word, (start + m.start(), start + m.end()))
        end = marks.get("end", len(text))
        then, other = marks["then"], marks["else"]
        parts = text[found.end() : then[0]], text[then[1] : other[0]], text[other[1] : end]
        cond, yes, no = (p.strip() for p in parts)
        text = f"{text[:start]}IF({cond}, {yes}, {no}){text[end:]}"
    return text


def python_tree(text):
    """The syntax tree of a scalar Gradus expression."""
    text = text.replace("^", "**")
    text = re.sub(r"\bfor (\w+) in (.+?)\.\.([\w()+\-* ]+?)(?=\)|$| if )", r"for \1 in RANGE(\2, \3)", text)
    # The `if` of an indexed sum is Python's own.
    held = re.sub(r"(in RANGE\([^()]*\)) if ", r"\1 WHERE ", text)
    text = split_if(held).replace(" WHERE ", " if ")
    return ast.parse(text, mode="eval").body


def operations(text):
    """The number of operations of a Gradus expression."""
    return count(python_tree(text))


def count(node):
    own = 0
    if isinstance(node, (ast.BinOp, ast.Call, ast.Compare)):
        own = 1
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RANGE":
        own = 0
    if isinstance(node, ast.BoolOp):
        own = len(node.values) - 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        own = 1
    return own + sum(count(child) for child in ast.iter_child_nodes(node))


# ---- goldens -----------------------------------------------------------------------------------


def rows(file):
    """Definitions of a golden, and its statements with their book forms and printed lines."""
    script, _, below = file.read_text().partition("#---\n")
    printed = [re.sub(r"^# ?", "", line) for line in below.splitlines()]
    names, unknowns, books, found = {}, [], [], []
    for line in script.splitlines():
        line = line.strip()
        if line.startswith("# book: "):
            books.append(line.removeprefix("# book: "))
        elif line.startswith("var "):
            unknowns += line.removeprefix("var ").split(", ")
        elif line.startswith("let "):
            name, value = line.removeprefix("let ").split(" = ", 1)
            names[name] = value
        elif line and not line.startswith("#"):
            if not books:
                sys.exit(f"{file}: `{line}` has no book form")
            lines, printed = printed[: len(books)], printed[len(books) :]
            found.append((line, books, lines))
            books = []
    if printed:
        sys.exit(f"{file}: lines are left: {printed}")
    return names, unknowns, found


# ---- SymPy's derivative ------------------------------------------------------------------------


def sympy_names(names, unknowns):
    import sympy as s

    def symbol(text):
        name, *bound = re.split(r"\s*(?:>=|>)\s*", text)
        return name, s.Symbol(name, real=True, positive=True if bound else None)

    table = dict(symbol(u) for u in unknowns)
    table |= {name: s.Symbol(name, real=True, positive=True) for name in names}
    table |= {
        "pi": s.pi,
        "abs": s.Abs,
        "max": s.Max,
        "min": s.Min,
        "lgamma": s.loggamma,
        "trigamma": s.trigamma,
        "cbrt": lambda x: s.sign(x) * s.Abs(x) ** s.Rational(1, 3),
        "log2": lambda x: s.log(x) / s.log(2),
        "log10": lambda x: s.log(x) / s.log(10),
        "log1p": lambda x: s.log(1 + x),
        "expm1": lambda x: s.exp(x) - 1,
        "sigmoid": lambda x: 1 / (1 + s.exp(-x)),
        "hypot": lambda x, y: s.sqrt(x**2 + y**2),
        "IF": lambda c, a, b: s.Piecewise((a, c), (b, True)),
    }
    for name in "exp log sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh atan2 erf \
                 erfc gamma digamma sign".split():
        table[name] = getattr(s, name)
    return table


def call_arguments(statement):
    """`grad(E)` as its name and arguments."""
    name, _, rest = statement.partition("(")
    arguments, depth, start = [], 0, 0
    for at, c in enumerate(rest):
        depth += (c in "([") - (c in ")]")
        if depth < 0 or (c == "," and depth == 0):
            arguments.append(rest[start:at].strip())
            start = at + 1
        if depth < 0:
            return name, arguments, rest[at + 1 :]
    return name, arguments, ""


def by_sympy(statement, k, table, unknowns):
    """SymPy's simplified form of the k-th line of a statement as Gradus, or None."""
    import sympy as s

    name, arguments, rest = call_arguments(statement)
    text = arguments[0]
    if rest or " for " in text or "[" in text or "diff(" in text:
        return None
    # Numbers of the text are SymPy's, so that 1/3 stays exact.
    tree = ast.fix_missing_locations(Exact().visit(ast.Expression(python_tree(text))))
    f = eval(compile(tree, text, "eval"), {"__builtins__": {}, "Integer": s.Rational}, table)
    symbols = [table[u.split(" ")[0]] for u in unknowns]
    free = [v for v in symbols if v in f.free_symbols]
    if name == "grad":
        by = [free[k]]
    elif name == "hess":
        by = [free[k // len(free)], free[k % len(free)]]
    elif name == "diff":
        by = [table[a] for a in arguments[1:]]
    else:
        return None
    return gradus(s.simplify(s.diff(f, *by)))


class Exact(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Call(ast.Name("Integer", ast.Load()), [ast.Constant(str(node.value))], [])


def gradus(e):
    """A SymPy expression as Gradus writes it."""
    from sympy.printing.str import StrPrinter

    class Printer(StrPrinter):
        def _print_Piecewise(self, e):
            text = self._print(e.args[-1].expr)
            for branch in reversed(e.args[:-1]):
                text = f"(if {self._print(branch.cond)} then {self._print(branch.expr)} else {text})"
            return text

        def _print_Relational(self, e):
            return f"{self._print(e.lhs)} {e.rel_op} {self._print(e.rhs)}"

    return Printer().doprint(e).replace("**", "^")


def within_patience(work):
    def stop(*_):
        raise TimeoutError

    if not hasattr(signal, "SIGALRM"):
        return work()
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        return work()
    except TimeoutError:
        return None
    finally:
        signal.alarm(0)


def main():
    show_all = "--all" in sys.argv
    files = [Path(a) for a in sys.argv[1:] if not a.startswith("--")]
    files = files or sorted((ROOT / "tests/golden/calculus").glob("*.opt"))
    total, longer, shorter, alone = 0, 0, 0, 0
    for file in files:
        names, unknowns, found = rows(file)
        table = sympy_names(names, unknowns)
        for statement, books, lines in found:
            if not statement.startswith(("grad(", "hess(", "diff(")):
                continue
            for k, (book, line) in enumerate(zip(books, lines)):
                printed = re.sub(r"^∂.*? = ", "", line)
                theirs = within_patience(lambda: by_sympy(statement, k, table, unknowns))
                counts = [operations(printed), operations(book)]
                if theirs is None:
                    alone += 1
                else:
                    counts.append(operations(theirs))
                total += 1
                is_longer = counts[0] > max(counts[1:])
                longer += is_longer
                shorter += counts[0] < min(counts[1:])
                if is_longer or show_all:
                    print(f"{file.stem}: {statement}, line {k + 1}")
                    forms = [("Gradus", printed), ("book", book), ("SymPy", theirs)]
                    for (who, form), n in zip(forms, counts):
                        print(f"    {n:3} {who:6} {form}")
    good = (total - longer) / total
    print(f"{total} derivatives, {alone} of them with the book's form alone: {shorter} shorter than", end=" ")
    print(f"all other forms, {longer} longer; {100 * good:.1f} % are no longer than the longer of the others")
    sys.exit(0 if good >= NEEDED else 1)


if __name__ == "__main__":
    with_sympy()
    main()
