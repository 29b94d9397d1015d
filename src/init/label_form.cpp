#include "init/label_form.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "data/convert.hpp"

namespace halftone {
namespace {

/// Enough for the labels of every usual data set, and read in less than a second.
constexpr std::int64_t kMostLabelNumbers = std::int64_t{1} << 22U;
constexpr std::int64_t kLabelsAtOnce = std::int64_t{1} << 16U;
constexpr double kMostLabel = 1 << 30;  ///< more classes than any model has

std::vector<double> label_numbers(const Tensor& rows) {
    std::vector<double> numbers;
    const auto copy = [&](auto values) { numbers.assign(values.begin(), values.end()); };
    // A double may be a fraction that fp32 would round to a whole number.
    if (rows.dtype() == DType::f64)
        copy(rows.as<double>());
    else
        copy(to_floats(rows).as<float>());
    return numbers;
}

bool is_one_hot_row(std::span<const double> row) {
    const auto zeros = std::count(row.begin(), row.end(), 0.0);
    const auto ones = std::count(row.begin(), row.end(), 1.0);
    return ones == 1 && zeros + 1 == std::ssize(row);
}

}  // namespace

LabelForm look_at_labels(const StoredArray& labels) {
    const Field& row = labels.row_field();
    if (row.is_text || !row.type.shape.is_static() || !is_convertible(row.type.dtype)) return {};
    const std::int64_t width = row.type.shape.elements();
    if (width < 1 || width > kLabelsAtOnce) return {};
    const std::int64_t rows = std::min(labels.rows(), kMostLabelNumbers / width);
    LabelForm form;
    bool are_whole = width == 1;
    form.is_one_hot = width > 1;
    for (std::int64_t first = 0; first < rows && (are_whole || form.is_one_hot);) {
        const std::int64_t last = std::min(rows, first + kLabelsAtOnce / width);
        const std::vector<double> numbers = label_numbers(labels.read_rows(first, last));
        for (std::size_t i = 0; form.is_one_hot && i < numbers.size(); i += static_cast<std::size_t>(width))
            form.is_one_hot = is_one_hot_row(std::span(numbers).subspan(i, static_cast<std::size_t>(width)));
        for (std::size_t i = 0; are_whole && i < numbers.size(); ++i) {
            // NaN fails every comparison.
            are_whole = numbers[i] >= 0 && numbers[i] < kMostLabel && std::floor(numbers[i]) == numbers[i];
            if (are_whole) form.largest = std::max(form.largest, static_cast<std::int64_t>(numbers[i]));
        }
        first = last;
    }
    if (!are_whole) form.largest = -1;
    return form;
}

}  // namespace halftone
