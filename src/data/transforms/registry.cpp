#include <array>

#include "base/text.hpp"
#include "config/reader.hpp"
#include "data/dataset.hpp"

namespace halftone {

#define HALFTONE_TRANSFORM(name, factory) std::unique_ptr<Transform> factory(const ConfigNode& node);
#include "data/transforms/list.inc"
#undef HALFTONE_TRANSFORM

namespace {

struct Row {
    std::string_view name;
    std::unique_ptr<Transform> (*make)(const ConfigNode& node);
};

#define HALFTONE_TRANSFORM(name, factory) Row{name, factory},
constexpr std::array kRows{
#include "data/transforms/list.inc"
};
#undef HALFTONE_TRANSFORM

}  // namespace

std::unique_ptr<Transform> make_transform(const std::string& name, const ConfigNode& node) {
    for (const Row& row : kRows) {
        if (row.name == name) return row.make(node);
    }
    fail_at(node, "is not an available transform; available: " + join(transform_names(), " "), true);
}

std::vector<std::string> transform_names() {
    std::vector<std::string> names;
    for (const Row& row : kRows) names.emplace_back(row.name);
    return names;
}

}  // namespace halftone
