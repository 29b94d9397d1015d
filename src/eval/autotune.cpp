// Autotune: which kernel runs each step, by measurement.
//
//   find_steps         named steps with more than one fast kernel
//   time_steps         a pilot of few rounds rules out what is hopeless (kernels_left); then all rounds
//   time_kernels       one session for each "i-th kernel of every step", in turn, step by step
//   choose_kernel      by the median, and only if the interval of the paired ratios lies above 1.02
//   time_whole_runs    the choices together against the default: if whole runs are not faster, nothing is chosen
//
// A kernel is timed inside the whole model, reorders before it included: alone, it would find its inputs in the caches
// and in the layout that it likes.
#include "eval/autotune.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "eval/latency.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

// A kernel must win by 2 %: a smaller gain vanishes between two machines of one type, and a choice is one more thing
// that best.yaml carries.
constexpr double kLeastGain = 1.02;
constexpr int kRunsInARound = 3;   // of which the median counts
constexpr int kPilotRounds = 2;    // a first look, so that hopeless kernels cost no further rounds
constexpr double kHopeless = 1.5;  // times the default in the pilot's fastest run
constexpr int kWholeRounds = 3;    // for each round of steps: the gain is often a few percent

double median_of(std::vector<double> samples) { return median_with_interval(std::move(samples)).median; }

/// Median of the paired ratios a / b. Pairs were measured one right after the other, so what slows the machine for a
/// while stands in both and cancels.
MedianInterval paired_ratio(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
    return median_with_interval(std::move(ratios));
}

/// Can a choice be stored for this node? It is a line of the model's metadata, so the name must be one, too.
bool can_be_named(const std::string& node) { return !node.empty() && node.find('\n') == std::string::npos; }

/// Milliseconds of each named step in one run, the reorders before it included.
std::map<std::string, double> profile(Session& session) {
    std::vector<std::int64_t> nanoseconds(session.steps().size(), 0);
    session.run_profiled(nanoseconds);
    std::map<std::string, double> times;
    double reorders = 0;
    for (std::size_t s = 0; s < nanoseconds.size(); ++s) {
        const double ms = static_cast<double>(nanoseconds[s]) / 1e6;
        // A kernel that wants another layout pays for the reorders in front of it.
        if (session.steps()[s].op == "Reorder") {
            reorders += ms;
            continue;
        }
        times[session.steps()[s].name] += ms + reorders;
        reorders = 0;
    }
    return times;
}

std::map<std::string, double> median_profile(Session& session) {
    session.run();  // another session has used the caches
    std::map<std::string, std::vector<double>> samples;
    for (int run = 0; run < kRunsInARound; ++run) {
        for (const auto& [name, ms] : profile(session)) samples[name].push_back(ms);
    }
    std::map<std::string, double> times;
    for (auto& [name, own] : samples) times[name] = median_of(std::move(own));
    return times;
}

double fastest(const std::vector<double>& samples) { return *std::min_element(samples.begin(), samples.end()); }

/// Median over runs that last 20 ms together, but at least three.
double timed_ms(Session& session) {
    constexpr double kEnough = 20.0;  // milliseconds
    const SystemClock clock;
    session.run();  // not counted: another session has used the caches
    std::vector<double> times;
    double sum = 0;
    while (sum < kEnough || times.size() < kRunsInARound) {
        const std::chrono::nanoseconds start = clock.now();
        session.run();
        times.push_back(std::chrono::duration<double, std::milli>(clock.now() - start).count());
        sum += times.back();
    }
    return median_of(std::move(times));
}

class Autotuner {
public:
    Autotuner(const Graph& graph, const OpLibrary& ops, const CompileOptions& compile, const AutotuneOptions& options)
        : graph_(with_kernels(graph, {})), ops_(ops), compile_(compile), options_(options) {}

    Autotuned run() {
        find_steps();
        if (result_.steps.empty() || !time_steps()) return std::move(result_);
        for (KernelTimes& step : result_.steps) {
            const auto& samples = samples_.at(step.node);
            step.chosen = choose_kernel(samples);
            for (const std::vector<double>& own : samples) step.ms.push_back(median_of(own));
            if (step.chosen != 0) result_.choices[step.node] = step.kernels[step.chosen];
        }
        if (!result_.choices.empty()) time_whole_runs();
        return std::move(result_);
    }

private:
    [[nodiscard]] Session session_with(const KernelChoices& choices) const {
        Session session(with_kernels(graph_, choices), ops_, compile_);
        options_.fill_inputs(session);
        session.run();
        return session;
    }

    void find_steps() {
        CompileOptions options = compile_;
        options.lists_kernels = true;
        const Session session(graph_, ops_, options);
        for (const StepInfo& step : session.steps()) {
            if (step.kernels.size() < 2) continue;
            if (can_be_named(step.name)) {
                result_.steps.push_back({step.name, step.op, step.kernels, {}, 0});
            } else {
                ++result_.unnamed;
            }
        }
    }

