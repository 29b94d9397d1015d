// LabelShift: label k becomes k - label_shift, where a data set counts its classes from another number than the model.
// It changes the target `label` or `labels`, else the first target of integers.
#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "metric/numbers.hpp"
#include "metric/postprocess.hpp"
#include "metric/texts.hpp"

namespace halftone {
namespace {

class LabelShift final : public Postprocess {
public:
    explicit LabelShift(std::int64_t shift) : shift_(shift) {}

    MetricFields bind(const MetricFields& fields) override {
        const auto is_label = [](const Field& field) { return !field.is_text && is_integer(field.type.dtype); };
        auto position = position_of(fields.targets, "label");
        if (!position) position = position_of(fields.targets, "labels");
        if (!position) {
            const auto found = std::find_if(fields.targets.begin(), fields.targets.end(), is_label);
            if (found != fields.targets.end()) position = static_cast<std::size_t>(found - fields.targets.begin());
        }
        if (!position || !is_label(fields.targets[*position]))
            throw ConfigError("there is no label that is an integer");
        label_ = *position;
        MetricFields shifted = fields;
        // A label of uint8 may fall below 0.
        shifted.targets[label_].type.dtype = DType::s64;
        return shifted;
    }

    void apply(ProcessedAnswer& answer) const override {
        const TensorView labels = number_view(answer.targets[label_], answer.id);
        // A new tensor: the data set's own may be shared with a cache.
        Tensor shifted({DType::s64, labels.type.shape});
        const auto out = shifted.mutable_view().as<std::int64_t>();
        const std::vector<double> numbers = to_numbers(labels);
        for (std::size_t i = 0; i < numbers.size(); ++i) out[i] = to_class(numbers[i], answer.id) - shift_;
        answer.targets[label_] = std::move(shifted);
    }

private:
    std::int64_t shift_;
    std::size_t label_ = 0;  ///< position among the targets
};

std::int64_t read_label_shift(const ConfigNode& node) {
    constexpr std::int64_t kMostShift = 1'000'000;  // more than any data set has classes
    if (node.kind == ConfigNode::Kind::scalar) {
        // The short form "LabelShift: 1".
        const auto shift = parse_int(node.scalar);
        if (!shift || *shift < -kMostShift || *shift > kMostShift) {
            fail_at(node, "must be an integer, got '" + node.scalar + "'");
        }
        return *shift;
    }
    Reader reader(node);
    const std::int64_t shift = reader.integer("label_shift", 0, -kMostShift, kMostShift);
    reader.finish();
    return shift;
}

}  // namespace

std::unique_ptr<Postprocess> make_label_shift(const ConfigNode& node) {
    return std::make_unique<LabelShift>(read_label_shift(node));
}

}  // namespace halftone
