#pragma once
// Data sets of MNIST's layout: for each split one IDX file of grey images and one of labels, loaded to memory once.
// FashionMNIST and MNIST are plug-ins of two lines over this.

#include <memory>
#include <string>

#include "data/dataset.hpp"

namespace halftone {

/// Reads `root`, `train` (false: the files named t10k-…) and `download` (LPOT's key; nothing is ever downloaded).
/// Samples are HWC uint8 [rows, columns, 1]. `name` is the plug-in's, for messages.
/// @throws ConfigError, DataError
[[nodiscard]] std::unique_ptr<Dataset> make_image_label_files(const std::string& name, const ConfigNode& node);

}  // namespace halftone
