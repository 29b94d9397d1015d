// mIOU: how well areas are found, the mean over classes of intersection / union. Both are counted over the elements of
// all samples; a class that neither labels nor predictions name has no union and is left out of the mean. Elements
// whose label is none of the classes (255, "ignore") do not count, as in LPOT.
#include "base/error.hpp"
#include "config/reader.hpp"
#include "metric/class_pairs.hpp"
#include "metric/counts.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kMostAreaClasses = 4096;

/// The confusion matrix is kept as three counts for each class: its diagonal, its row sums and its column sums.
class MiouState final : public CountAccumulator {
public:
    MiouState(const ClassPairs& pairs, std::int64_t classes)
        : CountAccumulator(static_cast<std::size_t>(3 * classes)), pairs_(pairs), classes_(classes) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const ClassPairs::Pair pair = pairs_.read(answer);
        Totals added(static_cast<std::size_t>(3 * classes_));  // a list, because a picture has many elements
        for (std::size_t i = 0; i < pair.answer.size(); ++i) {
            const std::int64_t wanted = pair.wanted[i];
            const std::int64_t said = pair.answer[i];
            if (wanted < 0 || wanted >= classes_) continue;
            if (said < 0 || said >= classes_) {
                throw DataError("sample " + std::to_string(answer.id) + ": the model says class " +
                                std::to_string(said) + ", mIOU has num_classes " + std::to_string(classes_));
            }
            // The union of a class is what is wanted plus what is said, less what is both.
            ++added[index(kWanted, wanted)];
            ++added[index(kSaid, said)];
            if (said == wanted) ++added[index(kBoth, wanted)];
        }
        keep_all(answer.id, added);
        return std::nullopt;  // a ratio of sums over all samples is no mean over samples
    }

private:
    double value_of(const Totals& counts) const override {
        double sum = 0;
        std::int64_t present = 0;
        for (std::int64_t c = 0; c < classes_; ++c) {
            const std::int64_t both = counts[index(kBoth, c)];
            const std::int64_t either = counts[index(kWanted, c)] + counts[index(kSaid, c)] - both;
            if (either == 0) continue;
            sum += static_cast<double>(both) / static_cast<double>(either);
            ++present;
        }
        return present > 0 ? sum / static_cast<double>(present) : 0;
    }

    enum Count : std::size_t { kBoth, kWanted, kSaid };
    [[nodiscard]] std::size_t index(Count which, std::int64_t c) const {
        return static_cast<std::size_t>(which) * static_cast<std::size_t>(classes_) + static_cast<std::size_t>(c);
    }

    ClassPairs pairs_;
    std::int64_t classes_;
};

class Miou final : public Metric {
public:
    explicit Miou(std::int64_t classes) : classes_(classes) {}

    void bind(const MetricFields& fields) override {
        pairs_.bind(fields);
        if (pairs_.kind() == ClassKind::multiclass && pairs_.classes() > classes_) {
            throw ConfigError("its num_classes is " + std::to_string(classes_) + ", the output has " +
                              std::to_string(pairs_.classes()) + " classes");
        }
    }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<MiouState>(pairs_, classes_); }

private:
    static constexpr double kThreshold = 0.5;  ///< of outputs that name one class by a real number
    ClassPairs pairs_{kThreshold};
    std::int64_t classes_;
};

}  // namespace

std::unique_ptr<Metric> make_miou(const ConfigNode& node) {
    Reader reader(node);
    constexpr std::int64_t kPascalClasses = 21;  // LPOT's default: 20 classes of Pascal VOC and the background
    const std::int64_t classes = reader.integer("num_classes", kPascalClasses, 1, kMostAreaClasses);
    reader.finish();
    return std::make_unique<Miou>(classes);
}

}  // namespace halftone
