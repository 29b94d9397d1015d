#include "data/unchanged_sample.hpp"

#include "data/chosen_input.hpp"

namespace halftone {
namespace {

class UnchangedSample final : public Transform {
public:
    explicit UnchangedSample(Reader& reader) : input_(reader) {}
    // A name that no input has is a mistake also where nothing would be done with it.
    Schema output(const Schema& input) const override {
        static_cast<void>(input_.find_in(input));
        return input;
    }
    Sample apply(Sample sample, const Schema&) const override { return sample; }

private:
    ChosenInput input_;
};

}  // namespace

std::unique_ptr<Transform> make_unchanged_sample(const ConfigNode& node) {
    Reader reader(node);
    auto made = std::make_unique<UnchangedSample>(reader);
    reader.finish();
    return made;
}

}  // namespace halftone
