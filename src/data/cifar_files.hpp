#pragma once
// The data sets CIFAR10 and CIFAR100: 32 x 32 pixels in colour, in the files of their public archives.

#include <memory>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "data/formats/cifar_batch.hpp"

namespace halftone {

/// Where a data set's archives keep their files.
struct CifarLayout {
    std::string word;  ///< of the data set, for messages
    CifarKind kind;
    std::string binary_folder;  ///< that the archive of the binary version unpacks to
    std::string python_folder;
    std::vector<std::string> training_files, test_files;  ///< of the Python version; the binary ones end in ".bin"
};

/// Reads `root`, `train` (false) and `download` (accepted; nothing is downloaded). `root` is a folder that holds one of
/// the archives' folders, or such a folder itself. The binary version is taken where both are there.
/// @throws ConfigError, DataError
[[nodiscard]] std::unique_ptr<Dataset> make_cifar(const CifarLayout& layout, const ConfigNode& node);

}  // namespace halftone
