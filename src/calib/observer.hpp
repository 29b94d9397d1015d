#pragma once
// Observers choose a range from a value's statistics. Each is a plug-in of calib/observers, found by the word of its
// algorithm (minmax, kl, …). Only the list of that folder holds these words.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calib/statistics.hpp"
#include "tensor/quant_params.hpp"

namespace halftone {

class Observer {
public:
    virtual ~Observer() = default;
    /// Returns the interval that 256 codes will represent. Statistics without values give [0, 0].
    [[nodiscard]] virtual Range range(const ValueStatistics& statistics) const = 0;
};

/// Returns the observer of the rule's algorithm, or null when no observer has that word.
[[nodiscard]] std::unique_ptr<Observer> make_observer(const RangeRule& rule);
/// Returns the algorithms that have an observer, in the order of the list.
[[nodiscard]] std::vector<Algorithm> observer_algorithms();
/// Returns their words, in the same order.
[[nodiscard]] std::vector<std::string> observer_words();

/// The words of all observers, in the form in which Reader::word() reads a word from a file.
struct AlgorithmWords {
    /// Returns the algorithm of an observer's word, or nothing for any other word.
    [[nodiscard]] std::optional<Algorithm> parse(std::string_view word) const;
    /// Returns "minmax kl …", for messages.
    [[nodiscard]] std::string allowed() const;
};
inline constexpr AlgorithmWords kAlgorithmWords{};

}  // namespace halftone
