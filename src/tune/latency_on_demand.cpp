#include "tune/latency_on_demand.hpp"

#include "base/error.hpp"

namespace halftone::tune {

LatencySource LatencyOnDemand::source() {
    if (!run_.services.can_measure_latency()) return {};
    return [this]() -> const LatencyTable& { return table(); };
}

const LatencyTable& LatencyOnDemand::table() {
    if (table_) return *table_;
    const auto& journaled = run_.history.latency;
    if (journaled && !journaled->fits(run_.services.space())) {
        throw ConfigError("the journal's latency table is not of this search space; choose another --workspace");
    }
    if (journaled) {
        table_ = *journaled;
    } else {
        // Journaled before anybody acts on it: a resumed run must see the same numbers, and a second measurement never
        // gives the same ones.
        table_ = run_.services.measure_latency();
        run_.services.journal().append(*table_);
    }
    return *table_;
}

std::optional<double> LatencyOnDemand::predict_ms(const Candidate& candidate) const {
    if (!table_) return std::nullopt;
    return table_->predict_ms(run_.services.space(), candidate);
}

}  // namespace halftone::tune
