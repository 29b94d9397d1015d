#include "graph/onnx/external_data.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "base/budget.hpp"
#include "base/contained_file.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/mapped_files.hpp"
#include "graph/onnx/large_model.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kMostSum = std::numeric_limits<std::uint64_t>::max() / 2;  // so that twice of it fits

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
    std::uint64_t file_size = 0;
    bool is_initialiser = false;  ///< else an attribute of a node
};

/// Finds the tensor's part of its file. A file names only a place in the model's own folder, and every number in it is
/// compared with the file's size.
Part part_of(onnx::TensorProto& tensor, const FileSystem& files, const std::string& folder) {
    try {
        Part part{.tensor = &tensor, .path = contained_file(folder, entry(tensor, "location"))};
        const std::uint64_t size = files.size(part.path);
        part.file_size = size;
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

/// Puts the bytes into the message.
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
    const auto note = [&](onnx::TensorProto& tensor, bool is_initialiser = false) {
        if (!is_external(tensor)) return;
        parts.push_back(part_of(tensor, files, folder));
        parts.back().is_initialiser = is_initialiser;
    };
    for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) note(tensor, true);
    for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
            if (attribute.has_t()) note(*attribute.mutable_t());
        }
    }
    return parts;
}

/// Adds up what will be loaded. A thousand tensors may all name the same two GiB of one file, so the sum decides and
/// not the sizes of the files.
std::uint64_t sum_of(const std::vector<Part>& parts, std::size_t model_bytes) {
    std::uint64_t sum = model_bytes;
    for (const Part& part : parts) sum = part.length > kMostSum - sum ? kMostSum : sum + part.length;
    return sum;
}

/// The message, and behind it the files of the weights, mapped: nothing of them is there twice, or copied at all.
SharedBytes with_data_behind(onnx::ModelProto& model, const std::vector<Part>& parts, const FileSystem& files,
                             std::uint64_t most) {
    std::vector<FileToMap> mapped;
    std::map<std::string, std::uint64_t> begins;  // of the files, in the data
    std::uint64_t end = 0;
    for (const Part& part : parts) {
        if (!part.is_initialiser) {
            load(part, files);  // small ones: an attribute is a constant that somebody wrote down
            continue;
        }
        const auto [found, is_new] = begins.emplace(part.path, end);
        if (is_new) {
            mapped.push_back({part.path, part.file_size});
            end += page_from(part.file_size);
        }
        set_place_in_data(*part.tensor, found->second + part.offset, part.length);
    }
    std::string message;
    if (model.ByteSizeLong() > most || !model.SerializeToString(&message)) {
        throw ModelError("the model is larger than 2 GiB without its external weights, which is not supported");
    }
    return map_files_behind(large_model_start(message), mapped);
}

}  // namespace

SharedBytes inline_external_data(std::string bytes, const std::string& folder, std::uint64_t most) {
    // Every external tensor has this key, so other models need not be parsed twice.
    if (bytes.find("location") == std::string::npos) return bytes;
    onnx::ModelProto model;
    if (bytes.size() > kMostMessageBytes || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return bytes;  // import_onnx says what is wrong with it
    }
    const auto files = make_posix_file_system();
    const std::vector<Part> parts = parts_of(model, *files, folder);
    if (parts.empty()) return bytes;
    const std::uint64_t sum = sum_of(parts, bytes.size());
    constexpr const char* kWhat = "the model with its external data";
    if (sum > most) {
        // A file that many tensors name is mapped once, but what is made of the model has each of them.
        if (sum > process_budget().bytes_left()) throw process_budget().refusal(sum, kWhat);
        return with_data_behind(model, parts, *files, most);
    }
    // Nothing is loaded before the whole is known to fit: once as it is handed on, and once as tensors.
    const BudgetedBytes taken(process_budget(), 2 * sum, kWhat);
    for (const Part& part : parts) load(part, *files);
    // Serialized again, because the importer takes bytes: a test can then give it any model without files.
    std::string whole;
    if (model.ByteSizeLong() <= most && model.SerializeToString(&whole)) return whole;
    throw ModelError("the model is larger than 2 GiB with its external data, which is not supported");
}

}  // namespace halftone
