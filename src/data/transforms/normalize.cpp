// Normalize: (x - mean[c]) / std[c] in fp32 along the last axis (channels of HWC); one mean or std serves all channels.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"

namespace halftone {
namespace {

class Normalize final : public InputTransform {
public:
    Normalize(Reader& reader, std::vector<float> mean, std::vector<float> deviation)
        : InputTransform(reader), mean_(std::move(mean)), deviation_(std::move(deviation)) {}

    TensorType output_type(const TensorType& input) const override {
        // A sample without dimensions is a single number, which is its own channel.
        const std::size_t rank = input.shape.rank();
        const std::size_t channels = rank == 0 ? 1 : static_cast<std::size_t>(input.shape[rank - 1]);
        const bool is_open = rank > 0 && input.shape[rank - 1] == kSymbolic;  // each sample tells
        for (const std::size_t given : {mean_.size(), deviation_.size()}) {
            if (given != 1 && given != channels && !is_open) {
                throw DataError(fmt::format("Normalize: {} values do not fit the {} channels of the input {}", given,
                                            channels, input.shape.to_text()));
            }
        }
        return {DType::f32, input.shape};
    }

    Tensor change(const Tensor& input) const override {
        Tensor output(output_type(input.type()));
        const auto values = output.mutable_view().as<float>();
        write_floats(input.view(), values);
        const std::size_t channels = std::max(mean_.size(), deviation_.size());
        // A subtraction and a division, as NumPy does it. A product with 1 / std would round differently, and other
        // runtimes would then be fed other numbers.
        for (std::size_t c = 0; c < channels; ++c) {
            const float mean = mean_[mean_.size() == 1 ? 0 : c];
            const float deviation = deviation_[deviation_.size() == 1 ? 0 : c];
            for (std::size_t i = c; i < values.size(); i += channels) values[i] = (values[i] - mean) / deviation;
        }
        return output;
    }

private:
    std::vector<float> mean_;
    std::vector<float> deviation_;
};

std::vector<float> read_floats(Reader& reader, const char* key, double fallback) {
    std::vector<float> values;
    for (const double value : reader.numbers(key, {fallback})) {
        if (!std::isfinite(static_cast<float>(value))) reader.fail(key, "must hold finite numbers");
        values.push_back(static_cast<float>(value));
    }
    if (values.empty()) reader.fail(key, "must hold a number, or one for each channel");
    return values;
}

}  // namespace

std::unique_ptr<Transform> make_normalize(const ConfigNode& node) {
    Reader reader(node);
    std::vector<float> mean = read_floats(reader, "mean", 0);
    std::vector<float> deviation = read_floats(reader, "std", 1);
    for (const float value : deviation) {
        // A smaller deviation is a typing error, and would turn noise into huge values.
        if (value < 1e-6F) reader.fail("std", "must be at least 1e-6");
    }
    // One number serves all channels; whether a list fits the images is found out when their type is known.
    if (mean.size() != deviation.size() && mean.size() != 1 && deviation.size() != 1) {
        reader.fail("std", "must have as many values as mean");
    }
    auto made = std::make_unique<Normalize>(reader, std::move(mean), std::move(deviation));
    reader.finish();
    return made;
}

}  // namespace halftone
