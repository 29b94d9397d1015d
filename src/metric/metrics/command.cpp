// command: the user's own metric, a program that gets all answers of an evaluation in a file and prints the value.
//
//   CommandState::value   stack the answers by field, write the .npz, run the program, read its line
//   stacked_numbers, stacked_texts   one array of each field, a row for each sample
//   read_answer           {"value": 0.93, "samples": 10000}
//
// The program sees the samples in the order of the data set, whatever order they were evaluated in, so its answer does
// not depend on the number of ranks. No shell reads the command. Any failure is a MetricFailure: it fails the trial.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/path.hpp"
#include "base/run_program.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "metric/records.hpp"
#include "metric/texts.hpp"
#include "tensor/npy.hpp"
#include "tensor/npz.hpp"

namespace halftone {
namespace {

/// What a program may print: its answer is one line, and its stderr goes to the log.
constexpr std::size_t kMostCommandOutput = std::size_t{1} << 20U;

struct CommandSettings {
    std::vector<std::string> run;
    std::chrono::seconds timeout{600};
    std::string folder;  ///< where it runs: that of the config file
};

using Arrays = std::vector<std::pair<std::string, std::string>>;  // name and bytes of a .npy file

/// The largest of each dimension. All samples have the same number of dimensions, or this is a failure.
Shape largest_shape(const std::vector<TensorView>& rows, const std::string& name) {
    std::vector<std::int64_t> dims = rows.front().type.shape.dims();
    // A file has one type and one shape for all rows, so samples may differ in size but not in kind.
    for (const TensorView& row : rows) {
        if (row.type.shape.rank() != dims.size() || row.type.dtype != rows.front().type.dtype) {
            throw MetricFailure("metric command: the samples' values of " + name + " are not of one kind");
        }
        for (std::size_t i = 0; i < dims.size(); ++i) dims[i] = std::max(dims[i], row.type.shape[i]);
    }
    return Shape(std::move(dims));
}

/// Copies a row-major tensor into the corner of a larger one. Both have the same number of dimensions.
void copy_corner(const TensorView& from, std::size_t axis, std::size_t from_offset, std::byte* to,
                 std::size_t to_offset, const Shape& large) {
    const std::size_t size = size_of(from.type.dtype);
    if (axis == from.type.shape.rank()) {
        std::copy_n(from.data + from_offset * size, size, to + to_offset * size);
        return;
    }
    // How many elements lie between neighbours along this axis, in the small tensor and in the large one.
    std::size_t from_step = 1;
    std::size_t to_step = 1;
    for (std::size_t i = axis + 1; i < large.rank(); ++i) {
        from_step *= static_cast<std::size_t>(from.type.shape[i]);
        to_step *= static_cast<std::size_t>(large[i]);
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(from.type.shape[axis]); ++i) {
        copy_corner(from, axis + 1, from_offset + i * from_step, to, to_offset + i * to_step, large);
    }
}

/// One array with a row for each sample. Where samples differ in size, rows are padded with zeros behind their values,
/// and a second array NAME.shape says the size of each.
void stack_numbers(const std::string& name, const std::vector<TensorView>& rows, Arrays& arrays) {
    const Shape row = largest_shape(rows, name);
    std::vector<std::int64_t> dims = row.dims();
    dims.insert(dims.begin(), static_cast<std::int64_t>(rows.size()));
    Tensor stacked({rows.front().type.dtype, Shape(dims)});
    const auto row_elements = static_cast<std::size_t>(row.elements());
    std::byte* const to = stacked.mutable_view().data;
    bool is_padded = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].type.shape == row) {
            std::copy_n(rows[i].data, rows[i].bytes(), to + i * rows[i].bytes());
        } else {
            is_padded = true;
            copy_corner(rows[i], 0, 0, to, i * row_elements, row);
        }
    }
    arrays.emplace_back(name, to_npy(stacked.view()));
    if (!is_padded) return;
    Tensor shapes({DType::s64, Shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(row.rank())}});
    auto out = shapes.mutable_view().as<std::int64_t>().begin();
    for (const TensorView& view : rows) {
        out = std::copy(view.type.shape.dims().begin(), view.type.shape.dims().end(), out);
    }
    arrays.emplace_back(name + ".shape", to_npy(shapes.view()));
}

/// One text for each sample; where samples have several (right answers), a second dimension, padded with empty texts.
void stack_texts(const std::string& name, const std::vector<const std::vector<std::string>*>& rows, Arrays& arrays) {
    std::size_t most = 1;
    for (const auto* row : rows) most = std::max(most, row->size());
    std::vector<std::string> texts;
    for (const auto* row : rows) {
        for (std::size_t i = 0; i < most; ++i) texts.push_back(i < row->size() ? (*row)[i] : "");
    }
    const std::string shape =
        most == 1 ? fmt::format("({},)", rows.size()) : fmt::format("({}, {})", rows.size(), most);
    arrays.emplace_back(name, texts_to_npy(texts, shape));
}

void stack_output(const Field& field, const std::vector<TensorView>& rows, Arrays& arrays) {
    const std::string name = "output." + field.name;
    if (!field.is_text) return stack_numbers(name, rows, arrays);
    std::vector<std::vector<std::string>> texts;
    for (const TensorView& row : rows) texts.push_back({text_of(row)});
    std::vector<const std::vector<std::string>*> pointers;
    for (const auto& text : texts) pointers.push_back(&text);
    stack_texts(name, pointers, arrays);
}

