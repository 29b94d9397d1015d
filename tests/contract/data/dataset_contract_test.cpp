// What every registered data set promises: random access that any thread may use, and a hash of its content.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "data/dataset.hpp"
#include "dump/h5_writer.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kSamples = 5;

std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
    return bytes;
}

/// The test split of kSamples images of 3 x 4 pixels; `first_pixel` begins the first of them.
std::string write_idx_files(const std::string& folder, char first_pixel) {
    std::string pixels;
    for (char i = 0; i < kSamples * 12; ++i) pixels += i;
    pixels[0] = first_pixel;
    std::ofstream(folder + "/t10k-images-idx3-ubyte", std::ios::binary)
        << big_endian(0x803) << big_endian(kSamples) << big_endian(3) << big_endian(4) << pixels;
    std::ofstream(folder + "/t10k-labels-idx1-ubyte", std::ios::binary)
        << big_endian(0x801) << big_endian(kSamples) << std::string("\1\2\3\4\5");
    return "root: " + folder;
}

/// Ids of words and a picture, with a label, as numpy.save writes them.
std::string write_npy_files(const std::string& folder, char first_id) {
    std::vector<std::int64_t> ids(kSamples * 4);
    std::iota(ids.begin(), ids.end(), std::int64_t{0});
    ids[0] = static_cast<unsigned char>(first_id);
    const std::vector<std::uint8_t> pixels(kSamples * 6, 9);
    const std::vector<std::int32_t> labels{4, 3, 2, 1, 0};
    const auto write = [&](const char* name, const Tensor& array) {
        std::ofstream(folder + "/" + name, std::ios::binary) << to_npy(array.view());
    };
    write("ids.npy", Tensor::of<std::int64_t>(Shape{kSamples, 4}, ids));
    write("pixels.npy", Tensor::of<std::uint8_t>(Shape{kSamples, 2, 3}, pixels));
    write("labels.npy", Tensor::of<std::int32_t>(Shape{kSamples}, labels));
    return "{inputs: {ids: ids.npy, picture: pixels.npy}, targets: {label: labels.npy}}";
}

/// Rows of a dataset with numbers, and one text for each.
std::string write_h5_file(const std::string& folder, char first_value) {
    std::vector<float> values(kSamples * 2, 0.5F);
    values[0] = static_cast<float>(first_value);
    H5Writer file(folder + "/samples.h5");
    file.array({.path = "/x", .description = "", .units = "1", .elements = values, .shape = {kSamples, 2}});
    file.array({.path = "/answer",
                .description = "",
                .units = "",
                .elements = std::vector<std::string>{"a", "bb", "", "d", "e"},
                .shape = {kSamples}});
    file.commit();
    return "{path: samples.h5, inputs: {x: /x}, targets: {answer: answer}}";
}

/// Pictures of three classes. Another content exchanges two of different classes.
std::string copy_pictures(const std::string& folder, char content) {
    const std::string golden = HALFTONE_TEST_DATA "/data/pictures/";
    const auto copy = [&](const std::string& from, const std::string& to) {
        std::filesystem::create_directories(std::filesystem::path(folder + "/" + to).parent_path());
        std::filesystem::copy_file(golden + from, folder + "/" + to, std::filesystem::copy_options::overwrite_existing);
    };
    copy(content == 7 ? "rgb.jpg" : "cmyk.jpg", "cat/a.jpg");
    copy("grey.png", "cat/b.png");
    copy(content == 7 ? "cmyk.jpg" : "rgb.jpg", "dog/a.jpg");
    copy("palette.png", "dog/b.png");
    copy("progressive.jpg", "owl/c.jpg");
    return "root: " + folder;
}

std::string golden_picture(const std::string& name) {
    return bytes_of_file(HALFTONE_TEST_DATA "/data/pictures/" + name);
}

