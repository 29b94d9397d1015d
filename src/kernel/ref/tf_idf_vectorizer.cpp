// Counts n-grams of numbers. The pool lists n-grams of 1, 2, … numbers; ngram_counts says where those of each length
// begin, and ngram_indexes which element of the output counts each of them. The numbers of an n-gram may stand up to
// max_skip_count apart, all at the same distance. Mode TF gives the counts, IDF the weight of what occurs, TFIDF counts
// times weights; an n-gram without a weight has the weight 1. The weights are those of the n-grams in the order of the
// pool, which is not the order of the output. Source: ONNX operator TfIdfVectorizer, opset 9; ONNX Runtime for n-grams
// that share an element of the output (IDF keeps the weight of the last one), and for single numbers, which count once.
// Strings are not supported.
#include <algorithm>
#include <map>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

using Gram = std::vector<std::int64_t>;

/// What is done where an n-gram is found.
struct GramEffect {
    std::size_t element = 0;  ///< of the output
    float weight = 1;         ///< is added to the element, or takes its place in mode IDF
};

struct GramTable {
    std::map<Gram, GramEffect> effects = {};
    bool is_counted = true;  ///< false in mode IDF, where a further occurrence changes nothing
    std::int64_t least = 1, most = 1, skips = 0;
    std::size_t size = 0;  ///< of the output
};

/// The weights of the n-grams in the order of the pool. Empty if each of them weighs 1.
std::vector<float> gram_weights(const OpContext& op) {
    const auto found = op.node.attributes.find("weights");
    const auto* weights = found == op.node.attributes.end() ? nullptr : std::get_if<std::vector<float>>(&found->second);
    return weights == nullptr ? std::vector<float>{} : *weights;
}

GramTable gram_table(const OpContext& op) {
    const std::string mode = string_attribute(op.node, "mode", "");
    if (mode != "TF" && mode != "IDF" && mode != "TFIDF") refuse(op, "mode '" + mode + "' is none of TF IDF TFIDF");
    const std::vector<std::int64_t> pool = ints_attribute(op.node, "pool_int64s", {});
    const std::vector<std::int64_t> starts = ints_attribute(op.node, "ngram_counts", {});
    const std::vector<std::int64_t> indexes = ints_attribute(op.node, "ngram_indexes", {});
    const std::vector<float> weights = gram_weights(op);
    const bool is_weighed = mode != "TF";
    GramTable table{.is_counted = mode != "IDF",
                    .least = int_attribute(op.node, "min_gram_length", 1),
                    .most = int_attribute(op.node, "max_gram_length", 1),
                    .skips = int_attribute(op.node, "max_skip_count", 0)};
    const bool fits = table.least >= 1 && table.most >= table.least &&
                      table.most <= static_cast<std::int64_t>(starts.size()) && table.skips >= 0 &&
                      table.skips < kMaxElements && !indexes.empty();
    if (!fits) refuse(op, "its lengths, counts and indexes of n-grams do not fit");
    if (pool.empty()) refuse(op, "it has no pool_int64s; strings are not supported");
    for (const std::int64_t index : indexes) {
        if (index < 0 || index >= kMaxElements) refuse(op, "an index of an n-gram is out of range");
        table.size = std::max(table.size, static_cast<std::size_t>(index) + 1);
    }
    // n-grams are numbered through all lengths, also through those that are not counted.
    std::size_t gram = 0;
    const auto total = static_cast<std::int64_t>(pool.size());
    for (std::size_t n = 1; n <= starts.size(); ++n) {
        const std::int64_t first = starts[n - 1];
        const std::int64_t last = n < starts.size() ? starts[n] : total;
        if (first < 0 || last < first || last > total || (last - first) % static_cast<std::int64_t>(n) != 0) {
            refuse(op, "ngram_counts " + text_of(starts) + " do not divide the pool");
        }
        for (std::int64_t at = first; at < last; at += static_cast<std::int64_t>(n), ++gram) {
            if (gram >= indexes.size()) refuse(op, "there are more n-grams than indexes");
            const bool is_wanted =
                static_cast<std::int64_t>(n) >= table.least && static_cast<std::int64_t>(n) <= table.most;
            const auto from = pool.begin() + at;
            if (!is_wanted) continue;
            table.effects[Gram(from, from + static_cast<std::ptrdiff_t>(n))] = {
                .element = static_cast<std::size_t>(indexes[gram]),
                .weight = is_weighed && gram < weights.size() ? weights[gram] : 1.0F};
        }
    }
    if (!weights.empty() && weights.size() != indexes.size()) refuse(op, "weights is not one number for each n-gram");
    return table;
}

/// Adds the n-grams of one row to the row of the output, whose elements were 0.
void count_grams(const GramTable& table, const Gram& row, float* output) {
    const auto length = static_cast<std::int64_t>(row.size());
    // A distance of the row's length or more finds nothing, so a huge max_skip_count costs nothing.
    std::int64_t least = table.least;
    for (std::int64_t distance = 1; distance <= table.skips + 1 && (distance == 1 || distance < length); ++distance) {
        for (std::int64_t start = 0; start < length; ++start) {
            Gram gram;
            for (std::int64_t at = start; at < length && static_cast<std::int64_t>(gram.size()) < table.most;
                 at += distance) {
                gram.push_back(row[static_cast<std::size_t>(at)]);
                if (static_cast<std::int64_t>(gram.size()) < least) continue;
                const auto found = table.effects.find(gram);
                if (found == table.effects.end()) continue;
                const auto [element, weight] = found->second;
                output[element] = table.is_counted ? output[element] + weight : weight;
            }
        }
        // A single number has no distance inside of it: it counts in the first round only.
        least = std::max<std::int64_t>(least, 2);
        if (least > table.most) break;
    }
}

class TfIdfVectorizerOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::s32, DType::s64});
        check_rank(op, 0, 1, 2);
        const GramTable table = gram_table(op);
        const auto size = static_cast<std::int64_t>(table.size);
        const Shape& shape = op.inputs[0].shape;
        if (shape[shape.rank() - 1] == kSymbolic) refuse(op, "the length of a row must be known");
        return {{DType::f32, shape.rank() == 1 ? Shape{size} : Shape{shape[0], size}}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const GramTable table = gram_table(op);
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t rows = shape.rank() == 1 ? 1 : shape[0];
        const auto length = static_cast<std::size_t>(shape[shape.rank() - 1]);
        const auto y = outputs[0].as<float>();
        std::fill(y.begin(), y.end(), 0.0F);
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const T* x = inputs[0].as<T>().data();
            for (std::int64_t r = 0; r < rows; ++r, x += length) {
                Gram row(length);
                std::transform(x, x + length, row.begin(), [](T number) { return static_cast<std::int64_t>(number); });
                count_grams(table, row, y.data() + static_cast<std::size_t>(r) * table.size);
            }
        });
    }
};

}  // namespace

const RefOp& tf_idf_vectorizer_op() {
    static const TfIdfVectorizerOp op;
    return op;
}

}  // namespace halftone::ref
