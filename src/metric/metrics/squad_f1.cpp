// SquadF1: how many words an answer shares with the right one. For each question the F1 of its words, the best over all
// right answers, times 100; the metric is their mean. Source: SQuAD's evaluate-v1.1.py (normalize_answer, f1_score).
//
//   normalized_words   lower case; no ASCII punctuation; no articles; words between white space
//   words_f1           2PR / (P + R) of two lists of words, as multisets
//   SquadMeanState     where each sample is a question of its own
//   SquadWindowState   where a long text was cut into windows, each of them a sample: the question's answer is that of
//                      the window with the highest score
#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.hpp"
#include "base/error.hpp"
#include "config/reader.hpp"
#include "metric/numbers.hpp"
#include "metric/records.hpp"
#include "metric/resampling.hpp"
#include "metric/sums.hpp"
#include "metric/texts.hpp"
#include "metric/unicode.hpp"

namespace halftone {
namespace {

bool is_ascii_punctuation(char32_t c) {
    return (c > U' ' && c < U'0') || (c > U'9' && c < U'A') || (c > U'Z' && c < U'a') || (c > U'z' && c < 0x7f);
}

/// Replaces every word a, an, the by a blank. A word ends where letters, numbers and underscores end, which need not be
/// at a blank.
std::u32string without_articles(const std::u32string& text) {
    std::u32string out;
    for (std::size_t first = 0; first < text.size();) {
        std::size_t last = first;
        while (last < text.size() && is_word_character(text[last])) ++last;
        const std::u32string word = text.substr(first, last - first);
        const bool is_article = word == U"a" || word == U"an" || word == U"the";
        out += is_article ? U" " : word;
        if (last < text.size()) out += text[last];
        first = last + 1;
    }
    return out;
}

std::vector<std::string> normalized_words(std::string_view answer) {
    std::u32string text = to_lower(decode_utf8(answer));
    std::erase_if(text, is_ascii_punctuation);
    return split_words(without_articles(text));
}

double words_f1(std::string_view answer, std::string_view right) {
    const std::vector<std::string> said = normalized_words(answer);
    const std::vector<std::string> wanted = normalized_words(right);
    std::map<std::string, std::int64_t> left;
    // A word counts as often as both have it.
    for (const std::string& word : wanted) ++left[word];
    std::int64_t same = 0;
    for (const std::string& word : said) same += left[word]-- > 0 ? 1 : 0;
    if (same == 0) return 0;
    const double precision = static_cast<double>(same) / static_cast<double>(said.size());
    const double recall = static_cast<double>(same) / static_cast<double>(wanted.size());
    return 2 * precision * recall / (precision + recall);
}

double question_f1(const std::string& answer, const std::vector<std::string>& right) {
    // SQuAD 2.0: a question without any right answer wants none.
    const bool has_answer = std::any_of(right.begin(), right.end(), [](const auto& text) { return !text.empty(); });
    if (!has_answer) return normalized_words(answer).empty() ? 100 : 0;
    double best = 0;
    for (const std::string& text : right) best = std::max(best, words_f1(answer, text));
    return 100 * best;
}

/// Where the parts of a question stand among outputs and targets.
struct SquadFields {
    std::size_t answer = 0;
    std::size_t right = 0;
    std::optional<std::size_t> score, question;
};

double squad_f1(const SquadFields& fields, const SampleAnswer& answer) {
    return question_f1(text_of(answer.outputs[fields.answer]), texts_of(answer.targets[fields.right], answer.id));
}

class SquadMeanState final : public SumAccumulator {
public:
    explicit SquadMeanState(const SquadFields& fields) : SumAccumulator(1, 0), fields_(fields) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const double f1 = squad_f1(fields_, answer);
        sums_[0].add(f1);
        ++samples_;
        return f1;
    }
    double value() const override {
        HALFTONE_CHECK(samples_ > 0, "a mean needs samples");
        return sums_[0].value() / static_cast<double>(samples_);
    }

private:
    SquadFields fields_;
};

/// A record is the window's score and F1, and the name of its question.
class SquadWindowState final : public RecordAccumulator {
public:
    explicit SquadWindowState(const SquadFields& fields) : fields_(fields) {}

