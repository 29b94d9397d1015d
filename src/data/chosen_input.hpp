#pragma once
// Which input of a sample a transform changes: the first one, or the one that the key `input` of its section names.

#include <optional>
#include <string>

#include "config/reader.hpp"
#include "data/dataset.hpp"

namespace halftone {

class ChosenInput {
public:
    /// Reads the key `input`. Call it while the section is read, before Reader::finish().
    explicit ChosenInput(Reader& reader);

    /// Returns the position of the input among the schema's. @throws DataError when the samples have no such input
    [[nodiscard]] std::size_t find_in(const Schema& schema) const;
    /// Returns the position of the input, which holds numbers. @throws DataError as find_in, or when it is text
    [[nodiscard]] std::size_t find_numbers_in(const Schema& schema) const;

private:
    std::string transform_;            ///< its word in the config, for messages
    std::optional<std::string> name_;  ///< of the input; empty: the first one
};

}  // namespace halftone
