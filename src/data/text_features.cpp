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
#include "data/formats/stored_array.hpp"
#include "data/masked_length.hpp"

namespace halftone {
namespace {

constexpr const char* kTextFormat = "halftone text features";
constexpr std::int64_t kTextFormatVersion = 1;
/// Tokenizers of large vocabularies have some 20 MB.
constexpr std::uint64_t kMostTokenizerBytes = std::uint64_t{256} << 20U;

struct NamedRows {
    std::string name;
    std::unique_ptr<StoredArray> rows;
};

/// Opens datasets of the file. Whatever else is in it is left alone.
std::vector<NamedRows> open_rows(const std::string& path, const std::vector<std::string>& names) {
    std::vector<NamedRows> opened;
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
        for (const NamedRows& input : inputs_) check_input(input);
        for (const NamedRows& target : targets_) check_count(target);
        schema_ = {.inputs = fields_of_rows(inputs_), .targets = fields_of_rows(targets_)};
        if (!rules.has_dynamic_length) return;
        for (auto* fields : {&schema_.inputs, &schema_.targets}) {
            for (Field& field : *fields) {
                if (is_per_token(field)) field.type.shape[0] = kSymbolic;
            }
        }
    }

    std::int64_t size() const override { return inputs_.front().rows->rows(); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        Sample sample{.id = id};
        for (const NamedRows& input : inputs_) sample.inputs.push_back(input.rows->read_row(id));
        for (const NamedRows& target : targets_) {
            FieldValue value = target.rows->read_row(id);
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
            for (const NamedRows& array : *arrays) {
                hasher.add(std::string_view(array.name)).add(array.rows->content_hash());
            }
        }
        // The first and last bytes of a packed file are little of it; a row of each end says what the texts are.
        for (const std::int64_t id : {std::int64_t{0}, size() - 1}) {
            for (const NamedRows& input : inputs_) {
                const FieldValue row = input.rows->read_row(id);
                const TensorView values = std::get<Tensor>(row).view();
                hasher.add_bytes({values.data, values.bytes()});
            }
        }
        return hasher.add(rules_.has_dynamic_length).digest();
    }

private:
    static std::vector<Field> fields_of_rows(const std::vector<NamedRows>& arrays) {
        std::vector<Field> fields;
        for (const NamedRows& array : arrays) {
            fields.push_back(array.rows->row_field());
            fields.back().name = array.name;
        }
        return fields;
    }
    /// Whether a field has an entry for each token. Only a label that happens to have as many entries would be taken
    /// for one, and labels are single numbers.
    [[nodiscard]] bool is_per_token(const Field& field) const {
        return !field.is_text && field.type.shape.rank() > 0 && field.type.shape[0] == length_;
    }

    void check_count(const NamedRows& array) const {
        const std::int64_t rows = array.rows->rows();
        if (rows == size() && rows > 0) return;
        throw DataError(fmt::format("{}: has {} rows, but input_ids has {}", array.rows->place(), rows, size()));
    }
    void check_input(const NamedRows& array) const {
        check_count(array);
        const Field& field = array.rows->row_field();
        const TensorType expected{DType::s64, Shape{length_}};
        if (!field.is_text && field.type == expected) return;
        throw DataError(fmt::format("{}: a row is {}, not int64 [{}]", array.rows->place(), to_text({field}), length_));
    }

    /// An id beyond the vocabulary would read another table's row, or none, in every model.
    void check_ids(const Tensor& ids, std::int64_t record) const {
        for (const std::int64_t id : ids.as<std::int64_t>()) {
            if (id >= 0 && id < vocabulary_) continue;
            throw DataError(fmt::format("{}: record {}: the id {} lies outside of the tokenizer's {} tokens",
                                        inputs_[0].rows->place(), record, id, vocabulary_));
        }
    }

    /// Leaves out what the mask says is padding at the end.
    void cut_padding(Sample& sample) const {
        const std::int64_t used = masked_length(std::get<Tensor>(sample.inputs[1]));
        const auto cut = [&](const std::vector<NamedRows>& arrays, std::vector<FieldValue>& values) {
            for (std::size_t i = 0; i < values.size(); ++i) {
                if (!is_per_token(arrays[i].rows->row_field())) continue;
                values[i] = first_rows(std::get<Tensor>(values[i]), used);
            }
        };
        cut(targets_, sample.targets);
        cut(inputs_, sample.inputs);
    }

    TextFeatureRules rules_;
    std::vector<NamedRows> inputs_;
    std::vector<NamedRows> targets_;
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
