// Detect: from a score for every class at every anchor to a list of objects, for models that end in raw boxes and
// scores (YOLO, SSD without suppression). For each class: scores above score_threshold, the best first; each box
// removes those behind it whose IoU with it is above iou_threshold (greedy non-maximum suppression). Of all classes the
// top_k best remain.
//
//   bind      which outputs; what is known of their shapes is checked
//   Anchors   one sample's outputs as rows, however they lie in memory
//   apply     suppress() for each class, then the best of all
//
// Boxes leave as they came, in their own layout, so no number is rounded on its way to mAP.
#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "metric/numbers.hpp"
#include "metric/postprocess.hpp"
#include "metric/texts.hpp"

namespace halftone {
namespace {

struct DetectSettings {
    std::string boxes, scores;  ///< names of outputs; empty: the first and the second
    std::string classes;        ///< name of an output that says each anchor's class; empty: a score for each class
    BoxLayout layout;
    bool has_objectness = false;           ///< where one output holds all: a column before the classes
    std::int64_t first_class = 1;          ///< category of class 0
    std::vector<std::int64_t> categories;  ///< of each class; -1: none, the background. Empty: first_class decides
    double score_threshold = 0.01;
    double iou_threshold = 0.5;
    std::int64_t top_k = 100;
};

constexpr std::size_t kBoxNumbers = 4;

/// One sample's outputs. Anchor a's number c of a list is values[a * anchor_step + c * column_step].
struct AnchorColumns {
    std::vector<double> values;
    std::size_t anchor_step = 1;
    std::size_t column_step = 1;
    [[nodiscard]] double at(std::size_t anchor, std::size_t column) const {
        return values[anchor * anchor_step + column * column_step];
    }
};

struct Anchors {
    AnchorColumns boxes{}, scores{};
    std::size_t first_score = 0;  ///< column of class 0
    std::size_t count = 0;
    std::size_t classes = 0;
    std::vector<double> objectness{};     ///< empty: none
    std::vector<double> given_classes{};  ///< the class of each anchor; empty: every class has a score
};

struct Detected {
    std::size_t anchor = 0;
    std::int64_t category = 0;
    double score = 0;
};

[[noreturn]] void refuse_anchors(const ProcessedAnswer& answer, const std::string& why) {
    throw DataError("sample " + std::to_string(answer.id) + ": Detect: " + why);
}

class Detect final : public Postprocess {
public:
    explicit Detect(DetectSettings settings) : settings_(std::move(settings)) {}

    MetricFields bind(const MetricFields& fields) override {
        boxes_ = chosen(fields.outputs, settings_.boxes, 0);
        scores_ = chosen(fields.outputs, settings_.scores, fields.outputs.size() > 1 ? 1 : 0);
        if (!settings_.classes.empty()) classes_ = chosen(fields.outputs, settings_.classes, 0);
        if (boxes_ == scores_ && classes_) throw ConfigError("one output for boxes and scores leaves none for classes");
        for (const std::size_t position : used()) {
            const Field& field = fields.outputs[position];
            if (field.is_text || is_integer(field.type.dtype)) {
                if (position == classes_) continue;
                throw ConfigError("output '" + field.name + "' holds no boxes or scores");
            }
        }
        const Shape shape = squeezed(fields.outputs[boxes_].type.shape);
        const bool has_fours = std::any_of(shape.dims().begin(), shape.dims().end(), [](std::int64_t dim) {
            return dim == static_cast<std::int64_t>(kBoxNumbers) || dim == kSymbolic;
        });
        if (boxes_ != scores_ && !has_fours) {
            throw ConfigError("output '" + fields.outputs[boxes_].name + "' has no dimension of 4 numbers");
        }
        MetricFields detected = fields;
        replace_elements(detected.outputs, used(),
                         {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}},
                          {.name = "scores", .type = {DType::f32, Shape{kSymbolic}}},
                          {.name = "classes", .type = {DType::s64, Shape{kSymbolic}}}});
        detected.boxes = settings_.layout;
        return detected;
    }

