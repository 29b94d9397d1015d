// What a file is that is no ONNX model. ONNX files have no magic number: they are protobuf messages, and the parser
// only says that some byte makes no sense. So the first bytes are compared with those of formats that models come in.
#include "graph/onnx/foreign_format.hpp"

#include <algorithm>
#include <array>

namespace halftone {
namespace {

constexpr std::string_view kPyTorch =
    "convert it with halftone import (a .pt2 or TorchScript file), or export it in Python with "
    "torch.onnx.export(model, example_input, \"model.onnx\")";
constexpr std::string_view kKeras =
    "convert it with halftone import, or export it in Python with model.export(\"model.onnx\", format=\"onnx\")";
constexpr std::string_view kSavedModel =
    "convert it with halftone import, or with python -m tf2onnx.convert --saved-model FOLDER --output model.onnx";
constexpr std::string_view kMxnet = "convert it with halftone import NAME-symbol.json --output model.onnx";

struct Signature {
    std::size_t offset;
    std::string_view bytes;
    std::string_view text;
};

// A file is called by such a name only after it could not be read as ONNX. The last row needs that: an ONNX file of IR
// version 1 begins with the same three bytes.
constexpr std::array<Signature, 13> kSignatures{{
    {0, "version https://git-lfs.github.com/spec/",
     "is a Git LFS pointer and not the model itself: fetch the file with 'git lfs pull'"},
    {4, "TFL3",
     "is a TensorFlow Lite model, not an ONNX file: convert it with halftone import, or with python -m tf2onnx.convert "
     "--tflite FILE --output model.onnx"},
    {0, "\x89HDF\r\n\x1a\n", "is an HDF5 file (Keras saves models as .h5), not an ONNX file: "},
    {0, "GGUF", "is a GGUF file, which holds weights and no graph, not an ONNX file"},
    {0, "\x1f\x8b", "is packed with gzip: unpack it with gunzip"},
    {0, "\x80\x02", "is a Python pickle (PyTorch's older .pt and .pth files are), not an ONNX file: "},
    {0, "\x80\x04\x95", "is a Python pickle, not an ONNX file: export the model that it holds from Python"},
    {0, "\x93NUMPY", "is a NumPy array, not a model"},
    {0, "<?xml",
     "is an XML file (OpenVINO's .xml describes a model so), not an ONNX file: give the model that it was made from"},
    {0, "<!DOCTYPE", "is a web page and not the model: the download went to a page about the file"},
    {0, "<!doctype", "is a web page and not the model: the download went to a page about the file"},
    {0, "<html", "is a web page and not the model: the download went to a page about the file"},
    {0, "\x08\x01\x12",
     "is probably TensorFlow's saved_model.pb, not an ONNX file: convert its folder with "
     "halftone import, or with python -m tf2onnx.convert --saved-model FOLDER --output model.onnx"},
}};

bool has_signature(std::string_view bytes, const Signature& signature) {
    return bytes.size() >= signature.offset && bytes.substr(signature.offset).starts_with(signature.bytes);
}

/// Names of a zip file's members stand in its directory at the end, and before each member.
std::string zip_format(std::string_view bytes) {
    constexpr std::size_t kSearched = std::size_t{1} << 20U;
    const std::string_view begin = bytes.substr(0, kSearched);
    const std::string_view end = bytes.substr(bytes.size() - std::min(bytes.size(), kSearched));
    const auto has = [&](std::string_view name) {
        return begin.find(name) != std::string_view::npos || end.find(name) != std::string_view::npos;
    };
    if (has("data.pkl")) return "is a PyTorch file (.pt or .pth), not an ONNX file: " + std::string(kPyTorch);
    if (has("model.weights.h5")) return "is a Keras file (.keras), not an ONNX file: " + std::string(kKeras);
    if (has("saved_model.pb")) {
        return "is a zip archive with a TensorFlow SavedModel: unpack it, then " + std::string(kSavedModel);
    }
    if (has(".onnx")) return "is a zip archive with an ONNX file in it: unpack it and give that file";
    return "is a zip archive, not an ONNX file: unpack it and give the .onnx file, if it holds one";
}

/// safetensors: the length of a JSON header in 8 bytes, then the header.
bool is_safetensors(std::string_view bytes) {
    return bytes.size() > 10 && bytes.substr(8, 2) == "{\"" && bytes.substr(3, 5) == std::string_view("\0\0\0\0\0", 5);
}

/// A symbol.json of MXNet, or the list of arrays that belongs to it.
bool is_mxnet(std::string_view bytes) {
    using namespace std::string_view_literals;
    if (bytes.starts_with("\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv)) return true;
    return bytes.starts_with("{") && bytes.find("\"arg_nodes\"") != std::string_view::npos;
}

}  // namespace

std::string foreign_format(std::string_view bytes) {
    if (bytes.starts_with("PK\x03\x04")) return zip_format(bytes);
    if (is_mxnet(bytes)) return "is a file of MXNet, not an ONNX file: " + std::string(kMxnet);
    if (is_safetensors(bytes)) {
        return "is a safetensors file, which holds weights and no graph, not an ONNX file: " + std::string(kPyTorch);
    }
    const auto* const found = std::find_if(kSignatures.begin(), kSignatures.end(),
                                           [&](const Signature& signature) { return has_signature(bytes, signature); });
    if (found == kSignatures.end()) return "";
    std::string text(found->text);
    if (text.ends_with(": ")) text += found->bytes.starts_with("\x80") ? kPyTorch : kKeras;
    return text;
}

std::string foreign_folder(const std::vector<std::string>& names) {
    const auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
    if (has("saved_model.pb")) return "is a TensorFlow SavedModel: " + std::string(kSavedModel);
    const auto onnx =
        std::find_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".onnx"); });
    if (onnx != names.end()) return "is a folder; in it is " + *onnx;
    return "is a folder, not an ONNX file";
}

}  // namespace halftone
