// dummy: noise for measuring speed without data. `shape` lists the count of samples and then a sample's dimensions, or
// is a list of such lists, one for each input.

#include "data/noise_dataset.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_dummy(const ConfigNode& node) {
    Reader reader(node);
    const auto shapes = read_shapes(reader, "shape");
    std::vector<NoiseField> fields;
    for (const std::vector<std::int64_t>& shape : shapes) {
        // A sample needs a dimension of its own; the count alone would make scalars.
        if (shape.size() < 2) reader.fail("shape", "must list the count of samples and each sample's dimensions");
        if (shape[0] != shapes.front()[0]) reader.fail("shape", "must begin with the same count for each input");
        if (shape[0] < 1) reader.fail("shape", "must hold integers > 0");
        const std::string name = shapes.size() == 1 ? "input" : "input_" + std::to_string(fields.size());
        fields.push_back({.name = name, .shape = {shape.begin() + 1, shape.end()}});
        check_noise_shape(reader, "shape", fields.back().shape);
    }
    if (fields.empty()) reader.fail("shape", "must list the count of samples and each sample's dimensions");
    read_noise(reader, fields);
    static_cast<void>(reader.boolean("label", false));  // LPOT's: with or without; ours always have the label 0
    reader.finish();
    return make_noise_dataset("dummy", shapes.front()[0], std::move(fields), Shape{});
}

}  // namespace halftone
