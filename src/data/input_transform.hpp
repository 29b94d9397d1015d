#pragma once
// Transforms of one input: what most transforms are. They change the first input of a sample, or the one that the key
// `input` of their section names.

#include <optional>
#include <string>

#include "config/reader.hpp"
#include "data/dataset.hpp"

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
    explicit InputTransform(Reader& reader);

private:
    /// The position of the input that is changed. @throws DataError when the samples have no such input, or it is text
    [[nodiscard]] std::size_t position_in(const Schema& schema) const;

    std::string word_;                 ///< the transform's, for messages
    std::optional<std::string> name_;  ///< of the input; empty: the first one
};

}  // namespace halftone
