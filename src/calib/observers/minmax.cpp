// minmax: the smallest and the greatest value seen.

#include "calib/observer.hpp"

namespace halftone {
namespace {

class MinMax final : public Observer {
public:
    Range range(const ValueStatistics& statistics) const override { return {statistics.min(), statistics.max()}; }
};

}  // namespace

std::unique_ptr<Observer> make_minmax(const RangeRule&) { return std::make_unique<MinMax>(); }

}  // namespace halftone
