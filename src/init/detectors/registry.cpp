#include "base/registry.hpp"
#include "init/found_data.hpp"

namespace halftone {

using DetectData = std::optional<FoundData>(const DataQuery&);
#define HALFTONE_LIST "init/detectors/list.inc"
#define HALFTONE_TABLE kDetectors
#define HALFTONE_FACTORY DetectData
#define HALFTONE_NAME(name) detect_##name
#include "base/plugin_table.inc"

std::optional<FoundData> find_data(const DataQuery& query) {
    for (const auto& row : kDetectors.rows()) {
        if (auto found = row.value(query)) return found;
    }
    return std::nullopt;
}

}  // namespace halftone
