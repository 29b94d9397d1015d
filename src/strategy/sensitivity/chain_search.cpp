#include "strategy/sensitivity/chain_search.hpp"

#include <algorithm>

namespace halftone {

std::optional<std::size_t> ChainSearch::next() const {
    const std::size_t end = passing_.value_or(length_ + 1);
    if (end - failing_ <= 1) return std::nullopt;
    if (method_ == Method::greedy) return failing_ + 1;
    if (passing_) return failing_ + (*passing_ - failing_) / 2;
    // Until something passes the number doubles: few fallbacks usually suffice, and a candidate with few of them is
    // evaluated sooner.
    return std::min(length_, failing_ == 0 ? std::size_t{2} : 2 * failing_);
}

void ChainSearch::note(std::size_t fallbacks, bool passes) {
    if (passes) {
        passing_ = fallbacks;
    } else {
        failing_ = fallbacks;
    }
}

}  // namespace halftone
