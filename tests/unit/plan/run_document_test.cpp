#include "plan/run_document.hpp"

#include <gmock/gmock.h>

namespace halftone {
namespace {

using testing::HasSubstr;
using testing::Not;

RunDocument sample_run() {
    RunDocument run;
    run.version = "0.1.0";
    run.git = "03c1b01";
    run.command = "halftone tune \"c d.yaml\"";
    run.directory = "/tmp/x";
    run.isa = "avx2";
    run.ranks = 4;
    run.onednn = "3.2.0";
    run.mpi = "Open MPI 4.1.4";
    run.reason = "goal_met";
    run.fp32_ms = 6.5;
    run.best_ms = 2.25;
    run.sample_units = 55000;
    run.skipped = 3;
    run.heuristics = {"losses add up"};
    run.front = {{.trial = 4, .accuracy = 0.934, .latency_ms = 1.5, .bytes = 1093827}};
    run.config = parse_yaml("version: 1.0\nmodel:\n  name: m\n  inputs: []\nlist: [{a: 1}]\n", "c.yaml");
    return run;
}

TEST(WriteRun, HasTheGoldenForm) {
    EXPECT_EQ(write_run(sample_run()), R"(version: "0.1.0"
git: "03c1b01"
command: "halftone tune \"c d.yaml\""
directory: "/tmp/x"
isa: avx2
ranks: 4
threads: 1
libraries: {onednn: "3.2.0", mpi: "Open MPI 4.1.4"}
result: {reason: goal_met, exit_code: 0, latency: {fp32_ms: 6.5, best_ms: 2.25}}
work: {sample_units: 55000}
skipped: 3
heuristics: ["losses add up"]
front:
- {trial: 4, accuracy: 0.934, latency_ms: 1.5, bytes: 1093827}
config:
  version: 1.0
  model:
    name: m
    inputs: []
  list:
    - a: 1
)");
}

TEST(WriteRun, SaysNullWhereNothingWasMeasured) {
    RunDocument run = sample_run();
    run.fp32_ms.reset();
    run.best_ms.reset();
    run.front.clear();
    run.heuristics.clear();
    const std::string text = write_run(run);
    EXPECT_THAT(text, HasSubstr("latency: {fp32_ms: null, best_ms: null}"));
    EXPECT_THAT(text, Not(HasSubstr("front")));
    EXPECT_THAT(text, Not(HasSubstr("heuristics")));
    EXPECT_NO_THROW((void)parse_yaml(text, "run.yaml"));
}

TEST(WriteRun, SaysWhetherTheObjectiveWasReached) {
    RunDocument run = sample_run();
    EXPECT_THAT(write_run(run), Not(HasSubstr("objective:")));
    run.objective = RunObjective{.is_met = false, .text = "as fast as fp32", .help = {"VNNI", "a larger batch"}};
    // scripts/demo.sh looks for the beginning of this line.
    EXPECT_THAT(
        write_run(run),
        HasSubstr("\nobjective: {met: false, text: \"as fast as fp32\", help: [\"VNNI\", \"a larger batch\"]}\n"));
    run.objective = RunObjective{.is_met = true, .text = "twice as fast"};
    EXPECT_THAT(write_run(run), HasSubstr("\nobjective: {met: true, text: \"twice as fast\"}\n"));
}

}  // namespace
}  // namespace halftone
