// bert: features of a text model, mostly of SQuAD. `root` is the HDF5 file of scripts/prepare_text.py, or LPOT's
// eval.tf_record. The latter has no texts, so it can calibrate; what the model answers can be judged with the former.

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/path.hpp"
#include "config/reader.hpp"
#include "data/dataset.hpp"
#include "data/text_features.hpp"

namespace halftone {
namespace {

/// The features are not there: says how to make them.
[[noreturn]] void ask_for_squad(const std::string& root, const std::string& label_file) {
    const std::string texts = label_file.empty() ? joined_path(parent_path(root), "dev-v1.1.json") : label_file;
    const std::string features = root.ends_with(".h5") ? root : joined_path(parent_path(root), path_stem(root) + ".h5");
    throw DataError(
        fmt::format("bert: {} does not exist; features are made from texts by\n  scripts/prepare_text.py squad {} "
                    "--tokenizer vocab.txt --max-seq-length 384 --output {}\nwith the model's own vocab.txt or "
                    "tokenizer.json; then say root: {}",
                    root, texts, features, features));
}

/// The records have these names in LPOT, by BERT's own script; the model's inputs meet them in this order.
std::unique_ptr<Dataset> open_bert_records(const std::string& root) {
    ConfigNode section = parse_yaml(
        "inputs: {input_ids: input_ids, attention_mask: input_mask, token_type_ids: segment_ids}\n"
        "targets: {unique_id: unique_ids}",
        "");
    ConfigNode path;
    path.kind = ConfigNode::Kind::scalar;
    path.scalar = root;
    section.entries.emplace_back("root", std::move(path));
    return make_dataset("TFRecordDataset", section);
}

}  // namespace

std::unique_ptr<Dataset> make_bert(const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.required_text("root"));
    const std::string root = resolve_path(*reader.child("root"));
    const auto label_key = reader.optional_text("label_file");
    const std::string label_file = label_key ? resolve_path(*reader.child("label_file")) : "";
    TextFeatureRules rules{.path = root,
                           .has_token_types = takes_token_types(reader.text("model_type", "bert")),
                           .has_dynamic_length = reader.boolean("dynamic_length", false)};
    if (reader.child("max_seq_length") != nullptr) rules.length = reader.integer("max_seq_length", 384, 1);
    if (reader.optional_text("tokenizer")) rules.tokenizer = resolve_path(*reader.child("tokenizer"));
    static_cast<void>(reader.text("task", "squad"));  // LPOT's; the file knows what it holds
    reader.finish();
    if (!make_posix_file_system()->is_file(root)) ask_for_squad(root, label_file);
    // By the name's end: HDF5's own mark may stand anywhere in a file, and TFRecord has none.
    if (!root.ends_with(".h5")) return open_bert_records(root);
    return open_text_features(rules);
}

}  // namespace halftone
