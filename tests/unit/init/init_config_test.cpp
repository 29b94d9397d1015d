// Whole configs, from folders that are made here: what init writes is read as a config, its data sets open, and their
// samples feed the model.
#include "init/init_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "calib/observer.hpp"
#include "data/dataset.hpp"
#include "dump/h5_writer.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "metric/metric.hpp"
#include "metric/metric_set.hpp"
#include "support/graph_helpers.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/npy.hpp"
#include "tensor/npz.hpp"

namespace halftone {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

KnownNames names_of_this_build() {
    return {{"basic", "sensitivity"}, dataset_names(), transform_names(), metric_names(), observer_words(), {}};
}

class InitConfigTest : public testing::Test {
protected:
    void write(const std::string& name, const std::string& bytes) {
        const std::filesystem::path path = folder_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }
    void write_npy(const std::string& name, const Tensor& values) { write(name, to_npy(values.view())); }

    std::string config_for(const Graph& model, const std::string& data) {
        const auto files = make_posix_file_system();
        const std::string bytes = export_onnx(infer_types(model, reference_ops()));
        return init_config({.model_path = "m.onnx",
                            .model_bytes = bytes,
                            .data = data,
                            .command = "halftone init",
                            .strategies = {"basic", "sensitivity"},
                            .isa = "avx512_core_bf16",
                            .try_out =
                                [&](const std::string& yaml) {
                                    tried_ = yaml;
                                    return trial_;
                                }},
                           *files);
    }

    /// Reads the config, opens both data sets and the metric.
    RunConfig opened(const std::string& yaml) {
        const RunConfig config = read_run_config(yaml, folder_ / "c.yaml", {}, names_of_this_build());
        EXPECT_THAT(config.not_available, testing::IsEmpty()) << yaml;
        calibration_ = std::make_unique<Pipeline>(*config.quantization.calibration);
        evaluation_ = std::make_unique<Pipeline>(config.evaluation->dataloader);
        static_cast<void>(calibration_->read(0));
        static_cast<void>(evaluation_->read(0));
        static_cast<void>(MetricSet(*config.evaluation));
        return config;
    }

    TemporaryFolder folder_;
    std::unique_ptr<Pipeline> calibration_, evaluation_;
    std::string tried_;  ///< the config that was tried; empty: none was
    std::string trial_;  ///< what came of it
};

/// A config whose comments are no longer broken into lines.
std::string without_line_breaks(std::string yaml) {
    for (std::size_t at = yaml.find("\n# "); at != std::string::npos; at = yaml.find("\n# ", at))
        yaml.replace(at, 3, " ");
    return yaml;
}

/// [N, channels, size, size] to [N, classes].
Graph picture_model(std::int64_t channels, std::int64_t size, std::int64_t classes) {
    test::GraphMaker g;
    const ValueId x = g.input("image", {kSymbolic, channels, size, size});
    const std::int64_t features = channels * size * size;
    const ValueId flat = g.node("Flatten", "flat", {x});
    return g.build({g.gemm(
        "fc", flat,
        test::floats({features, classes}, std::vector<float>(static_cast<std::size_t>(features * classes), 0.1F)))});
}

Tensor integers(std::vector<std::int64_t> shape, std::int64_t limit) {
    Tensor tensor(TensorType{DType::s64, Shape(std::move(shape))});
    std::int64_t next = 0;
    for (std::int64_t& value : tensor.mutable_view().as<std::int64_t>()) value = next++ % limit;
    return tensor;
}

std::string idx_bytes(const std::vector<std::uint32_t>& sizes, std::size_t count) {
    std::string bytes{'\0', '\0', '\x08', static_cast<char>(sizes.size())};
    for (const std::uint32_t size : sizes) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((size >> shift) & 0xffU);
    }
    for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(i % 7);
    return bytes;
}

