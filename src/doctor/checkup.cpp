// What the facts mean for a user, line by line.
//
//   instruction_set … certify   one finding each, with advice where something can be done
//   examine                     all of them, in the order in which a fault is usually looked for
//   checkup_text, checkup_json  the same lines for a person and for a script
#include "doctor/checkup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace halftone {
namespace {

/// A search in less memory than this may work, and larger models will not.
constexpr std::uint64_t kLittleMemory = std::uint64_t{1} << 30U;

/// In decimal units, as machines are sold.
std::string gigabytes(std::uint64_t bytes) { return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9); }

/// The line that matters most: without VNNI the answer to "is int8 faster?" may be no, whatever the search does.
Finding instruction_set(const MachineFacts& facts) {
    Finding finding{.subject = "instruction set", .value = facts.isa};
    if (facts.has_exact_int8) {
        finding.advice =
            "VNNI multiplies 8-bit codes exactly and fast: int8 pays here, and its results hold on every machine with "
            "VNNI.";
    } else {
        finding.state = FindingState::note;
        finding.advice =
            "There is no VNNI. Weights get 6 bits, so that no product saturates. Some models gain little or nothing "
            "from int8 then: let 'tune' measure it. If the model will run on another machine, run the search there.";
    }
    finding.advice += fmt::format(
        " Products of codes run at most {:.3g} x as fast as those of fp32: the instruction set allows no more.",
        facts.int8_bound);
    if (!facts.isa_limit.empty()) finding.advice += fmt::format(" ONEDNN_MAX_CPU_ISA={} limits it.", facts.isa_limit);
    return finding;
}

/// bf16 is the middle way for units that int8 harms. Few machines have it, so a "no" is nothing to worry about.
Finding bf16(const MachineFacts& facts) {
    if (facts.has_bf16)
        return {
            .subject = "bf16",
            .value = "yes",
            .advice = fmt::format("bf16 can replace fp32 for single layers. Its products run at most {:.3g} x as fast.",
                                  facts.bf16_bound)};
    return {.subject = "bf16",
            .value = "no",
            .advice = "It needs AVX-512 BF16. With a config that asks for bf16, units stay in fp32 instead."};
}

/// Cores that this process may not use are the usual reason for a search that is slower than expected.
Finding cores(const MachineFacts& facts) {
    Finding finding{.subject = "cores", .value = fmt::format("{} of {}", facts.usable_cores, facts.cores)};
    if (facts.usable_cores < facts.cores)
        finding.advice = "A launcher or a container binds this process to some of the machine's cores.";
    else if (facts.cores > 2)
        // Open MPI refuses more ranks than cores, and rank 0 needs no core of its own: it sleeps while others work.
        finding.advice = fmt::format(
            "mpirun --oversubscribe --bind-to none -n {} halftone tune … uses them all: rank 0 leads, the others "
            "evaluate.",
            facts.cores + 1);
    return finding;
}

/// The limit and not the free memory decides what is refused: under mpirun it is this rank's share.
Finding memory(const MachineFacts& facts) {
    Finding finding{.subject = "memory",
                    .value = fmt::format("{} free, this process may take {}", gigabytes(facts.free_bytes),
                                         gigabytes(facts.limit_bytes))};
    if (facts.limit_bytes < kLittleMemory) {
        finding.state = FindingState::note;
        finding.advice = "That is little. Fewer ranks on this machine leave more for each; --memory sets the limit.";
    }
    return finding;
}

/// Inside mpirun the ranks are known; outside, only whether mpirun could be started.
Finding mpi(const MachineFacts& facts) {
    Finding finding{.subject = "MPI", .value = facts.mpi};
    if (facts.ranks) {
        finding.value += fmt::format(", {} rank{}", *facts.ranks, *facts.ranks == 1 ? "" : "s");
    } else if (facts.has_mpirun) {
        finding.advice =
            "This process was not started by mpirun, so it is one rank. 'mpirun -n 2 halftone doctor' shows "
            "how ranks are bound.";
    } else {
        finding.state = FindingState::note;
        finding.advice = "mpirun is not in PATH, so only one rank can run. Debian: apt-get install openmpi-bin";
    }
    return finding;
}

