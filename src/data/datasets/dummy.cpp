// dummy: uniform noise in [low, high) for measuring speed without data. Sample i is a pure function of i (LPOT's seed,
// 9527, but not LPOT's numbers); its label is 0.

#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"
#include "config/reader.hpp"
#include "data/dataset.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kSeed = 9527;
// 8 GiB as fp32. No input of a network is larger, and a typing error must not take all memory.
constexpr std::int64_t kMostElements = std::int64_t{1} << 31;

// The words are NumPy's, as in LPOT.
constexpr EnumNames<DType, 5> kDummyTypes{{{{DType::f32, "float32"},
                                            {DType::u8, "uint8"},
                                            {DType::s8, "int8"},
                                            {DType::s32, "int32"},
                                            {DType::s64, "int64"}}}};

struct Settings {
    std::vector<std::int64_t> shape;  ///< first: count of samples
    double low = -128;
    double high = 127;
    DType dtype = DType::f32;
};

class Dummy final : public Dataset {
public:
    explicit Dummy(Settings settings) : settings_(std::move(settings)) {
        const Shape sample(std::vector(settings_.shape.begin() + 1, settings_.shape.end()));
        schema_.inputs = {{.name = "input", .type = {settings_.dtype, sample}}};
        schema_.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    }

    std::int64_t size() const override { return settings_.shape[0]; }
    const Schema& schema() const override { return schema_; }

    // A stream of its own per sample: samples can be read in any order and by any thread.
    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        Tensor noise(schema_.inputs[0].type);
        const MutableView out = noise.mutable_view();
        Rng rng(mix(kSeed, static_cast<std::uint64_t>(id)));
        switch (settings_.dtype) {
            case DType::u8:
                fill(out.as<std::uint8_t>(), rng);
                break;
            case DType::s8:
                fill(out.as<std::int8_t>(), rng);
                break;
            case DType::s32:
                fill(out.as<std::int32_t>(), rng);
                break;
            case DType::s64:
                fill(out.as<std::int64_t>(), rng);
                break;
            default:
                fill(out.as<float>(), rng);
        }
        return {.id = id, .inputs = {std::move(noise)}, .targets = {Tensor::scalar<std::int64_t>(0)}};
    }

    std::uint64_t content_hash() const override {
        Hasher hasher;
        hasher.add(std::string_view("dummy")).add(settings_.low).add(settings_.high).add(settings_.dtype);
        for (const std::int64_t size : settings_.shape) hasher.add(size);
        return hasher.digest();
    }

private:
    template <class T>
    void fill(std::span<T> out, Rng& rng) const {
        const auto high = static_cast<T>(settings_.high);
        for (T& value : out) {
            value = static_cast<T>(rng.uniform(settings_.low, settings_.high));  // integers: towards zero, as NumPy
            if constexpr (std::is_floating_point_v<T>) {
                if (value >= high) value = std::nextafter(high, static_cast<T>(settings_.low));  // rounded up to high
            }
        }
    }

    Settings settings_;
    Schema schema_;
};

/// [lowest, highest] value that the type holds.
std::pair<double, double> limits_of(DType dtype) {
    switch (dtype) {
        case DType::u8:
            return {0, 255};
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

}  // namespace

std::unique_ptr<Dataset> make_dummy(const ConfigNode& node) {
    Reader reader(node);
    Settings settings;
    settings.shape = reader.integers("shape", {});
    // A sample needs a dimension of its own; the count alone would make scalars.
    if (settings.shape.size() < 2) reader.fail("shape", "must list the count of samples and each sample's dimensions");
    for (const std::int64_t size : settings.shape) {
        if (size < 1) reader.fail("shape", "must hold integers > 0");
    }
    std::int64_t elements = 1;
    for (auto size = settings.shape.begin() + 1; size != settings.shape.end(); ++size) {
        if (*size > kMostElements / elements) reader.fail("shape", "must make samples of at most 2^31 elements");
        elements *= *size;
    }
    settings.dtype = reader.word("dtype", kDummyTypes, DType::f32);
    // A value that the type cannot hold would be cut, and the noise not be uniform any more.
    const auto [lowest, highest] = limits_of(settings.dtype);
    settings.low = reader.number("low", settings.low);
    settings.high = reader.number("high", settings.high);
    if (!(settings.low >= lowest)) reader.fail("low", "must fit dtype");
    if (!(settings.high <= highest)) reader.fail("high", "must fit dtype");
    if (!(settings.low < settings.high)) reader.fail("high", "must be greater than low");
    static_cast<void>(reader.boolean("label", false));  // LPOT's: with or without; ours always have the label 0
    reader.finish();
    return std::make_unique<Dummy>(std::move(settings));
}

}  // namespace halftone
