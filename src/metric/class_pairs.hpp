#pragma once
// ClassPairs: what metrics compare that count classes (Accuracy, F1, mIOU): the class that the model's output says and
// the class that the label says, once for each sample or once for each element (pixel, token, attribute).

#include <cstdint>
#include <vector>

#include "metric/metric.hpp"

namespace halftone {

/// How an output names classes. It follows from the shapes of output and target.
enum class ClassKind {
    binary,      ///< one number for a sample: 1 from the threshold on; an integer is the class itself
    multilabel,  ///< one such number for each element of the target
    multiclass,  ///< a number for each class and each element of the target: the largest one names the class
};

class ClassPairs {
public:
    /// @param threshold  from which real number on an output means class 1, where it has no numbers for classes
    explicit ClassPairs(double threshold) : threshold_(threshold) {}

    /// @throws ConfigError, with the reason, if the shapes fit in none of the three ways
    void bind(const MetricFields& fields);
    [[nodiscard]] ClassKind kind() const { return kind_; }
    /// Returns how many classes the output has numbers for; kSymbolic where this is open. For outputs that name a class
    /// themselves it is 2 if they are real numbers (below the threshold or not), and kSymbolic if they are integers.
    [[nodiscard]] std::int64_t classes() const { return classes_; }
    /// Returns whether every sample is judged once, or equally often. Only then is a mean over elements one over
    /// samples.
    [[nodiscard]] bool has_fixed_size() const { return has_fixed_size_; }

    struct Pair {
        std::vector<std::int64_t> answer;
        std::vector<std::int64_t> wanted;  ///< as long as `answer`, which is not empty
    };
    /// @throws DataError, naming the sample, if the sizes do not fit or a label is no integer
    [[nodiscard]] Pair read(const SampleAnswer& answer) const;
    /// Reads as `read`, and lets no label pass that the model cannot say: no answer would be right.
    /// @throws DataError as `read`, and for a label outside the model's classes. An output of integers has no known
    ///         number of classes, and takes any label; so do samples with a label for each of several elements.
    [[nodiscard]] Pair read_known(const SampleAnswer& answer) const;

private:
    double threshold_;
    ClassKind kind_ = ClassKind::binary;
    std::int64_t classes_ = kSymbolic;
    bool has_fixed_size_ = false;
    /// Dimensions that count, by index: those that are not known to be 1.
    std::vector<std::size_t> output_axes_, target_axes_;
    std::size_t class_axis_ = 0;  ///< position in output_axes_, where kind_ is multiclass
};

}  // namespace halftone
