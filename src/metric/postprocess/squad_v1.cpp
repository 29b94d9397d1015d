// SquadV1: from start and end logits of each token to the answer's text. Of the n_best_size best starts and ends each
// pair is a candidate whose end does not come before its start, which is not longer than max_answer_length tokens and
// lies in the context; the pair with the largest sum of logits is the answer. Source: BERT's run_squad.py
// (write_predictions). The text is cut out of the context by the tokens' places in it, in bytes, which the data set
// brings, so no vocabulary is needed to undo the tokenizer.
//
// A long context is several samples, one for each window. SquadF1 takes the answer of the window whose sum is largest.
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "metric/numbers.hpp"
#include "metric/postprocess.hpp"
#include "metric/texts.hpp"

namespace halftone {
namespace {

struct SquadSettings {
    std::string start, end;  ///< names of outputs; empty: names that hold "start" and "end", else the first two
    std::int64_t n_best = 20;
    std::int64_t longest_answer = 30;  ///< in tokens
};

/// The best pair so far.
struct SquadSpan {
    double score = -std::numeric_limits<double>::infinity();
    std::size_t start = 0;
    std::size_t end = 0;
    bool is_found = false;
};

/// Positions of the largest logits, the largest first; of equal ones the first.
std::vector<std::size_t> best_positions(const std::vector<double>& logits, std::int64_t count) {
    std::vector<std::size_t> order(logits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
    if (std::cmp_greater(order.size(), count)) order.resize(static_cast<std::size_t>(count));
    return order;
}

/// The only field whose name holds the word.
std::optional<std::size_t> named_like(const std::vector<Field>& fields, std::string_view word) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name.find(word) == std::string::npos) continue;
        if (found) return std::nullopt;
        found = i;
    }
    return found;
}

class SquadV1 final : public Postprocess {
public:
    explicit SquadV1(SquadSettings settings) : settings_(std::move(settings)) {}

    MetricFields bind(const MetricFields& fields) override {
        const auto context = position_of(fields.targets, "context");
        const auto offsets = position_of(fields.targets, "offsets");
        if (!context || !fields.targets[*context].is_text || !offsets || fields.targets[*offsets].is_text) {
            throw ConfigError(
                "it needs the targets 'context' (text) and 'offsets' (where each token begins and ends in it), which "
                "scripts/prepare_text.py squad writes");
        }
        context_ = *context;
        offsets_ = *offsets;
        bind_logits(fields.outputs);
        MetricFields answers = fields;
        replace_elements(answers.outputs, used(),
                         {text_output("answer"), {.name = "answer_score", .type = {DType::f64, Shape{}}}});
        return answers;
    }

    void apply(ProcessedAnswer& answer) const override {
        const std::vector<double> offsets = to_numbers(number_view(answer.targets[offsets_], answer.id));
        std::vector<double> start = to_numbers(answer.outputs[start_]);
        std::vector<double> end = start_ == end_ ? std::vector<double>() : to_numbers(answer.outputs[end_]);
        if (start_ == end_) split_columns(start, end);
        // A model of a fixed length answers for more tokens than the sample has.
        if (start.size() != end.size() || start.size() < offsets.size() / 2 || offsets.size() % 2 != 0) {
            throw DataError("sample " + std::to_string(answer.id) + ": there are " + std::to_string(start.size()) +
                            " start logits, " + std::to_string(end.size()) + " end logits and " +
                            std::to_string(offsets.size()) + " places of tokens");
        }
        // Positions behind the sample's tokens are padding, whatever the model says of them.
        start.resize(offsets.size() / 2);
        end.resize(offsets.size() / 2);
        const SquadSpan best = best_span(start, end, offsets);
        std::string text;
        if (best.is_found) {
            const std::string& context = one_text(answer.targets[context_], answer.id);
            const auto size = static_cast<double>(context.size());
            const auto first = static_cast<std::size_t>(std::min(offsets[2 * best.start], size));
            const auto last = static_cast<std::size_t>(std::min(offsets[2 * best.end + 1], size));
            text = context.substr(first, last - std::min(first, last));
        }
        std::vector<TensorView> made{answer.keep(text_tensor(text)), answer.keep(Tensor::scalar(best.score))};
        replace_elements(answer.outputs, used(), std::move(made));
    }

private:
    void bind_logits(const std::vector<Field>& outputs) {
        const auto chosen = [&](const std::string& name, std::string_view word) {
            if (name.empty()) return named_like(outputs, word);
            const auto found = position_of(outputs, name);
            if (!found) throw ConfigError("there is no output '" + name + "'");
            return found;
        };
        auto start = chosen(settings_.start, "start");
        auto end = chosen(settings_.end, "end");
        const auto has_two_columns = [](const Shape& shape) {
            return shape.rank() > 0 && shape[shape.rank() - 1] == 2;
        };
        if (!start && !end && outputs.size() == 1 && has_two_columns(outputs[0].type.shape)) {
            start = end = 0;  // [tokens, 2]
        } else if (!start && !end && outputs.size() >= 2) {
            start = 0;
            end = 1;
        }
        if (!start || !end) throw ConfigError("it needs outputs of start and end logits; name them with start and end");
        start_ = *start;
        end_ = *end;
        if (outputs[start_].is_text || outputs[end_].is_text) throw ConfigError("its outputs are texts already");
    }
    [[nodiscard]] std::vector<std::size_t> used() const { return {start_, end_}; }

