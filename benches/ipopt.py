"""Whole runs of Gradus beside Ipopt through CasADi on large sparse problems, preparation included on both sides.

    python3 benches/ipopt.py [path to gradus] [--rounds 3] [--only name,name]

needs CasADi and NumPy (from PyPI) and a release build. Every problem of `benches/problems/large` is solved at the size that
`SIZES` gives (10,000 where it gives none). Both sides are whole processes that start with nothing: `gradus` reads the
script, and Python imports CasADi, builds the same objective, lets CasADi derive the exact gradient and Hessian, and runs
Ipopt. Objectives are built by whole columns (`MX` or `SX`, whichever was the faster of the two for that problem), as
somebody who knows CasADi would. The time of Python's start and of `import casadi` is measured apart and taken off, so that what
counts is CasADi and Ipopt themselves. Rounds are paired; the median of each side is reported.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LARGE = ROOT / "benches/problems/large"
SIZES = {"chained_rosenbrock": 100_000}
N = 10_000
LIMIT = 600


def objective(name, n, x, ca):
    """Start and value of a problem; `x(i, j)` are the entries i, i+1, ..., j-1, and `x(i, j, s)` every s-th."""
    sq, sum1 = ca.sumsqr, ca.sum1
    if name == "arwhead":
        a, last = x(0, n - 1), x(n - 1, n)
        return [1] * n, sum1((a**2 + last**2) ** 2 - 4 * a + 3)
    if name == "bdqrtic":
        m = n - 4
        a = x(0, m)
        inner = a**2 + 2 * x(1, m + 1) ** 2 + 3 * x(2, m + 2) ** 2 + 4 * x(3, m + 3) ** 2 + 5 * x(n - 1, n) ** 2
        return [1] * n, sq(3 - 4 * a) + sq(inner)
    if name == "cragglvy":
        a, b, c, d = (x(k, n - 3 + k, 2) for k in range(4))
        f = sum1((ca.exp(a) - b) ** 4 + 100 * (b - c) ** 6 + (ca.tan(c - d) + c - d) ** 4 + a**8 + (d - 1) ** 2)
        return [1] + [2] * (n - 1), f
    if name == "dixmaana":
        m = n // 3
        a = x(0, 2 * m)
        f = 1 + sq(x(0, 3 * m)) + sum1(a**2 * x(m, 3 * m) ** 4) / 8 + ca.dot(x(0, m), x(2 * m, 3 * m)) / 8
        return [2] * (3 * m), f
    if name == "edensch":
        a, b = x(0, n - 1), x(1, n)
        return [8] * n, 16 + sum1((a - 2) ** 4) + sq(a * b - 2 * b) + sq(b + 1)
    if name == "engval1":
        a, b = x(0, n - 1), x(1, n)
        return [2] * n, sq(a**2 + b**2) + sum1(3 - 4 * a)
    if name == "freuroth":
        a, b = x(0, n - 1), x(1, n)
        f = sq(-13 + a + ((5 - b) * b - 2) * b) + sq(-29 + a + ((b + 1) * b - 14) * b)
        return [0.5, -2] + [0] * (n - 2), f
    if name == "genrose":
        a, b = x(0, n - 1), x(1, n)
        return [i / (n + 1) for i in range(1, n + 1)], 1 + 100 * sq(b - a**2) + sq(b - 1)
    if name == "liarwhd":
        a = x(0, n)
        return [4] * n, 4 * sq(a**2 - x(0, 1)) + sq(a - 1)
    if name == "nondia":
        a = x(0, 1)
        return [-1] * n, (a - 1) ** 2 + 100 * sq(a - x(0, n - 1) ** 2)
    if name == "powellsg":
        a, b, c, d = (x(k, n - 3 + k, 4) for k in range(4))
        f = sq(a + 10 * b) + 5 * sq(c - d) + sum1((b - 2 * c) ** 4) + 10 * sum1((a - d) ** 4)
        return [3, -1, 0, 1] * (n // 4), f
    if name == "srosenbr":
        a, b = x(0, n - 1, 2), x(1, n, 2)
        return [-1.2, 1] * (n // 2), 100 * sq(b - a**2) + sq(a - 1)
    if name == "tointgss":
        a, b, c = (x(k, n - 2 + k) for k in range(3))
        f = sum1((10 / (n + 2) + c**2) * (2 - ca.exp(-((a - b) ** 2) / (0.1 + c**2))))
        return [3] * n, f
    if name == "tquartic":
        a = x(0, 1)
        return [0.1] * n, (a - 1) ** 2 + sq(a**2 - x(1, n) ** 2)
    if name == "woods":
        a, b, c, d = (x(k, n - 3 + k, 4) for k in range(4))
        f = 100 * sq(b - a**2) + sq(1 - a) + 90 * sq(d - c**2) + sq(1 - c) + 10 * sq(b + d - 2) + 0.1 * sq(b - d)
        return [-3, -1, -3, -1] * (n // 4), f
    if name == "chained_rosenbrock":
        import math

        a, b = x(0, n - 1), x(1, n)
        return [1 + 0.3 * math.sin(i) for i in range(1, n + 1)], 100 * sq(b - a**2) + sq(1 - a)
    raise KeyError(name)


def solve_by_ipopt(name, n, kind):
    """Builds and solves one problem; prints value, status, iterations and seconds as JSON."""
    import casadi as ca

    started = time.perf_counter()
    size = 3 * (n // 3) if name == "dixmaana" else n
    x = (ca.SX if kind == "SX" else ca.MX).sym("x", size)
    start, f = objective(name, n, lambda i, j, step=1: x[slice(i, j, step)], ca)
    options = {"print_time": False, "ipopt.print_level": 0, "ipopt.sb": "yes", "ipopt.max_iter": 100_000,
               "ipopt.max_wall_time": float(LIMIT)}
    solver = ca.nlpsol("solver", "ipopt", {"x": x, "f": f}, options)
    found = solver(x0=start)
    seconds = time.perf_counter() - started
    stats = solver.stats()
    print(json.dumps({"value": float(found["f"]), "status": stats["return_status"], "iterations": stats["iter_count"],
                      "seconds": seconds}))


def by_ipopt(name, n, kind):
    command = [sys.executable, __file__, "--inner", name, str(n), kind]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT + 60)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0 or not done.stdout.strip():
        return None
    return json.loads(done.stdout.splitlines()[-1])


def by_gradus(gradus, name, n):
    started = time.perf_counter()
    script = (LARGE / f"{name}.opt").read_text() + "\nlet fit = minimize f\n"
    done = subprocess.run([gradus, "--json", "--set", f"n={n}", "-"], input=script, capture_output=True, text=True,
                          timeout=LIMIT)
    seconds = time.perf_counter() - started
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if answer["kind"] == "result":
            return {"value": answer["value"], "status": answer["status"], "iterations": answer["iterations"],
                    "seconds": seconds, "method": answer["method"]}
    raise RuntimeError(done.stderr or done.stdout)


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--inner":
        return solve_by_ipopt(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    arguments = argparse.ArgumentParser()
    arguments.add_argument("gradus", nargs="?", default=str(ROOT / "target/release/gradus"))
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    names = [n for n in given.only.split(",") if n] or sorted(f.stem for f in LARGE.glob("*.opt"))
    total, slower = [0.0, 0.0], []
    print(f"{'problem':20} {'n':>7}   {'Gradus s':>9} {'value':>14} {'it':>6}   {'Ipopt s':>9} {'value':>14} {'it':>6}  ratio")
    for name in names:
        n = SIZES.get(name, N)
        # The faster kind is found once; its first run is the first round.
        first = {kind: by_ipopt(name, n, kind) for kind in ("SX", "MX")}
        known = {kind: run for kind, run in first.items() if run}
        kind = min(known, key=lambda k: known[k]["seconds"])
        theirs, ours = [known[kind]], [by_gradus(given.gradus, name, n)]
        for _ in range(given.rounds - 1):
            if theirs[0]["seconds"] > 60:
                break
            theirs.append(by_ipopt(name, n, kind))
            ours.append(by_gradus(given.gradus, name, n))
        mine = statistics.median(run["seconds"] for run in ours)
        other = statistics.median(run["seconds"] for run in theirs)
        total[0] += mine
        total[1] += other
        if mine > other:
            slower.append(name)
        a, b = ours[0], theirs[0]
        print(f"{name:20} {n:7}   {mine:9.3f} {a['value']:14.8g} {a['iterations']:6}   "
              f"{other:9.3f} {b['value']:14.8g} {b['iterations']:6}  {other / mine:5.1f}  {kind} {a['status']} | {b['status']}")
        sys.stdout.flush()
    print(f"\ntotal {total[0]:.2f} s, Ipopt through CasADi {total[1]:.2f} s; slower on: {', '.join(slower) or 'none'}")
    return None


if __name__ == "__main__":
    main()
