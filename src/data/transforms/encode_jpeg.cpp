// EncodeJpeg: a picture as the bytes of a JPEG file, with the settings of tf.io.encode_jpeg: quality 95, colours
// halved. A DecodeImage behind it shows the model what the compression leaves.

#include "base/error.hpp"
#include "data/chosen_input.hpp"
#include "data/formats/jpeg_encoder.hpp"
#include "data/picture_size.hpp"

namespace halftone {
namespace {

class EncodeJpeg final : public Transform {
public:
    EncodeJpeg(Reader& reader, int quality) : input_(reader), quality_(quality) {}

    // Bytes of a file are a text field: it is the only kind of value without a fixed length. No model takes it, so a
    // DecodeImage must come behind, else the pipeline does not fit the model and is refused.
    Schema output(const Schema& input) const override {
        Schema changed = input;
        Field& field = changed.inputs[input_.find_numbers_in(input)];
        require_bytes(field.type);
        field = {.name = field.name, .is_text = true};
        return changed;
    }

    Sample apply(Sample sample, const Schema& input) const override {
        FieldValue& value = sample.inputs[input_.find_numbers_in(input)];
        const Tensor picture = std::get<Tensor>(value);
        require_bytes(picture.type());
        value = std::vector<std::string>{encode_jpeg(picture, quality_)};
        return sample;
    }

private:
    /// JPEG knows grey and three colours; transparency and fractions have no place in it.
    static void require_bytes(const TensorType& type) {
        require_picture("EncodeJpeg", type);
        const std::int64_t channels = type.shape[2];
        if (type.dtype == DType::u8 && (channels == 1 || channels == 3 || channels == kSymbolic)) return;
        throw DataError("EncodeJpeg: needs bytes with one or three channels, not " +
                        std::string(to_string(type.dtype)) + " " + type.shape.to_text());
    }

    ChosenInput input_;
    int quality_;
};

}  // namespace

std::unique_ptr<Transform> make_encode_jpeg(const ConfigNode& node, Framework) {
    Reader reader(node);
    const auto quality = static_cast<int>(reader.integer("quality", 95, 1, 100));
    auto made = std::make_unique<EncodeJpeg>(reader, quality);
    reader.finish();
    return made;
}

}  // namespace halftone