    /// Times all kernels. False when stopped.
    bool time_steps() {
        for (const KernelTimes& step : result_.steps) samples_[step.node].resize(step.kernels.size());
        if (!time_kernels(kPilotRounds)) return false;
        for (const KernelTimes& step : result_.steps) {
            auto& samples = samples_.at(step.node);
            for (std::size_t k = 1; k < samples.size(); ++k) {
                if (fastest(samples[k]) > kHopeless * fastest(samples[0])) hopeless_.emplace(step.node, k);
            }
        }
        return time_kernels(options_.rounds);
    }

    /// The kernels of a step that are still in, the default first.
    [[nodiscard]] std::vector<std::size_t> kernels_left(const KernelTimes& step) const {
        std::vector<std::size_t> left;
        for (std::size_t k = 0; k < step.kernels.size(); ++k) {
            if (!hopeless_.contains({step.node, k})) left.push_back(k);
        }
        return left;
    }

    /// Times all kernels that are still in, in as many sessions as the step with the most kernels has. The i-th session
    /// runs every step by its i-th kernel, or by the default where the step has fewer. False when stopped.
    bool time_kernels(int rounds) {
        std::size_t most = 1;
        for (const KernelTimes& step : result_.steps) most = std::max(most, kernels_left(step).size());
        std::vector<Session> sessions;
        for (std::size_t i = 0; i < most; ++i) {
            KernelChoices choices;
            for (const KernelTimes& step : result_.steps) {
                const std::vector<std::size_t> left = kernels_left(step);
                if (i > 0 && i < left.size()) choices[step.node] = step.kernels[left[i]];
            }
            sessions.push_back(session_with(choices));
        }
        for (int round = 0; round < rounds; ++round) {
            for (std::size_t i = 0; i < most; ++i) {
                if (options_.is_stopped()) return false;
                const auto times = median_profile(sessions[i]);
                for (const KernelTimes& step : result_.steps) {
                    const std::vector<std::size_t> left = kernels_left(step);
                    if (i < left.size()) samples_.at(step.node)[left[i]].push_back(times.at(step.node));
                }
            }
        }
        return true;
    }

    void time_whole_runs() {
        Session by_default = session_with({});
        Session chosen = session_with(result_.choices);
        std::vector<double> before;
        std::vector<double> after;
        for (int round = 0; round < kWholeRounds * options_.rounds && !options_.is_stopped(); ++round) {
            before.push_back(timed_ms(by_default));
            after.push_back(timed_ms(chosen));
        }
        if (!before.empty()) result_.gain = paired_ratio(before, after);
        if (result_.gain.low > 1.0 && !options_.is_stopped()) return;
        // Steps that are faster alone can be slower together, by their reorders or by what they leave in the caches.
        result_.is_dropped = true;
        result_.choices.clear();
        for (KernelTimes& step : result_.steps) step.chosen = 0;
    }

    const Graph graph_;
    const OpLibrary& ops_;
    const CompileOptions& compile_;
    const AutotuneOptions& options_;
    Autotuned result_;
    std::map<std::string, std::vector<std::vector<double>>> samples_;  // by node, kernel, round
    std::set<std::pair<std::string, std::size_t>> hopeless_;           // node and kernel: ruled out by the pilot
};

}  // namespace

std::size_t choose_kernel(const std::vector<std::vector<double>>& samples) {
    HALFTONE_CHECK(!samples.empty() && !samples[0].empty(), "the default was measured");
    std::size_t best = 0;
    for (std::size_t k = 1; k < samples.size(); ++k) {
        if (median_of(samples[k]) < median_of(samples[best])) best = k;
    }
    return best != 0 && paired_ratio(samples[0], samples[best]).low > kLeastGain ? best : 0;
}

Autotuned autotune(const Graph& graph, const OpLibrary& ops, const CompileOptions& compile,
                   const AutotuneOptions& options) {
    return Autotuner(graph, ops, compile, options).run();
}

// A kernel is missing if no step of its node could run by it.
std::vector<std::string> missing_kernels(const Graph& graph, const Session& session) {
    std::vector<std::string> missing;
    for (const auto& [node, kernel] : kernel_choices(graph)) {
        const bool is_there = std::any_of(
            session.steps().begin(), session.steps().end(), [&node = node, &kernel = kernel](const StepInfo& step) {
                return step.name == node &&
                       std::find(step.kernels.begin(), step.kernels.end(), kernel) != step.kernels.end();
            });
        if (!is_there) missing.push_back(kernel + " for " + node);
    }
    return missing;
}

std::string missing_kernels_text(const Graph& graph, CompileOptions compile) {
    if (kernel_choices(graph).empty()) return {};
    compile.lists_kernels = true;
    const std::vector<std::string> missing = missing_kernels(graph, Session(graph, reference_ops(), compile));
    if (missing.empty()) return {};
    return fmt::format(
        "{} of the chosen kernels are not to be had on this machine ({}), the first {}: defaults run instead",
        missing.size(), isa_name(), missing[0]);
}

}  // namespace halftone
