# shellcheck shell=bash
# Sourced by the other scripts: the top of the checkout, messages, and the environment in which ranks are started.

HALFTONE_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HALFTONE_DEPS_DIR=${HALFTONE_DEPS_DIR:-$HALFTONE_TOP/.deps}
export HALFTONE_DEPS_DIR

say() { printf '== %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# For our own runs on one machine, which may be a container (root) with fewer cores than ranks. The program itself never
# sets these: on a cluster they are the user's decision.
use_local_mpi() {
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_rmaps_base_oversubscribe=1                # mpirun --oversubscribe: more ranks than cores
    export OMPI_MCA_hwloc_base_binding_policy=none            # mpirun --bind-to none
    export OMPI_MCA_btl_vader_single_copy_mechanism=none      # default container profiles forbid the other one
    export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive          # one thread per rank; a spinning thread steals a core
}
