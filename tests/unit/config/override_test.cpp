// --set a.b.c=YAML
#include "config/yaml_writer.hpp"

#include "helpers.hpp"

namespace halftone {
namespace {

using config_test::config;
using config_test::error_of;
using testing::StartsWith;

std::string overridden(std::string_view text, std::string_view assignment) {
    ConfigNode root = parse_yaml(text, "f");
    apply_override(root, assignment);
    return to_yaml(root);
}

TEST(Override, ReplacesAValueInItsPlace) { EXPECT_EQ(overridden("a: {b: 1, c: 2}", "a.b=3"), "a:\n  b: 3\n  c: 2\n"); }

TEST(Override, CreatesMissingMaps) {
    EXPECT_EQ(overridden("", "a.b.c=1"), "a:\n  b:\n    c: 1\n");
    EXPECT_EQ(overridden("a:\n", "a.b=1"), "a:\n  b: 1\n");
}

TEST(Override, TakesAnyYaml) {
    EXPECT_EQ(overridden("a: 1", "a={x: [1, 2], y: 'q=r'}"), "a:\n  x: [1, 2]\n  y: 'q=r'\n");
    EXPECT_EQ(overridden("a: 1", "a="), "a: {}\n");
}

TEST(Override, LaterAssignmentsWin) {
    const RunConfig read = config("", {"tuning.random_seed=1", "tuning.random_seed=2"});
    EXPECT_EQ(read.tuning.random_seed, 2);
}

TEST(Override, ErrorsNameTheAssignment) {
    EXPECT_EQ(error_of("", {"tuning.exit_policy.max_trials=-3"}),
              "--set tuning.exit_policy.max_trials=-3: tuning.exit_policy.max_trials must be an integer > 0, got '-3'");
    EXPECT_THAT(error_of("", {"tuning.exit_polcy.timeout=1"}),
                StartsWith("--set tuning.exit_polcy.timeout=1: tuning.exit_polcy is unknown; allowed: strategy "));
    EXPECT_EQ(error_of("", {"tuning.random_seed"}), "--set tuning.random_seed: must be KEY.PATH=VALUE");
    EXPECT_EQ(error_of("", {"tuning..x=1"}), "--set tuning..x=1: the path before '=' has an empty key");
    EXPECT_EQ(error_of("", {"=1"}), "--set =1: the path before '=' has an empty key");
    EXPECT_THAT(error_of("", {"model.path=[1"}), StartsWith("--set model.path=[1:1:"));
}

TEST(Override, KeysAreTextsThatAFileMayHold) {
    EXPECT_EQ(error_of("", {"tuning.\xff=1"}), "--set tuning.\xff=1:1:8: not UTF-8 text");
    EXPECT_EQ(error_of("", {"tuning.\x01=1"}), "--set tuning.\x01=1:1:8: a control character (0x01)");
    EXPECT_EQ(error_of("", {"tuning.<<=1"}),
              "--set tuning.<<=1: '<<' takes over the keys of another map of a file; --set has to name each key");
    EXPECT_EQ(overridden("", " a.\xc3\xbc = 1"), "a:\n  '\xc3\xbc': 1\n");
}

TEST(Override, PathsHaveTheLimitsOfAFile) {
    std::string path = "a";
    for (int i = 1; i < 64; ++i) path += ".a";
    EXPECT_EQ(to_yaml(parse_yaml(overridden("", path + "=1"), "again")), overridden("", path + "=1"));
    EXPECT_EQ(error_of("", {path + "={}"}), "--set " + path + "={}: nested deeper than 64 levels");
    EXPECT_EQ(error_of("", {path + ".a=1"}), "--set " + path + ".a=1: nested deeper than 64 levels");
    const std::string key(1001, 'k');
    EXPECT_THAT(error_of("", {key + "=1"}), testing::EndsWith(": a key has more than 1000 bytes"));
    const std::string half(999, 'k');
    EXPECT_THAT(error_of("", {"abc." + half + "={" + half + ": 1}"}),
                testing::EndsWith(": a key path of more than 2000 bytes"));
}

TEST(Override, DoesNotDescendIntoAText) {
    EXPECT_EQ(error_of("tuning: {random_seed: 1}", {"tuning.random_seed.x=1"}),
              "--set tuning.random_seed.x=1: tuning.random_seed is not a map, so it has no key 'x'");
}

TEST(Override, PathsAreRelativeToTheWorkingDirectory) {
    EXPECT_EQ(read_run_config("model: {path: m.onnx}", "configs/c.yaml", {}, {}).model_path, "configs/m.onnx");
    EXPECT_EQ(read_run_config("", "configs/c.yaml", {"model.path=m.onnx"}, {}).model_path, "m.onnx");
}

}  // namespace
}  // namespace halftone
