#!/usr/bin/env bash
# Installs what Halftone is built from: Debian packages by name, and oneDNN 3 where the system has none.
#   scripts/setup.sh                what building, testing and linting needs, and scripts/report.py (.deps/report)
#   scripts/setup.sh --minimal      only what building and running the demo needs
#   scripts/setup.sh --with-tests   the first, and ONNX Runtime in .deps/python, with which the tests compare
#   scripts/setup.sh --with-text    the first, and Hugging Face's tokenizers in .deps/text, for scripts/prepare_text.py
#   scripts/setup.sh --with-nightly the first, and what scripts/nightly.sh needs
#   scripts/setup.sh --with-tensorflow, --with-torch, --with-mxnet
#                                   the first, and what scripts/import needs for models of that framework: TensorFlow in
#                                   .deps/tensorflow (1.7 GB), Debian's PyTorch, MXNet in .deps/mxnet (0.5 GB, only to
#                                   check conversions). All of the options may be combined
# Debian 12 is enough. What is there already is not touched: a second run takes a second and needs no network.
# HALFTONE_DEPS_DIR (default .deps) is the prefix for what does not come from Debian.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build_packages=(
    build-essential g++ cmake ninja-build ccache pkg-config git python3 python3-venv python3-pip
    libopenmpi-dev openmpi-bin libyaml-cpp-dev libeigen3-dev libonnx-dev libprotobuf-dev protobuf-compiler
    libhdf5-openmpi-dev libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev zlib1g-dev libxxhash-dev libre2-dev
    libjpeg62-turbo-dev libpng-dev
    dataset-fashion-mnist)
check_packages=(libgtest-dev libgmock-dev hdf5-tools python3-h5py python3-numpy python3-onnx python3-yaml clang-format clang-tidy shellcheck lld)
# What scripts/nightly.sh needs beside: libFuzzer comes with clang, OpenMP for clang with libomp, and gcovr adds up what
# gcov counts.
nightly_packages=(clang libclang-rt-dev libomp-dev gcovr)
# Loads TorchScript and has the exporter for it. A .pt2 file needs torch 2.5, which is in no Debian package.
torch_packages=(python3-torch python3-numpy)