    static void split_columns(std::vector<double>& both, std::vector<double>& second) {
        std::vector<double> first;
        for (std::size_t i = 0; i < both.size(); ++i) (i % 2 == 0 ? first : second).push_back(both[i]);
        both = std::move(first);
    }
    static const std::string& one_text(const FieldValue& target, std::int64_t sample) {
        const auto& texts = texts_of(target, sample);
        if (texts.size() == 1) return texts[0];
        throw DataError("sample " + std::to_string(sample) + ": it needs one context");
    }

    [[nodiscard]] SquadSpan best_span(const std::vector<double>& start, const std::vector<double>& end,
                                      const std::vector<double>& offsets) const {
        // Tokens of the question, marks and padding have no place in the context.
        const auto is_context = [&](std::size_t token) {
            return offsets[2 * token] >= 0 && offsets[2 * token + 1] > offsets[2 * token];
        };
        // Only the best starts and ends are paired, as in the source: all pairs of 384 tokens would be 147,456.
        SquadSpan best;
        const std::vector<std::size_t> ends = best_positions(end, settings_.n_best);
        for (const std::size_t s : best_positions(start, settings_.n_best)) {
            for (const std::size_t e : ends) {
                if (e < s || std::cmp_greater_equal(e - s, settings_.longest_answer)) continue;
                if (!is_context(s) || !is_context(e)) continue;
                const double score = start[s] + end[e];
                if (score > best.score) best = {.score = score, .start = s, .end = e, .is_found = true};
            }
        }
        return best;
    }

    SquadSettings settings_;
    std::size_t start_ = 0, end_ = 0;        ///< positions among the outputs; equal: two columns of one output
    std::size_t context_ = 0, offsets_ = 0;  ///< positions among the targets
};

}  // namespace

std::unique_ptr<Postprocess> make_squad_v1(const ConfigNode& node) {
    Reader reader(node);
    SquadSettings settings;
    settings.start = reader.text("start", "");
    settings.end = reader.text("end", "");
    settings.n_best = reader.integer("n_best_size", settings.n_best, 1, 10'000);
    settings.longest_answer = reader.integer("max_answer_length", settings.longest_answer, 1, 1'000'000);
    // What LPOT needs to tokenize again; the features of scripts/prepare_text.py have it in them.
    for (const char* key : {"label_file", "vocab_file"}) static_cast<void>(reader.optional_text(key));
    for (const char* key : {"max_seq_length", "max_query_length", "doc_stride"}) {
        static_cast<void>(reader.integer(key, 1, 1));
    }
    static_cast<void>(reader.boolean("do_lower_case", true));
    reader.finish();
    return std::make_unique<SquadV1>(std::move(settings));
}

}  // namespace halftone
