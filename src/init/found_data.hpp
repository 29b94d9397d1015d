#pragma once
// What a detector finds in a folder or a file, and what it is told beforehand.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "init/config_lines.hpp"
#include "init/label_form.hpp"
#include "tensor/field.hpp"

namespace halftone {

/// What a detector looks at.
struct DataQuery {
    const FileSystem& files;
    std::string path;  ///< folder or file, as the user wrote it
    const ModelSurvey& model;
};

/// Everything of a config that the data decide.
struct FoundData {
    std::string what;  ///< "120 pictures in 3 folders, one for each class"
    /// The value of `dataset` as lines of YAML, for calibration and for evaluation.
    std::vector<std::string> calibration, evaluation;
    std::int64_t calibration_samples = 0;
    std::vector<std::string> notes;          ///< sentences about the data set, above it
    ConfigLines transforms;                  ///< below `transform`, at level 0; empty: none
    std::vector<Field> targets;              ///< what a metric can compare with; empty: there are no labels
    LabelForm labels;                        ///< what the values of the first target are, where they were looked at
    std::int64_t classes = 0;                ///< that the labels name; 0: unknown
    std::optional<ConfigLines> metric;       ///< where the data decide it, as for boxes; below `metric`, at level 0
    std::optional<ConfigLines> postprocess;  ///< below `postprocess`, at level 0
};

/// Returns what the query's path holds, or nothing if it holds no data of the detector's kind.
using Detector = std::optional<FoundData> (*)(const DataQuery& query);

/// Asks all detectors in the order of detectors/list.inc, and returns the first answer with labels that a metric
/// compares with an output of the model; else the first one. Nothing if no detector knows the data.
[[nodiscard]] std::optional<FoundData> find_data(const DataQuery& query);

/// A folder that is divided, or not, into samples for calibration and for evaluation.
struct SplitFolder {
    std::string calibration, evaluation;  ///< the same folder where there is no division
    [[nodiscard]] bool is_divided() const { return calibration != evaluation; }
};
/// Looks for folders named train and val, valid, validation, test, dev or eval below a folder. Where only one of the
/// two kinds is there, it serves both.
[[nodiscard]] SplitFolder split_folder(const FileSystem& files, const std::string& folder);

/// Whether a word names samples for training or for testing: "train" and "calib", "test", "val" … Nothing for others.
enum class SplitWord { training, testing };
[[nodiscard]] std::optional<SplitWord> split_word(std::string_view word);

/// The sentence for data that are used for both purposes.
extern const std::string_view kSameSamples;

/// Returns "folder/name".
[[nodiscard]] std::string below(const std::string& folder, const std::string& name);
/// Returns whether the name ends so, whatever its case.
[[nodiscard]] bool has_extension(std::string_view name, std::string_view extension);

}  // namespace halftone
