#pragma once
// A writer of TFRecord files and tf.train.Example, for tests. It is the counterpart of data/formats/tf_record.hpp; that
// both agree with TensorFlow is what the golden shards are for (golden/data/PROVENANCE.md).

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.hpp"

namespace halftone {

inline std::string little_endian(std::uint64_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
}

inline std::string masked_crc_bytes(std::string_view bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return little_endian(((crc >> 15U) | (crc << 17U)) + 0xA282EAD8U, 4);
}

/// One record as it stands in a file.
inline std::string tf_record(std::string_view bytes) {
    const std::string length = little_endian(bytes.size(), 8);
    return length + masked_crc_bytes(length) + std::string(bytes) + masked_crc_bytes(bytes);
}

inline std::string proto_varint(std::uint64_t value) {
    std::string out;
    for (; value > 127; value >>= 7U) out += static_cast<char>((value & 127U) | 128U);
    return out + static_cast<char>(value);
}

/// A field of protobuf's wire format whose length stands before it.
inline std::string proto_field(std::uint64_t number, std::string_view payload) {
    return proto_varint(number << 3U | 2U) + proto_varint(payload.size()) + std::string(payload);
}

/// The values of one feature.
using FeatureValues = std::variant<std::vector<std::string>, std::vector<float>, std::vector<std::int64_t>>;

/// A Feature message. Numbers are packed, as TensorFlow writes them.
inline std::string tf_feature(const FeatureValues& values) {
    std::string list;
    if (const auto* texts = std::get_if<0>(&values)) {
        for (const std::string& text : *texts) list += proto_field(1, text);
        return proto_field(1, list);
    }
    if (const auto* floats = std::get_if<1>(&values)) {
        for (const float value : *floats) {
            std::uint32_t bits = 0;
            std::memcpy(&bits, &value, sizeof(bits));
            list += little_endian(bits, 4);
        }
        return proto_field(2, proto_field(1, list));
    }
    for (const std::int64_t value : std::get<2>(values)) list += proto_varint(static_cast<std::uint64_t>(value));
    return proto_field(3, proto_field(1, list));
}

struct NamedFeatureValues {
    std::string name;
    FeatureValues values;
};

/// The bytes of a tf.train.Example.
inline std::string tf_example(const std::vector<NamedFeatureValues>& features) {
    std::string map;
    for (const auto& [name, values] : features) {
        map += proto_field(1, proto_field(1, name) + proto_field(2, tf_feature(values)));
    }
    return proto_field(1, map);
}

inline FeatureValues one_text(std::string text) { return std::vector<std::string>{std::move(text)}; }
inline FeatureValues one_integer(std::int64_t value) { return std::vector<std::int64_t>{value}; }

inline void write_bytes(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string bytes_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace halftone
