#pragma once
// Transforms of the values of one input: what comes out depends on nothing but what goes in. Transforms of pictures
// that move pixels, or that draw random numbers, derive from PictureTransform (data/picture_transform.hpp).

#include "data/chosen_input.hpp"

namespace halftone {

class InputTransform : public Transform {
public:
    [[nodiscard]] Schema output(const Schema& input) const final;
    [[nodiscard]] Sample apply(Sample sample, const Schema& input) const final;

    /// Returns what a value of this type becomes.
    /// @throws DataError when the transform does not fit it, naming the transform and the shapes
    [[nodiscard]] virtual TensorType output_type(const TensorType& input) const = 0;
    /// Returns the changed value. Its type is output_type() of the given one, with sizes in place of open dimensions.
    [[nodiscard]] virtual Tensor change(const Tensor& value) const = 0;

protected:
    /// Reads the key `input`. Call it while the section is read, before Reader::finish().
    explicit InputTransform(Reader& reader) : input_(reader) {}

private:
    ChosenInput input_;
};

}  // namespace halftone
