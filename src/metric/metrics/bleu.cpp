// BLEU: how many runs of one to four words a translation shares with the right one, over the whole corpus, times 100.
//
//   split_text     the international tokenizer of mteval-v14, as in sacrebleu ("intl") and LPOT; lower case
//   BleuState      counts over all samples: matches and runs of each length, words said, words wanted
//   value          geometric mean of the four precisions, times the brevity penalty
//
// Where no run of some length matches, the precision is halved once more for each such length (exponential smoothing).
// Where there is no run of some length at all, this length is left out of the product, as in LPOT.
// Sources: Papineni et al. 2002; sacrebleu 2.6; LPOT's metric/bleu_util.py.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "metric/counts.hpp"
#include "metric/numbers.hpp"
#include "metric/texts.hpp"
#include "metric/unicode.hpp"

namespace halftone {
namespace {

constexpr std::size_t kLongestRun = 4;
using BleuWords = std::vector<std::string>;
using BleuRuns = std::map<BleuWords, std::int64_t>;

/// Punctuation becomes a word of its own unless it stands between two numbers (1,000.5), and so does every symbol.
/// The reference replaces from left to right, a pair of characters at once, in three passes; each pass is repeated
/// here.
BleuWords split_text(const std::string& text) {
    const auto is_number = [](char32_t c) { return class_of(c) == CharacterClass::number; };
    const auto is_mark = [](char32_t c) { return class_of(c) == CharacterClass::punctuation; };
    const std::u32string given = to_lower(decode_utf8(text));
    std::u32string first;  // (no number)(mark) -> "\1 \2 "
    for (std::size_t i = 0; i < given.size(); ++i) {
        first += given[i];
        if (i + 1 >= given.size() || is_number(given[i]) || !is_mark(given[i + 1])) continue;
        first += U' ';
        first += given[++i];
        first += U' ';
    }
    std::u32string second;  // (mark)(no number) -> " \1 \2"
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (i + 1 >= first.size() || !is_mark(first[i]) || is_number(first[i + 1])) {
            second += first[i];
            continue;
        }
        second += U' ';
        second += first[i];
        second += U' ';
        second += first[++i];
    }
    std::u32string third;
    for (const char32_t c : second) {
        if (class_of(c) == CharacterClass::symbol) {
            third += {U' ', c, U' '};
        } else {
            third += c;
        }
    }
    return split_words(third);
}

BleuRuns runs_of(const BleuWords& words, std::size_t length) {
    BleuRuns runs;
    for (std::size_t i = 0; i + length <= words.size(); ++i) {
        const auto first = words.begin() + static_cast<std::ptrdiff_t>(i);
        ++runs[BleuWords(first, first + static_cast<std::ptrdiff_t>(length))];
    }
    return runs;
}

/// What the section says about answers that are numbers of tokens.
struct BleuTokens {
    std::vector<std::int64_t> ignored;  ///< padding, begin of sentence
    std::optional<std::int64_t> end;    ///< this token and what follows do not count
};

BleuWords words_of_tokens(const TensorView& view, const BleuTokens& tokens, std::int64_t sample) {
    BleuWords words;
    for (const double number : to_numbers(view)) {
        const std::int64_t token = to_class(number, sample);
        if (token == tokens.end) break;
        if (std::find(tokens.ignored.begin(), tokens.ignored.end(), token) != tokens.ignored.end()) continue;
        words.push_back(std::to_string(token));
    }
    return words;
}

/// BLEU is a function of counts over the corpus: ten numbers of each sample.
class BleuState final : public CountAccumulator {
public:
    BleuState(bool is_text, BleuTokens tokens)
        : CountAccumulator(2 * kLongestRun + 2), is_text_(is_text), tokens_(std::move(tokens)) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const BleuWords said =
            is_text_ ? split_text(text_of(answer.outputs[0])) : words_of_tokens(answer.outputs[0], tokens_, answer.id);
        std::vector<BleuWords> wanted;
        if (is_text_) {
            for (const std::string& text : texts_of(answer.targets[0], answer.id)) wanted.push_back(split_text(text));
            if (wanted.empty()) throw DataError("sample " + std::to_string(answer.id) + ": there is no translation");
        } else {
            wanted.push_back(words_of_tokens(number_view(answer.targets[0], answer.id), tokens_, answer.id));
        }
        keep(answer.id, counts_of(said, wanted));
        return std::nullopt;  // BLEU is no mean over samples
    }

private:
    double value_of(const Totals& counts) const override {
        double logarithms = 0;
        double smooth = 1;
        bool has_any = false;
        for (std::size_t n = 0; n < kLongestRun; ++n) {
            // Translations of fewer than n words have no such run.
            if (counts[kRuns + n] == 0) continue;
            const auto runs = static_cast<double>(counts[kRuns + n]);
            auto matches = static_cast<double>(counts[kMatches + n]);
            if (matches == 0) {
                smooth *= 2;
                matches = 1 / smooth;
            }
            logarithms += std::log(matches / runs);
            has_any = true;
        }
        const auto said = static_cast<double>(counts[kSaid]);
        const auto wanted = static_cast<double>(counts[kWanted]);
        // A corpus without any word in common is worth nothing, however it is smoothed.
        if (!has_any || counts[kMatches] == 0) return 0;
        const double brevity = said >= wanted ? 1 : std::exp(1 - wanted / said);
        return 100 * brevity * std::exp(logarithms / static_cast<double>(kLongestRun));
    }

