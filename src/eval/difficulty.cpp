#include "eval/difficulty.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace halftone {
namespace {

// ASCII order is difficulty's order, so that the text can be read and sorted as it is.
constexpr std::string_view kClasses = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

std::string difficulty_text(std::span<const float> margins) {
    // Classes are ranks, not margins: margins of different models have different scales, and the text has to be short.
    std::vector<float> right;
    for (const float margin : margins) {
        if (margin >= 0) right.push_back(margin);
    }
    std::sort(right.begin(), right.end());
    std::string text;
    for (const float margin : margins) {
        if (!(margin >= 0)) {  // also where it is NaN: an answer that cannot be compared is a wrong one
            text += '0';
            continue;
        }
        const auto rank =
            static_cast<std::size_t>(std::lower_bound(right.begin(), right.end(), margin) - right.begin());
        text += kClasses[rank * kClasses.size() / right.size()];
    }
    return text;
}

std::vector<std::int64_t> hardest_first(const std::string& difficulty) {
    std::vector<std::int64_t> order(difficulty.size());
    std::iota(order.begin(), order.end(), 0);
    // Stable, so that every rank and every resumed run has the same order.
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return difficulty[static_cast<std::size_t>(a)] < difficulty[static_cast<std::size_t>(b)];
    });
    return order;
}

}  // namespace halftone
