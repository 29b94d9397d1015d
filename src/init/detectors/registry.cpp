#include "base/registry.hpp"

#include <utility>

#include "base/error.hpp"
#include "init/found_data.hpp"
#include "init/metric_choice.hpp"

namespace halftone {

using DetectData = std::optional<FoundData>(const DataQuery&);
#define HALFTONE_LIST "init/detectors/list.inc"
#define HALFTONE_TABLE kDetectors
#define HALFTONE_FACTORY DetectData
#define HALFTONE_NAME(name) detect_##name
#include "base/plugin_table.inc"

// One folder may hold data in two forms, as pictures in folders and the same as arrays. Labels that no output can be
// compared with are a sign that the wrong form was found: folders named "low" and "high" are no classes.
std::optional<FoundData> find_data(const DataQuery& query) {
    std::optional<FoundData> first;
    for (const auto& row : kDetectors.rows()) {
        std::optional<FoundData> found;
        try {
            found = row.value(query);
        } catch (const Error&) {
            if (!first) throw;  // else there is an answer already
        }
        if (found && has_metric(query.model, *found)) {
            if (first) {
                found->notes.push_back("Left out: " + first->what +
                                       ". No metric compares their labels with an output of the model.");
            }
            return found;
        }
        if (!first) first = std::move(found);
    }
    return first;
}

}  // namespace halftone
