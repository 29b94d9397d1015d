// Tokenised texts from one HDF5 file.
//
//   open_text_features   checks what the file says of itself against what the config says
//   TextFeatures         rows of its datasets; ids are checked, padding is cut off where lengths are dynamic
//
// Features are right for one tokenizer only. Ids of another one are numbers like any others, and a model scores like
// noise on them without any error, so everything that can tell the two apart is compared here.
#include "data/text_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "base/path.hpp"
#include "data/masked_length.hpp"
#include "data/named_arrays.hpp"

namespace halftone {
namespace {

constexpr const char* kTextFormat = "halftone text features";
constexpr std::int64_t kTextFormatVersion = 1;
/// Tokenizers of large vocabularies have some 20 MB.
constexpr std::uint64_t kMostTokenizerBytes = std::uint64_t{256} << 20U;

/// Opens datasets of the file. Whatever else is in it is left alone.
std::vector<NamedArray> open_rows(const std::string& path, const std::vector<std::string>& names) {
    std::vector<NamedArray> opened;
    for (const std::string& name : names) opened.push_back({name, open_h5(path, name)});
    return opened;
}

/// The datasets of one sample of SQuAD; all other kinds have a label.
std::vector<std::string> target_names(const std::string& kind) {
    if (kind == "squad") return {"question_id", "answers", "context", "offsets"};
    return {"label"};
}

class TextFeatures final : public Dataset {
public:
    TextFeatures(const TextFeatureRules& rules, const H5Attributes& facts) : rules_(rules) {
        std::vector<std::string> inputs{"input_ids", "attention_mask"};
        // A model without them has two inputs. A third field would keep the order from deciding which field feeds
        // which.
        if (rules.has_token_types) inputs.emplace_back("token_type_ids");
        inputs_ = open_rows(rules.path, inputs);
        targets_ = open_rows(rules.path, target_names(facts.texts.at("kind")));
        vocabulary_ = facts.integers.at("vocabulary");
        length_ = facts.integers.at("max_seq_length");
        for (const NamedArray& input : inputs_) check_input(input);
        for (const NamedArray& target : targets_) check_count(target);
        schema_ = {.inputs = fields_of(inputs_), .targets = fields_of(targets_)};
        if (!rules.has_dynamic_length) return;
        open_length(schema_.inputs, length_);
        open_length(schema_.targets, length_);
    }

    std::int64_t size() const override { return inputs_.front().array->rows(); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        Sample sample{.id = id};
        for (const NamedArray& input : inputs_) sample.inputs.push_back(input.array->read_row(id));
        for (const NamedArray& target : targets_) {
            FieldValue value = target.array->read_row(id);
            // Questions have one answer or several; the file fills up with empty texts.
            if (auto* texts = std::get_if<std::vector<std::string>>(&value)) {
                while (texts->size() > 1 && texts->back().empty()) texts->pop_back();
            }
            sample.targets.push_back(std::move(value));
        }
        check_ids(std::get<Tensor>(sample.inputs[0]), id);
        if (rules_.has_dynamic_length) cut_padding(sample);
        return sample;
    }

    std::string place(std::int64_t id) const override { return fmt::format("{}: record {}", rules_.path, id); }

    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const auto* arrays : {&inputs_, &targets_}) {
            for (const NamedArray& array : *arrays) {
                hasher.add(std::string_view(array.name)).add(array.array->content_hash());
            }
        }
        // The first and last bytes of a packed file are little of it; a row of each end says what the texts are.
        for (const std::int64_t id : {std::int64_t{0}, size() - 1}) {
            for (const NamedArray& input : inputs_) {
                const FieldValue row = input.array->read_row(id);
                const TensorView values = std::get<Tensor>(row).view();
                hasher.add_bytes({values.data, values.bytes()});
            }
        }
        return hasher.add(rules_.has_dynamic_length).digest();
    }

private:
    void check_count(const NamedArray& array) const {
        const std::int64_t rows = array.array->rows();
        if (rows == size() && rows > 0) return;
        throw DataError(fmt::format("{}: has {} rows, but input_ids has {}", array.array->place(), rows, size()));
    }
    void check_input(const NamedArray& array) const {
        check_count(array);
        const Field& field = array.array->row_field();
        const TensorType expected{DType::s64, Shape{length_}};
        if (!field.is_text && field.type == expected) return;
        throw DataError(
            fmt::format("{}: a row is {}, not int64 [{}]", array.array->place(), to_text({field}), length_));
    }

