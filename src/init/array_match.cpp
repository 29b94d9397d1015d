// Which array is what. Names decide where they can, because a shape may fit two inputs (ids and mask).
#include "init/array_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/text.hpp"
#include "data/convert.hpp"
#include "init/found_data.hpp"

namespace halftone {
namespace {

/// Letters and digits in lower case: "Input_IDs" and "inputids" are one name.
std::string simple_name(std::string_view name) {
    std::string simple;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            simple += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return simple;
}

/// Names that people give to right answers.
bool is_label_name(const std::string& name) {
    static constexpr std::array<std::string_view, 12> kNames{
        "label", "labels", "y", "target", "targets", "class", "classes", "answer", "answers", "truth", "gt", "ys"};
    const std::string simple = simple_name(name);
    return std::find(kNames.begin(), kNames.end(), simple) != kNames.end();
}

/// Whether rows of the array can feed the input: the same sizes where both name one, and a type that is converted.
bool fits_input(const FoundArray& array, const ModelPort& input) {
    if (array.row.is_text) return false;
    const auto dtype = kDTypeNames.parse(input.type);
    // Models in 16-bit floats are computed in fp32, and take it.
    const DType wanted = !dtype || *dtype == DType::f16 || *dtype == DType::bf16 ? DType::f32 : *dtype;
    if (!can_feed(array.row.type.dtype, wanted)) return false;
    const Shape& row = array.row.type.shape;
    // The input's first dimension is the batch, which a row does not have.
    if (row.rank() + 1 != input.dims.size()) return false;
    // An open dimension takes any size; a fixed one only its own.
    for (std::size_t d = 0; d < row.rank(); ++d) {
        const auto size = parse_int(input.dims[d + 1]);
        if (size && *size != row[d]) return false;
    }
    return true;
}

/// Whether a row looks like the picture that the input takes, channels last.
bool is_picture_for(const FoundArray& array, const ModelPort& input) {
    const Shape& row = array.row.type.shape;
    return !array.row.is_text && row.rank() == 3 && input.dims.size() == 4 && array.row.type.dtype == DType::u8 &&
           (row[2] == 1 || row[2] == 3);
}

/// Whether the array has, row by row, the shape of an output: then it can be compared with it.
bool has_shape_of_output(const FoundArray& array, const ModelSurvey& model) {
    return std::any_of(model.outputs.begin(), model.outputs.end(),
                       [&](const ModelPort& output) { return fits_input(array, output); });
}

class Matcher {
public:
    Matcher(const std::vector<FoundArray>& arrays, const ModelSurvey& model)
        : arrays_(arrays), model_(model), used_(arrays.size(), false) {}

    /// Names for all inputs first: a shape must not take an array away from the input that has its name.
    ArrayMatch match() {
        std::vector<std::optional<std::size_t>> chosen(model_.inputs.size());
        for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = take_by_name(model_.inputs[i]);
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            if (!chosen[i]) chosen[i] = take_by_shape(model_.inputs[i]);
            if (chosen[i])
                match_.inputs.emplace_back(model_.inputs[i].name, arrays_[*chosen[i]]);
            else
                match_.missing.push_back(model_.inputs[i].name);
        }
        sort_the_rest();
        return std::move(match_);
    }

private:
    /// A name counts only where shape and type fit: "image" may be a path in one array and pixels in another.
    std::optional<std::size_t> take_by_name(const ModelPort& input) {
        for (std::size_t a = 0; a < arrays_.size(); ++a) {
            const bool is_named = simple_name(arrays_[a].name) == simple_name(input.name);
            if (used_[a] || !is_named || !(fits_input(arrays_[a], input) || is_picture_for(arrays_[a], input)))
                continue;
            used_[a] = true;
            return a;
        }
        return std::nullopt;
    }

    std::optional<std::size_t> take_by_shape(const ModelPort& input) {
        std::vector<std::size_t> fitting;
        for (std::size_t a = 0; a < arrays_.size(); ++a) {
            if (used_[a] || is_label_name(arrays_[a].name)) continue;
            if (fits_input(arrays_[a], input) || is_picture_for(arrays_[a], input)) fitting.push_back(a);
        }
        // Two that fit may be ids and mask, or inputs and outputs: to guess would be to measure noise.
        if (fitting.size() != 1) return std::nullopt;
        used_[fitting[0]] = true;
        match_.guessed.push_back(fmt::format("{} feeds the input '{}': it is the only array whose shape fits.",
                                             arrays_[fitting[0]].source, input.name));
        return fitting[0];
    }

    /// One array can be the label. A second one with a label's name (weights of classes, ids) is left out and named.
    void sort_the_rest() {
        for (std::size_t a = 0; a < arrays_.size(); ++a) {
            if (used_[a]) continue;
            const FoundArray& array = arrays_[a];
            const bool is_only_one = std::count(used_.begin(), used_.end(), false) == 1;
            const bool is_target = is_label_name(array.name) || (is_only_one && has_shape_of_output(array, model_));
            if (is_target && match_.targets.empty()) {
                match_.targets.emplace_back(is_label_name(array.name) ? "label" : "target", array);
            } else {
                match_.left_out.push_back(array.source);
            }
        }
    }

    const std::vector<FoundArray>& arrays_;
    const ModelSurvey& model_;
    std::vector<bool> used_;
    ArrayMatch match_;
};

}  // namespace

ArrayMatch match_arrays(const std::vector<FoundArray>& arrays, const ModelSurvey& model) {
    return Matcher(arrays, model).match();
}

std::pair<std::string, std::string> without_split_word(const std::string& name) {
    // The separators are kept, so that the rest of the name reads as it was written.
    std::vector<std::string> words{""};
    std::vector<char> separators;
    for (const char c : name) {
        if (c == '_' || c == '-' || c == '.') {
            separators.push_back(c);
            words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    // "xtrain" and "trainX" have no separator and are left alone: they may be words of their own.
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words.size() == 1 || !split_word(words[i])) continue;
        std::string rest;
        for (std::size_t w = 0; w < words.size(); ++w) {
            if (w == i) continue;
            if (!rest.empty()) rest += separators[w - 1];
            rest += words[w];
        }
        return {rest, words[i]};
    }
    return {name, ""};
}

}  // namespace halftone