/// Binding and transport matter where several ranks run.
void add_ranks(const MachineFacts& facts, std::vector<Finding>& findings) {
    if (!facts.ranks || *facts.ranks < 2) return;
    Finding binding{.subject = "binding",
                    .value = facts.usable_cores < facts.cores
                                 ? fmt::format("rank 0 runs on {} of {} cores", facts.usable_cores, facts.cores)
                                 : "ranks are not bound to cores"};
    if (*facts.ranks > facts.cores + 1) {
        binding.state = FindingState::note;
        binding.advice = fmt::format("{} ranks share {} cores: more ranks than cores plus the leading one do not help.",
                                     *facts.ranks, facts.cores);
    }
    findings.push_back(binding);
    findings.push_back({.subject = "transport",
                        .value = facts.transport.empty() ? "chosen by MPI" : facts.transport,
                        .advice = "Messages are small: shared memory or TCP is enough."});
}

Finding certify(const MachineFacts& facts) {
    // From the outside in: the script, the Python that runs it, the packages of that Python.
    Finding finding{.subject = "certify", .value = "ready", .state = FindingState::missing};
    if (facts.certify_script.empty()) {
        finding.value = "the script is missing";
        finding.advice =
            "certify.py is neither beside the program, nor in ../share/halftone/scripts, nor in a source tree; 'cmake "
            "--install' installs it.";
    } else if (facts.python.empty()) {
        finding.value = "there is no Python";
        finding.advice = "Install python3, then run scripts/setup.sh --with-tests in the source tree.";
    } else if (!facts.missing_packages.empty()) {
        finding.value = fmt::format("{} lacks {}", facts.python, join(facts.missing_packages, ", "));
        finding.advice = "scripts/setup.sh --with-tests makes a Python with ONNX Runtime and OpenVINO.";
    } else {
        finding.state = FindingState::good;
        finding.advice = "It compares a result with ONNX Runtime and OpenVINO: halftone certify WORKSPACE/best.onnx";
    }
    return finding;
}

/// Whether a search works without it.
bool is_optional(const Finding& finding) { return finding.subject == "certify"; }

}  // namespace

std::vector<Finding> examine(const MachineFacts& facts) {
    // Hardware first, then libraries, then what is optional: the order in which a fault is usually looked for.
    std::vector<Finding> findings{{.subject = "processor", .value = facts.processor},
                                  instruction_set(facts),
                                  bf16(facts),
                                  cores(facts),
                                  memory(facts),
                                  {.subject = "oneDNN", .value = facts.onednn},
                                  {.subject = "HDF5", .value = facts.hdf5},
                                  mpi(facts)};
    add_ranks(facts, findings);
    findings.push_back(certify(facts));
    return findings;
}

std::string checkup_text(const std::vector<Finding>& findings) {
    // Advice stands below its line: beside it, lines would be too long for a terminal.
    std::string text;
    for (const Finding& finding : findings) {
        const char* mark = finding.state == FindingState::good ? " " : finding.state == FindingState::note ? "!" : "-";
        text += fmt::format("{} {:<16} {}\n", mark, finding.subject, finding.value);
        if (!finding.advice.empty()) text += fmt::format("  {:<16}   {}\n", "", finding.advice);
    }
    return text + "(! worth knowing, - missing and optional)\n";
}

std::string checkup_json(const std::vector<Finding>& findings) {
    nlohmann::ordered_json json;
    // "ok" is about searching: a script that waits for it must not stop for a missing optional part.
    json["ok"] = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.state == FindingState::missing && !is_optional(finding);
    });
    json["findings"] = nlohmann::ordered_json::array();
    for (const Finding& finding : findings) {
        json["findings"].push_back({{"subject", finding.subject},
                                    {"value", finding.value},
                                    {"state", kFindingStateNames.name(finding.state)},
                                    {"advice", finding.advice}});
    }
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace halftone
