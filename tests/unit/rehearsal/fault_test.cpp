// Faults: their kinds, their places, and the order that decides the exit code.
#include "rehearsal/fault.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone {
namespace {

using testing::SizeIs;

TEST(FaultList, ConfigComesBeforeModelModelBeforeDataDataBeforeFiles) {
    FaultList faults("c.yaml", {});
    const auto fail = [&](const Error& error, FaultKind kind) { faults.add(error, kind, "place"); };
    fail(IoError("files"), FaultKind::data);  // the kind of an IoError and of a ConfigError is their own
    fail(DataError("data"), FaultKind::data);
    fail(ModelError("model"), FaultKind::model);
    fail(ConfigError("c.yaml:3:5: tuning.shards must be > 0"), FaultKind::data);
    const std::vector<Fault> sorted = faults.sorted();
    ASSERT_THAT(sorted, SizeIs(4));
    EXPECT_EQ(sorted[0].where, "c.yaml:3:5 tuning.shards");
    EXPECT_EQ(sorted[0].what, "must be > 0");
    EXPECT_EQ(sorted[0].code, ExitCode::usage);
    EXPECT_EQ(sorted[1].what, "model");
    EXPECT_EQ(sorted[1].where, "place") << "a message without a place gets that of its part";
    EXPECT_EQ(sorted[2].what, "data");
    EXPECT_EQ(sorted[3].what, "files");
    EXPECT_EQ(sorted[3].code, ExitCode::io);
}

TEST(FaultList, AFileIsNamedOnce) {
    FaultList faults("bad", {});
    faults.add(IoError("cannot read bad: Is a directory"), FaultKind::config, "bad");
    EXPECT_EQ(faults.sorted()[0].where, "") << "the message says it";
    EXPECT_EQ(faults.sorted()[0].what, "cannot read bad: Is a directory");
}

// The dry run once printed "KEY: is missing" where tune says "KEY is missing".
TEST(FaultList, AFaultReadsAsTheErrorThatItWas) {
    FaultList faults("c.yaml", {});
    faults.add(ConfigError("c.yaml:3:5: tuning.shards is missing"), FaultKind::config, "");
    faults.add(ConfigError("c.yaml:4:9: model.path: no such model file: 'm.onnx'"), FaultKind::config, "");
    faults.add(DataError("x.npy: no such file"), FaultKind::data, "");
    const std::vector<Fault> sorted = faults.sorted();
    ASSERT_THAT(sorted, SizeIs(3));
    EXPECT_EQ(sorted[0].to_text(), "c.yaml:3:5 tuning.shards is missing");
    EXPECT_EQ(sorted[1].to_text(), "c.yaml:4:9 model.path: no such model file: 'm.onnx'");
    EXPECT_EQ(sorted[2].to_text(), "x.npy: no such file");
}

TEST(FaultList, TheSameFaultIsListedOnce) {
    FaultList faults("c.yaml", {});
    for (int i = 0; i < 2; ++i) faults.add(DataError("x.npy: no such file"), FaultKind::data, "here");
    faults.add(DataError("x.npy: no such file"), FaultKind::data, "there");
    EXPECT_THAT(faults.sorted(), SizeIs(2));
}

TEST(FaultList, ABugIsNoFault) {
    FaultList faults("c.yaml", {});
    EXPECT_THROW(static_cast<void>(faults.try_part(FaultKind::data, "", [] { throw InternalError("bug"); })),
                 InternalError);
    EXPECT_TRUE(faults.try_part(FaultKind::data, "", [] {}));
    EXPECT_FALSE(faults.try_part(FaultKind::data, "", [] { throw DataError("gone"); }));
}

}  // namespace
}  // namespace halftone
