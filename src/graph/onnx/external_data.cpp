#include "graph/onnx/external_data.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

#include "base/error.hpp"

namespace halftone {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const onnx::TensorProto& tensor, const std::string& why) {
    throw ModelError(fmt::format("tensor '{}': its external data {}", tensor.name(), why));
}

std::string entry(const onnx::TensorProto& tensor, std::string_view key) {
    for (const onnx::StringStringEntryProto& item : tensor.external_data()) {
        if (item.key() == key) return item.value();
    }
    return {};
}

/// A count of bytes; nothing when the key is missing.
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

/// The file, known to lie in `folder` after all links are followed.
fs::path file_of(const onnx::TensorProto& tensor, const fs::path& folder) {
    const std::string text = entry(tensor, "location");
    const fs::path location(text);
    if (text.empty()) refuse(tensor, "names no location");
    if (text.find('\0') != std::string::npos) refuse(tensor, "has a location with a NUL");
    if (location.is_absolute()) refuse(tensor, fmt::format("is at the absolute path '{}'", text));
    for (const fs::path& part : location) {
        if (part == "..") refuse(tensor, fmt::format("is at '{}', outside the model's folder", text));
    }
    std::error_code error;
    const fs::path base = fs::canonical(folder.empty() ? fs::path(".") : folder, error);
    const fs::path file = fs::canonical(base / location, error);
    if (error) refuse(tensor, fmt::format("is at '{}': {}", text, error.message()));
    const fs::path inside = file.lexically_relative(base);
    if (inside.empty() || *inside.begin() == "..") {
        refuse(tensor, fmt::format("is at '{}', a link that leads out of the model's folder", text));
    }
    if (!fs::is_regular_file(file, error)) refuse(tensor, fmt::format("is at '{}', which is no regular file", text));
    return file;
}

void load(onnx::TensorProto& tensor, const fs::path& folder) {
    const fs::path path = file_of(tensor, folder);
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (error) refuse(tensor, fmt::format("cannot be read: {}", error.message()));
    const std::uint64_t offset = number(tensor, "offset").value_or(0);
    if (offset > size) refuse(tensor, fmt::format("begins at byte {} of a file of {} bytes", offset, size));
    const std::uint64_t length = number(tensor, "length").value_or(size - offset);
    if (length > size - offset) {
        refuse(tensor, fmt::format("is {} bytes from byte {} on, the file has {} bytes", length, offset, size));
    }
    if (length > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
        refuse(tensor, "is larger than 2 GiB, which is not supported");
    }
    std::string bytes(length, '\0');
    std::ifstream file(path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    if (!file.read(bytes.data(), static_cast<std::streamsize>(length))) refuse(tensor, "cannot be read");
    tensor.set_raw_data(std::move(bytes));
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
    std::string whole;
    if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        !model.SerializeToString(&whole)) {
        throw ModelError("the model is larger than 2 GiB with its external data, which is not supported");
    }
    return whole;
}

}  // namespace halftone
