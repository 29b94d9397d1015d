#include "eval/awq_inputs.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "eval/tapped_values.hpp"

namespace halftone {
namespace {

constexpr std::size_t kMostKeptRows = 256;

/// Keeps every row, then every second, every fourth … as more rows come than have room.
class RowKeeper {
public:
    explicit RowKeeper(std::size_t size) : size_(size) { input_.magnitude.assign(size, 0.0); }

    void add_row(std::span<const float> row) {
        std::vector<float> finite(row.begin(), row.end());
        for (std::size_t c = 0; c < size_; ++c) {
            if (!std::isfinite(finite[c])) finite[c] = 0;
            input_.magnitude[c] += std::abs(static_cast<double>(finite[c]));
        }
        if (seen_++ % stride_ != 0) return;
        if (input_.rows.size() == kMostKeptRows * size_) {
            keep_every_second();
            if ((seen_ - 1) % stride_ != 0) return;
        }
        input_.rows.insert(input_.rows.end(), finite.begin(), finite.end());
    }

    AwqInput take() { return std::move(input_); }

private:
    void keep_every_second() {
        const auto size = static_cast<std::ptrdiff_t>(size_);
        for (std::ptrdiff_t row = 1; 2 * row < static_cast<std::ptrdiff_t>(kMostKeptRows); ++row) {
            const auto from = input_.rows.begin() + 2 * row * size;
            std::copy(from, from + size, input_.rows.begin() + row * size);
        }
        input_.rows.resize(kMostKeptRows / 2 * size_);
        stride_ *= 2;
    }

    std::size_t size_;
    std::size_t seen_ = 0;
    std::size_t stride_ = 1;  ///< every row whose number is a multiple of it is kept
    AwqInput input_;
};

}  // namespace

std::map<std::string, AwqInput> awq_inputs(const Graph& graph, const std::vector<std::string>& values,
                                           SampleSource& samples, std::int64_t count) {
    return collect_tapped_rows<RowKeeper>(graph, values, samples, count);
}

}  // namespace halftone
