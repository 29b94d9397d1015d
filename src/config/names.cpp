#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone::config_detail {
namespace {

using Words = std::string_view;

// All words of LPOT 1.5 and 1.6, in the order of its documents; ours stand behind them. A word is listed also when
// nothing here implements it, because the answer to a known word is "not available yet" and the answer to any other is
// an error with a suggestion.
constexpr Words kFrameworkWords[] = {"tensorflow",   "tensorflow_itex", "pytorch",           "pytorch_fx",
                                     "pytorch_ipex", "mxnet",           "onnxrt_qlinearops", "onnxrt_integerops"};
constexpr Words kStrategyWords[] = {"basic",  "bayesian",    "exhaustive", "mse", "random", "tpe", "automixedprecision",
                                    "sigopt", "sensitivity", "pareto",     "auto"};
constexpr Words kDatasetWords[] = {"CIFAR10",     "CIFAR100", "MNIST",           "FashionMNIST", "ImageFolder",
                                   "ImageRecord", "Imagenet", "TFRecordDataset", "ImagenetRaw",  "COCORecord",
                                   "COCORaw",     "COCONpy",  "VOCRecord",       "bert",         "GLUE",
                                   "dummy",       "dummy_v2", "style_transfer"};
// Data sets and transforms of all frameworks of LPOT: which of them exists depends on the build, not on the framework.
constexpr Words kFilterWords[] = {"LabelBalance"};
constexpr Words kTransformWords[] = {"AlignImageChannel",
                                     "BilinearImagenet",
                                     "Cast",
                                     "CenterCrop",
                                     "ColorJitter",
                                     "Compose",
                                     "CropResize",
                                     "CropToBoundingBox",
                                     "DecodeImage",
                                     "EncodeJpeg",
                                     "Normalize",
                                     "Pad",
                                     "PaddedCenterCrop",
                                     "ParseDecodeCoco",
                                     "ParseDecodeImagenet",
                                     "ParseDecodeVoc",
                                     "QuantizedInput",
                                     "RandomCrop",
                                     "RandomHorizontalFlip",
                                     "RandomResizedCrop",
                                     "RandomVerticalFlip",
                                     "Rescale",
                                     "Resize",
                                     "ResizeCropImagenet",
                                     "ResizeWithAspectRatio",
                                     "ResizeWithRatio",
                                     "ToArray",
                                     "ToNDArray",
                                     "ToPILImage",
                                     "ToTensor",
                                     "Transpose"};
constexpr Words kPostprocessWords[] = {"LabelShift", "SquadV1", "Collect"};
constexpr Words kMetricWords[] = {"topk", "Accuracy", "Loss",    "MAE",    "MSE",       "RMSE",
                                  "F1",   "mAP",      "COCOmAP", "VOCmAP", "BLEU",      "SquadF1",
                                  "mIOU", "GLUE",     "PSNR",    "ROC",    "agreement", "command"};
constexpr Words kApproachWords[] = {"post_training_static_quant", "post_training_dynamic_quant",
                                    "post_training_auto_quant", "post_training_weight_only", "quant_aware_training"};
constexpr Words kAlgorithmWords[] = {"minmax", "kl", "percentile", "mse"};

bool contains(const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

constinit const std::span<const std::string_view> kFrameworks = kFrameworkWords;
constinit const std::span<const std::string_view> kStrategies = kStrategyWords;
constinit const std::span<const std::string_view> kDatasets = kDatasetWords;
constinit const std::span<const std::string_view> kFilters = kFilterWords;
constinit const std::span<const std::string_view> kTransforms = kTransformWords;
constinit const std::span<const std::string_view> kPostprocesses = kPostprocessWords;
constinit const std::span<const std::string_view> kMetrics = kMetricWords;
constinit const std::span<const std::string_view> kApproaches = kApproachWords;
constinit const std::span<const std::string_view> kAlgorithms = kAlgorithmWords;

// Linear: the lists are short, and a config has a few dozen words.
bool is_among(std::string_view word, std::span<const std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string> to_strings(std::span<const std::string_view> words) { return {words.begin(), words.end()}; }

void refuse_unknown(const Mark& mark, const std::string& path, std::string_view word,
                    const std::vector<std::string>& allowed) {
    // The whole list and the nearest word of it: users copy the one and correct the other.
    const auto nearest = nearest_name(word, allowed);
    const std::string hint = nearest ? "; did you mean '" + *nearest + "'?" : "";
    throw ConfigError(
        fmt::format("{}: {} '{}' is unknown; allowed: {}{}", mark.to_text(), path, word, join(allowed, " "), hint));
}

void check_name(const NamePlace& place, const std::string& name, std::span<const std::string_view> lpot,
                const std::vector<std::string>& known, Notes& notes) {
    // Plug-ins of this build come first: they may have names that LPOT never had.
    if (contains(known, name)) return;
    if (!is_among(name, lpot)) {
        // What this build has: words of LPOT first, as its users expect them, then the others. A word that would be
        // refused as not available is no advice.
        std::vector<std::string> allowed;
        for (const std::string_view word : lpot) {
            if (contains(known, std::string(word))) allowed.emplace_back(word);
        }
        for (const std::string& own : known) {
            if (!contains(allowed, own)) allowed.push_back(own);
        }
        refuse_unknown(place.mark, place.path, name, allowed);
    }
    // A note needs a node for its place; the name has none of its own.
    ConfigNode node;
    node.mark = place.mark;
    node.path = place.path;
    notes.add(node,
              fmt::format("'{}' is not available yet; available: {}", name, known.empty() ? "none" : join(known, " ")));
}

}  // namespace halftone::config_detail