/// Two shards of records in ImageNet's layout, which also say what COCO's and VOC's need.
std::string write_records(const std::string& folder, char label) {
    std::string shards[2];
    for (std::int64_t i = 0; i < kSamples; ++i) {
        const std::int64_t first = i == 0 ? label : i;
        shards[i / 3] +=
            tf_record(tf_example({{"image/encoded", one_text(golden_picture(i % 2 == 0 ? "rgb.jpg" : "grey.jpg"))},
                                  {"image/segmentation/class/encoded", one_text(golden_picture("grey.png"))},
                                  {"image/class/label", one_integer(first)},
                                  {"image/object/class/label", std::vector<std::int64_t>(2, first)},
                                  {"image/object/bbox/ymin", std::vector<float>{0, 0.25F}},
                                  {"image/object/bbox/xmin", std::vector<float>{0, 0.5F}},
                                  {"image/object/bbox/ymax", std::vector<float>{1, 0.75F}},
                                  {"image/object/bbox/xmax", std::vector<float>{1, 1}},
                                  {"image/source_id", one_text(std::to_string(i))}}));
    }
    write_bytes(folder + "/val-00000-of-00002", shards[0]);
    write_bytes(folder + "/val-00001-of-00002", shards[1]);
    return "root: " + folder;
}

/// Five pictures (or, for COCONpy, arrays of pixels) with a box each.
std::string write_coco(const std::string& folder, char content, bool is_npy) {
    std::string images;
    std::string annotations;
    for (int i = 0; i < kSamples; ++i) {
        const std::string name = std::to_string(i) + ".jpg";
        const std::string comma = i == 0 ? "" : ", ";
        const std::string category = std::to_string(i == 0 ? content : i);
        images += comma + R"({"id": )" + std::to_string(i) + R"(, "file_name": ")" + name + "\"}";
        annotations += comma + R"({"bbox": [0, 1, 2, 3], "category_id": )" + category + R"(, "image_id": )" +
                       std::to_string(i) + "}";
        const std::vector<std::uint8_t> pixels(2 * 3 * 3, static_cast<std::uint8_t>(i));
        write_bytes(
            folder + "/" + name + (is_npy ? ".npy" : ""),
            is_npy ? to_npy(Tensor::of<std::uint8_t>(Shape{2, 3, 3}, pixels).view()) : golden_picture("rgb.jpg"));
    }
    write_bytes(folder + "/a.json", R"({"images": [)" + images + R"(], "annotations": [)" + annotations + "]}");
    return "{root: " + folder + (is_npy ? ", npy_dir" : ", img_dir") + ": ., anno_dir: a.json}";
}

std::string write_cifar(const std::string& folder, char label, const std::string& name, std::size_t label_bytes) {
    std::string batch;
    for (char i = 0; i < kSamples; ++i) {
        batch +=
            std::string(label_bytes - 1, '\1') + (i == 0 ? label : i) + std::string(3072, static_cast<char>(i + 1));
    }
    write_bytes(folder + "/" + name, batch);
    return "root: " + folder;
}

std::string write_picture_list(const std::string& folder, char label) {
    write_bytes(folder + "/a.jpg", golden_picture("rgb.jpg"));
    write_bytes(folder + "/b.png", golden_picture("grey.png"));
    write_bytes(folder + "/val.txt", "a.jpg " + std::to_string(label) + "\nb.png 1\na.jpg 2\nb.png 3\na.jpg 4\n");
    return "data_path: " + folder;
}

/// Five pictures with masks. Another content is another mask of the first.
std::string write_masked_pictures(const std::string& folder, char content) {
    std::filesystem::create_directories(folder + "/images");
    std::filesystem::create_directories(folder + "/masks");
    for (int i = 0; i < kSamples; ++i) {
        const bool is_other = i == 0 && content != 7;
        const std::string name = std::to_string(i);
        write_bytes(folder + "/images/" + name + ".jpg", golden_picture(i % 2 == 0 ? "rgb.jpg" : "grey.jpg"));
        write_bytes(folder + "/masks/" + name + ".png", golden_picture(is_other ? "palette.png" : "grey.png"));
    }
    return "{images: " + folder + "/images, masks: " + folder + "/masks}";
}

/// Five contents and one style.
std::string write_styles(const std::string& folder, char content) {
    std::filesystem::create_directories(folder + "/style");
    for (int i = 0; i < kSamples; ++i) {
        const bool is_other = i == 0 && content != 7;
        write_bytes(folder + "/" + std::to_string(i) + ".jpg", golden_picture(is_other ? "grey.jpg" : "rgb.jpg"));
    }
    write_bytes(folder + "/style/s.jpg", golden_picture("full_colour.jpg"));
    return "{content_folder: " + folder + ", style_folder: " + folder + "/style, resize_shape: [8, 6]}";
}