TEST_F(InitConfigTest, IdxFilesHaveTheirMeanMeasured) {
    write("mnist/train-images-idx3-ubyte", idx_bytes({20, 8, 8}, 20 * 64));
    write("mnist/train-labels-idx1-ubyte", idx_bytes({20}, 20));
    write("mnist/t10k-images-idx3-ubyte", idx_bytes({10, 8, 8}, 10 * 64));
    write("mnist/t10k-labels-idx1-ubyte", idx_bytes({10}, 10));
    const std::string yaml = config_for(picture_model(1, 8, 10), folder_ / "mnist");
    const RunConfig config = opened(yaml);
    EXPECT_EQ(calibration_->size(), 20);
    EXPECT_EQ(evaluation_->size(), 10);
    EXPECT_EQ(calibration_->schema().inputs[0].type, (TensorType{DType::f32, Shape{1, 8, 8}}));
    EXPECT_EQ(config.evaluation->metrics[0].plugin.name, "topk");
    EXPECT_EQ(config.quantization.sampling_sizes, std::vector<std::int64_t>{20});
    // Pixels are 0 to 6 in turn: a mean of about 3 / 255.
    EXPECT_THAT(yaml, HasSubstr("Normalize: {mean: 0.0118, std: 0.0078}"));
    EXPECT_THAT(yaml, HasSubstr("\n  recipes: auto\n"));
}

TEST_F(InitConfigTest, TheConfigIsTriedAndWhatCameOfItStandsAboveTheMetric) {
    write_npy("data/image.npy", Tensor(TensorType{DType::f32, Shape{20, 1, 8, 8}}));
    write_npy("data/labels.npy", integers({20}, 10));
    const std::string untried = config_for(picture_model(1, 8, 10), folder_ / "data");
    EXPECT_EQ(tried_, untried);
    trial_ = "LOOK HERE: as guesses";
    const std::string tried = config_for(picture_model(1, 8, 10), folder_ / "data");
    EXPECT_EQ(tried_, untried) << "what is tried has no such line yet";
    EXPECT_THAT(tried, HasSubstr("\n# LOOK HERE: as guesses\nevaluation:\n"));
    static_cast<void>(opened(tried));
    tried_.clear();
    static_cast<void>(config_for(picture_model(1, 8, 10), ""));
    EXPECT_EQ(tried_, "") << "noise has nothing to be right about";
}

TEST_F(InitConfigTest, TextArraysWithASplitInTheirNames) {
    test::GraphMaker g;
    const ValueId ids = g.input("input_ids", {kSymbolic, 6}, DType::s64);
    const ValueId mask = g.input("attention_mask", {kSymbolic, 6}, DType::s64);
    const Graph model = g.build({g.node("Add", "sum", {ids, mask})});
    for (const std::string split : {"train", "test"}) {
        const std::int64_t rows = split == "train" ? 12 : 5;
        write_npy("text/input_ids_" + split + ".npy", integers({rows, 6}, 30));
        write_npy("text/attention_mask_" + split + ".npy", integers({rows, 6}, 2));
        write_npy("text/labels_" + split + ".npy", integers({rows}, 2));
        write_npy("text/token_type_ids_" + split + ".npy", integers({rows, 6}, 2));
    }
    const std::string yaml = config_for(model, folder_ / "text");
    static_cast<void>(opened(yaml));
    for (const char* name : {"token_type_ids_train.npy", "token_type_ids_test.npy"})
        EXPECT_THAT(yaml.substr(yaml.find("Left out"), 400), HasSubstr(name)) << "of both splits";
    EXPECT_EQ(calibration_->size(), 12);
    EXPECT_EQ(evaluation_->size(), 5);
    EXPECT_EQ(evaluation_->schema().inputs.size(), 2U);
    EXPECT_EQ(evaluation_->schema().targets.size(), 1U);
}

TEST_F(InitConfigTest, AnArchiveOfArraysWithoutASplit) {
    Tensor x(TensorType{DType::f32, Shape{9, 1, 4, 4}});
    write("d.npz", to_npz({{"x", to_npy(x.view())}, {"y", to_npy(integers({9}, 3).view())}}));
    const std::string yaml = config_for(picture_model(1, 4, 3), folder_ / "d.npz");
    const RunConfig config = opened(yaml);
    EXPECT_EQ(evaluation_->size(), 9);
    EXPECT_EQ(config.evaluation->metrics[0].plugin.name, "topk");
    EXPECT_THAT(yaml, HasSubstr("read the same samples"));
    EXPECT_THAT(yaml, HasSubstr("may lose 1 %"));
    EXPECT_THAT(yaml, HasSubstr("only array whose shape fits"));
    EXPECT_THAT(yaml, EndsWith("\n# cluster: {isa: avx512_core_bf16}\n")) << "that of this machine";
}

