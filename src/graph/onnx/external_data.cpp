#include "graph/onnx/external_data.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <charconv>
#include <limits>
#include <optional>

#include "base/contained_file.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

[[noreturn]] void refuse(const onnx::TensorProto& tensor, const std::string& why) {
    throw ModelError(fmt::format("tensor '{}': its external data {}", tensor.name(), why));
}

/// The value of a key; empty when the tensor does not have it.
std::string entry(const onnx::TensorProto& tensor, std::string_view key) {
    for (const onnx::StringStringEntryProto& item : tensor.external_data()) {
        if (item.key() == key) return item.value();
    }
    return {};
}

/// A count of bytes; nothing when the key is missing.
/// Parsed strictly: "12x", "-1" and " 12" are refused, where strtoull would read numbers.
std::optional<std::uint64_t> number(const onnx::TensorProto& tensor, std::string_view key) {
    const std::string text = entry(tensor, key);
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        refuse(tensor, fmt::format("has {} '{}', which is no count of bytes", key, text));
    }
    return value;
}

/// Reads the tensor's part of its file into the tensor. A file names only a place in the model's own folder, and every
/// number in it is compared with the file's size before memory is taken.
void load(onnx::TensorProto& tensor, const std::string& folder) {
    const auto files = make_posix_file_system();
    try {
        const std::string path = contained_file(folder, entry(tensor, "location"));
        const std::uint64_t size = files->size(path);
        const std::uint64_t offset = number(tensor, "offset").value_or(0);
        if (offset > size) refuse(tensor, fmt::format("begins at byte {} of a file of {} bytes", offset, size));
        const std::uint64_t length = number(tensor, "length").value_or(size - offset);
        if (length > size - offset) {
            refuse(tensor, fmt::format("is {} bytes from byte {} on, the file has {} bytes", length, offset, size));
        }
        // A protobuf message cannot hold more.
        if (length > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
            refuse(tensor, "is larger than 2 GiB, which is not supported");
        }
        tensor.set_raw_data(files->read_part(path, offset, length));
    } catch (const IoError& error) {
        refuse(tensor, error.what());
    }
    tensor.clear_external_data();
    tensor.set_data_location(onnx::TensorProto::DEFAULT);
}

bool is_external(const onnx::TensorProto& tensor) { return tensor.data_location() == onnx::TensorProto::EXTERNAL; }

}  // namespace

std::string inline_external_data(std::string bytes, const std::string& folder) {
    // Every external tensor has this key, so other models need not be parsed twice.
    if (bytes.find("location") == std::string::npos) return bytes;
    onnx::ModelProto model;
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return bytes;  // import_onnx says what is wrong with it
    }
    // Tensors are found in initialisers and in attributes of nodes. Subgraphs are refused by the importer anyway.
    bool has_any = false;
    const auto take = [&](onnx::TensorProto& tensor) {
        if (!is_external(tensor)) return;
        load(tensor, folder);
        has_any = true;
    };
    for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) take(tensor);
    for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
            if (attribute.has_t()) take(*attribute.mutable_t());
        }
    }
    if (!has_any) return bytes;
    // Serialized again, because the importer takes bytes: a test can then give it any model without files.
    std::string whole;
    if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        !model.SerializeToString(&whole)) {
        throw ModelError("the model is larger than 2 GiB with its external data, which is not supported");
    }
    return whole;
}

}  // namespace halftone
