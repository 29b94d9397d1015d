// mAP of a detector.
//
//   read_thresholds, read_map_key, make_detection_metric   settings → CocoSettings, DetectionSettings
//   DetectionState::record_of   a worker's part: a picture's detections are matched with its objects, and only what
//                               became of them is kept, some 32 bytes for each detection
//   DetectionState::value       rank 0's part: all pictures in the order of their COCO ids become one number
#include "metric/detection_metric.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "metric/detection_fields.hpp"
#include "metric/records.hpp"
#include "metric/resampling.hpp"

namespace halftone {
namespace {

/// What a map_key chooses of COCO's twelve figures.
struct MapKey {
    std::string_view name;
    std::optional<double> threshold{};  ///< the only one; empty: all
    double least_area = 0;
    double most_area = 1e10;
    bool is_recall = false;
    std::int64_t most_detections = 100;
};
// COCO's limits of small, medium and large objects, in pixels of the original picture (pycocotools' Params).
constexpr double kSmall = 32.0 * 32.0;
constexpr double kMedium = 96.0 * 96.0;
constexpr double kLarge = 1e5 * 1e5;
/// The keys of TensorFlow's object detection API, which LPOT uses. All begin with DetectionBoxes_.
constexpr std::array<MapKey, 12> kMapKeys{{
    {.name = "Precision/mAP"},
    {.name = "Precision/mAP@.50IOU", .threshold = 0.5},
    {.name = "Precision/mAP@.75IOU", .threshold = 0.75},
    {.name = "Precision/mAP (small)", .most_area = kSmall},
    {.name = "Precision/mAP (medium)", .least_area = kSmall, .most_area = kMedium},
    {.name = "Precision/mAP (large)", .least_area = kMedium, .most_area = kLarge},
    {.name = "Recall/AR@1", .is_recall = true, .most_detections = 1},
    {.name = "Recall/AR@10", .is_recall = true, .most_detections = 10},
    {.name = "Recall/AR@100", .is_recall = true},
    {.name = "Recall/AR@100 (small)", .most_area = kSmall, .is_recall = true},
    {.name = "Recall/AR@100 (medium)", .least_area = kSmall, .most_area = kMedium, .is_recall = true},
    {.name = "Recall/AR@100 (large)", .least_area = kMedium, .most_area = kLarge, .is_recall = true},
}};
constexpr std::string_view kMapKeyPrefix = "DetectionBoxes_";

/// "0.5:0.05:0.95" as numpy.linspace makes it: multiples of the rounded step, and exactly the last number at the end.
std::vector<double> threshold_range(Reader& reader, const std::string& text) {
    std::vector<double> parts;
    for (const std::string& part : split(text, ':')) {
        const auto number = parse_double(part);
        if (!number) reader.fail("iou_thrs", "must be a number, a list of numbers or first:step:last");
        parts.push_back(*number);
    }
    if (parts.size() == 1) return parts;
    const double steps = parts.size() == 3 ? std::round((parts[2] - parts[0]) / parts[1]) : 0;
    if (!(steps >= 1) || !(steps < static_cast<double>(kMostIouThresholds))) {
        reader.fail("iou_thrs", "must be first:step:last with at most 64 numbers");
    }
    // The step is computed from the ends. The written one (0.05) has no exact double, and nine times its rounded value
    // is not 0.95: a threshold would differ from COCO's in its last bit.
    const double step = (parts[2] - parts[0]) / steps;
    std::vector<double> thresholds;
    for (double i = 0; i < steps; ++i) thresholds.push_back(i * step + parts[0]);
    thresholds.push_back(parts[2]);
    return thresholds;
}

std::vector<double> read_thresholds(Reader& reader, const std::string& preset) {
    std::vector<double> thresholds;
    for (const std::string& word : reader.words("iou_thrs", {preset})) {
        const std::vector<double> some = threshold_range(reader, word);
        thresholds.insert(thresholds.end(), some.begin(), some.end());
    }
    const auto is_good = [](double threshold) { return threshold > 0 && threshold <= 1; };
    if (thresholds.size() > kMostIouThresholds || !std::all_of(thresholds.begin(), thresholds.end(), is_good)) {
        reader.fail("iou_thrs", "must be at most 64 numbers above 0 and up to 1");
    }
    return thresholds;
}

/// Narrows the settings to what the key asks for.
void read_map_key(Reader& reader, CocoSettings& settings) {
    const std::string given = reader.text("map_key", std::string(kMapKeyPrefix) + std::string(kMapKeys[0].name));
    const auto is_given = [&](const MapKey& key) {
        return given.starts_with(kMapKeyPrefix) && given.substr(kMapKeyPrefix.size()) == key.name;
    };
    const auto* const key = std::find_if(kMapKeys.begin(), kMapKeys.end(), is_given);
    if (key == kMapKeys.end()) {
        std::string names;
        for (const MapKey& known : kMapKeys) names += (names.empty() ? "" : ", ") + std::string(known.name);
        reader.fail("map_key", "must be DetectionBoxes_ and one of: " + names);
    }
    settings.least_area = key->least_area;
    settings.most_area = key->most_area;
    settings.is_recall = key->is_recall;
    settings.most_detections = key->most_detections;
    if (!key->threshold) return;
    // 0.5 + 5 * 0.05 need not be 0.75 to the last bit.
    const auto found = std::find_if(settings.iou_thresholds.begin(), settings.iou_thresholds.end(),
                                    [&](double threshold) { return std::abs(threshold - *key->threshold) < 1e-9; });
    if (found == settings.iou_thresholds.end()) reader.fail("map_key", "asks for a threshold that iou_thrs lacks");
    settings.iou_thresholds = {*found};
}

std::map<std::string, std::int64_t> read_mapping(Reader& reader) {
    std::map<std::string, std::int64_t> mapping;
    const ConfigNode* node = reader.child("output_index_mapping");
    if (node == nullptr) return mapping;
    Reader roles(*node);
    for (const char* role : {"num_detections", "boxes", "scores", "classes"}) {
        if (roles.child(role) != nullptr) mapping[role] = roles.integer(role, -1, -1);
    }
    for (const char* role : {"boxes", "scores", "classes"}) {
        if (!mapping.contains(role) || mapping[role] < 0) roles.fail(role, "must be the position of an output");
    }
    roles.finish();
    return mapping;
}

template <class T>
Tensor list_tensor(const std::vector<T>& values) {
    return Tensor::of<T>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

template <class T>
const T& element_at(const Tensor& tensor, std::size_t i) {
    return tensor.as<T>()[i];
}

/// A record of a picture: outputs are the matches' categories, scores, found and ignored bits; targets are the
/// categories and numbers of its objects, and its COCO id.
class DetectionState final : public RecordAccumulator {
public:
    DetectionState(const DetectionFields& fields, const CocoSettings& settings)
        : fields_(fields), settings_(settings) {}

    double value() const override { return ranking().value(); }
    std::vector<double> resampled() const override {
        // A draw sorts nothing again, but walks over all matches at all thresholds. For very large sets 200 such walks
        // take minutes: then the loss has no interval.
        std::size_t steps = 0;
        for (const auto& [sample, record] : records()) {
            steps += static_cast<std::size_t>(record.outputs[0].elements()) * settings_.iou_thresholds.size();
        }
        if (steps > kMostResamplingSteps) return {};
        const CocoRanking ranked = ranking();
        return resampled_values(records().size(), [&](const DrawnTimes& times) { return ranked.value(times); });
    }

private:
    [[nodiscard]] CocoRanking ranking() const {
        HALFTONE_CHECK(samples() > 0, "mAP needs samples");
        // Of equal scores the reference takes the picture with the lower id first; a data set may have another order.
        std::multimap<std::int64_t, const AnswerRecord*> by_id;
        for (const auto& [sample, record] : records()) {
            by_id.emplace(element_at<std::int64_t>(std::get<Tensor>(record.targets[2]), 0), &record);
        }
        std::vector<CocoPicture> pictures;
        for (const auto& [id, record] : by_id) pictures.push_back(picture_of(*record));
        return {pictures, settings_};
    }
    AnswerRecord record_of(const SampleAnswer& answer) const override {
        // Matching is the costly half, and needs one picture only: so it is done where the picture was evaluated.
        const CocoPicture picture = match_picture(fields_.objects(answer), fields_.detections(answer), settings_);
        std::vector<std::int64_t> categories;
        std::vector<double> scores;
        std::vector<std::uint64_t> found;
        std::vector<std::uint64_t> ignored;
        for (const CocoMatch& match : picture.matches) {
            categories.push_back(match.category);
            scores.push_back(match.score);
            found.push_back(match.found);
            ignored.push_back(match.ignored);
        }
        return {.outputs = {list_tensor(categories), list_tensor(scores), list_tensor(found), list_tensor(ignored)},
                .targets = {list_tensor(picture.categories), list_tensor(picture.objects),
                            list_tensor(std::vector{fields_.picture_id(answer)})}};
    }

    bool is_own(const AnswerRecord& record) const override {
        // value() reads these lists side by side, so their types and lengths are not taken for granted.
        constexpr std::array<DType, 4> kOutputs{DType::s64, DType::f64, DType::u64, DType::u64};
        if (record.outputs.size() != kOutputs.size() || record.targets.size() != 3) return false;
        for (std::size_t i = 0; i < kOutputs.size(); ++i) {
            const Tensor& output = record.outputs[i];
            // Bytes of another rank may be damaged; a list that is too short would be read beyond its end.
            if (output.dtype() != kOutputs[i] || output.elements() != record.outputs[0].elements()) return false;
        }
        for (const FieldValue& target : record.targets) {
            const auto* tensor = std::get_if<Tensor>(&target);
            if (tensor == nullptr || tensor->dtype() != DType::s64) return false;
        }
        const auto objects = std::get<Tensor>(record.targets[1]).as<std::int64_t>();
        const auto is_count = [](std::int64_t count) { return count > 0 && count < (std::int64_t{1} << 32U); };
        const auto scores = record.outputs[1].as<double>();
        // A NaN would break the order of the sort.
        return std::cmp_equal(objects.size(), std::get<Tensor>(record.targets[0]).elements()) &&
               std::get<Tensor>(record.targets[2]).elements() == 1 &&
               std::all_of(objects.begin(), objects.end(), is_count) &&
               std::none_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
    }

    static CocoPicture picture_of(const AnswerRecord& record) {
        CocoPicture picture;
        const auto count = static_cast<std::size_t>(record.outputs[0].elements());
        for (std::size_t i = 0; i < count; ++i) {
            picture.matches.push_back({.category = element_at<std::int64_t>(record.outputs[0], i),
                                       .score = element_at<double>(record.outputs[1], i),
                                       .found = element_at<std::uint64_t>(record.outputs[2], i),
                                       .ignored = element_at<std::uint64_t>(record.outputs[3], i)});
        }
        const auto categories = std::get<Tensor>(record.targets[0]).as<std::int64_t>();
        const auto objects = std::get<Tensor>(record.targets[1]).as<std::int64_t>();
        picture.categories.assign(categories.begin(), categories.end());
        picture.objects.assign(objects.begin(), objects.end());
        return picture;
    }

    DetectionFields fields_;
    CocoSettings settings_;
};

class DetectionMetric final : public Metric {
public:
    DetectionMetric(DetectionSettings fields, CocoSettings settings)
        : fields_(std::move(fields)), settings_(std::move(settings)) {}
    Takes outputs() const override { return Takes::all; }
    Takes targets() const override { return Takes::all; }
    void bind(const MetricFields& fields) override { fields_.bind(fields); }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<DetectionState>(fields_, settings_); }
    // No box meets an object of its category by chance often enough to be seen.
    std::optional<double> level_of_guessing() const override { return 0; }

private:
    DetectionFields fields_;
    CocoSettings settings_;
};

}  // namespace

std::unique_ptr<Metric> make_detection_metric(const ConfigNode& node, const DetectionDefaults& defaults) {
    Reader reader(node);
    CocoSettings settings;
    settings.iou_thresholds = read_thresholds(reader, defaults.iou_thresholds);
    settings.points = reader.integer("map_points", defaults.points, 0, 101);
    if (settings.points != 0 && settings.points != 11 && settings.points != 101) {
        reader.fail("map_points", "must be 0, 11 or 101");
    }
    read_map_key(reader, settings);
    DetectionSettings fields;
    if (reader.optional_text("box_format")) {
        fields.box_format = reader.word("box_format", kBoxFormatNames, BoxFormat::yxyx);
    }
    if (reader.optional_text("normalized")) fields.is_normalized = reader.boolean("normalized", true);
    fields.output_mapping = read_mapping(reader);
    fields.categories = reader.integers("categories", {});
    // LPOT reads the names of categories from it; here the data set brings their numbers.
    static_cast<void>(reader.optional_text("anno_path"));
    reader.finish();
    return std::make_unique<DetectionMetric>(std::move(fields), std::move(settings));
}

}  // namespace halftone
