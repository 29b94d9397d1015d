#pragma once
// Choice of kernels by measurement: every fast kernel of every step is timed where it will run, in whole runs of the
// model, in turn with the default. Measured, not reproducible; what it chose is kept in a plan or a file.

#include <functional>
#include <string>
#include <vector>

#include "base/median_interval.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/session.hpp"

namespace halftone {

/// One step by each of its kernels.
struct KernelTimes {
    std::string node;
    std::string op;
    std::vector<std::string> kernels;  ///< the default first
    std::vector<double> ms;            ///< by kernel: median, with the reorders that it needs before it
    std::size_t chosen = 0;
};

struct Autotuned {
    KernelChoices choices;           ///< steps that do not run by their default
    std::vector<KernelTimes> steps;  ///< those with more than one kernel, in execution order
    /// Ratio of whole runs, the default's time by that of the choices, from pairs of runs. Exactly 1 if nothing is
    /// chosen.
    MedianInterval gain{.median = 1, .low = 1, .high = 1};
    std::size_t unnamed = 0;  ///< steps with more than one kernel, but no name to choose it by
    bool is_dropped = false;  ///< choices were made, but whole runs were not faster: none is left
};

struct AutotuneOptions {
    int rounds = 15;
    std::function<void(Session&)> fill_inputs;
    std::function<bool()> is_stopped;  ///< asked between rounds: ends early, with no choice
};

/// Index of the kernel to take: the lowest median, unless the default is within 2 % of it or faster in too many rounds
/// (the interval of the paired ratios, as of median_with_interval, must lie above 1.02). `samples[k][round]`; 0:
/// default.
/// @pre every kernel has as many samples, at least one
[[nodiscard]] std::size_t choose_kernel(const std::vector<std::vector<double>>& samples);

/// Choices that the graph carries already are not taken into account.
[[nodiscard]] Autotuned autotune(const Graph& graph, const OpLibrary& ops, const CompileOptions& compile,
                                 const AutotuneOptions& options);

/// Returns the choices of the graph that its session could not follow, "KERNEL for NODE": those of another machine.
/// @pre the session was compiled with CompileOptions::lists_kernels
[[nodiscard]] std::vector<std::string> missing_kernels(const Graph& graph, const Session& session);
/// Returns a warning about them; empty if none is missing. A plan or file of another machine runs by the defaults where
/// its kernels do not exist.
[[nodiscard]] std::string missing_kernels_text(const Graph& graph, CompileOptions compile);

}  // namespace halftone
