// tf.train.Example from bytes.
//
//   each_field        the fields of one message of protobuf's wire format, of which the caller takes what it knows
//   read_feature      one list of values, packed or not
//   parse_tf_example  Example > Features > entries of the map
//
// Messages may come in several pieces, which protobuf merges: lists of the same kind go on, another kind begins anew.
// Source: https://protobuf.dev/programming-guides/encoding/
#include "data/formats/tf_example.hpp"

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/error.hpp"

namespace halftone {
namespace {

/// How the bytes of a field are stored, the low three bits of its tag. Groups (3 and 4) are out of use.
enum class WireType : std::uint64_t { varint = 0, eight_bytes = 1, counted = 2, four_bytes = 5 };

struct FieldTag {
    std::uint64_t field = 0;
    WireType wire = WireType::varint;
    [[nodiscard]] bool is(std::uint64_t wanted, WireType type) const { return field == wanted && wire == type; }
};

void skip_field(ByteReader& reader, WireType wire) {
    switch (wire) {
        case WireType::varint:
            static_cast<void>(reader.get_varint());
            return;
        case WireType::eight_bytes:
            static_cast<void>(reader.get_bytes(8));
            return;
        case WireType::counted:
            static_cast<void>(reader.get_view("a field"));
            return;
        case WireType::four_bytes:
            static_cast<void>(reader.get_bytes(4));
            return;
    }
    reader.expect(false, "a field of a message");
}

/// Returns a reader for the bytes of a field whose length stands before it.
ByteReader counted_reader(ByteReader& reader) {
    const std::uint64_t count = reader.get_varint(UINT64_MAX, "the length of a field");
    return reader.get_reader(count, "a field");
}

/// Calls take(tag, reader) for every field of a message. It returns whether it has read the field; what it leaves is
/// skipped. @throws DataError when the bytes are no message
template <class Take>
void each_field(ByteReader reader, Take take) {
    while (!reader.at_end()) {
        const std::uint64_t tag = reader.get_varint(UINT32_MAX, "the tag of a field");
        const FieldTag field{.field = tag >> 3U, .wire = static_cast<WireType>(tag & 7U)};
        // Unknown fields are skipped, as protobuf demands: newer writers may add some.
        if (!take(field, reader)) skip_field(reader, field.wire);
    }
    reader.require<DataError>();
}

void read_float_list(ByteReader list, std::vector<float>& values) {
    each_field(std::move(list), [&](FieldTag tag, ByteReader& reader) {
        if (tag.is(1, WireType::four_bytes)) {
            values.push_back(reader.get<float>());
            return true;
        }
        if (!tag.is(1, WireType::counted)) return false;
        for (ByteReader packed = counted_reader(reader); !packed.at_end();) {
            values.push_back(packed.get<float>("a packed float"));
            packed.require<DataError>();
        }
        return true;
    });
}

// A negative number is its two's complement, in ten bytes.
void read_integer_list(ByteReader list, std::vector<std::int64_t>& values) {
    each_field(std::move(list), [&](FieldTag tag, ByteReader& reader) {
        if (tag.is(1, WireType::varint)) {
            values.push_back(static_cast<std::int64_t>(reader.get_varint()));
            return true;
        }
        if (!tag.is(1, WireType::counted)) return false;
        for (ByteReader packed = counted_reader(reader); !packed.at_end();) {
            values.push_back(static_cast<std::int64_t>(packed.get_varint(UINT64_MAX, "a packed integer")));
            packed.require<DataError>();
        }
        return true;
    });
}

void read_text_list(ByteReader list, std::vector<std::string_view>& values) {
    each_field(std::move(list), [&](FieldTag tag, ByteReader& reader) {
        if (!tag.is(1, WireType::counted)) return false;
        values.push_back(reader.get_view("a text"));
        return true;
    });
}

void read_feature(ByteReader message, TfFeature& feature) {
    each_field(std::move(message), [&](FieldTag tag, ByteReader& reader) {
        if (tag.wire != WireType::counted || tag.field < 1 || tag.field > 3) return false;
        const auto kind = static_cast<TfFeature::Kind>(tag.field);
        if (feature.kind != kind) feature = {.kind = kind};  // a oneof: what came last counts
        ByteReader list = counted_reader(reader);
        if (kind == TfFeature::Kind::texts) read_text_list(std::move(list), feature.texts);
        if (kind == TfFeature::Kind::floats) read_float_list(std::move(list), feature.floats);
        if (kind == TfFeature::Kind::integers) read_integer_list(std::move(list), feature.integers);
        return true;
    });
}

std::string_view word_of(TfFeature::Kind kind) {
    switch (kind) {
        case TfFeature::Kind::texts:
            return "bytes";
        case TfFeature::Kind::floats:
            return "floats";
        case TfFeature::Kind::integers:
            return "integers";
        case TfFeature::Kind::none:
            break;
    }
    return "nothing";
}

}  // namespace

const TfFeature* TfExample::find(std::string_view name) const {
    const auto found = features_.find(name);
    return found == features_.end() ? nullptr : &found->second;
}

void TfExample::refuse(const std::string& what) const { throw DataError(place_ + ": " + what); }

const TfFeature& TfExample::optional(std::string_view name, TfFeature::Kind kind) const {
    static const TfFeature kNone;
    const TfFeature* feature = find(name);
    // A name without values is as good as none: writers store empty lists so.
    if (feature == nullptr || feature->size() == 0) return kNone;
    if (feature->kind == kind) return *feature;
    refuse(fmt::format("the feature '{}' holds {}, not {}", name, word_of(feature->kind), word_of(kind)));
}

const TfFeature& TfExample::required(std::string_view name, TfFeature::Kind kind) const {
    if (find(name) == nullptr) {
        constexpr std::size_t kMostNames = 20;
        std::string names;
        std::size_t count = 0;
        // The names that are there are the best hint at the layout that the file really has.
        for (const auto& [known, feature] : features_) {
            if (count++ < kMostNames) names += " " + known;
        }
        refuse(fmt::format("has no feature '{}'; it has{}", name, names.empty() ? " none" : names));
    }
    const TfFeature& feature = optional(name, kind);
    if (feature.size() == 1) return feature;
    refuse(fmt::format("the feature '{}' has {} values; it must have one", name, feature.size()));
}

std::string_view TfExample::one_text(std::string_view name) const {
    return required(name, TfFeature::Kind::texts).texts.front();
}

std::int64_t TfExample::one_integer(std::string_view name) const {
    return required(name, TfFeature::Kind::integers).integers.front();
}

std::vector<std::string_view> TfExample::texts(std::string_view name) const {
    return optional(name, TfFeature::Kind::texts).texts;
}

std::vector<float> TfExample::floats(std::string_view name) const {
    return optional(name, TfFeature::Kind::floats).floats;
}

std::vector<std::int64_t> TfExample::integers(std::string_view name) const {
    return optional(name, TfFeature::Kind::integers).integers;
}

TfExample parse_tf_example(std::string_view bytes, const std::string& place) {
    std::map<std::string, TfFeature, std::less<>> features;
    // A map is a list of entries with key (1) and value (2); the order of the two is the writer's.
    const auto take_entry = [&](ByteReader entry) {
        std::string name;
        TfFeature feature;
        each_field(std::move(entry), [&](FieldTag tag, ByteReader& reader) {
            if (tag.is(1, WireType::counted)) {
                name = reader.get_view("the name of a feature");
                return true;
            }
            if (!tag.is(2, WireType::counted)) return false;
            read_feature(counted_reader(reader), feature);
            return true;
        });
        features.insert_or_assign(std::move(name), std::move(feature));  // of two with one name, the last one counts
    };
    each_field(ByteReader(bytes, place), [&](FieldTag example, ByteReader& reader) {
        if (!example.is(1, WireType::counted)) return false;
        each_field(counted_reader(reader), [&](FieldTag map, ByteReader& entries) {
            if (!map.is(1, WireType::counted)) return false;
            take_entry(counted_reader(entries));
            return true;
        });
        return true;
    });
    return {std::move(features), place};
}

}  // namespace halftone
