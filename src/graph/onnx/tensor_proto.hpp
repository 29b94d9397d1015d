#pragma once
// TensorProto <-> Tensor, and ONNX's element type numbers. Used by import and export only; a file is untrusted, so
// every size is checked before memory is taken.

#include <cstdint>
#include <optional>
#include <string>

#include "graph/onnx/large_model.hpp"
#include "tensor/tensor.hpp"

namespace onnx {
class TensorProto;
}

namespace halftone {

/// Returns the type with which a graph holds values of this ONNX type. Models may use float, double, int4, uint4, int8,
/// uint8, int32, int64 and bool. float16 and bfloat16 are held as fp32. Returns nothing for all other types.
[[nodiscard]] std::optional<DType> dtype_of_onnx(std::int32_t element_type);
/// Returns whether it is float16 or bfloat16, the types that are computed in fp32.
[[nodiscard]] bool is_half_type(std::int32_t element_type);
/// @throws InternalError for a type that ONNX has no number for
[[nodiscard]] std::int32_t onnx_type_of(DType dtype);
/// "float16 (10)", for messages.
[[nodiscard]] std::string onnx_type_name(std::int32_t element_type);
/// Returns our word for a type, "fp32" or "fp16"; ONNX's own for a type that we have no word for; "?" for none.
[[nodiscard]] std::string onnx_type_word(std::int32_t element_type);

/// Values of an initialiser, a Constant or a tensor attribute. `owner` names it in messages: "initialiser 'w'".
/// NaN and infinities are values like others: a mask of -inf and a Clip without an upper limit need them.
/// @param data  where the bytes of external tensors lie (large_model.hpp); nothing refuses them. Large tensors whose
///        bytes are values as they are become views of data that have a keeper; others are copied
/// @throws ModelError: external data, unsupported or missing type, sizes that disagree
[[nodiscard]] Tensor tensor_from_proto(const onnx::TensorProto& proto, const std::string& owner,
                                       const std::optional<ModelData>& data = std::nullopt);

/// Little-endian raw_data, no doc string.
void tensor_to_proto(const Tensor& tensor, const std::string& name, onnx::TensorProto& proto);

}  // namespace halftone
