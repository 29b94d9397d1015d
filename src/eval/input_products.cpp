#include "eval/input_products.hpp"

#include <algorithm>
#include <cmath>

#include "eval/tapped_values.hpp"

namespace halftone {
namespace {

// So many rows are added at once: the matrix of sums, which is larger than the cache, is walked once for all of them.
constexpr std::size_t kRowsAtOnce = 16;

/// Sums of one value.
class ProductSums {
public:
    explicit ProductSums(std::size_t size) : size_(size), sums_(size * size, 0.0) {}

    void add_row(std::span<const float> row) {
        for (const float value : row) pending_.push_back(std::isfinite(value) ? static_cast<double>(value) : 0.0);
        if (pending_.size() == kRowsAtOnce * size_) flush();
    }

    std::vector<double> take() {
        flush();
        return std::move(sums_);
    }

private:
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
    return collect_tapped_rows<ProductSums>(graph, values, samples, count);
}

}  // namespace halftone
