"""Gradient evaluations of Gradus, without naming a method, beside those of SciPy on the published problems.

    python3 benches/scipy_counts.py [path to gradus]

needs NumPy and SciPy (from PyPI) and a release build. Every `tests/problems/*.opt` without bounds is solved by Gradus from
its standard start, and by SciPy's BFGS, L-BFGS-B, Newton-CG and trust-exact with value, gradient and Hessian of the same
objective, which Gradus evaluates: SciPy's callbacks talk to a running `gradus` by its REPL's pipe. For each problem SciPy's
best is the smallest number of gradient evaluations among the methods whose value comes within 1e-8 max(1, |f*|) of a published
minimum. A Jacobian counts as a gradient, as in `fit.evaluations`.
"""

import json
import pathlib
import re
import statistics
import subprocess
import sys

import numpy as np
from scipy.optimize import minimize

ROOT = pathlib.Path(__file__).resolve().parent.parent
GRADUS = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/release/gradus")
METHODS = ["BFGS", "L-BFGS-B", "Newton-CG", "trust-exact"]


class Objective:
    """Value, gradient and Hessian of `f` in a running session."""

    def __init__(self, script):
        self.process = subprocess.Popen(
            [GRADUS, "--json", "--quiet"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.send(script + "\nlet gradient_of_f = grad(f)\nlet hessian_of_f = hess(f, x)\n")
        self.start = np.array(self.ask("start"), dtype=float)

    def send(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def ask(self, expression):
        self.send(expression + "\n")
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("gradus has ended")
            answer = json.loads(line)
            if answer["kind"] == "error":
                raise RuntimeError(answer["message"])
            if answer["kind"] == "value":
                return answer["value"]

    def at(self, name, x):
        point = "[" + ", ".join(repr(float(v)) for v in x) + "]"
        value = self.ask(f"{name} at (x = {point})")
        return np.array(value, dtype=float)

    def hessian(self, x):
        """The exact Hessian; where it has no closed form, central differences of the exact gradient, not counted."""
        h = np.atleast_2d(self.at("hessian_of_f", x))
        if h.shape == (len(x), len(x)) and np.isfinite(h).all():
            return h
        columns = []
        for j, size in enumerate(np.maximum(1, np.abs(x))):
            step = np.zeros_like(x)
            step[j] = 1e-5 * size
            difference = self.at("gradient_of_f", x + step) - self.at("gradient_of_f", x - step)
            columns.append(difference / (2 * step[j]))
        h = np.array(columns)
        return (h + h.T) / 2

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def gradus_counts(script):
    done = subprocess.run(
        [GRADUS, "--json", "-"], input=script + "\nlet fit = minimize f\n", capture_output=True, text=True, check=False
    )
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if answer["kind"] == "result":
            return answer["value"], answer["evaluations"], answer["method"]
    raise RuntimeError(done.stderr)


def main():
    ours, theirs, worse = [], [], []
    for file in sorted((ROOT / "tests/problems").glob("*.opt")):
        script = file.read_text()
        minima = [float(v) for v in re.search(r"# minima: (.*)", script).group(1).split(",")]
        if re.search(r"^var .*(>=| in )", script, re.M):
            continue

        def solved(value):
            return any(abs(value - m) <= 1e-8 * max(1, abs(m)) for m in minima)

        value, counts, method = gradus_counts(script)
        objective = Objective(script)
        best = {}
        for name in METHODS:
            seen = [0]

            def gradient(x):
                seen[0] += 1
                return objective.at("gradient_of_f", x)

            options = {"gtol": 1e-8} if name in ("BFGS", "L-BFGS-B", "trust-exact") else {"xtol": 1e-10}
            if name == "L-BFGS-B":
                options["ftol"] = 0
            needs_hessian = name in ("Newton-CG", "trust-exact")
            try:
                found = minimize(
                    lambda x: float(objective.at("f", x)), objective.start, jac=gradient, method=name, options=options,
                    hess=(lambda x: objective.hessian(x)) if needs_hessian else None,
                )
            except (RuntimeError, ValueError, np.linalg.LinAlgError, OverflowError) as error:
                print(f"  {file.stem} {name}: {error}", file=sys.stderr)
                if objective.process.poll() is not None:
                    objective = Objective(script)
                continue
            if solved(found.fun):
                best[name] = seen[0]
        objective.close()
        mine = counts["grad"] if solved(value) else None
        name = min(best, key=best.get) if best else None
        print(f"{file.stem:30} {method:8} {mine!s:>6}   SciPy {best.get(name, '-')!s:>6} {name or ''}")
        sys.stdout.flush()
        if mine is not None and name is not None:
            ours.append(mine)
            theirs.append(best[name])
            if mine > best[name]:
                worse.append(file.stem)
    print(f"\n{len(ours)} problems solved by both: median {statistics.median(ours)} gradients, SciPy's best {statistics.median(theirs)}")
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    print(f"median ratio {ratio:.2f}, in total {sum(ours)} and {sum(theirs)}")
    print(f"more than SciPy's best on {len(worse)}: {', '.join(worse)}")


if __name__ == "__main__":
    main()
