// GLUE (glue_features, because a metric has the name, too): the tasks of the benchmark as features that
// scripts/prepare_text.py made. LPOT tokenises when it starts, with Python's libraries; here that is done once, and the
// file says with which tokenizer.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/path.hpp"
#include "config/reader.hpp"
#include "data/text_features.hpp"

namespace halftone {
namespace {

constexpr std::array<std::string_view, 10> kGlueTasks{"mrpc", "qqp",  "qnli",    "rte",  "sts-b",
                                                      "cola", "mnli", "mnli-mm", "wnli", "sst-2"};

std::string lower_case(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return word;
}

struct GlueSection {
    std::string data_dir;
    std::string model_name;
    std::string task;
    std::int64_t length = 128;
    bool is_lower_case = true;
    bool is_evaluation = true;
};

/// Where the task's texts lie in GLUE's archives: dev.tsv, in the folder or in that of the task.
std::string text_file(const GlueSection& glue) {
    std::string name = glue.is_evaluation ? "dev" : "train";
    if (glue.is_evaluation && glue.task == "mnli") name += "_matched";
    if (glue.is_evaluation && glue.task == "mnli-mm") name += "_mismatched";
    return joined_path(glue.data_dir, name + ".tsv");
}

/// The features are not there: says how to make them.
[[noreturn]] void ask_for_features(const GlueSection& glue, const std::string& features,
                                   const std::optional<std::string>& tokenizer) {
    const std::string texts = text_file(glue);
    const bool has_texts = make_posix_file_system()->is_file(texts);
    throw DataError(fmt::format(
        "GLUE: {} does not exist; it is made{} by\n  scripts/prepare_text.py glue {} --task {} --tokenizer {} "
        "--max-seq-length {}{} --output {}",
        features, has_texts ? "" : fmt::format(" from GLUE's file {}, which belongs there,", texts), texts, glue.task,
        tokenizer.value_or(joined_path(glue.model_name, "tokenizer.json")), glue.length,
        glue.is_lower_case ? "" : " --cased", features));
}

}  // namespace

std::unique_ptr<Dataset> make_glue_features(const ConfigNode& node) {
    Reader reader(node);
    GlueSection glue;
    static_cast<void>(reader.required_text("data_dir"));
    glue.data_dir = resolve_path(*reader.child("data_dir"));
    glue.model_name = reader.text("model_name_or_path", "");
    glue.task = lower_case(reader.text("task", "mrpc"));
    if (std::find(kGlueTasks.begin(), kGlueTasks.end(), glue.task) == kGlueTasks.end()) {
        reader.fail("task", "must be one of: mrpc qqp qnli rte sts-b cola mnli mnli-mm wnli sst-2");
    }
    glue.length = reader.integer("max_seq_length", 128, 1);
    const bool has_length = reader.child("max_seq_length") != nullptr;
    glue.is_lower_case = reader.boolean("do_lower_case", true);
    glue.is_evaluation = reader.boolean("evaluate", true);
    TextFeatureRules rules{.has_token_types = takes_token_types(lower_case(reader.text("model_type", "bert"))),
                           .has_dynamic_length = reader.boolean("dynamic_length", false)};
    // LPOT's value is mostly a name of Hugging Face's, which is no file here; then the tokenizer cannot be compared.
    if (!glue.model_name.empty()) rules.tokenizer = tokenizer_file(resolve_path(*reader.child("model_name_or_path")));
    reader.finish();
    // LPOT's data_dir is a folder; the features lie in it under the task's name, beside the texts they were made from.
    const bool is_file = glue.data_dir.ends_with(".h5");
    rules.path =
        is_file ? glue.data_dir : joined_path(glue.data_dir, glue.task + (glue.is_evaluation ? "" : "_train") + ".h5");
    rules.task = glue.task;
    // Only what the section says is compared. LPOT's default of 128 is no promise about the file.
    if (has_length) rules.length = glue.length;
    if (!make_posix_file_system()->is_file(rules.path)) {
        if (is_file) glue.data_dir = parent_path(glue.data_dir);
        ask_for_features(glue, rules.path, rules.tokenizer);
    }
    return open_text_features(rules);
}

}  // namespace halftone