    /// An id beyond the vocabulary would read another table's row, or none, in every model.
    void check_ids(const Tensor& ids, std::int64_t record) const {
        for (const std::int64_t id : ids.as<std::int64_t>()) {
            if (id >= 0 && id < vocabulary_) continue;
            throw DataError(fmt::format("{}: record {}: the id {} lies outside of the tokenizer's {} tokens",
                                        inputs_[0].array->place(), record, id, vocabulary_));
        }
    }

    /// Leaves out what the mask says is padding at the end.
    void cut_padding(Sample& sample) const {
        const std::int64_t used = masked_length(std::get<Tensor>(sample.inputs[1]));
        cut_rows(sample.targets, targets_, length_, used);
        cut_rows(sample.inputs, inputs_, length_, used);
    }

    TextFeatureRules rules_;
    std::vector<NamedArray> inputs_;
    std::vector<NamedArray> targets_;
    std::int64_t vocabulary_ = 0;
    std::int64_t length_ = 0;
    Schema schema_;
};

/// Compares the tokenizer that the features were made with and the one of the config.
void check_tokenizer(const TextFeatureRules& rules, const H5Attributes& facts) {
    if (!rules.tokenizer) return;
    std::string bytes;
    try {
        bytes = make_posix_file_system()->read(*rules.tokenizer, kMostTokenizerBytes);
    } catch (const IoError& error) {
        throw DataError(error.what());
    }
    // The script stores a SHA-256 as well, for people. Nobody forges a vocabulary, so this checksum tells enough.
    const std::string found = fmt::format("{:08x}", crc32c(bytes));
    const std::string& made_with = facts.texts.at("tokenizer_crc32c");
    if (found == made_with) return;
    throw DataError(
        fmt::format("{}: was made with another tokenizer ({}, CRC-32C {}) than {} (CRC-32C {}); make it again with "
                    "scripts/prepare_text.py",
                    rules.path, facts.texts.at("tokenizer"), made_with, *rules.tokenizer, found));
}

}  // namespace

std::unique_ptr<Dataset> open_text_features(const TextFeatureRules& rules) {
    const H5Attributes facts =
        read_h5_attributes(rules.path, kTextFormat, kTextFormatVersion,
                           {"kind", "task", "tokenizer", "tokenizer_crc32c"}, {"vocabulary", "max_seq_length"});
    check_tokenizer(rules, facts);
    const std::int64_t length = facts.integers.at("max_seq_length");
    if (rules.length && *rules.length != length) {
        throw DataError(fmt::format("{}: has {} tokens in each sample, but max_seq_length is {}", rules.path, length,
                                    *rules.length));
    }
    // All of GLUE's tasks have the same columns; only the file's own word tells them apart.
    const std::string& task = facts.texts.at("task");
    if (rules.task && *rules.task != task) {
        throw DataError(fmt::format("{}: is of the task {}, not {}", rules.path, task, *rules.task));
    }
    return std::make_unique<TextFeatures>(rules, facts);
}

bool takes_token_types(const std::string& model_type) {
    constexpr std::array<std::string_view, 4> kWithout{"distilbert", "roberta", "camembert", "xlm-roberta"};
    return std::find(kWithout.begin(), kWithout.end(), model_type) == kWithout.end();
}

std::optional<std::string> tokenizer_file(const std::string& name) {
    const auto files = make_posix_file_system();
    if (files->is_file(name)) return name;
    // Folders of Hugging Face's models have both; tokenizer.json says everything, also whether case counts.
    for (const char* file : {"tokenizer.json", "vocab.txt"}) {
        if (files->is_file(joined_path(name, file))) return joined_path(name, file);
    }
    return {};
}

}  // namespace halftone