/// One more array than a model needs, of an element type or a shape that no data set takes.
TEST_F(InitConfigTest, ArraysOfAnArchiveThatNobodyNeedsAreLeftOut) {
    const std::string header = "{'descr': '<U1', 'fortran_order': False, 'shape': (3,), }";
    const std::string padded = header + std::string(117 - header.size(), ' ') + "\n";
    const std::string names = std::string("\x93NUMPY\x01\0", 8) + char(118) + '\0' + padded + std::string(12, '\0');
    const Tensor x(TensorType{DType::f32, Shape{9, 1, 4, 4}});
    const Tensor mean(TensorType{DType::f32, Shape{}});
    write("d.npz", to_npz({{"x", to_npy(x.view())},
                           {"y", to_npy(integers({9}, 3).view())},
                           {"names", names},
                           {"mean", to_npy(mean.view())}}));
    const std::string yaml = config_for(picture_model(1, 4, 3), folder_ / "d.npz");
    EXPECT_EQ(opened(yaml).evaluation->metrics[0].plugin.name, "topk");
    EXPECT_THAT(without_line_breaks(yaml), testing::AllOf(HasSubstr("d.npz::names: "), HasSubstr("d.npz::mean: ")));
    write("e.npz", to_npz({{"names", names}}));
    EXPECT_THROW(config_for(picture_model(1, 4, 3), folder_ / "e.npz"), DataError);
}

TEST_F(InitConfigTest, ValuesOfLabelsAreLookedAt) {
    Tensor x(TensorType{DType::f32, Shape{6, 1, 4, 4}});
    write_npy("a/x.npy", x);
    const auto metric_for = [&](const std::vector<std::int64_t>& shape, const std::vector<float>& labels) {
        write_npy("a/y.npy", test::floats(Shape(shape), labels));
        return opened(config_for(picture_model(1, 4, 3), folder_ / "a")).evaluation->metrics[0].plugin.name;
    };
    EXPECT_EQ(metric_for({6}, {0, 1, 2, 2, 1, 0}), "topk");
    EXPECT_EQ(metric_for({6, 1}, {0, 1, 2, 2, 1, 0}), "topk");
    EXPECT_EQ(metric_for({6}, {0, 1, 2, 2, 1, 0.5}), "agreement");
    EXPECT_EQ(metric_for({6}, {0, 1, 2, 3, 1, 0}), "agreement") << "class 3 of three";
    EXPECT_EQ(metric_for({6}, {0, 1, 2, -1, 1, 0}), "agreement");
    EXPECT_EQ(metric_for({6, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1}), "topk");
    EXPECT_EQ(metric_for({6, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1}), "MSE")
        << "two classes at once";
    EXPECT_EQ(metric_for({6, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, .9F}), "MSE");
}

TEST_F(InitConfigTest, ArraysOfDifferentLengthAreToldOf) {
    const Tensor x(TensorType{DType::f32, Shape{20, 1, 4, 4}});
    write("d.npz", to_npz({{"x", to_npy(x.view())}, {"y", to_npy(integers({10}, 3).view())}}));
    EXPECT_THAT(without_line_breaks(config_for(picture_model(1, 4, 3), folder_ / "d.npz")),
                HasSubstr("LOOK HERE: the arrays do not have equally many rows: x has 20, y has 10."));
}

TEST_F(InitConfigTest, DatasetsOfAnHdf5FileInGroups) {
    {
        H5Writer writer(folder_ / "d.h5");
        for (const std::string group : {"/train", "/val"}) {
            writer.group(group, "samples");
            const std::int64_t rows = group == "/train" ? 7 : 4;
            const std::vector<float> values(static_cast<std::size_t>(rows * 16), 0.5F);
            H5Rows x;
            x.path = group + "/image";
            x.shape = {rows, 1, 4, 4};
            writer.create_rows(x);
            writer.write_rows(x.path, 0, rows, reinterpret_cast<const std::byte*>(values.data()));
        }
        writer.commit();
    }
    const std::string yaml = config_for(picture_model(1, 4, 3), folder_ / "d.h5");
    const RunConfig config = opened(yaml);
    EXPECT_EQ(calibration_->size(), 7);
    EXPECT_EQ(evaluation_->size(), 4);
    EXPECT_EQ(config.evaluation->metrics[0].plugin.name, "agreement") << "no labels";
    EXPECT_THAT(yaml, testing::AllOf(HasSubstr("another answer"), Not(HasSubstr("percentage points"))))
        << "the goal is about answers, not about an accuracy";
}

