#include "comm/local.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace halftone {
namespace {

TEST(LocalCommunicator, WaitingForAMessageThatNobodyCanSendIsAnErrorAndNotAHang) {
    const auto comm = make_local_communicator();
    EXPECT_THROW(static_cast<void>(comm->receive()), MpiError);
}

}  // namespace
}  // namespace halftone
