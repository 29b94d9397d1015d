#pragma once
// Observers: how a range is chosen from a value's statistics. One plug-in per algorithm word (minmax, kl, …).

#include <memory>
#include <string>
#include <vector>

#include "calib/statistics.hpp"
#include "tensor/quant_params.hpp"

namespace halftone {

class Observer {
public:
    virtual ~Observer() = default;
    /// The interval to represent with 256 codes. An empty statistic gives [0, 0].
    [[nodiscard]] virtual Range range(const ValueStatistics& statistics) const = 0;
};

/// Null when no observer has this algorithm.
[[nodiscard]] std::unique_ptr<Observer> make_observer(const RangeRule& rule);
[[nodiscard]] std::vector<Algorithm> observer_algorithms();

}  // namespace halftone
