#pragma once
// MXNet's .params files: named arrays, as mx.nd.save writes them.

#include <map>
#include <string>
#include <string_view>

#include "tensor/tensor.hpp"

namespace halftone {

/// Returns the arrays of a .params file by their names in the network: the prefixes "arg:" and "aux:" are taken off.
/// float16, bfloat16 and float64 become fp32. Every size is compared with the bytes that are there before memory is
/// taken.
/// Source of the format: src/ndarray/ndarray.cc (NDArray::Save, LegacyLoad) of Apache MXNet 1.9.1.
/// @param name  of the file, for messages
/// @throws ModelError: damage, arrays without names, a name that stands twice, sparse arrays
[[nodiscard]] std::map<std::string, Tensor> read_mxnet_params(std::string_view bytes, const std::string& name);

}  // namespace halftone