    double value() const override {
        HALFTONE_CHECK(samples() > 0, "a mean needs samples");
        const std::vector<double> figures = question_figures();
        ExactSum sum;
        for (const double f1 : figures) sum.add(f1);
        return sum.value() / static_cast<double>(figures.size());
    }
    /// Questions are drawn and not windows, because a question has one answer.
    std::vector<double> resampled() const override {
        const std::vector<double> figures = question_figures();
        return resampled_values(figures.size(), [&](const DrawnTimes& times) {
            double sum = 0;
            for (std::size_t i = 0; i < figures.size(); ++i) sum += static_cast<double>(times[i]) * figures[i];
            return sum / static_cast<double>(figures.size());
        });
    }

private:
    /// The F1 of each question, in the order of their names.
    [[nodiscard]] std::vector<double> question_figures() const {
        // Records come in the order of the data set, and of equal scores the first window's counts.
        std::map<std::string, std::pair<double, double>> best;
        for (const auto& [sample, record] : records()) {
            const auto numbers = record.outputs[0].as<double>();
            const std::pair<double, double> window(numbers[0], numbers[1]);
            const auto [found, is_new] = best.emplace(std::get<std::vector<std::string>>(record.targets[0])[0], window);
            if (!is_new && window.first > found->second.first) found->second = window;
        }
        std::vector<double> figures;
        for (const auto& [question, window] : best) figures.push_back(window.second);
        return figures;
    }
    AnswerRecord record_of(const SampleAnswer& answer) const override {
        const double score = to_numbers(answer.outputs[*fields_.score]).at(0);
        // The F1 is computed here, where the texts are; the record has two numbers in place of a context.
        // A window without a score must not hide one that has a score.
        const std::vector<double> window{std::isnan(score) ? -HUGE_VAL : score, squad_f1(fields_, answer)};
        const FieldValue& question = answer.targets[*fields_.question];
        std::string name;
        if (const auto* number = std::get_if<Tensor>(&question)) {
            name = std::to_string(to_class(to_numbers(number->view()).at(0), answer.id));
        } else {
            const auto& texts = texts_of(question, answer.id);
            if (texts.size() != 1)
                throw DataError("sample " + std::to_string(answer.id) + ": it needs one question_id");
            name = texts[0];
        }
        return {.outputs = {Tensor::of<double>(Shape{2}, window)}, .targets = {std::vector{name}}};
    }
    bool is_own(const AnswerRecord& record) const override {
        if (record.outputs.size() != 1 || record.targets.size() != 1) return false;
        const auto* texts = std::get_if<std::vector<std::string>>(&record.targets[0]);
        if (texts == nullptr || texts->size() != 1) return false;
        return record.outputs[0].type() == TensorType{DType::f64, Shape{2}} &&
               std::isfinite(record.outputs[0].as<double>()[1]);
    }

    SquadFields fields_;
};

class SquadF1 final : public Metric {
public:
    Takes outputs() const override { return Takes::all; }
    Takes targets() const override { return Takes::all; }
    bool reads_texts() const override { return true; }

    void bind(const MetricFields& fields) override {
        const auto is_text = [](const Field& field) { return field.is_text; };
        const auto answer = std::find_if(fields.outputs.begin(), fields.outputs.end(), is_text);
        if (answer == fields.outputs.end()) {
            throw ConfigError("it needs answers as texts: the postprocess SquadV1 makes them of start and end logits");
        }
        fields_.answer = static_cast<std::size_t>(answer - fields.outputs.begin());
        fields_.score = position_of(fields.outputs, "answer_score");
        fields_.question = position_of(fields.targets, "question_id");
        auto right = position_of(fields.targets, "answers");
        if (!right && fields.targets.size() == 1) right = 0;
        if (!right || !fields.targets[*right].is_text) throw ConfigError("it needs a target of texts, 'answers'");
        fields_.right = *right;
    }
    std::unique_ptr<Accumulator> start() const override {
        if (fields_.score && fields_.question) return std::make_unique<SquadWindowState>(fields_);
        return std::make_unique<SquadMeanState>(fields_);
    }

private:
    SquadFields fields_;
};

}  // namespace

std::unique_ptr<Metric> make_squad_f1(const ConfigNode& node) {
    Reader(node).finish();  // it has no settings
    return std::make_unique<SquadF1>();
}

}  // namespace halftone