usage() { sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

install_packages() {
    local package missing=() as_root=()
    if ! command -v apt-get >/dev/null; then
        say "no apt-get here: this system must provide the counterparts of: $*"
        return
    fi
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    say "installing ${missing[*]}"
    [[ $(id -u) == 0 ]] || as_root=(sudo)
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends "${missing[@]}"
}

# A Python that has pip: Debian's, the first one in PATH, or one in a venv of our own (Debian's pip may be left out).
python_with_pip() {
    local python
    for python in /usr/bin/python3 python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
    python3 -m venv "$1" || die "neither python3 -m pip nor python3 -m venv works"
    echo "$1/bin/python"
}

# Whether CMake finds a oneDNN 3 for the CPU without our help.
system_has_onednn() {
    local probe=$1/probe
    mkdir -p "$probe"
    cat >"$probe/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(probe LANGUAGES CXX)
find_package(dnnl 3 CONFIG REQUIRED)
if(DNNL_CPU_RUNTIME MATCHES "SYCL|DPCPP")
  message(FATAL_ERROR "a SYCL build")
endif()
CMAKE
    cmake -S "$probe" -B "$probe/build" >/dev/null 2>&1
}

# A finished prefix carries a copy of the requirements that it was made from.
is_current() { cmp -s "$1/requirements.txt" "$2"; }

# Unpacks the two wheels (zip files) under one prefix, beside it first, so that the prefix is whole or not there.
unpack_onednn() {
    local work=$1 prefix=$2 requirements=$3 python staged=$2.new wheel
    [[ $(uname -m) == x86_64 ]] ||
        die "the oneDNN wheels are for x86_64; install oneDNN 3 (a CPU build) so that find_package(dnnl 3) finds it"
    python=$(python_with_pip "$work/pip")
    say "downloading oneDNN 3.2 (39 MB)"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        -r "$requirements" -d "$work/wheels"
    rm -rf "$staged"
    mkdir -p "$staged" "$work/unpacked"
    for wheel in "$work"/wheels/*.whl; do
        "$python" -m zipfile -e "$wheel" "$work/unpacked"
    done
    cp -R "$work"/unpacked/*.data/data/. "$staged"
    # The wheel holds the same 54 MB three times; the soname is libdnnl.so.3.
    ln -sfn libdnnl.so.3.2 "$staged/lib/libdnnl.so.3"
    ln -sfn libdnnl.so.3 "$staged/lib/libdnnl.so"
    cp "$requirements" "$staged/requirements.txt"
    rm -rf "$prefix"
    mv "$staged" "$prefix"
}

provide_onednn() {
    local prefix=$HALFTONE_DEPS_DIR/onednn requirements=$HALFTONE_TOP/scripts/requirements-onednn.txt
    ! is_current "$prefix" "$requirements" || return 0
    if system_has_onednn "$1"; then
        say "oneDNN 3: the system's own"
        return
    fi
    mkdir -p "$HALFTONE_DEPS_DIR"
    unpack_onednn "$1" "$prefix" "$requirements"
    say "oneDNN 3.2 is in $prefix"
}

# A venv under .deps/ with pinned packages. What needs it says so, and the tests leave themselves out, where it cannot be had.
#   provide_python NAME REQUIREMENTS WHAT
provide_python() {
    local venv=$HALFTONE_DEPS_DIR/$1 requirements=$HALFTONE_TOP/scripts/$2 python=/usr/bin/python3
    ! is_current "$venv" "$requirements" || return 0
    [[ -x $python ]] || python=python3
    mkdir -p "$HALFTONE_DEPS_DIR"
    say "installing $3, into $venv"
    if "$python" -m venv --clear "$venv" &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
            -r "$requirements"; then
        cp "$requirements" "$venv/requirements.txt"
    else
        rm -rf "$venv"
        say "WARNING: this could not be installed, and what needs it will not work: $3"
    fi
}

main() {
    local checks=1 with_tests=0 with_text=0 with_nightly=0 with_tensorflow=0 with_torch=0 with_mxnet=0 argument
    for argument in "$@"; do
        case $argument in
            --minimal) checks=0 ;;
            --with-tests) with_tests=1 ;;
            --with-text) with_text=1 ;;
            --with-nightly) with_nightly=1 ;;
            --with-tensorflow) with_tensorflow=1 ;;
            --with-torch) with_torch=1 ;;
            --with-mxnet) with_mxnet=1 ;;
            -h | --help)
                usage
                return
                ;;
            *)
                usage >&2
                exit 2
                ;;
        esac
    done
    install_packages "${build_packages[@]}"
    [[ $checks == 0 ]] || install_packages "${check_packages[@]}"
    [[ $with_nightly == 0 ]] || install_packages "${nightly_packages[@]}"
    [[ $with_torch == 0 ]] || install_packages "${torch_packages[@]}"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    provide_onednn "$work"
    [[ $checks == 0 ]] || provide_python report requirements.txt "h5py, pandas and plotly, which scripts/report.py needs"
    [[ $with_tests == 0 ]] || provide_python python requirements-test.txt \
        "ONNX Runtime, OpenVINO and TensorBoard, which the tests and certify.py compare with"
    [[ $with_text == 0 ]] || provide_python text requirements-text.txt "tokenizers, which scripts/prepare_text.py needs"
    [[ $with_tensorflow == 0 ]] || provide_python tensorflow requirements-tensorflow.txt \
        "TensorFlow and tf2onnx, with which scripts/import converts TensorFlow's models"
    [[ $with_mxnet == 0 ]] || provide_python mxnet requirements-mxnet.txt \
        "MXNet, which computes what an import of its models is compared with"
    say "set-up is complete"
}

main "$@"
