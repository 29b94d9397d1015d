#include "graph/onnx/external_data.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "base/budget.hpp"
#include "base/contained_file.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kMostBytes = std::numeric_limits<int>::max();  // of a protobuf message

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

/// Where a tensor's bytes lie: a file in the model's own folder, and a part of it.
struct Part {
    onnx::TensorProto* tensor = nullptr;
    std::string path;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// Finds the tensor's part of its file. A file names only a place in the model's own folder, and every number in it is
/// compared with the file's size.
Part part_of(onnx::TensorProto& tensor, const FileSystem& files, const std::string& folder) {
    try {
        Part part{.tensor = &tensor, .path = contained_file(folder, entry(tensor, "location"))};
        const std::uint64_t size = files.size(part.path);
        part.offset = number(tensor, "offset").value_or(0);
        if (part.offset > size) {
            refuse(tensor, fmt::format("begins at byte {} of a file of {} bytes", part.offset, size));
        }
        part.length = number(tensor, "length").value_or(size - part.offset);
        if (part.length > size - part.offset) {
            refuse(tensor,
                   fmt::format("is {} bytes from byte {} on, the file has {} bytes", part.length, part.offset, size));
        }
        return part;
    } catch (const IoError& error) {
        refuse(tensor, error.what());
    }
}

void load(const Part& part, const FileSystem& files) {
    try {
        part.tensor->set_raw_data(files.read_part(part.path, part.offset, part.length));
    } catch (const IoError& error) {
        refuse(*part.tensor, error.what());
    }
    part.tensor->clear_external_data();
    part.tensor->set_data_location(onnx::TensorProto::DEFAULT);
}

bool is_external(const onnx::TensorProto& tensor) { return tensor.data_location() == onnx::TensorProto::EXTERNAL; }

/// All external tensors. They are found in initialisers and in attributes of nodes. Subgraphs are refused by the
/// importer anyway.
std::vector<Part> parts_of(onnx::ModelProto& model, const FileSystem& files, const std::string& folder) {
    std::vector<Part> parts;
    const auto note = [&](onnx::TensorProto& tensor) {
        if (is_external(tensor)) parts.push_back(part_of(tensor, files, folder));
    };
    for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) note(tensor);
    for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
            if (attribute.has_t()) note(*attribute.mutable_t());
        }
    }
    return parts;
}

/// Adds up what will be loaded. A thousand tensors may all name the same two GiB of one file, so the sum decides and
/// not the sizes of the files. @throws ModelError when one message cannot hold it
std::uint64_t sum_of(const std::vector<Part>& parts, std::size_t model_bytes) {
    std::uint64_t sum = model_bytes;
    for (const Part& part : parts) {
        // A protobuf message cannot hold more.
        if (part.length > kMostBytes) refuse(*part.tensor, "is larger than 2 GiB, which is not supported");
        sum += part.length;
        if (sum > kMostBytes) {
            throw ModelError("the model is larger than 2 GiB with its external data, which is not supported");
        }
    }
    return sum;
}

}  // namespace

std::string inline_external_data(std::string bytes, const std::string& folder) {
    // Every external tensor has this key, so other models need not be parsed twice.
    if (bytes.find("location") == std::string::npos) return bytes;
    onnx::ModelProto model;
    if (bytes.size() > kMostBytes || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return bytes;  // import_onnx says what is wrong with it
    }
    const auto files = make_posix_file_system();
    const std::vector<Part> parts = parts_of(model, *files, folder);
    if (parts.empty()) return bytes;
    // Nothing is loaded before the whole is known to fit: once in the message, once in the text that is made of it.
    const BudgetedBytes taken(process_budget(), 2 * sum_of(parts, bytes.size()), "the model with its external data");
    for (const Part& part : parts) load(part, *files);
    // Serialized again, because the importer takes bytes: a test can then give it any model without files.
    std::string whole;
    if (model.ByteSizeLong() > kMostBytes || !model.SerializeToString(&whole)) {
        throw ModelError("the model is larger than 2 GiB with its external data, which is not supported");
    }
    return whole;
}

}  // namespace halftone
