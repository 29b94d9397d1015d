#include <array>

#include "calib/observer.hpp"

namespace halftone {

#define HALFTONE_OBSERVER(algorithm, factory) std::unique_ptr<Observer> factory(const RangeRule& rule);
#include "calib/observers/list.inc"
#undef HALFTONE_OBSERVER

namespace {

struct Row {
    Algorithm algorithm;
    std::unique_ptr<Observer> (*make)(const RangeRule&);
};

#define HALFTONE_OBSERVER(algorithm, factory) Row{Algorithm::algorithm, factory},
constexpr std::array kRows{
#include "calib/observers/list.inc"
};
#undef HALFTONE_OBSERVER

}  // namespace

std::unique_ptr<Observer> make_observer(const RangeRule& rule) {
    for (const Row& row : kRows) {
        if (row.algorithm == rule.algorithm) return row.make(rule);
    }
    return nullptr;
}

std::vector<Algorithm> observer_algorithms() {
    std::vector<Algorithm> algorithms;
    for (const Row& row : kRows) algorithms.push_back(row.algorithm);
    return algorithms;
}

}  // namespace halftone
