#pragma once
// The options of each command as plain structs, with the texts as the user wrote them. The defaults are those of the
// help texts.

#include <cstdint>
#include <string>
#include <vector>

namespace halftone::cli {

/// The options --shape and --dim, as texts.
struct SizeOptions {
    std::vector<std::string> shapes, dims;
};

/// The options --inputs and --outputs: they name a part of a model.
struct PartOptions {
    std::vector<std::string> inputs, outputs;  ///< names, or several in one text: "A,B"
};

struct TuneOptions {
    std::string config;
    std::string workspace;  ///< empty: from the config, else a dated default
    bool resume = false;
    bool print_config = false;
    bool dry_run = false;
    bool as_json = false;                ///< of a dry run
    bool is_quiet = false;               ///< no live line on a terminal
    std::vector<std::string> overrides;  ///< "a.b.c=YAML"
    std::string command_line;            ///< for run.yaml
};

struct InitOptions {
    std::string model;
    std::string data;  ///< folder or file; empty: none
};

struct EvalOptions {
    std::string config;
    std::string model;   ///< empty: the config's
    std::string logits;  ///< .npy to write; empty: none
    std::string inputs;  ///< folder for inputs.npy and labels.npy; empty: none
    bool as_json = false;
    std::vector<std::string> overrides;
};

struct ImportCommand {
    std::string source, output;
    std::string framework;                     ///< empty: whatever the source is
    std::vector<std::string> inputs, outputs;  ///< "A,B"; empty: the converter finds them
    std::vector<std::string> shapes;           ///< "NAME=1,3,224,224"
    std::string python;                        ///< empty: the first one with the framework
    bool as_json = false;
};

struct InspectOptions {
    std::string model;
    std::string framework;  ///< of a model that is not ONNX; empty: the config's, or ONNX
    SizeOptions sizes;
    PartOptions part;
    std::string config;        ///< empty: no constraints
    bool shows_units = false;  ///< each unit, not only what units have in common
    bool as_json = false;
    std::vector<std::string> overrides;
};

struct RunOptions {
    std::string model;
    std::vector<std::string> inputs;  ///< "[NAME=]X.npy"
    std::string output;               ///< folder
    bool uses_reference = false;      ///< plain kernels instead of fast ones
};

struct QuantizeOptions {
    std::string model;
    SizeOptions sizes;
    PartOptions part;
    std::string plan;    ///< best.yaml
    std::string output;  ///< .onnx
};

struct BenchOptions {
    std::string model;
    std::string framework;  ///< of a model that is not ONNX; empty: ONNX
    SizeOptions sizes;
    PartOptions part;
    std::string precision = "as-is";
    std::string plan;       ///< best.yaml; empty: none
    std::string save;       ///< where to write the measured model; empty: nowhere
    std::string save_plan;  ///< where to write `plan` with the chosen kernels; empty: nowhere
    std::int64_t batch = 1;
    int threads = 1;
    int rounds = 15;
    bool autotunes = false;  ///< kernels are chosen by measurement first
    bool as_json = false;
    bool on_demand = false;  ///< rounds are started by lines of standard input
};

struct DumpOptions {
    std::string config;
    std::string plan;                ///< best.yaml; empty: the first model-wise candidate of the config's space
    std::string trial;               ///< "WORKSPACE:N", the candidate of a trial of that run; empty: none
    std::vector<std::string> units;  ///< "all", names, globs, "re:…"
    std::int64_t samples = 0;        ///< the first so many of the calibration data
    std::string output;              ///< folder
    std::string max_bytes = "20G";
    int gzip = 0;
    bool resume = false;
    std::vector<std::string> overrides;
};

struct ReportOptions {
    std::string folder;  ///< of a run, or of a dump
    std::string study;   ///< study.h5 to write; empty: none
    std::string rank;    ///< of a dump: order of the units; empty: mse
    bool as_json = false;
};

struct DoctorOptions {
    bool as_json = false;
};

struct CertifyOptions {
    std::string model;                 ///< best.onnx in its workspace
    std::vector<std::string> further;  ///< options of certify.py, as they are
};

/// All options of a command line. Only the struct of the command that was named is filled.
struct CommandLine {
    TuneOptions tune;
    InitOptions init;
    EvalOptions eval;
    ImportCommand import;
    InspectOptions inspect;
    RunOptions run;
    QuantizeOptions quantize;
    BenchOptions bench;
    DumpOptions dump;
    ReportOptions report;
    DoctorOptions doctor;
    CertifyOptions certify;
    std::string shell;  ///< of completion: "bash" or "zsh"
    // Options of all commands:
    bool is_verbose = false;
    bool is_quiet = false;
    std::string log_level;  ///< a word of --log-level; empty: not given
    std::string memory;     ///< of --memory, a number of bytes that parses; empty: from the machine's free memory
};

}  // namespace halftone::cli
