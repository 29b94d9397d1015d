// LabelBalance: the pictures with exactly `size` objects. LPOT uses it to calibrate detectors on batches whose targets
// have one shape; here every shape will do, and the filter keeps the same pictures.

#include <algorithm>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "data/filter.hpp"

namespace halftone {
namespace {

class LabelBalance final : public Filter {
public:
    explicit LabelBalance(std::int64_t objects) : objects_(objects) {}

    void check(const Schema& schema) const override { static_cast<void>(position_of_objects(schema)); }

    bool keeps(const Sample& sample, const Schema& schema) const override {
        const auto& objects = std::get<Tensor>(sample.targets[position_of_objects(schema)]);
        return objects.shape()[0] == objects_;
    }

private:
    /// The target with a row for each object: the boxes, or else the labels.
    [[nodiscard]] static std::size_t position_of_objects(const Schema& schema) {
        for (const char* name : {"boxes", "labels"}) {
            const auto& targets = schema.targets;
            const auto found = std::find_if(targets.begin(), targets.end(), [&](const Field& field) {
                return field.name == name && !field.is_text && field.type.shape.rank() > 0;
            });
            if (found != targets.end()) return static_cast<std::size_t>(found - targets.begin());
        }
        throw DataError(
            "LabelBalance: the samples have no target 'boxes' or 'labels' with a row for each object; they have " +
            to_text(schema.targets));
    }

    std::int64_t objects_;
};

}  // namespace

std::unique_ptr<Filter> make_label_balance(const ConfigNode& node) {
    Reader reader(node);
    if (reader.child("size") == nullptr) reader.fail("size", "must be given: the number of objects in a picture");
    auto made = std::make_unique<LabelBalance>(reader.integer("size", 1, 1));
    reader.finish();
    return made;
}

}  // namespace halftone