    void apply(ProcessedAnswer& answer) const override {
        // Classes are suppressed one by one: a person in front of a car must not remove the car.
        const Anchors anchors = boxes_ == scores_ ? one_output(answer) : two_outputs(answer);
        std::vector<Detected> found;
        if (anchors.given_classes.empty()) {
            for (std::size_t c = 0; c < anchors.classes; ++c) {
                std::vector<std::size_t> all(anchors.count);
                for (std::size_t a = 0; a < anchors.count; ++a) all[a] = a;
                suppress(anchors, static_cast<std::int64_t>(c), c, all, found);
            }
        } else {
            for (const auto& [c, members] : by_class(anchors, answer)) suppress(anchors, c, 0, members, found);
        }
        // Stable: of equal scores the lower class comes first, and in it the earlier anchor.
        std::stable_sort(found.begin(), found.end(),
                         [](const Detected& a, const Detected& b) { return a.score > b.score; });
        if (std::cmp_greater(found.size(), settings_.top_k)) found.resize(static_cast<std::size_t>(settings_.top_k));
        replace_elements(answer.outputs, used(), made_outputs(anchors, found, answer));
    }

private:
    static std::size_t chosen(const std::vector<Field>& outputs, const std::string& name, std::size_t position) {
        if (name.empty() && position < outputs.size()) return position;
        const auto found = position_of(outputs, name);
        if (!found) throw ConfigError("there is no output '" + name + "'");
        return *found;
    }
    [[nodiscard]] std::vector<std::size_t> used() const {
        std::vector<std::size_t> positions{boxes_, scores_};
        if (classes_) positions.push_back(*classes_);
        return positions;
    }

    /// Rows of a tensor with two dimensions that count. @param columns  which of its sizes is that of the columns
    static AnchorColumns columns_of(const TensorView& view, std::size_t anchors, std::size_t columns, bool is_last) {
        AnchorColumns list{.values = to_numbers(view)};
        list.anchor_step = is_last ? columns : 1;
        list.column_step = is_last ? 1 : anchors;
        return list;
    }

    [[nodiscard]] Anchors two_outputs(const ProcessedAnswer& answer) const {
        Anchors anchors;
        const TensorView boxes = answer.outputs[boxes_];
        const TensorView scores = answer.outputs[scores_];
        const Shape shape = boxes.type.shape;
        anchors.count = static_cast<std::size_t>(boxes.elements()) / kBoxNumbers;
        const bool is_last = shape.rank() > 0 && shape[shape.rank() - 1] == static_cast<std::int64_t>(kBoxNumbers);
        const auto elements = static_cast<std::size_t>(scores.elements());
        if (boxes.elements() % 4 != 0 || (anchors.count == 0 ? elements != 0 : elements % anchors.count != 0)) {
            refuse_anchors(answer,
                           "the boxes are " + shape.to_text() + ", the scores are " + scores.type.shape.to_text());
        }
        anchors.boxes = columns_of(boxes, anchors.count, kBoxNumbers, is_last);
        anchors.classes = anchors.count == 0 ? 0 : elements / anchors.count;
        // Boxes and scores lie alike, unless the sizes say something else.
        const Shape score_shape = squeezed(scores.type.shape);
        bool scores_last = is_last;
        if (score_shape.rank() == 2 && score_shape[0] != score_shape[1]) {
            scores_last = std::cmp_equal(score_shape[0], anchors.count);
        }
        anchors.scores = columns_of(scores, anchors.count, anchors.classes, scores_last);
        if (!classes_) return anchors;
        anchors.given_classes = to_numbers(answer.outputs[*classes_]);
        if (anchors.given_classes.size() != anchors.count || elements != anchors.count) {
            refuse_anchors(answer, "with an output of classes, every box needs one score and one class");
        }
        return anchors;
    }

    /// Four columns of the box, perhaps one for how sure it is that there is an object, then the classes.
    [[nodiscard]] Anchors one_output(const ProcessedAnswer& answer) const {
        Anchors anchors;
        const TensorView view = answer.outputs[boxes_];
        const Shape shape = squeezed(view.type.shape);
        const std::size_t before = kBoxNumbers + (settings_.has_objectness ? 1 : 0);
        if (shape.rank() != 2)
            refuse_anchors(answer, "one output for all needs two dimensions, it is " + shape.to_text());
        // There are more anchors than classes.
        const bool is_last = shape[1] <= shape[0];
        const auto columns = static_cast<std::size_t>(is_last ? shape[1] : shape[0]);
        anchors.count = static_cast<std::size_t>(is_last ? shape[0] : shape[1]);
        if (columns <= before) refuse_anchors(answer, "there are no columns of classes in " + shape.to_text());
        anchors.classes = columns - before;
        anchors.boxes = columns_of(view, anchors.count, columns, is_last);
        anchors.scores = anchors.boxes;
        anchors.first_score = before;
        if (!settings_.has_objectness) return anchors;
        for (std::size_t a = 0; a < anchors.count; ++a) anchors.objectness.push_back(anchors.boxes.at(a, kBoxNumbers));
        return anchors;
    }

    [[nodiscard]] static std::map<std::int64_t, std::vector<std::size_t>> by_class(const Anchors& anchors,
                                                                                   const ProcessedAnswer& answer) {
        std::map<std::int64_t, std::vector<std::size_t>> members;
        for (std::size_t a = 0; a < anchors.count; ++a) {
            members[to_class(anchors.given_classes[a], answer.id)].push_back(a);
        }
        return members;
    }