TEST_F(InitConfigTest, WithoutDataThereIsNoise) {
    const std::string yaml = config_for(picture_model(3, 5, 2), "");
    const RunConfig config = opened(yaml);
    EXPECT_EQ(evaluation_->schema().inputs[0].type.shape, (Shape{3, 5, 5}));
    EXPECT_EQ(config.evaluation->metrics[0].plugin.name, "agreement");
    EXPECT_THAT(yaml, HasSubstr("LOOK HERE"));
}

TEST_F(InitConfigTest, ACocoTree) {
    write("coco/annotations/instances_val2017.json", "{}");
    write("coco/val2017/a.txt", "");
    test::GraphMaker g;
    const ValueId x = g.input("image", {1, 3, 32, 32});
    const ValueId boxes = g.node("Reshape", "boxes", {x, g.constant("shape", test::int64s({1, 768, 4}))});
    const std::string yaml = config_for(g.build({boxes, g.node("Relu", "scores", {boxes})}), folder_ / "coco");
    EXPECT_THAT(yaml, HasSubstr("COCORaw:"));
    EXPECT_THAT(yaml, HasSubstr("anno_dir: annotations/instances_val2017.json"));
    EXPECT_THAT(yaml, HasSubstr("img_dir: val2017"));
    EXPECT_THAT(yaml, HasSubstr("COCOmAP"));
}

/// A grey PNG file of 2 x 2 pixels: 0, 255, 255, 255. Written by Python's zlib.
std::string black_and_white_png() {
    const std::string_view digits =
        "89504e470d0a1a0a0000000d494844520000000200000002080000000057dd52f80000000e4944415478da6360f8cff0"
        "ff3f0006ff02fec5edcf6c0000000049454e44ae426082";
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return bytes;
}

/// [N, 1, height, width] to a map of scores for two classes.
Graph segmentation_model() {
    test::GraphMaker g;
    const ValueId x = g.input("image", {kSymbolic, 1, 2, 2});
    return g.build({g.conv("logits", x, test::floats({2, 1, 1, 1}, {1, -1}))});
}

TEST_F(InitConfigTest, PicturesWithMasksInTwoFolders) {
    for (const char* split : {"train", "val"}) {
        for (const char* name : {"a", "b"}) {
            const std::string end = std::string(split) + "/" + name;
            write("both/" + std::string(split) + "/images/" + name + ".png", black_and_white_png());
            write("both/" + std::string(split) + "/masks/" + name + "_mask.png", black_and_white_png());
            write("inside/Images/" + end + ".png", black_and_white_png());
            write("inside/annotations/" + end + ".png", black_and_white_png());
        }
    }
    const std::string both = config_for(segmentation_model(), folder_ / "both");
    EXPECT_THAT(both, HasSubstr("mask_suffix: \"_mask\""));
    EXPECT_THAT(both, HasSubstr("images: " + (folder_ / "both/val/images")));
    EXPECT_THAT(both, HasSubstr("images: " + (folder_ / "both/train/images")));
    const RunConfig config = opened(both);
    EXPECT_EQ(config.evaluation->metrics[0].plugin.name, "mIOU");
    EXPECT_EQ(evaluation_->size(), 2);
    EXPECT_EQ(evaluation_->schema().inputs[0].type, (TensorType{DType::f32, Shape{kSymbolic, 2, 2}}));
    // 255 is class 1, as the comment says.
    const auto mask = std::get<Tensor>(evaluation_->read(0).targets[0]);
    EXPECT_THAT(mask.as<std::uint8_t>(), testing::ElementsAre(0, 1, 1, 1));
    EXPECT_THAT(both, HasSubstr("so 255 is taken for class 1"));

    const std::string inside = config_for(segmentation_model(), folder_ / "inside");
    EXPECT_THAT(inside, HasSubstr("masks: " + (folder_ / "inside/annotations/val")));
    EXPECT_THAT(inside, Not(HasSubstr("mask_suffix")));
    static_cast<void>(opened(inside));
}

