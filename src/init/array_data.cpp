// From arrays to a data set.
//
//   divide_by_names   x_train, x_test, y_train, y_test: two data sets of one folder
//   dataset_lines     inputs and targets as the config names them
//   found_arrays      the whole, with what was guessed
#include "init/array_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "data/dataset.hpp"
#include "init/label_form.hpp"
#include "init/picture_input.hpp"

namespace halftone {
namespace {

/// In block style: names and paths may be long, and a user will want to change single lines.
std::vector<std::string> dataset_lines(const ArraySource& source, const ArrayMatch& match) {
    std::vector<std::string> lines{source.word + ":"};
    for (const std::string& line : source.head) lines.push_back("  " + line);
    lines.emplace_back("  inputs:");
    for (const auto& [name, array] : match.inputs)
        lines.push_back(fmt::format("    {}: {}", yaml_text(name), yaml_text(array.source)));
    if (!match.targets.empty()) lines.emplace_back("  targets:");
    for (const auto& [name, array] : match.targets)
        lines.push_back(fmt::format("    {}: {}", yaml_text(name), yaml_text(array.source)));
    return lines;
}

/// "input_ids int64 [96]".
std::string array_text(const FoundArray& array) {
    if (array.row.is_text) return array.source + " text";
    return fmt::format("{} {} {}", array.source, to_string(array.row.type.dtype), array.row.type.shape.to_text());
}

/// Both sides are listed: the user sees which name or shape is off without opening anything.
[[noreturn]] void refuse_arrays(const DataQuery& query, const ArraySource& source, const ArrayMatch& match) {
    std::vector<std::string> arrays;
    for (const FoundArray& array : source.arrays) arrays.push_back(array_text(array));
    std::vector<std::string> inputs;
    for (const ModelPort& port : query.model.inputs)
        inputs.push_back(fmt::format("{} {} [{}]", port.name, port.type, fmt::join(port.dims, ",")));
    throw DataError(fmt::format(
        "{}: no array feeds {} of the model. The arrays, a row for each sample: {}. The model takes {}. Give an array "
        "the name of its input, or write the config by hand (docs/data.md){}{}",
        query.path, join(match.missing, ", "), join(arrays, "; "), join(inputs, "; "),
        source.unreadable.empty() ? "" : ". Arrays that cannot be read: ", join(source.unreadable, "; ")));
}

/// A row of each array is one sample, so they need equally many; empty: they have.
std::string doubt_of_rows(const ArrayMatch& match) {
    std::vector<std::string> counts;
    bool differ = false;
    for (const auto* list : {&match.inputs, &match.targets}) {
        for (const auto& [name, array] : *list) {
            counts.push_back(fmt::format("{} has {}", array.source, array.rows));
            differ |= array.rows != match.inputs.front().second.rows;
        }
    }
    if (!differ) return {};
    return "LOOK HERE: the arrays do not have equally many rows: " + join(counts, ", ") +
           ". A row of each is one sample, so the data set refuses them until they have.";
}

/// Adds a text unless it is empty or there already: both parts of the data may be the same.
void add_once(std::vector<std::string>& texts, const std::string& text) {
    if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
}

/// A picture in an array needs the same way into the model as one in a file.
ConfigLines transforms_of(const DataQuery& query, const ArrayMatch& match) {
    const auto picture = picture_input(query.model);
    if (!picture || match.inputs.size() != 1) return {};
    const TensorType& row = match.inputs[0].second.row.type;
    if (row.dtype != DType::u8 || row.shape.rank() != 3 || (row.shape[2] != 1 && row.shape[2] != 3)) return {};
    return picture_transforms(*picture, {.height = row.shape[0], .width = row.shape[1], .channels = row.shape[2]},
                              transform_names());
}

}  // namespace

std::pair<ArraySource, ArraySource> divide_by_names(const ArraySource& source) {
    ArraySource training = source;
    training.arrays.clear();
    ArraySource testing = training;
    // An array without a split word (a table that both need) goes into both.
    bool has_training = false;
    bool has_testing = false;
    for (const FoundArray& array : source.arrays) {
        const auto word = split_word(without_split_word(array.name).second);
        FoundArray renamed = array;
        if (word) renamed.name = without_split_word(array.name).first;
        if (!word || *word == SplitWord::training) training.arrays.push_back(renamed);
        if (!word || *word == SplitWord::testing) testing.arrays.push_back(renamed);
        has_training |= word == SplitWord::training;
        has_testing |= word == SplitWord::testing;
    }
    // With one kind only there is no division, and these arrays serve both purposes.
    if (!has_training) return {testing, testing};
    if (!has_testing) return {training, training};
    return {training, testing};
}

FoundData found_arrays(const DataQuery& query, const std::string& what, const ArraySource& calibration,
                       const ArraySource& evaluation) {
    const ArrayMatch training = match_arrays(calibration.arrays, query.model);
    const ArrayMatch testing = match_arrays(evaluation.arrays, query.model);
    if (!training.missing.empty()) refuse_arrays(query, calibration, training);
    if (!testing.missing.empty()) refuse_arrays(query, evaluation, testing);
    FoundData found;
    found.what = what;
    found.calibration = dataset_lines(calibration, training);
    found.evaluation = dataset_lines(evaluation, testing);
    found.calibration_samples = training.inputs.front().second.rows;
    if (found.calibration == found.evaluation) found.notes.emplace_back(kSameSamples);
    for (const std::string& guess : testing.guessed) found.notes.push_back(guess);
    // An array of a folder that is not divided by names stands on both sides.
    std::vector<std::string> left_out = training.left_out;
    for (const std::string& name : testing.left_out) add_once(left_out, name);
    if (!left_out.empty())
        found.notes.push_back(
            fmt::format("Left out, because no input and no metric needs it: {}.", join(left_out, ", ")));
    for (const auto* source : {&calibration, &evaluation}) {
        for (const std::string& reason : source->unreadable) add_once(found.notes, "Left out: " + reason + ".");
    }
    for (const auto* match : {&training, &testing}) add_once(found.notes, doubt_of_rows(*match));
    // Arrays are taken as they are, because whoever saved them has preprocessed them; only pictures in bytes are not.
    found.transforms = transforms_of(query, testing);
    for (const auto& [name, array] : testing.targets) {
        Field target = array.row;
        target.name = name;
        if (found.targets.empty()) found.labels = look_at_labels(*evaluation.open(array.source));
        found.targets.push_back(target);
    }
    return found;
}

}  // namespace halftone
