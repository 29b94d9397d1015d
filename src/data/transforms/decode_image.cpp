// DecodeImage: the bytes of a JPEG or PNG file as a picture. LPOT's data sets hand some pictures on as they are in the
// file; ours decode them, so a picture passes unchanged. Bytes come from TFRecordDataset and HDF5, or from EncodeJpeg.

#include "base/error.hpp"
#include "data/chosen_input.hpp"
#include "data/formats/picture.hpp"

namespace halftone {
namespace {

class DecodeImage final : public Transform {
public:
    explicit DecodeImage(Reader& reader) : input_(reader) {}

    Schema output(const Schema& input) const override {
        Schema changed = input;
        Field& field = changed.inputs[input_.find_in(input)];
        if (field.is_text) field = {.name = field.name, .type = {DType::u8, Shape{kSymbolic, kSymbolic, kSymbolic}}};
        return changed;
    }

    Sample apply(Sample sample, const Schema& input) const override {
        FieldValue& value = sample.inputs[input_.find_in(input)];
        const auto* texts = std::get_if<std::vector<std::string>>(&value);
        if (texts == nullptr) return sample;
        if (texts->size() != 1)
            throw DataError("DecodeImage: a sample holds one picture, not " + std::to_string(texts->size()));
        value = decode_picture(texts->front(), "DecodeImage: sample " + std::to_string(sample.id));
        return sample;
    }

private:
    ChosenInput input_;
};

}  // namespace

std::unique_ptr<Transform> make_decode_image(const ConfigNode& node, Framework) {
    Reader reader(node);
    auto made = std::make_unique<DecodeImage>(reader);
    reader.finish();
    return made;
}

}  // namespace halftone
