// dummy_v2: noise by the shape of a sample. LPOT's never ends; this one has 2^16 samples, and an evaluation without
// `iteration` takes ten batches of it, as LPOT does.

#include "data/noise_dataset.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kDummySamples = std::int64_t{1} << 16;

}  // namespace

std::unique_ptr<Dataset> make_dummy_v2(const ConfigNode& node) {
    Reader reader(node);
    std::vector<NoiseField> fields;
    const auto shapes = read_shapes(reader, "input_shape");
    for (const std::vector<std::int64_t>& shape : shapes) {
        check_noise_shape(reader, "input_shape", shape);
        const std::string name = shapes.size() == 1 ? "input" : "input_" + std::to_string(fields.size());
        fields.push_back({.name = name, .shape = shape});
    }
    if (fields.empty()) reader.fail("input_shape", "must list a sample's dimensions, as in [224, 224, 3]");
    read_noise(reader, fields);
    // [1] is LPOT's way of writing a label of one number.
    std::vector<std::int64_t> label = reader.integers("label_shape", {1});
    check_noise_shape(reader, "label_shape", label);
    if (label.size() == 1 && label[0] == 1) label.clear();
    reader.finish();
    return make_noise_dataset("dummy_v2", kDummySamples, std::move(fields), Shape(std::move(label)));
}

}  // namespace halftone