TEST_F(InitConfigTest, PicturesWithoutAMaskAreToldOf) {
    write("some/img/a.png", black_and_white_png());
    write("some/img/b.png", black_and_white_png());
    write("some/label/a.png", black_and_white_png());
    const std::string yaml = config_for(segmentation_model(), folder_ / "some");
    EXPECT_THAT(yaml, HasSubstr("LOOK HERE: the data set refuses pictures without a mask (1 in " +
                                (folder_ / "some/img") + ")"));
    EXPECT_THAT(yaml, HasSubstr("read the same samples"));
    // Classes of pictures that happen to have such names stay classes.
    write("classes/image/a.png", black_and_white_png());
    write("classes/label/b.png", black_and_white_png());
    EXPECT_THAT(config_for(picture_model(1, 2, 2), folder_ / "classes"), HasSubstr("ImageFolder:"));
}

// Super-resolution: pictures in two folders, which are no classes, and the same as arrays.
TEST_F(InitConfigTest, FoldersThatCannotBeClassesGiveWayToArraysThatFit) {
    test::GraphMaker g;
    const Graph model = g.build({g.node("Relu", "y", {g.input("image", {kSymbolic, 1, 2, 2})})});
    write("pairs/low/a.png", black_and_white_png());
    write("pairs/high/a.png", black_and_white_png());
    EXPECT_THAT(config_for(model, folder_ / "pairs"), HasSubstr("ImageFolder:")) << "nothing else is there";
    write_npy("pairs/image.npy", Tensor(TensorType{DType::f32, Shape{20, 1, 2, 2}}));
    write_npy("pairs/target.npy", Tensor(TensorType{DType::f32, Shape{20, 1, 2, 2}}));
    const std::string yaml = config_for(model, folder_ / "pairs");
    EXPECT_EQ(opened(yaml).evaluation->metrics[0].plugin.name, "MSE");
    EXPECT_THAT(yaml, HasSubstr("# Left out: 2 pictures in 2 folders"));
    // Where they can be classes, they are.
    EXPECT_THAT(config_for(picture_model(1, 2, 2), folder_ / "pairs"), HasSubstr("ImageFolder:"));
}

TEST_F(InitConfigTest, ListsOfNamesAndLabels) {
    write("list/pictures/a.jpg", "x");
    write("list/names.csv", "name,label\na.jpg,3\n");
    const std::string yaml = config_for(picture_model(3, 5, 2), folder_ / "list");
    EXPECT_THAT(yaml, HasSubstr("ImagenetRaw:"));
    EXPECT_THAT(yaml, HasSubstr("data_path: " + (folder_ / "list/pictures")));
    EXPECT_THAT(yaml, HasSubstr("image_list: " + (folder_ / "list/names.csv")));
}

TEST_F(InitConfigTest, ShardsOfRecords) {
    write("records/validation-00000-of-00002", "x");
    const std::string yaml = config_for(picture_model(3, 5, 2), folder_ / "records");
    EXPECT_THAT(yaml, HasSubstr("ImageRecord:"));
    EXPECT_THAT(yaml, HasSubstr("LabelShift"));
}

TEST_F(InitConfigTest, DataThatNobodyKnowsAreRefusedWithWhatIsKnown) {
    write("odd/readme.md", "x");
    const auto message = [&](const std::string& data) {
        try {
            static_cast<void>(config_for(picture_model(1, 4, 3), data));
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string("(no error)");
    };
    EXPECT_THAT(message(folder_ / "odd"), HasSubstr("a folder for each class"));
    EXPECT_THAT(message(folder_ / "odd"), HasSubstr("docs/data.md"));
    std::filesystem::create_directory(folder_ / "empty");
    EXPECT_THAT(message(folder_ / "empty"), HasSubstr("the folder is empty"));
    EXPECT_THAT(message(folder_ / "none"), HasSubstr("no such file or folder"));
    write_npy("wrong/x.npy", integers({3, 7}, 2));
    EXPECT_THAT(message(folder_ / "wrong"), HasSubstr("no array feeds image"));
    EXPECT_THAT(message(folder_ / "wrong"), HasSubstr("[N,1,4,4]"));
}

TEST(FirstStrategy, IsAutoWhereTheBuildHasIt) {
    EXPECT_EQ(first_strategy({"basic", "auto"}), "auto");
    EXPECT_EQ(first_strategy({"basic", "sensitivity"}), "sensitivity");
}

}  // namespace
}  // namespace halftone
