// Compose: several transforms one after the other. A map cannot hold a word twice, so this is how a config applies a
// transform twice. `transform_list` is a list of words or of maps, each with one transform, or one map.

#include <utility>

#include "config/reader.hpp"
#include "data/dataset.hpp"

namespace halftone {
namespace {

class Compose final : public Transform {
public:
    explicit Compose(std::vector<std::unique_ptr<Transform>> parts) : parts_(std::move(parts)) {}

    // Each part is asked with what the part before it leaves, so a misfit is found before any data is read.
    Schema output(const Schema& input) const override {
        Schema schema = input;
        for (const auto& part : parts_) schema = part->output(schema);
        return schema;
    }

    // The schemas between the parts are made anew for each sample: they are a few small vectors, and a part may be
    // asked for another schema than the last time.
    Sample apply(Sample sample, const Schema& input) const override {
        Schema schema = input;
        for (const auto& part : parts_) {
            sample = part->apply(std::move(sample), schema);
            schema = part->output(schema);
        }
        return sample;
    }

private:
    std::vector<std::unique_ptr<Transform>> parts_;
};

using Parts = std::vector<std::unique_ptr<Transform>>;

void add_parts(const ConfigNode& map, Framework framework, Parts& parts) {
    for (const auto& [word, settings] : map.entries) parts.push_back(make_transform(word, settings, framework));
}

/// An item of the list: a word alone, for a transform without settings, or a map.
void add_item(const ConfigNode& item, Framework framework, Parts& parts) {
    if (item.kind == ConfigNode::Kind::map && !item.is_empty()) return add_parts(item, framework, parts);
    if (item.kind != ConfigNode::Kind::scalar) fail_at(item, "must be a transform: a word, or {Resize: {size: 224}}");
    ConfigNode settings;
    settings.mark = item.mark;
    settings.key_mark = item.mark;
    settings.path = item.path + "." + item.scalar;
    parts.push_back(make_transform(item.scalar, settings, framework));
}

}  // namespace

// A part that is wrong is reported with its own place: the nodes keep their lines, however deep they lie.
std::unique_ptr<Transform> make_compose(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    const ConfigNode* list = reader.child("transform_list");
    if (list == nullptr) reader.fail("transform_list", "must be given: a list of transforms");
    Parts parts;
    if (list->kind == ConfigNode::Kind::map) add_parts(*list, framework, parts);
    for (const ConfigNode& item : list->items) add_item(item, framework, parts);
    if (parts.empty()) reader.fail("transform_list", "must hold a transform");
    reader.finish();
    return std::make_unique<Compose>(std::move(parts));
}

}  // namespace halftone
