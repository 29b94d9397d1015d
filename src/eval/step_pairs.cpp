#include "eval/step_pairs.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>

namespace halftone {
namespace {

/// Sets that are joined step by step (union-find). Each is named by its smallest member.
class JoinedSteps {
public:
    explicit JoinedSteps(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0); }

    [[nodiscard]] std::size_t first_of(std::size_t step) {
        while (parent_[step] != step) step = parent_[step] = parent_[parent_[step]];
        return step;
    }
    void join(std::size_t a, std::size_t b) {
        a = first_of(a);
        b = first_of(b);
        parent_[std::max(a, b)] = std::min(a, b);
    }

private:
    std::vector<std::size_t> parent_;
};

}  // namespace

std::vector<StepPair> pair_steps(const std::vector<StepInfo>& steps, const std::vector<StepInfo>& fp32_steps) {
    // Both lists are numbered through, the quantized one first.
    JoinedSteps joined(steps.size() + fp32_steps.size());
    std::map<std::string, std::size_t> step_of_node;
    const auto add = [&](const StepInfo& step, std::size_t number) {
        for (const std::string& node : step.nodes) {
            if (node.empty()) continue;  // nodes without a name have nothing in common
            const auto [found, is_new] = step_of_node.emplace(node, number);
            if (!is_new) joined.join(found->second, number);
        }
    };
    for (std::size_t i = 0; i < steps.size(); ++i) add(steps[i], i);
    for (std::size_t i = 0; i < fp32_steps.size(); ++i) add(fp32_steps[i], steps.size() + i);

    std::map<std::size_t, StepPair> by_first;  // in the order of the first steps
    for (std::size_t i = 0; i < steps.size(); ++i) by_first[joined.first_of(i)].steps.push_back(i);
    for (std::size_t i = 0; i < fp32_steps.size(); ++i) {
        by_first[joined.first_of(steps.size() + i)].fp32_steps.push_back(i);
    }
    std::vector<StepPair> pairs;
    for (auto& [first, pair] : by_first) pairs.push_back(std::move(pair));
    return pairs;
}

}  // namespace halftone
