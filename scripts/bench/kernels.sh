#!/usr/bin/env bash
# Kernels of our own against oneDNN's, step by step: builds tests/benchmark and runs it with its repetitions
# interleaved at random, medians only. Arguments go to Google Benchmark: --benchmark_filter=depthwise, --benchmark_format.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

as_root=()
[[ $(id -u) == 0 ]] || as_root=(sudo)
if [[ $(dpkg-query -W -f='${db:Status-Abbrev}' libbenchmark-dev 2>/dev/null) != ii* ]]; then
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends libbenchmark-dev
fi
"$HALFTONE_TOP/scripts/setup.sh" --with-tests
cd "$HALFTONE_TOP"
cmake --preset dev -DHALFTONE_BENCHMARKS=ON
cmake --build --preset dev --target kernel_benchmark
build/dev/tests/benchmark/kernel_benchmark --benchmark_enable_random_interleaving=true --benchmark_repetitions=9 \
    --benchmark_min_time=0.05 --benchmark_report_aggregates_only=true "$@"
