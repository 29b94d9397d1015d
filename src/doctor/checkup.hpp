#pragma once
// The machine as Halftone sees it: what is there, what it means for int8, what is missing and how to get it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.hpp"

namespace halftone {

/// What was found out about the machine, before anything is said about it.
struct MachineFacts {
    std::string processor;
    std::string isa;
    bool has_exact_int8 = false;  ///< VNNI
    bool has_bf16 = false;
    double int8_bound = 1;  ///< how many times faster than fp32 products of codes can be at most
    double bf16_bound = 1;
    std::string isa_limit;  ///< ONEDNN_MAX_CPU_ISA; empty: not set
    std::string onednn, mpi, hdf5;
    std::optional<int> ranks;  ///< of the launcher that started this process; nothing: there is none
    bool has_mpirun = false;   ///< in PATH
    std::string transport;     ///< what the environment says of MPI's transport; empty: nothing
    int cores = 0;             ///< hardware threads of the machine
    int usable_cores = 0;      ///< of this process
    std::uint64_t free_bytes = 0;
    std::uint64_t limit_bytes = 0;              ///< that this process may take
    std::string certify_script;                 ///< path; empty: not found
    std::string python;                         ///< that certify would run in; empty: none was found
    std::vector<std::string> missing_packages;  ///< of Python, that certify needs
};

enum class FindingState { good, note, missing };
inline constexpr EnumNames<FindingState, 3> kFindingStateNames{
    {{{FindingState::good, "good"}, {FindingState::note, "note"}, {FindingState::missing, "missing"}}}};

/// One line of the checkup.
struct Finding {
    std::string subject;  ///< "instruction set"
    std::string value;    ///< "avx512_core_vnni"
    FindingState state = FindingState::good;
    std::string advice = {};  ///< what it means, and how to change it; may be empty
};

/// Looks at the machine. It runs Python once, to see which packages it has.
[[nodiscard]] MachineFacts look_at_machine();

/// Says what the facts mean. Required parts come first, optional ones last.
[[nodiscard]] std::vector<Finding> examine(const MachineFacts& facts);

[[nodiscard]] std::string checkup_text(const std::vector<Finding>& findings);
/// One object: "ok" (nothing that is required is missing) and "findings".
[[nodiscard]] std::string checkup_json(const std::vector<Finding>& findings);

/// Returns the path of certify.py: beside the program, in its share folder, or in the source tree that it was built in.
/// Empty if it is in none of them. @param program  path of the running program
[[nodiscard]] std::string find_certify_script(const std::string& program);

}  // namespace halftone
