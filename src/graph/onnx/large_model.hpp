#pragma once
// Private to this room. A model with external data that no protobuf message can hold (2 GiB). It travels through the
// program as one text, as every model does: the message without its weights, and behind it the files of the weights,
// each from a page on. On the rank that reads the model the files are mapped there. Such a text is made by
// inline_external_data() and read by import_onnx(); it is never written to a file.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/shared_bytes.hpp"

namespace onnx {
class TensorProto;
}

namespace halftone {

/// The bytes of tensors behind a large model's message.
struct ModelData {
    std::string_view bytes;
    /// Keeps them where they are, so that tensors can be views of them. Null: the caller may take them away, so they
    /// are copied.
    Keeper keeper{};
};

/// What the bytes of a model are made of; both are views of them.
struct ModelText {
    std::string_view message;
    /// Nothing for an ordinary model. Else tensors of the message that are marked as external name an offset and a
    /// length in here, and no location.
    std::optional<ModelData> data;
};

/// Returns the parts of a model's bytes.
/// @param keeper  of the bytes; may be null
/// @throws ModelError when a large model ends before its message does, or a message is larger than one can be
[[nodiscard]] ModelText model_text(std::string_view bytes, const Keeper& keeper = nullptr);

/// Returns the beginning of such a text: all of it but the data, which begin at the next page (base/mapped_files.hpp).
[[nodiscard]] std::string large_model_start(std::string_view message);

/// Marks a tensor as lying in the data.
void set_place_in_data(onnx::TensorProto& tensor, std::uint64_t offset, std::uint64_t length);
/// Returns the bytes of a tensor that is marked so. @param owner  names the tensor in messages
/// @throws ModelError when the range is not given or leads out of the data
[[nodiscard]] std::string_view bytes_in_data(const onnx::TensorProto& tensor, std::string_view data,
                                             const std::string& owner);

}  // namespace halftone
