// GPTQ, from the products X^T X of a weight's input to its codes.
//
//   dampened         H = X^T X + 1 % of the mean diagonal
//   inverse_factor   the upper triangular U with U^T U = H^-1: row j of U says how an error in channel j is best taken
//                    back in the channels behind j
//   ChannelRounder   channel by channel: parameters where a block begins, codes, and the error moved to what follows
//
// H = R R^T with an upper triangular R (a Cholesky factorization from the last channel on) gives U = R^-1. That is the
// same U as that of the paper, which inverts H first and factorizes then, with fewer roundings.
#include "exec/gptq.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/check.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

// The paper's value.
constexpr double kDampening = 0.01;
// Errors of so many channels are kept until they are moved to all channels behind: the weights then pass through the
// cache once for all of them. The sums are the same ones in the same order.
constexpr std::size_t kChannelsAtOnce = 128;

/// Dot product with eight sums: one sum alone would wait for each addition, and the compiler may not split it.
double dot(const double* a, const double* b, std::size_t count) {
    std::array<double, 8> sums{};
    std::size_t i = 0;
    for (; i + sums.size() <= count; i += sums.size()) {
        for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += a[i + lane] * b[i + lane];
    }
    double rest = 0;
    for (; i < count; ++i) rest += a[i] * b[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])) + rest;
}

std::vector<double> dampened(const std::vector<double>& products, std::size_t size, double share) {
    std::vector<double> h = products;
    double mean = 0;
    for (std::size_t j = 0; j < size; ++j) mean += h[j * size + j] / static_cast<double>(size);
    // Without any data no error can be taken back: the identity moves nothing.
    const double added = mean > 0 ? share * mean : 1.0;
    for (std::size_t j = 0; j < size; ++j) h[j * size + j] += added;
    return h;
}

/// Replaces the upper triangle of H by R with H = R R^T. Returns false where H is not positive definite.
bool factorize(std::vector<double>& h, std::size_t size) {
    for (std::size_t j = size; j-- > 0;) {
        double* row_j = h.data() + j * size;
        const std::size_t behind = size - j - 1;
        const double pivot = row_j[j] - dot(row_j + j + 1, row_j + j + 1, behind);
        if (!(pivot > 0) || !std::isfinite(pivot)) return false;
        row_j[j] = std::sqrt(pivot);
        for (std::size_t i = 0; i < j; ++i) {
            double* row_i = h.data() + i * size;
            row_i[j] = (row_i[j] - dot(row_i + j + 1, row_j + j + 1, behind)) / row_j[j];
        }
    }
    return true;
}

std::vector<double> inverse_factor(const std::vector<double>& products, std::size_t size) {
    std::vector<double> r;
    // Data of few directions may need more dampening than usual, where rounding makes a pivot negative.
    constexpr int kTries = 6;
    double share = kDampening;
    bool is_definite = false;
    for (int i = 0; i < kTries && !is_definite; ++i) {
        r = dampened(products, size, share);
        is_definite = factorize(r, size);
        share *= 10;
    }
    HALFTONE_CHECK(is_definite, "X^T X with a large diagonal is positive definite");
    // U = R^-1 by rows, from the last one on: each is a sum of rows that are there.
    std::vector<double> u(size * size, 0.0);
    for (std::size_t i = size; i-- > 0;) {
        double* row = u.data() + i * size;
        row[i] = 1;
        for (std::size_t k = i + 1; k < size; ++k) {
            const double factor = r[i * size + k];
            const double* known = u.data() + k * size;
            for (std::size_t c = k; c < size; ++c) row[c] -= factor * known[c];
        }
        for (std::size_t c = i; c < size; ++c) row[c] /= r[i * size + i];
    }
    return u;
}

/// Rounds the rows of a matrix [K, N], each row being an input channel.
class ChannelRounder {
public:
    ChannelRounder(const Tensor& matrix, const BlockRule& rule, std::vector<double> u)
        : rows_(static_cast<std::size_t>(matrix.shape()[0])),
          columns_(static_cast<std::size_t>(matrix.shape()[1])),
          size_(static_cast<std::size_t>(rule.block_size)),
          rule_(rule),
          u_(std::move(u)),
          matrix_(matrix),
          weights_(matrix.as<float>().begin(), matrix.as<float>().end()) {
        result_.codes = Tensor({rule.dtype, matrix.shape()});
        result_.params = {.dtype = rule.dtype, .scale = {}, .zero_point = {}, .axis = 0, .block_size = rule.block_size};
    }