/// Features in the layout of scripts/prepare_text.py.
std::string write_text_features(const std::string& folder, char first_id) {
    std::vector<std::int64_t> ids(kSamples * 4, 3);
    ids[0] = static_cast<unsigned char>(first_id);
    H5Writer file(folder + "/mrpc.h5");
    for (const auto& [name, value] : std::map<std::string, std::string>{
             {"kind", "glue"}, {"task", "mrpc"}, {"tokenizer", "vocab.txt"}, {"tokenizer_crc32c", "00000000"}}) {
        file.attribute("/", name, value);
    }
    file.attribute("/", "format", "halftone text features");
    for (const auto& [name, value] :
         std::map<std::string, std::int64_t>{{"format_version", 1}, {"vocabulary", 30}, {"max_seq_length", 4}}) {
        file.attribute("/", name, value);
    }
    for (const char* name : {"/input_ids", "/attention_mask", "/token_type_ids"}) {
        file.array({.path = name, .description = "", .units = "1", .elements = ids, .shape = {kSamples, 4}});
    }
    const std::vector<std::int64_t> labels(kSamples, 1);
    file.array({.path = "/label", .description = "", .units = "1", .elements = labels, .shape = {kSamples}});
    file.commit();
    return folder + "/mrpc.h5";
}

/// How to make each data set: writes its files into a folder and returns its section of the config. Sets made with
/// another `content` differ in the first sample.
using Make = std::function<std::string(const std::string& folder, char content)>;
const std::map<std::string, Make> kMakers{
    {"FashionMNIST", write_idx_files},
    {"MNIST", write_idx_files},
    {"HDF5", write_h5_file},
    {"Numpy", write_npy_files},
    {"ImageFolder", copy_pictures},
    {"ImageRecord", write_records},
    {"Imagenet", write_records},
    {"COCORecord", write_records},
    {"VOCRecord", write_records},
    {"TFRecordDataset",
     [](const std::string& folder, char content) {
         return "{" + write_records(folder, content) +
                ", inputs: {x: image/object/bbox/ymin, id: image/source_id}, targets: {y: image/class/label}}";
     }},
    {"COCORaw", [](const std::string& folder, char content) { return write_coco(folder, content, false); }},
    {"COCONpy", [](const std::string& folder, char content) { return write_coco(folder, content, true); }},
    {"CIFAR10",
     [](const std::string& folder, char content) { return write_cifar(folder, content, "test_batch.bin", 1); }},
    {"CIFAR100", [](const std::string& folder, char content) { return write_cifar(folder, content, "test.bin", 2); }},
    {"GLUE",
     [](const std::string& folder, char content) { return "data_dir: " + write_text_features(folder, content); }},
    {"bert", [](const std::string& folder, char content) { return "root: " + write_text_features(folder, content); }},
    {"ImagenetRaw", write_picture_list},
    {"SegmentationFolder", write_masked_pictures},
    {"style_transfer", write_styles},
    {"dummy",
     [](const std::string&, char content) {
         return "{shape: [" + std::to_string(kSamples) + ", 3, 4], low: -" + std::to_string(content) + "}";
     }},
    {"dummy_v2",
     [](const std::string&, char content) {
         return "{input_shape: [[3, 4], [2]], label_shape: [2], low: -" + std::to_string(content) + "}";
     }},
};

bool is_equal(const FieldValue& a, const FieldValue& b) {
    if (a.index() != b.index()) return false;
    if (const auto* texts = std::get_if<std::vector<std::string>>(&a)) {
        return *texts == std::get<std::vector<std::string>>(b);
    }
    const Tensor& x = std::get<Tensor>(a);
    const Tensor& y = std::get<Tensor>(b);
    return x.type() == y.type() && std::equal(x.view().data, x.view().data + x.bytes(), y.view().data);
}

bool is_equal(const Sample& a, const Sample& b) {
    const auto all_equal = [](const std::vector<FieldValue>& x, const std::vector<FieldValue>& y) {
        return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                          [](const FieldValue& v, const FieldValue& w) { return is_equal(v, w); });
    };
    return a.id == b.id && all_equal(a.inputs, b.inputs) && all_equal(a.targets, b.targets);
}

