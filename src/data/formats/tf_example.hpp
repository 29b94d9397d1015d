#pragma once
// tf.train.Example: what the records of TFRecord files usually hold. A parser of our own for its few messages, without
// protobuf: three kinds of lists by name.
//
//   Example { Features features = 1; }              Features { map<string, Feature> feature = 1; }
//   Feature { oneof { BytesList = 1; FloatList = 2; Int64List = 3; } }, each a list of `value = 1`
//
// Source: tensorflow/core/example/example.proto and feature.proto. A SequenceExample has its context at the place of
// an Example's features, so its context is read, too; its lists of features are left out.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// The values of one feature. Only the list of its kind holds any.
struct TfFeature {
    enum class Kind { none, texts, floats, integers };
    Kind kind = Kind::none;  ///< none: the writer stored a name without values
    std::vector<std::string_view> texts{};
    std::vector<float> floats{};
    std::vector<std::int64_t> integers{};
    /// Returns how many values there are, of whatever kind.
    [[nodiscard]] std::size_t size() const { return texts.size() + floats.size() + integers.size(); }
};

/// The features of one record, by name. Texts lie in the bytes that were parsed, which must outlive this.
class TfExample {
public:
    TfExample(std::map<std::string, TfFeature, std::less<>> features, std::string place)
        : features_(std::move(features)), place_(std::move(place)) {}

    /// Returns where the record lies, for messages: "a-00000-of-00002: record 3".
    [[nodiscard]] const std::string& place() const { return place_; }
    /// Returns the feature with this name, or null.
    [[nodiscard]] const TfFeature* find(std::string_view name) const;

    // Each returns the only value of a feature.
    // @throws DataError naming record and feature: it is missing (with the names that there are), of another kind, or
    //         has another number of values than one
    [[nodiscard]] std::string_view one_text(std::string_view name) const;
    [[nodiscard]] std::int64_t one_integer(std::string_view name) const;

    // Each returns all values; none where the feature is missing.
    // @throws DataError naming record and feature when it is of another kind
    [[nodiscard]] std::vector<std::string_view> texts(std::string_view name) const;
    [[nodiscard]] std::vector<float> floats(std::string_view name) const;
    [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name) const;

    /// @throws DataError "<place>: <what>" always
    [[noreturn]] void refuse(const std::string& what) const;

private:
    [[nodiscard]] const TfFeature& required(std::string_view name, TfFeature::Kind kind) const;
    [[nodiscard]] const TfFeature& optional(std::string_view name, TfFeature::Kind kind) const;

    std::map<std::string, TfFeature, std::less<>> features_;
    std::string place_;
};

/// Reads the bytes of a tf.train.Example, or the context of a SequenceExample. @param place  of the record, for
/// messages
/// @throws DataError "<place>: byte 8: …" when they are none
[[nodiscard]] TfExample parse_tf_example(std::string_view bytes, const std::string& place);

}  // namespace halftone
