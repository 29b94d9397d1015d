#include "base/registry.hpp"
#include "init/found_data.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) std::optional<FoundData> detect_##name(const DataQuery& query);
#include "init/detectors/list.inc"
#undef HALFTONE_PLUGIN

namespace {

#define HALFTONE_PLUGIN(word, name) {word, detect_##name},
constexpr auto kDetectors = make_registry<Detector>({
#include "init/detectors/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::optional<FoundData> find_data(const DataQuery& query) {
    for (const auto& row : kDetectors.rows()) {
        if (auto found = row.value(query)) return found;
    }
    return std::nullopt;
}

}  // namespace halftone