/// Checks that each value has the type of its field. A symbolic size is any size.
void expect_types(const std::vector<FieldValue>& values, const std::vector<Field>& fields) {
    ASSERT_EQ(values.size(), fields.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_EQ(values[i].index() == 1, fields[i].is_text) << fields[i].name;
        if (fields[i].is_text) continue;
        TensorType type = std::get<Tensor>(values[i]).type();
        ASSERT_EQ(type.shape.rank(), fields[i].type.shape.rank()) << fields[i].name;
        for (std::size_t d = 0; d < type.shape.rank(); ++d) {
            if (fields[i].type.shape[d] == kSymbolic) type.shape[d] = kSymbolic;
        }
        EXPECT_EQ(type, fields[i].type) << fields[i].name;
    }
}

class EveryDataset : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        ASSERT_TRUE(kMakers.contains(GetParam())) << "say in kMakers how " << GetParam() << " is made";
        dataset_ = make(7);
    }
    [[nodiscard]] std::unique_ptr<Dataset> make(char content) const {
        const std::string yaml = kMakers.at(GetParam())(folder_.path(), content);
        return make_dataset(GetParam(), parse_yaml(yaml, folder_ / "config.yaml"));
    }
    /// LPOT's never ends; ours has more samples than anyone takes.
    [[nodiscard]] static bool is_endless() { return GetParam() == "dummy_v2"; }
    [[nodiscard]] std::vector<Sample> read_all() const {
        std::vector<Sample> samples;
        for (std::int64_t i = 0; i < kSamples; ++i) samples.push_back(dataset_->read(i));
        return samples;
    }

    TemporaryFolder folder_;
    std::unique_ptr<Dataset> dataset_;
};

TEST_P(EveryDataset, ReadsWhatItsSizeAndSchemaSay) {
    if (is_endless()) {
        ASSERT_GT(dataset_->size(), kSamples);
    } else {
        ASSERT_EQ(dataset_->size(), kSamples);
    }
    std::int64_t id = 0;
    for (const Sample& sample : read_all()) {
        EXPECT_EQ(sample.id, id++);
        expect_types(sample.inputs, dataset_->schema().inputs);
        expect_types(sample.targets, dataset_->schema().targets);
    }
}

TEST_P(EveryDataset, GivesTheSameSamplesInAnyOrder) {
    const std::vector<Sample> in_order = read_all();
    for (const std::int64_t i : {4, 0, 3, 3, 1, 2, 0, 4}) {
        EXPECT_TRUE(is_equal(dataset_->read(i), in_order[static_cast<std::size_t>(i)])) << "sample " << i;
    }
}

TEST_P(EveryDataset, ASampleBelongsToItsReader) {
    const Sample before = dataset_->read(0);
    Sample mine = dataset_->read(0);
    for (FieldValue& value : mine.inputs) {
        if (auto* tensor = std::get_if<Tensor>(&value)) {
            std::fill_n(tensor->mutable_view().data, tensor->bytes(), std::byte{0x55});
        }
    }
    EXPECT_TRUE(is_equal(dataset_->read(0), before));
}

TEST_P(EveryDataset, HashesItsContentAlone) {
    const std::uint64_t hash = dataset_->content_hash();
    static_cast<void>(read_all());
    EXPECT_EQ(dataset_->content_hash(), hash) << "reading changes nothing";
    EXPECT_EQ(make(7)->content_hash(), hash) << "the same files, read again";
    EXPECT_NE(make(8)->content_hash(), hash) << "another first sample";
}

TEST_P(EveryDataset, RefusesIdsOutOfRange) {
    for (const std::int64_t i : {std::int64_t{-1}, dataset_->size(), INT64_MAX, INT64_MIN}) {
        EXPECT_THROW((void)dataset_->read(i), Error) << i;
    }
}

TEST_P(EveryDataset, MayBeReadByTwoThreadsAtOnce) {
    const std::vector<Sample> expected = read_all();
    const Dataset& dataset = *dataset_;
    std::vector<char> is_same(2, 0);
    const auto read_often = [&](std::size_t thread) {
        bool same = true;
        for (std::size_t i = 0; i < 200; ++i) {
            const std::size_t id = (i * (thread + 1)) % expected.size();
            same = same && is_equal(dataset.read(static_cast<std::int64_t>(id)), expected[id]);
        }
        is_same[thread] = same ? 1 : 0;
    };
    std::thread other(read_often, 1);
    read_often(0);
    other.join();
    EXPECT_EQ(is_same, (std::vector<char>{1, 1}));
}

INSTANTIATE_TEST_SUITE_P(Datasets, EveryDataset, ::testing::ValuesIn(dataset_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace halftone
