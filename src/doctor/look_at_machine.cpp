// Collects facts. Each question is asked where its answer is known: kernels, MPI, HDF5, the operating system, Python.
#include <chrono>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/free_memory.hpp"
#include "base/machine.hpp"
#include "base/path.hpp"
#include "base/process.hpp"
#include "base/run_program.hpp"
#include "base/text.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "doctor/checkup.hpp"
#include "dump/h5_version.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone {
namespace {

/// Number of ranks, as launchers tell it: Open MPI's mpirun, PMI of Slurm and MPICH.
std::optional<int> ranks_of_launcher() {
    if (!is_launched_by_mpi()) return std::nullopt;
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"}) {
        // The first that is set is the launcher that started this process; the others may be left over from a shell.
        if (const auto text = environment(name)) {
            if (const auto ranks = parse_int(*text)) return static_cast<int>(*ranks);
        }
    }
    // A launcher of another kind was seen, which does not say how many ranks it started.
    return 1;
}

/// What a user or an administrator has chosen; without a choice, Open MPI takes what is fastest.
std::string chosen_transport() {
    std::vector<std::string> parts;
    for (const char* name : {"OMPI_MCA_pml", "OMPI_MCA_btl", "OMPI_MCA_mtl", "UCX_TLS"}) {
        if (const auto value = environment(name)) parts.push_back(std::string(name) + "=" + *value);
    }
    return join(parts, " ");
}

/// The Python that certify.py would end up in: the one of scripts/setup.sh, else the system's.
std::string python_for(const std::string& script, const FileSystem& files) {
    const std::string top = parent_path(parent_path(script));
    const std::string deps = environment("HALFTONE_DEPS_DIR").value_or(top + "/.deps");
    const std::string own = deps + "/python/bin/python";
    // certify.py starts itself again with this one if the system's Python lacks a package.
    if (files.exists(own)) return own;
    return find_program("python3").value_or("");
}

/// find_spec imports nothing, so the question takes a tenth of a second instead of several.
std::vector<std::string> packages_missing_in(const std::string& python) {
    static const std::string question =
        "import importlib.util as u\n"
        "print(*[m for m in ('numpy', 'onnx', 'onnxruntime', 'openvino', 'yaml') if u.find_spec(m) is None])";
    constexpr std::size_t kMostAnswer = 4096;
    try {
        const ProgramResult answer = run_program({python, "-c", question}, "", std::chrono::seconds(20), kMostAnswer);
        // A Python that cannot even run the question is broken; then nothing of it can be used.
        if (answer.exit_code != 0) return {"all of them"};
        std::vector<std::string> missing;
        for (const std::string& word : split(trim(answer.out), ' ')) {
            if (!word.empty()) missing.push_back(word);
        }
        return missing;
    } catch (const IoError&) {
        return {"all of them"};
    }
}

}  // namespace

std::string find_certify_script(const std::string& program) {
    const auto files = make_posix_file_system();
    const std::string folder = parent_path(program);
    // Beside the program, installed, and in a source tree with build/PRESET/bin/halftone.
    for (const char* place : {"/certify.py", "/../share/halftone/scripts/certify.py", "/../../../scripts/certify.py",
                              "/../../scripts/certify.py"}) {
        if (files->is_file(folder + place)) return folder + place;
    }
    return {};
}

MachineFacts look_at_machine() {
    MachineFacts facts;
    facts.processor = processor_name();
    // What the kernels use, not what the processor has: an environment variable may lower it.
    facts.isa = isa_name();
    facts.has_exact_int8 = has_exact_int8();
    facts.has_bf16 = has_bf16();
    facts.int8_bound = product_bounds().int8;
    facts.bf16_bound = product_bounds().bf16;
    facts.isa_limit = environment("ONEDNN_MAX_CPU_ISA").value_or("");
    facts.onednn = onednn_version();
    facts.mpi = mpi_version();
    facts.hdf5 = hdf5_version();
    facts.ranks = ranks_of_launcher();
    facts.has_mpirun = find_program("mpirun").has_value();
    facts.transport = chosen_transport();
    facts.cores = machine_cores();
    facts.usable_cores = usable_cores();
    facts.free_bytes = free_memory();
    // The limit that this process works with: --memory, or the free memory divided by the ranks.
    facts.limit_bytes = process_budget().byte_limit();
    facts.certify_script = find_certify_script(program_path());
    const auto files = make_posix_file_system();
    if (!facts.certify_script.empty()) facts.python = python_for(facts.certify_script, *files);
    if (!facts.python.empty()) facts.missing_packages = packages_missing_in(facts.python);
    return facts;
}

}  // namespace halftone
