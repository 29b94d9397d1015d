#include "base/registry.hpp"

#include "base/text.hpp"
#include "calib/observer.hpp"

namespace halftone {

using MakeObserver = std::unique_ptr<Observer>(const RangeRule&);
#define HALFTONE_LIST "calib/observers/list.inc"
#define HALFTONE_TABLE kObservers
#define HALFTONE_FACTORY MakeObserver
#define HALFTONE_NAME(name) make_##name
#include "base/plugin_table.inc"

std::unique_ptr<Observer> make_observer(const RangeRule& rule) {
    MakeObserver* const* make = kObservers.find(rule.algorithm.word());
    return make != nullptr ? (*make)(rule) : nullptr;
}

std::vector<Algorithm> observer_algorithms() {
    std::vector<Algorithm> algorithms;
    for (const auto& row : kObservers.rows()) algorithms.emplace_back(row.word);
    return algorithms;
}

std::vector<std::string> observer_words() { return kObservers.words(); }

std::optional<Algorithm> AlgorithmWords::parse(std::string_view word) const {
    if (kObservers.find(word) == nullptr) return std::nullopt;
    return Algorithm(word);
}

std::string AlgorithmWords::allowed() const { return join(observer_words(), " "); }

}  // namespace halftone
