#pragma once
// Transforms of pictures: they move pixels, and with them the boxes and the mask that belong to a picture. They know
// the number of the sample, which seeds their random numbers.
//
// Targets are found by their names and types, and any other target is left alone:
//   boxes   fp32 [n, 4]       y1, x1, y2, x2 in pixels of the picture; cut off at the border where a part is cut out.
//                             Boxes of which nothing is left are dropped, with their rows of labels, crowd and area
//   mask    uint8 [h, w]      resized by nearest; padding gets 255, "no class"
//   size    int64 [2]         height and width of the picture

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "data/chosen_input.hpp"
#include "data/picture_size.hpp"
#include "data/picture_steps.hpp"

namespace halftone {

class PictureTransform : public Transform {
public:
    [[nodiscard]] Schema output(const Schema& input) const final;
    [[nodiscard]] Sample apply(Sample sample, const Schema& input) const final;

protected:
    /// Reads the key `input`. Call it while the section is read, before Reader::finish().
    /// @param name  the transform's word in the config, for messages
    PictureTransform(Reader& reader, std::string name);

    // What these three throw says what is wrong; the name of the transform and the picture's shape are put around it.

    /// Returns the size of the result. Sizes that differ from picture to picture are kSymbolic, in both directions.
    /// @throws DataError when the sizes that are known do not fit
    [[nodiscard]] virtual PictureSize output_size(PictureSize from) const = 0;
    /// Returns what is done to a picture of this size. @throws DataError when it does not fit
    [[nodiscard]] virtual std::vector<PictureStep> steps(PictureSize from, std::int64_t sample_id) const = 0;
    /// Returns the type of the result: by default that of the picture, with the size of output_size().
    /// @throws DataError when the channels do not fit
    [[nodiscard]] virtual TensorType output_type(const TensorType& picture) const;
    /// Changes the values after the steps. By default it returns them as they are. @pre the type is output_type()'s,
    /// but for the order of the axes
    [[nodiscard]] virtual Tensor finish(Tensor picture, std::int64_t sample_id) const;

    /// Returns a stream of random numbers that depends on the sample and on the transform, and on nothing else: so the
    /// order of reading and the number of ranks never change a result.
    [[nodiscard]] Rng random_numbers(std::int64_t sample_id) const;

private:
    [[nodiscard]] TensorType checked_output_type(const TensorType& picture) const;
    [[nodiscard]] Tensor changed(Tensor picture, Sample& sample, const Schema& schema) const;

    ChosenInput input_;
    std::string name_;
    std::uint64_t seed_ = 0;
};

}  // namespace halftone
