#include "dump/event_file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace halftone {
namespace {

/// Golden: tensorboard 2.21.0, tensorboard.summary.writer.record_writer.RecordWriter over the bytes of the first event,
/// in hexadecimal. (Whole files are read by TensorBoard's reader in system.study.)
TEST(EventFile, FramesRecordsAsTensorBoardDoes) {
    const std::string framed = framed_record(std::string("\x1a\x0d", 2) + "brain.Event:2");
    std::string hex;
    for (const char byte : framed) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    EXPECT_EQ(hex, "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc985129");
}

TEST(Distribution, CountsItsElements) {
    const Distribution values{.low = 0, .high = 1, .counts = {1, 2, 3}, .min = 0, .max = 0, .sum = 0, .sum_squares = 0};
    EXPECT_EQ(values.total(), 6);
}

}  // namespace
}  // namespace halftone