    BlockCodes run() {
        for (std::size_t block = 0; block < rows_; block += size_) {
            const std::size_t block_end = std::min(rows_, block + size_);
            choose_params(block, block_end);
            for (std::size_t first = block; first < block_end; first += kChannelsAtOnce) {
                round_channels(first, std::min(block_end, first + kChannelsAtOnce));
            }
        }
        return std::move(result_);
    }

private:
    void choose_params(std::size_t first, std::size_t last) {
        std::vector<float> values(weights_.begin() + static_cast<std::ptrdiff_t>(first * columns_),
                                  weights_.begin() + static_cast<std::ptrdiff_t>(last * columns_));
        const Shape shape{static_cast<std::int64_t>(last - first), static_cast<std::int64_t>(columns_)};
        block_ = block_params(Tensor::of<float>(shape, values),
                              {.dtype = rule_.dtype, .axis = 0, .block_size = rule_.block_size});
        auto& all = result_.params;
        all.scale.insert(all.scale.end(), block_.scale.begin(), block_.scale.end());
        all.zero_point.insert(all.zero_point.end(), block_.zero_point.begin(), block_.zero_point.end());
    }

    void round_channels(std::size_t first, std::size_t last) {
        std::vector<double> errors((last - first) * columns_);
        for (std::size_t row = first; row < last; ++row) {
            double* error = errors.data() + (row - first) * columns_;
            round_row(row, error);
            for (std::size_t later = row + 1; later < last; ++later) take_back(row, later, error);
        }
        for (std::size_t later = last; later < rows_; ++later) {
            for (std::size_t row = first; row < last; ++row) {
                take_back(row, later, errors.data() + (row - first) * columns_);
            }
        }
    }

    /// Writes the codes of a row, and by how much they are wrong in units of U's diagonal.
    void round_row(std::size_t row, double* error) {
        const CodeRange range = code_range(rule_.dtype);
        const double diagonal = u_[row * rows_ + row];
        const auto original = matrix_.as<float>();
        std::byte* codes = result_.codes.mutable_view().data + row * columns_;  // a byte each, whatever the type
        for (std::size_t c = 0; c < columns_; ++c) {
            const auto scale = static_cast<double>(block_.scale[c]);
            const double zero = block_.zero_point[c];
            const double weight = weights_[row * columns_ + c];
            const double nearest = std::clamp(std::nearbyint(weight / scale) + zero, static_cast<double>(range.low),
                                              static_cast<double>(range.high));
            // What is pruned stays pruned; the channels behind take the error back, too.
            const double code = original[row * columns_ + c] == 0 ? zero : nearest;
            codes[c] = static_cast<std::byte>(static_cast<std::int32_t>(code));
            error[c] = (weight - (code - zero) * scale) / diagonal;
        }
    }

    void take_back(std::size_t row, std::size_t later, const double* error) {
        const double factor = u_[row * rows_ + later];
        double* weights = weights_.data() + later * columns_;
        for (std::size_t c = 0; c < columns_; ++c) weights[c] -= factor * error[c];
    }

    std::size_t rows_, columns_, size_;
    BlockRule rule_;
    std::vector<double> u_;
    Tensor matrix_;                ///< [K, N], as it was
    std::vector<double> weights_;  ///< [K, N]: what is still to be rounded
    QuantParams block_;            ///< of the current block, a scale for each column
    BlockCodes result_;
};

/// Turns codes and parameters of [K, N] to those of [N, K].
BlockCodes turned_codes(const BlockCodes& from) {
    BlockCodes turned{.codes = turned_matrix(from.codes), .params = from.params};
    const Shape shape = block_scale_shape(from.codes.shape(), 0, from.params.block_size);
    const auto blocks = static_cast<std::size_t>(shape[0]);
    const auto columns = static_cast<std::size_t>(shape[1]);
    turned.params.axis = 1;
    for (std::size_t b = 0; b < blocks; ++b) {
        for (std::size_t c = 0; c < columns; ++c) {
            turned.params.scale[c * blocks + b] = from.params.scale[b * columns + c];
            turned.params.zero_point[c * blocks + b] = from.params.zero_point[b * columns + c];
        }
    }
    return turned;
}

}  // namespace

BlockCodes gptq_codes(const Tensor& weight, const BlockRule& rule, std::vector<double> products) {
    HALFTONE_CHECK(weight.dtype() == DType::f32 && weight.shape().rank() == 2, "a weight is an fp32 matrix");
    const Tensor matrix = rule.axis == 0 ? weight : turned_matrix(weight);
    const auto channels = static_cast<std::size_t>(matrix.shape()[0]);
    HALFTONE_CHECK(products.size() == channels * channels, "one product for each pair of input channels");
    std::vector<double> u = inverse_factor(products, channels);
    std::vector<double>().swap(products);  // as large as U: given back before the weights are copied
    BlockCodes found = ChannelRounder(matrix, rule, std::move(u)).run();
    return rule.axis == 0 ? std::move(found) : turned_codes(found);
}

}  // namespace halftone