    [[nodiscard]] std::int64_t category_of(std::int64_t c) const {
        if (settings_.categories.empty()) return c + settings_.first_class;
        if (c < 0 || std::cmp_greater_equal(c, settings_.categories.size())) return -1;
        return settings_.categories[static_cast<std::size_t>(c)];
    }

    static Box box_at(const Anchors& anchors, std::size_t anchor, BoxFormat format) {
        std::array<double, kBoxNumbers> numbers{};
        for (std::size_t i = 0; i < kBoxNumbers; ++i) numbers[i] = anchors.boxes.at(anchor, i);
        return box_of(numbers, format);
    }

    /// Adds what remains of one class. @param column  of its scores, behind first_score
    void suppress(const Anchors& anchors, std::int64_t c, std::size_t column, const std::vector<std::size_t>& members,
                  std::vector<Detected>& found) const {
        const std::int64_t category = category_of(c);
        if (category < 0) return;
        std::vector<Detected> ranked;
        for (const std::size_t a : members) {
            double score = anchors.scores.at(a, anchors.first_score + column);
            if (!anchors.objectness.empty()) score *= anchors.objectness[a];
            // NaN is above no threshold.
            if (score > settings_.score_threshold)
                ranked.push_back({.anchor = a, .category = category, .score = score});
        }
        std::stable_sort(ranked.begin(), ranked.end(),
                         [](const Detected& a, const Detected& b) { return a.score > b.score; });
        std::vector<Box> kept;  // shares of the picture serve as well as pixels: a ratio of areas is the same in both
        for (const Detected& next : ranked) {
            const Box box = box_at(anchors, next.anchor, settings_.layout.format);
            const bool is_covered = std::any_of(kept.begin(), kept.end(), [&](const Box& better) {
                return intersection_over_union(better, box) > settings_.iou_threshold;
            });
            // The boxes that are compared with are those kept so far; a removed box removes none itself.
            if (is_covered) continue;
            kept.push_back(box);
            found.push_back(next);
            // More than top_k of one class can never be among the top_k of all.
            if (std::cmp_greater_equal(kept.size(), settings_.top_k)) break;
        }
    }

    static std::vector<TensorView> made_outputs(const Anchors& anchors, const std::vector<Detected>& found,
                                                ProcessedAnswer& answer) {
        const auto count = static_cast<std::int64_t>(found.size());
        Tensor boxes({DType::f32, Shape{count, 4}});
        Tensor scores({DType::f32, Shape{count}});
        Tensor classes({DType::s64, Shape{count}});
        for (std::size_t i = 0; i < found.size(); ++i) {
            for (std::size_t n = 0; n < kBoxNumbers; ++n) {
                boxes.mutable_view().as<float>()[kBoxNumbers * i + n] =
                    static_cast<float>(anchors.boxes.at(found[i].anchor, n));
            }
            scores.mutable_view().as<float>()[i] = static_cast<float>(found[i].score);
            classes.mutable_view().as<std::int64_t>()[i] = found[i].category;
        }
        return {answer.keep(std::move(boxes)), answer.keep(std::move(scores)), answer.keep(std::move(classes))};
    }

    DetectSettings settings_;
    std::size_t boxes_ = 0, scores_ = 0;  ///< positions among the outputs; equal: one output holds all
    std::optional<std::size_t> classes_;  ///< likewise; empty: none
};

}  // namespace

std::unique_ptr<Postprocess> make_detect(const ConfigNode& node) {
    Reader reader(node);
    DetectSettings settings;
    settings.boxes = reader.text("boxes", "");
    settings.scores = reader.text("scores", "");
    settings.classes = reader.text("classes", "");
    settings.layout.format = reader.word("box_format", kBoxFormatNames, BoxFormat::xyxy);
    settings.layout.is_normalized = reader.boolean("normalized", false);
    settings.has_objectness = reader.boolean("objectness", false);
    settings.first_class = reader.integer("first_class", settings.first_class, 0, 1'000'000);
    settings.categories = reader.integers("categories", {});
    settings.score_threshold = reader.number("score_threshold", settings.score_threshold);
    settings.iou_threshold = reader.number("iou_threshold", settings.iou_threshold);
    if (!(settings.iou_threshold >= 0 && settings.iou_threshold <= 1))
        reader.fail("iou_threshold", "must be from 0 to 1");
    settings.top_k = reader.integer("top_k", settings.top_k, 1, 1'000'000);
    reader.finish();
    return std::make_unique<Detect>(std::move(settings));
}

}  // namespace halftone
