// Normalize: (x - mean[c]) / std[c] in fp32 for each channel c; one mean or std serves all channels.

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "data/convert.hpp"
#include "data/input_transform.hpp"
#include "data/picture_size.hpp"

namespace halftone {
namespace {

class Normalize final : public InputTransform {
public:
    Normalize(Reader& reader, std::vector<float> mean, std::vector<float> deviation, Framework framework)
        : InputTransform(reader),
          mean_(std::move(mean)),
          deviation_(std::move(deviation)),
          may_be_channels_first_(framework == Framework::pytorch || framework == Framework::mxnet) {}

    TensorType output_type(const TensorType& input) const override {
        const std::int64_t channels = channels_of(input);
        for (const std::size_t given : {mean_.size(), deviation_.size()}) {
            // An open number of channels: each sample tells.
            if (given != 1 && channels != kSymbolic && given != static_cast<std::size_t>(channels)) {
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
        // Elements of one channel that lie behind one another: all of a plane, or a single one.
        const std::size_t run = channels > 1 && is_channels_first(input.type()) ? values.size() / channels : 1;
        // A subtraction and a division, as NumPy does it. A product with 1 / std would round differently, and other
        // runtimes would then be fed other numbers.
        for (std::size_t c = 0; c < channels; ++c) {
            const float mean = mean_[mean_.size() == 1 ? 0 : c];
            const float deviation = deviation_[deviation_.size() == 1 ? 0 : c];
            for (std::size_t start = c * run; start < values.size(); start += channels * run) {
                for (float& value : values.subspan(start, run)) value = (value - mean) / deviation;
            }
        }
        return output;
    }

private:
    /// torchvision and gluon normalize what their ToTensor made: fp32 with the channels first. Other pictures have them
    /// last, and so has what does not fit as channels first.
    [[nodiscard]] bool is_channels_first(const TensorType& input) const {
        if (!may_be_channels_first_ || input.dtype != DType::f32 || input.shape.rank() != 3) return false;
        const auto given = static_cast<std::int64_t>(std::max(mean_.size(), deviation_.size()));
        return input.shape[0] == given || input.shape[0] == kSymbolic;
    }

    [[nodiscard]] std::int64_t channels_of(const TensorType& input) const {
        const std::size_t rank = input.shape.rank();
        if (rank == 0) return 1;  // a sample without dimensions is a single number, which is its own channel
        return input.shape[is_channels_first(input) ? 0 : rank - 1];
    }

    std::vector<float> mean_;
    std::vector<float> deviation_;
    bool may_be_channels_first_;
};

}  // namespace

std::unique_ptr<Transform> make_normalize(const ConfigNode& node, Framework framework) {
    Reader reader(node);
    std::vector<float> mean = read_channel_values(reader, "mean", {0});
    std::vector<float> deviation = read_channel_values(reader, "std", {1});
    for (const float value : deviation) {
        // A smaller deviation is a typing error, and would turn noise into huge values.
        if (value < 1e-6F) reader.fail("std", "must be at least 1e-6");
    }
    // One number serves all channels; whether a list fits the images is found out when their type is known.
    if (mean.size() != deviation.size() && mean.size() != 1 && deviation.size() != 1) {
        reader.fail("std", "must have as many values as mean");
    }
    auto made = std::make_unique<Normalize>(reader, std::move(mean), std::move(deviation), framework);
    reader.finish();
    return made;
}

}  // namespace halftone
