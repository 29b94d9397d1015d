// Samples from records in known layouts.
//
//   imagenet_records, coco_records, voc_records   how the features of one record become a sample
//   make_record_dataset                           the data set of such records
//
// Sources of the names of features: TensorFlow's models repository, research/slim/datasets/build_imagenet_data.py,
// research/object_detection/dataset_tools/create_coco_tf_record.py, research/deeplab/datasets/build_data.py.
#include "data/record_kinds.hpp"

#include <fmt/format.h>

#include <array>

#include "base/check.hpp"
#include "base/error.hpp"
#include "config/reader.hpp"
#include "data/coco_categories.hpp"
#include "data/detection_targets.hpp"
#include "data/formats/picture.hpp"
#include "data/tf_record_files.hpp"

namespace halftone {
namespace {

/// A picture with three channels, whatever the file has: TensorFlow's decoder is asked for three.
Field record_picture_field() { return {.name = "image", .type = {DType::u8, Shape{kSymbolic, kSymbolic, 3}}}; }

void fill_imagenet(const TfExample& record, Sample& sample) {
    sample.inputs = {decode_rgb_picture(record.one_text("image/encoded"), record.place())};
    sample.targets = {Tensor::scalar(record.one_integer("image/class/label"))};
}

/// Class numbers of all boxes. Writers store names, numbers, or both; a number needs no table.
std::vector<std::int64_t> coco_labels(const TfExample& record) {
    std::vector<std::int64_t> labels = record.integers("image/object/class/label");
    if (!labels.empty()) return labels;
    for (const std::string_view name : record.texts("image/object/class/text")) {
        const auto category = coco_category(name);
        if (!category) record.refuse(fmt::format("'{}' is none of COCO's categories, and no number is given", name));
        labels.push_back(*category);
    }
    return labels;
}

/// The targets of a record whose picture has this size.
std::vector<FieldValue> coco_targets_of(const TfExample& record, PictureSize size) {
    Detections found;
    found.labels = coco_labels(record);
    // Corner c of box b: y1, x1, y2, x2, in the order of the target `boxes`.
    constexpr std::array<std::string_view, 4> kCorners{"image/object/bbox/ymin", "image/object/bbox/xmin",
                                                       "image/object/bbox/ymax", "image/object/bbox/xmax"};
    found.boxes.resize(4 * found.labels.size());
    for (std::size_t c = 0; c < kCorners.size(); ++c) {
        const std::vector<float> corners = record.floats(kCorners[c]);
        if (corners.size() != found.labels.size()) {
            record.refuse(
                fmt::format("'{}' has {} values for {} classes", kCorners[c], corners.size(), found.labels.size()));
        }
        const auto pixels = static_cast<double>(c % 2 == 0 ? size.height : size.width);
        for (std::size_t b = 0; b < corners.size(); ++b) {
            found.boxes[4 * b + c] = static_cast<float>(corners[b] * pixels);
        }
    }
    // Older writers of COCO's records leave these two out; the area is then that of the box.
    for (const std::int64_t crowd : record.integers("image/object/is_crowd")) found.crowd.push_back(crowd != 0 ? 1 : 0);
    for (const float area : record.floats("image/object/area")) found.area.push_back(area);
    complete_detections(found, record.place());
    // An id is only for messages and for files of results, so a record without one is a record still.
    const TfFeature* id = record.find("image/source_id");
    const bool has_id = id != nullptr && id->size() != 0;
    FieldValue image_id = std::vector<std::string>{has_id ? std::string(record.one_text("image/source_id")) : ""};
    return detection_targets(found, std::move(image_id), size, size);
}

void fill_coco(const TfExample& record, Sample& sample) {
    Tensor picture = decode_rgb_picture(record.one_text("image/encoded"), record.place());
    sample.targets = coco_targets_of(record, {picture.shape()[0], picture.shape()[1]});
    sample.inputs = {std::move(picture)};
}

/// Writers of COCO's records state the size of the picture, so that nobody has to decode it for that.
void fill_coco_targets(const TfExample& record, Sample& sample) {
    const std::vector<std::int64_t> height = record.integers("image/height");
    const std::vector<std::int64_t> width = record.integers("image/width");
    const bool is_stated = height.size() == 1 && width.size() == 1 && height[0] > 0 && width[0] > 0;
    if (!is_stated) return fill_coco(record, sample);
    sample.targets = coco_targets_of(record, {height[0], width[0]});
}

void fill_voc(const TfExample& record, Sample& sample) {
    Tensor picture = decode_rgb_picture(record.one_text("image/encoded"), record.place());
    Tensor mask = decode_class_mask(record.one_text("image/segmentation/class/encoded"), record.place() + ": its mask");
    const Shape& shape = mask.shape();
    if (shape[0] != picture.shape()[0] || shape[1] != picture.shape()[1]) {
        record.refuse(fmt::format("its mask has {} x {} pixels, its picture {} x {}", shape[1], shape[0],
                                  picture.shape()[1], picture.shape()[0]));
    }
    sample.inputs = {std::move(picture)};
    sample.targets = {std::move(mask)};
}

class RecordDataset final : public Dataset {
public:
    RecordDataset(TfRecordFiles records, const RecordKind& kind) : records_(std::move(records)), kind_(kind) {}

    std::int64_t size() const override { return records_.size(); }
    const Schema& schema() const override { return kind_.schema; }
    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const std::string bytes = records_.read(id);
        Sample sample{.id = id};
        kind_.fill(parse_tf_example(bytes, records_.place(id)), sample);
        return sample;
    }
    Sample read_targets(std::int64_t id) const override {
        if (kind_.fill_targets == nullptr) return read(id);
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const std::string bytes = records_.read(id);
        Sample sample{.id = id};
        kind_.fill_targets(parse_tf_example(bytes, records_.place(id)), sample);
        return sample;
    }
    std::uint64_t content_hash() const override { return records_.content_hash(); }
    std::string place(std::int64_t id) const override { return records_.place(id); }

private:
    TfRecordFiles records_;
    const RecordKind& kind_;
};

}  // namespace

const RecordKind& imagenet_records() {
    static const RecordKind kKind{
        .schema = {.inputs = {record_picture_field()}, .targets = {{.name = "label", .type = {DType::s64, Shape{}}}}},
        .fill = &fill_imagenet};
    return kKind;
}

const RecordKind& coco_records() {
    static const RecordKind kKind{
        .schema = {.inputs = {record_picture_field()}, .targets = detection_fields(ImageIdKind::text)},
        .fill = &fill_coco,
        .fill_targets = &fill_coco_targets};
    return kKind;
}

const RecordKind& voc_records() {
    static const RecordKind kKind{
        .schema = {.inputs = {record_picture_field()},
                   .targets = {{.name = "mask", .type = {DType::u8, Shape{kSymbolic, kSymbolic}}}}},
        .fill = &fill_voc};
    return kKind;
}

std::unique_ptr<Dataset> make_record_dataset(const std::string& word, const ConfigNode& node, const RecordKind& kind) {
    Reader reader(node);
    static_cast<void>(reader.required_text("root"));
    const std::string root = resolve_path(*reader.child("root"));
    // LPOT reads so many files at once; here every thread reads whichever record it needs.
    static_cast<void>(reader.integer("num_cores", 28, 1));
    reader.finish();
    return std::make_unique<RecordDataset>(TfRecordFiles(find_record_files(word, root)), kind);
}

}  // namespace halftone
