#include "study/objective_verdict.hpp"

#include <fmt/format.h>

namespace halftone::study {
namespace {

std::vector<std::string> help_for(const ObjectiveFacts& facts) {
    std::vector<std::string> help;
    if (!facts.has_vnni) {
        help.push_back(
            fmt::format("a CPU with VNNI (AVX512-VNNI, AVX-VNNI or AMX): this one runs {}, where 8-bit products "
                        "gain little over fp32's",
                        facts.isa));
    }
    if (!facts.pinned_isa.empty())
        help.emplace_back("tuning on the machine that will run the model: cluster.isa pins the instruction set");
    help.emplace_back("a larger batch: latencies are those of batch 1");
    if (facts.threads == 1) help.emplace_back("more threads (tuning.threads), where the model is large");
    help.emplace_back("another objective (tuning.objective: modelsize or footprint), if size is what matters");
    return help;
}

}  // namespace

ObjectiveVerdict judge_objective(const MedianInterval& fp32_ms, const MedianInterval& best_ms,
                                 const ObjectiveFacts& facts) {
    ObjectiveVerdict verdict;
    // Only intervals that do not meet say that one is faster: medians differ in every run by chance.
    verdict.is_met = best_ms.high < fp32_ms.low && !facts.delivers_fp32;
    verdict.is_slower = best_ms.low > fp32_ms.high && !facts.delivers_fp32;
    const std::string times = fmt::format("{:.3g} against {:.3g} ms", best_ms.median, fp32_ms.median);
    if (facts.delivers_fp32) {
        verdict.text = "no quantized model that meets the goal is better than fp32 on this machine: fp32 is delivered";
    } else if (verdict.is_met) {
        verdict.text =
            fmt::format("the model is {:.2f} times as fast as fp32 here ({})", fp32_ms.median / best_ms.median, times);
    } else if (verdict.is_slower) {
        verdict.text = fmt::format("the delivered model is slower than fp32 here ({})", times);
    } else {
        verdict.text = fmt::format("the delivered model is as fast as fp32 here, within the noise ({})", times);
    }
    if (!verdict.is_met) verdict.help = help_for(facts);
    return verdict;
}

}  // namespace halftone::study
