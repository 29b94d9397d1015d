#include "graph/onnx/large_model.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/mapped_files.hpp"
#include "base/text.hpp"
#include "graph/onnx/external_data.hpp"

namespace halftone {
namespace {

/// As the first byte of a protobuf message, 0 would be the field number 0, which does not exist: so no model begins
/// like this.
constexpr std::string_view kLargeModelMark("\0halftone model and data\0", 25);

std::uint64_t place_entry(const onnx::TensorProto& tensor, std::string_view key, const std::string& owner) {
    for (const onnx::StringStringEntryProto& item : tensor.external_data()) {
        const auto value = item.key() == key ? parse_int(item.value()) : std::nullopt;
        if (value && *value >= 0) return static_cast<std::uint64_t>(*value);
    }
    throw ModelError(fmt::format("{}: its values are stored outside the model file", owner));
}

}  // namespace

ModelText model_text(std::string_view bytes, const Keeper& keeper) {
    if (!bytes.starts_with(kLargeModelMark)) {
        if (bytes.size() > kMostMessageBytes) throw ModelError("is larger than 2 GiB, which the format does not allow");
        return {.message = bytes, .data = std::nullopt};
    }
    ByteReader reader(bytes.substr(kLargeModelMark.size()), "model with data");
    const std::uint64_t size = reader.get<std::uint64_t>("size of the message");
    const std::string_view rest = bytes.substr(bytes.size() - reader.left());
    if (size > rest.size() || size > kMostMessageBytes) throw ModelError("is damaged: it ends within its message");
    const std::uint64_t begin = page_from(kLargeModelMark.size() + sizeof(std::uint64_t) + size);
    const std::string_view data = bytes.substr(std::min<std::uint64_t>(begin, bytes.size()));
    return {.message = rest.substr(0, size), .data = ModelData{.bytes = data, .keeper = keeper}};
}

std::string large_model_start(std::string_view message) {
    std::string start(kLargeModelMark);
    for (unsigned byte = 0; byte < sizeof(std::uint64_t); ++byte) {
        start += static_cast<char>(static_cast<std::uint64_t>(message.size()) >> (8 * byte) & 255U);
    }
    return start.append(message);
}

void set_place_in_data(onnx::TensorProto& tensor, std::uint64_t offset, std::uint64_t length) {
    tensor.clear_external_data();
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair{"offset", offset}, std::pair{"length", length}}) {
        onnx::StringStringEntryProto& item = *tensor.add_external_data();
        item.set_key(key);
        item.set_value(std::to_string(value));
    }
}

std::string_view bytes_in_data(const onnx::TensorProto& tensor, std::string_view data, const std::string& owner) {
    const std::uint64_t offset = place_entry(tensor, "offset", owner);
    const std::uint64_t length = place_entry(tensor, "length", owner);
    if (offset > data.size() || length > data.size() - offset) {
        throw ModelError(
            fmt::format("{}: {} bytes from byte {} on are not in the model's data", owner, length, offset));
    }
    return data.substr(offset, length);
}

}  // namespace halftone
