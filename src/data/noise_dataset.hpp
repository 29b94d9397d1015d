#pragma once
// Data sets of uniform noise, for measuring speed without data: what `dummy` and `dummy_v2` have in common.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "data/dataset.hpp"

namespace halftone {

/// The noise of one input.
struct NoiseField {
    std::string name;
    std::vector<std::int64_t> shape;  ///< of one sample
    double low = -128;
    double high = 127;
    DType dtype = DType::f32;
};

/// Reads the keys `low`, `high` and `dtype`, each one value for all inputs or a list of one for each, and fills them
/// in.
/// @throws ConfigError when a value does not fit its type, or a list has another length
void read_noise(Reader& reader, std::vector<NoiseField>& fields);

/// Checks that samples of this shape can be made: positive sizes, at most 2^31 elements.
/// @throws ConfigError at `key`
void check_noise_shape(const Reader& reader, const char* key, const std::vector<std::int64_t>& shape);

/// Returns the lists of `key`: one for [1, 2], as many as there are lists for [[1, 2], [3]]. @throws ConfigError
[[nodiscard]] std::vector<std::vector<std::int64_t>> read_shapes(Reader& reader, const char* key);

/// Returns samples of uniform noise in [low, high). Sample i is a pure function of i and of the field's position. The
/// target `label` is an int64 array of zeros. `word` is the data set's, for its identity.
[[nodiscard]] std::unique_ptr<Dataset> make_noise_dataset(const std::string& word, std::int64_t samples,
                                                          std::vector<NoiseField> fields, Shape label);

}  // namespace halftone