    static constexpr std::size_t kMatches = 0;  ///< positions among the counts
    static constexpr std::size_t kRuns = kLongestRun;
    static constexpr std::size_t kSaid = 2 * kLongestRun;
    static constexpr std::size_t kWanted = kSaid + 1;

    static std::map<std::size_t, std::int64_t> counts_of(const BleuWords& said, const std::vector<BleuWords>& wanted) {
        std::map<std::size_t, std::int64_t> added;
        for (std::size_t n = 0; n < kLongestRun; ++n) {
            // A run counts at most as often as in the translation that has it most often.
            BleuRuns most;
            for (const BleuWords& words : wanted) {
                for (const auto& [run, times] : runs_of(words, n + 1)) most[run] = std::max(most[run], times);
            }
            for (const auto& [run, times] : runs_of(said, n + 1)) {
                added[kRuns + n] += times;
                const auto found = most.find(run);
                if (found != most.end()) added[kMatches + n] += std::min(times, found->second);
            }
        }
        // Of several translations the one of the nearest length counts; of two equally near ones the shorter.
        const auto distance = [&](const BleuWords& words) {
            const auto difference = static_cast<std::int64_t>(words.size()) - static_cast<std::int64_t>(said.size());
            return std::pair(std::abs(difference), words.size());
        };
        const auto nearest = std::min_element(wanted.begin(), wanted.end(),
                                              [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
        added[kSaid] = static_cast<std::int64_t>(said.size());
        added[kWanted] = static_cast<std::int64_t>(nearest->size());
        return added;
    }

    bool is_text_;
    BleuTokens tokens_;
};

class Bleu final : public Metric {
public:
    explicit Bleu(BleuTokens tokens) : tokens_(std::move(tokens)) {}
    bool reads_texts() const override { return true; }

    void bind(const MetricFields& fields) override {
        is_text_ = fields.outputs[0].is_text;
        if (is_text_ != fields.targets[0].is_text) {
            throw ConfigError("it compares texts with texts, or numbers of tokens with numbers of tokens");
        }
        if (!is_text_ && !is_integer(fields.outputs[0].type.dtype)) {
            throw ConfigError("it needs an output of texts, or of tokens as integers");
        }
    }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<BleuState>(is_text_, tokens_); }

private:
    BleuTokens tokens_;
    bool is_text_ = false;
};

}  // namespace

std::unique_ptr<Metric> make_bleu(const ConfigNode& node) {
    Reader reader(node);
    BleuTokens tokens;
    tokens.ignored = reader.integers("ignored_tokens", {});
    if (reader.optional_text("end_token")) tokens.end = reader.integer("end_token", 0, 0);
    reader.finish();
    return std::make_unique<Bleu>(std::move(tokens));
}

}  // namespace halftone