/// The end of a text, for a message.
std::string tail_of(std::string text) {
    constexpr std::size_t kShown = 300;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.size() > kShown ? "…" + text.substr(text.size() - kShown) : text;
}

/// The value on the program's one line. @throws MetricFailure
double read_answer(const std::string& out, std::int64_t samples) {
    std::string line = out;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    const auto refuse = [&](const std::string& why) {
        throw MetricFailure("metric command: its output " + why +
                            "; it must be one line such as {\"value\": 0.93, "
                            "\"samples\": " +
                            std::to_string(samples) + "}, got '" + tail_of(line) + "'");
    };
    if (line.empty() || line.front() != '{' || line.find('\n') != std::string::npos) refuse("is no JSON line");
    try {
        const ConfigNode json = parse_yaml(line, "metric command");  // every JSON object is YAML
        Reader reader(json);
        if (reader.child("value") == nullptr || reader.child("samples") == nullptr) refuse("lacks value or samples");
        const double value = reader.number("value", 0);
        // A program that dropped some samples has measured something else.
        if (reader.integer("samples", 0, 0) != samples) refuse("counts another number of samples");
        if (!std::isfinite(value)) refuse("has a value that is no number");
        return value;
    } catch (const ConfigError& error) {
        refuse("cannot be read (" + std::string(error.what()) + ")");
    }
    return 0;
}

class CommandState final : public RecordAccumulator {
public:
    CommandState(const CommandSettings& settings, const MetricFields& fields) : settings_(settings), fields_(fields) {}

    double value() const override {
        HALFTONE_CHECK(samples() > 0, "a command needs answers");
        // One at a time, although several trials may be scored at once: a program may keep files of its own.
        static std::mutex is_running;
        const std::lock_guard lock(is_running);
        // A file and no pipe: NumPy wants to seek in an archive. It is gone when the value is there.
        const TemporaryFile file(".npz", to_npz(arrays()));
        std::vector<std::string> arguments = settings_.run;
        arguments.push_back(file.path());
        ProgramResult result;
        try {
            result = run_program(arguments, settings_.folder, settings_.timeout, kMostCommandOutput);
        } catch (const IoError& error) {
            throw MetricFailure("metric command: " + std::string(error.what()));
        }
        // Also of a program that succeeded: what it has to say belongs into tune.log.
        for (const std::string& line : split(result.err, '\n')) {
            if (!line.empty()) log::info("metric", "{}", line);
        }
        if (result.timed_out) {
            throw MetricFailure(fmt::format("metric command: no answer after {} s", settings_.timeout.count()));
        }
        if (result.exit_code != 0) {
            const std::string how = result.signal != 0 ? fmt::format("was ended by signal {}", result.signal)
                                                       : fmt::format("ended with code {}", result.exit_code);
            const std::string last_words = tail_of(result.err);
            throw MetricFailure(fmt::format("metric command: '{}' {}{}{}", join(settings_.run, " "), how,
                                            last_words.empty() ? " and wrote nothing to stderr" : ": ", last_words));
        }
        return read_answer(result.out, samples());
    }

private:
    [[nodiscard]] Arrays arrays() const {
        Arrays arrays;
        Tensor ids({DType::s64, Shape{samples()}});
        auto id = ids.mutable_view().as<std::int64_t>().begin();
        for (const auto& [number, record] : records()) *id++ = number;
        for (std::size_t i = 0; i < fields_.outputs.size(); ++i) {
            std::vector<TensorView> rows;
            for (const auto& [number, record] : records()) rows.push_back(record.outputs.at(i).view());
            stack_output(fields_.outputs[i], rows, arrays);
        }
        for (std::size_t i = 0; i < fields_.targets.size(); ++i) {
            const std::string name = "target." + fields_.targets[i].name;
            std::vector<TensorView> rows;
            std::vector<const std::vector<std::string>*> texts;
            for (const auto& [number, record] : records()) {
                const FieldValue& value = record.targets.at(i);
                if (const auto* tensor = std::get_if<Tensor>(&value)) {
                    rows.push_back(tensor->view());
                } else {
                    texts.push_back(&std::get<std::vector<std::string>>(value));
                }
            }
            if (!rows.empty() && !texts.empty()) throw MetricFailure("metric command: " + name + " is number and text");
            texts.empty() ? stack_numbers(name, rows, arrays) : stack_texts(name, texts, arrays);
        }
        arrays.emplace_back("sample_id", to_npy(ids.view()));
        return arrays;
    }

    CommandSettings settings_;
    MetricFields fields_;
};

class Command final : public Metric {
public:
    explicit Command(CommandSettings settings) : settings_(std::move(settings)) {}
    Takes outputs() const override { return Takes::all; }
    Takes targets() const override { return Takes::all; }
    bool reads_texts() const override { return true; }
    void bind(const MetricFields& fields) override { fields_ = fields; }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<CommandState>(settings_, fields_); }

private:
    CommandSettings settings_;
    MetricFields fields_;
};

}  // namespace

std::unique_ptr<Metric> make_command(const ConfigNode& node) {
    Reader reader(node);
    CommandSettings settings;
    settings.run = reader.words("run", {});
    if (settings.run.empty()) reader.fail("run", "must be a program and its arguments: [python3, my_metric.py]");
    settings.timeout = std::chrono::seconds(reader.integer("timeout", 600, 1, 7 * 24 * 3600));
    reader.finish();
    // A setting of --set stands in no file; its program runs where the user is.
    if (!node.mark.file.starts_with("--set")) settings.folder = parent_path(node.mark.file);
    return std::make_unique<Command>(std::move(settings));
}

}  // namespace halftone
