#pragma once
// One file of CIFAR-10 or CIFAR-100: pictures of 32 x 32 pixels with their labels. The archives come in two versions.
// Source: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version" and "Python / Matlab versions".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

struct CifarBatch {
    static constexpr std::int64_t kSide = 32;
    static constexpr std::size_t kPictureBytes = std::size_t{3} * kSide * kSide;
    std::string pixels{};                ///< picture after picture; of each all red values, then green, then blue
    std::vector<std::uint8_t> labels{};  ///< one for each picture
};

/// Which of the two archives: its name of the list of labels, and how many bytes of labels stand before the pixels of
/// the binary version. CIFAR-100 has the number of the coarse class first, which is not the label.
struct CifarKind {
    std::string_view label_key;
    std::size_t label_bytes = 1;
};
inline constexpr CifarKind kCifar10{.label_key = "labels", .label_bytes = 1};
inline constexpr CifarKind kCifar100{.label_key = "fine_labels", .label_bytes = 2};

/// Reads a file of the binary version (data_batch_1.bin, test.bin).
/// @throws DataError when its size is no multiple of a record's, or it is empty
[[nodiscard]] CifarBatch parse_cifar_binary(std::string_view bytes, CifarKind kind, const std::string& name);

/// Reads a file of the Python version (data_batch_1, test): a pickled dictionary with an array `data` and a list of
/// labels. The pickle is read by formats/pickle.hpp, which runs nothing.
/// @throws DataError when it is no such pickle
[[nodiscard]] CifarBatch parse_cifar_pickle(std::string_view bytes, CifarKind kind, const std::string& name);

}  // namespace halftone
