#include "data/record_decoder.hpp"

#include <utility>

#include "base/error.hpp"
#include "data/chosen_input.hpp"
#include "data/formats/tf_example.hpp"

namespace halftone {
namespace {

class RecordDecoder final : public Transform {
public:
    RecordDecoder(Reader& reader, const RecordKind& kind) : input_(reader), kind_(kind) {}

    // A record holds the whole sample, so what comes out has the fields of the kind and no others.
    Schema output(const Schema& input) const override {
        return input.inputs[input_.find_in(input)].is_text ? kind_.schema : input;
    }

    Sample apply(Sample sample, const Schema& input) const override {
        const auto* texts = std::get_if<std::vector<std::string>>(&sample.inputs[input_.find_in(input)]);
        if (texts == nullptr) return sample;
        const std::string place = "sample " + std::to_string(sample.id);
        if (texts->size() != 1)
            throw DataError(place + ": holds " + std::to_string(texts->size()) + " records, not one");
        // The features lie in the record's bytes, which live as long as the sample that they came with.
        Sample decoded{.id = sample.id};
        kind_.fill(parse_tf_example(texts->front(), place), decoded);
        return decoded;
    }

private:
    ChosenInput input_;
    const RecordKind& kind_;
};

}  // namespace

std::unique_ptr<Transform> make_record_decoder(const ConfigNode& node, const RecordKind& kind) {
    Reader reader(node);
    auto made = std::make_unique<RecordDecoder>(reader, kind);
    reader.finish();
    return made;
}

}  // namespace halftone
