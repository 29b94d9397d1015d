// One dataloader section: its data set, its transforms, and the first samples.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "data/framework.hpp"
#include "rehearsal/parts.hpp"
#include "tensor/dtype.hpp"

namespace halftone::rehearsal {
namespace {

/// So many samples are read: enough to see that one picture can be decoded and that two have one size.
constexpr std::int64_t kFirstSamples = 2;

template <class T>
std::string extent_of(std::span<const T> values) {
    if (values.empty()) return "no values";
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *low == *high ? fmt::format("{}", *low) : fmt::format("{} to {}", *low, *high);
}

/// Values that are not finite are counted: one of them makes any range useless.
std::string extent_of_floats(std::span<const float> values) {
    std::vector<float> finite;
    std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](float v) { return std::isfinite(v); });
    if (finite.size() < values.size())
        return fmt::format("{} of {} values are not finite", values.size() - finite.size(), values.size());
    if (finite.empty()) return "no values";
    const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
    return fmt::format("{:.4g} to {:.4g}", *low, *high);
}

/// The smallest and the largest value, so that a wrong scale is seen: pixels up to 255 where 1 was meant.
std::string extent_of(const Tensor& tensor) {
    switch (tensor.type().dtype) {
        case DType::f32:
            return extent_of_floats(tensor.view().as<float>());
        case DType::u8: {
            // fmt would print bytes as characters.
            const auto bytes = tensor.view().as<std::uint8_t>();
            const std::vector<int> numbers(bytes.begin(), bytes.end());
            return extent_of(std::span<const int>(numbers));
        }
        case DType::s32:
            return extent_of(tensor.view().as<std::int32_t>());
        case DType::s64:
            return extent_of(tensor.view().as<std::int64_t>());
        // Other types do not come out of the usual transforms; their values are not shown.
        default:
            return {};
    }
}

/// "image fp32 [1,28,28], -0.81 to 2.02".
std::string field_text(const Field& field, const FieldValue& value) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value))
        return fmt::format("{} text, '{}'", field.name, texts->empty() ? "" : texts->front().substr(0, 40));
    const Tensor& tensor = std::get<Tensor>(value);
    const std::string extent = extent_of(tensor);
    // The sample's own shape: that of the schema may leave sizes open.
    return fmt::format("{} {} {}{}{}", field.name, to_string(tensor.type().dtype), tensor.type().shape.to_text(),
                       extent.empty() ? "" : ", ", extent);
}

/// Makes each transform alone, so that a mistake in one does not hide a mistake in the next.
bool try_transforms(const DataloaderConfig& config, FaultList& faults) {
    bool is_good = true;
    const Framework framework = framework_of(config.framework);
    for (const PluginConfig& transform : config.transforms) {
        is_good &= faults.try_part(FaultKind::data, place_of(transform.node), [&] {
            static_cast<void>(make_transform(transform.name, transform.node, framework));
        });
    }
    return is_good;
}

}  // namespace

std::unique_ptr<Pipeline> try_data(const DataloaderConfig& config, const std::string& section, bool is_replaced,
                                   FaultList& faults, DataFacts& facts) {
    const bool transforms_are_good = try_transforms(config, faults);
    if (is_replaced) return nullptr;
    const std::string place = place_of(config.dataset.node);
    // A name that this build has not is a fault of the config already, which was noted when it was read.
    const std::vector<std::string> known = dataset_names();
    if (std::find(known.begin(), known.end(), config.dataset.name) == known.end()) return nullptr;
    const bool dataset_is_good = faults.try_part(FaultKind::data, place, [&] {
        const auto dataset = make_dataset(config.dataset.name, config.dataset.node);
        facts.available = dataset->size();
        if (dataset->size() < 1) throw DataError(section + ": the data set has no samples");
    });
    if (!transforms_are_good || !dataset_is_good) return nullptr;
    std::unique_ptr<Pipeline> data;
    const bool fits = faults.try_part(FaultKind::data, place, [&] { data = std::make_unique<Pipeline>(config); });
    if (!fits) return nullptr;
    facts.samples = data->size();
    const bool is_readable = faults.try_part(FaultKind::data, place, [&] {
        for (std::int64_t id = 0; id < std::min(kFirstSamples, data->size()); ++id) {
            const Sample sample = data->read(id);
            if (id > 0) continue;
            const Schema& schema = data->schema();
            for (std::size_t i = 0; i < sample.inputs.size(); ++i)
                facts.first.push_back(field_text(schema.inputs[i], sample.inputs[i]));
            for (std::size_t i = 0; i < sample.targets.size(); ++i)
                facts.first.push_back(field_text(schema.targets[i], sample.targets[i]) + " (target)");
        }
    });
    return is_readable || data->skips_bad_samples() ? std::move(data) : nullptr;
}

}  // namespace halftone::rehearsal
