// Uniform noise.
//
//   read_shapes, read_noise, check_noise_shape   the settings, with everything refused that could not be made
//   NoiseDataset                                 the samples, by LPOT's seed (9527), but not LPOT's numbers
#include "data/noise_dataset.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kSeed = 9527;
// 8 GiB as fp32. No input of a network is larger, and a typing error must not take all memory.
constexpr std::int64_t kMostElements = std::int64_t{1} << 31;

// The words are NumPy's, as in LPOT.
constexpr EnumNames<DType, 6> kNoiseTypes{{{{DType::f32, "float32"},
                                            {DType::u8, "uint8"},
                                            {DType::s8, "int8"},
                                            {DType::s32, "int32"},
                                            {DType::s64, "int64"},
                                            {DType::boolean, "bool"}}}};

class NoiseDataset final : public Dataset {
public:
    NoiseDataset(std::string word, std::int64_t samples, std::vector<NoiseField> fields, Shape label)
        : word_(std::move(word)), samples_(samples), fields_(std::move(fields)) {
        for (const NoiseField& field : fields_) {
            schema_.inputs.push_back({.name = field.name, .type = {field.dtype, Shape(field.shape)}});
        }
        schema_.targets = {{.name = "label", .type = {DType::s64, std::move(label)}}};
    }

    std::int64_t size() const override { return samples_; }
    const Schema& schema() const override { return schema_; }

    // A stream of its own per sample and field: samples can be read in any order and by any thread.
    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        Sample sample{.id = id};
        std::uint64_t stream = mix(kSeed, static_cast<std::uint64_t>(id));
        for (std::size_t f = 0; f < fields_.size(); ++f) {
            if (f > 0) stream = mix(stream, f);
            Tensor noise(schema_.inputs[f].type);
            fill(fields_[f], noise.mutable_view(), Rng(stream));
            sample.inputs.emplace_back(std::move(noise));
        }
        sample.targets.emplace_back(Tensor(schema_.targets[0].type));  // zeros
        return sample;
    }

    std::uint64_t content_hash() const override {
        Hasher hasher;
        hasher.add(std::string_view(word_));
        for (const NoiseField& field : fields_) {
            hasher.add(field.low).add(field.high).add(field.dtype).add(samples_);
            for (const std::int64_t size : field.shape) hasher.add(size);
        }
        return hasher.digest();
    }

private:
    static void fill(const NoiseField& field, MutableView out, Rng rng) {
        switch (field.dtype) {
            case DType::u8:
            case DType::boolean:
                return fill_as(field, out.as<std::uint8_t>(), rng);
            case DType::s8:
                return fill_as(field, out.as<std::int8_t>(), rng);
            case DType::s32:
                return fill_as(field, out.as<std::int32_t>(), rng);
            case DType::s64:
                return fill_as(field, out.as<std::int64_t>(), rng);
            default:
                return fill_as(field, out.as<float>(), rng);
        }
    }

    template <class T>
    static void fill_as(const NoiseField& field, std::span<T> out, Rng& rng) {
        const auto high = static_cast<T>(field.high);
        for (T& value : out) {
            value = static_cast<T>(rng.uniform(field.low, field.high));  // integers: towards zero, as NumPy
            if constexpr (std::is_floating_point_v<T>) {
                if (value >= high) value = std::nextafter(high, static_cast<T>(field.low));  // rounded up to high
            }
        }
    }

    std::string word_;
    std::int64_t samples_;
    std::vector<NoiseField> fields_;
    Schema schema_;
};

/// [lowest, highest] value that the type holds.
std::pair<double, double> limits_of(DType dtype) {
    switch (dtype) {
        case DType::u8:
            return {0, 255};
        case DType::boolean:
            return {0, 2};  // cut towards zero: 0 and 1
        case DType::s8:
            return {-128, 127};
        case DType::s32:
            return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
        case DType::s64:
            // Not the whole range: high - low must stay exact enough in double, and nobody needs more.
            return {-0x1p62, 0x1p62};
        default:
            return {-std::numeric_limits<float>::max(), std::numeric_limits<float>::max()};
    }
}

/// The value for an input: of a list with one for each, or of the only one.
template <class T>
const T& value_for(const Reader& reader, const char* key, const std::vector<T>& values, std::size_t input,
                   std::size_t inputs) {
    if (values.size() == 1) return values.front();
    if (values.size() != inputs) reader.fail(key, "must be one value, or one for each shape");
    return values[input];
}

}  // namespace

void read_noise(Reader& reader, std::vector<NoiseField>& fields) {
    const std::vector<double> lows = reader.numbers("low", {-128});
    const std::vector<double> highs = reader.numbers("high", {127});
    const std::vector<std::string> words = reader.words("dtype", {"float32"});
    for (std::size_t i = 0; i < fields.size(); ++i) {
        NoiseField& field = fields[i];
        field.low = value_for(reader, "low", lows, i, fields.size());
        field.high = value_for(reader, "high", highs, i, fields.size());
        const auto dtype = kNoiseTypes.parse(value_for(reader, "dtype", words, i, fields.size()));
        if (!dtype) reader.fail("dtype", "must be one of: " + kNoiseTypes.allowed());
        field.dtype = *dtype;
        // A value that the type cannot hold would be cut, and the noise not be uniform any more.
        const auto [lowest, highest] = limits_of(field.dtype);
        if (!(field.low >= lowest)) reader.fail("low", "must fit dtype");
        if (!(field.high <= highest)) reader.fail("high", "must fit dtype");
        if (!(field.low < field.high)) reader.fail("high", "must be greater than low");
    }
}

void check_noise_shape(const Reader& reader, const char* key, const std::vector<std::int64_t>& shape) {
    std::int64_t elements = 1;
    for (const std::int64_t size : shape) {
        if (size < 1) reader.fail(key, "must hold integers > 0");
        if (size > kMostElements / elements) reader.fail(key, "must make samples of at most 2^31 elements");
        elements *= size;
    }
}

std::vector<std::vector<std::int64_t>> read_shapes(Reader& reader, const char* key) {
    const ConfigNode* node = reader.child(key);
    const bool is_nested = node != nullptr && node->kind == ConfigNode::Kind::list && !node->items.empty() &&
                           node->items.front().kind == ConfigNode::Kind::list;
    if (!is_nested) {
        std::vector<std::int64_t> only = reader.integers(key, {});
        if (only.empty()) return {};
        return {std::move(only)};
    }
    std::vector<std::vector<std::int64_t>> shapes;
    for (const ConfigNode& item : node->items) {
        auto& shape = shapes.emplace_back();
        for (const std::string& word : words_of(item)) {
            const auto size = parse_int(word);
            if (!size) fail_at(item, "must be integers like 100, 200, got '" + word + "'");
            shape.push_back(*size);
        }
    }
    return shapes;
}

std::unique_ptr<Dataset> make_noise_dataset(const std::string& word, std::int64_t samples,
                                            std::vector<NoiseField> fields, Shape label) {
    return std::make_unique<NoiseDataset>(word, samples, std::move(fields), std::move(label));
}

}  // namespace halftone
