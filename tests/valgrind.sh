#!/usr/bin/env bash
# Programs and tests of compiled code under valgrind's memcheck: reads and writes
# of memory that is not there, decisions by values that nobody has set, memory
# that is definitely lost. Not part of `cargo test`: it takes minutes, and
# valgrind must be installed. What valgrind does not know (AVX-512) it hides from
# the program, so that it runs the AVX2 code; `GRADUS_SIMD=baseline` gives less.
#
# Usage: tests/valgrind.sh [PROGRAM.opt ...]; without programs a choice of the
# examples and goldens, and the tests of compiled code on few cases.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v valgrind >/dev/null || { echo "tests/valgrind.sh: valgrind is not there" >&2; exit 1; }

check="valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite
    --errors-for-leak-kinds=definite --num-callers=20"

cargo build
programs=("$@")
if [[ $# -eq 0 ]]; then
    programs=(examples/*.opt tests/golden/optim/{chained_rosenbrock,logistic_regression,bound_is_active}.opt
        tests/golden/optim/{least_squares_of_matrices,not_smooth,unbounded}.opt
        tests/golden/run/{fit_statistics,multistart,at_a_result}.opt)
fi
# Times differ, and are no finding.
without_times() { sed -E 's/ in [0-9.]+ [mun]?s\b//'; }
for program in "${programs[@]}"; do
    echo "== $program"
    status=0
    expected=$(GRADUS_SIMD="${GRADUS_SIMD:-avx2}" target/debug/gradus "$program" 2>&1 | without_times) || true
    found=$($check target/debug/gradus "$program" 2>&1 | without_times) || status=$?
    if [[ $status -eq 99 || $found != "$expected" ]]; then
        diff <(echo "$expected") <(echo "$found") || true
        echo "tests/valgrind.sh: $program is not clean" >&2
        exit 1
    fi
done
if [[ $# -eq 0 ]]; then
    machine=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${machine}_RUNNER=$(echo "$check" | tr '\n' ' ')"
    GRADUS_CASES="${GRADUS_CASES:-20}" cargo test --test jit -- --test-threads=1 \
        table loops arrays random --skip interrupt_ends_long_loops --skip any_number_of_threads
fi
echo "== clean"
