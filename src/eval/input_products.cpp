#include "eval/input_products.hpp"

#include <algorithm>
#include <cmath>

#include "eval/shaped_sessions.hpp"
#include "eval/used_rows.hpp"
#include "exec/session.hpp"

namespace halftone {
namespace {

// So many rows are added at once: the matrix of sums, which is larger than the cache, is walked once for all of them.
constexpr std::size_t kRowsAtOnce = 16;

/// Sums of one value.
class ProductSums {
public:
    explicit ProductSums(std::size_t size) : size_(size), sums_(size * size, 0.0) {}

    void add(std::span<const float> values, const std::vector<UsedRun>& runs) {
        for (const UsedRun& run : runs) {
            // A row of which a part is padding has no product.
            const std::size_t first = (run.begin + size_ - 1) / size_;
            const std::size_t last = (run.begin + run.count) / size_;
            for (std::size_t row = first; row < last; ++row) add_row(values.subspan(row * size_, size_));
        }
    }

    std::vector<double> take() {
        flush();
        return std::move(sums_);
    }

private:
    void add_row(std::span<const float> row) {
        for (const float value : row) pending_.push_back(std::isfinite(value) ? static_cast<double>(value) : 0.0);
        if (pending_.size() == kRowsAtOnce * size_) flush();
    }

    /// Products of two floats are exact in double, and the rows are added one after the other whatever kRowsAtOnce is.
    void flush() {
        const std::size_t rows = pending_.size() / size_;
        for (std::size_t i = 0; i < size_; ++i) {
            double* sums = sums_.data() + i * size_;
            for (std::size_t r = 0; r < rows; ++r) {
                const double* row = pending_.data() + r * size_;
                const double factor = row[i];
                if (factor == 0) continue;
                for (std::size_t j = i; j < size_; ++j) sums[j] += factor * row[j];
            }
        }
        pending_.clear();
    }

    std::size_t size_;
    std::vector<double> sums_;
    std::vector<double> pending_;  ///< rows that are not in sums_ yet
};

}  // namespace

std::map<std::string, std::vector<double>> input_products(const Graph& graph, const std::vector<std::string>& values,
                                                          SampleSource& samples, std::int64_t count) {
    CompileOptions options;  // sessions of their own: they live for this one pass
    std::vector<ProductSums> sums;
    for (const std::string& name : values) {
        const ValueId id = graph.find_value(name).value();
        options.taps.push_back(id);
        const Shape& shape = graph.value(id).type.shape;
        sums.emplace_back(static_cast<std::size_t>(shape[shape.rank() - 1]));
    }
    ShapedSessions sessions(graph, options);
    UnpaddedValues unpadded(graph, options.taps);
    Session* session = nullptr;
    const auto inputs_at = [&](const SessionShape& shape) {
        session = &sessions.at(shape);
        return inputs_of(*session);
    };
    samples.for_each_batch({0, count}, inputs_at, Caching::pass, [&](const SampleBatch& batch) {
        session->run();
        const UsedParts parts = unpadded.parts_of(batch, batch.batch);
        for (std::size_t t = 0; t < values.size(); ++t) {
            const TensorView value = session->tap(t);
            const Shape& declared = graph.value(options.taps[t]).type.shape;
            sums[t].add(value.as<float>(), parts.runs(declared, value.type.shape, t));
        }
    });
    std::map<std::string, std::vector<double>> by_name;
    for (std::size_t t = 0; t < values.size(); ++t) by_name.emplace(values[t], sums[t].take());
    return by_name;
}

}  // namespace halftone
