// The journal of fixed searches over toys, byte for byte but for measured times: what an older version wrote, this one
// writes. The files in tests/golden/tune were written by version 0.1.0, before records had field lists.
//
// A difference here means that journals of users can no longer be resumed. If the change is wanted, it needs a new
// number of the format (journal::kFormat); set HALFTONE_WRITE_GOLDEN=1 to write the files again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>

#include "base/file_system.hpp"
#include "support/toy_searches.hpp"

namespace halftone::test {
namespace {

/// The search over one rank, with finalists that are timed at the end. The second session only reads and ends.
std::string journal_of(const Search& search) {
    ToyProblem problem = search.make();
    problem.time_finalists = [](const std::vector<Candidate>& candidates) {
        std::vector<MedianInterval> timings;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const double median = 1.5 + 0.25 * static_cast<double>(i);
            timings.push_back({median, median - 0.125, median + 0.125});
        }
        return timings;
    };
    ToyRun toy(problem);
    (void)toy.run();
    (void)toy.run();
    // Busy time is the one thing that a toy measures with a real clock; the checksum follows from it.
    const std::string timeless = std::regex_replace(toy.journal_text(), std::regex("\"wall_s\":[^,]*"), "\"wall_s\":0");
    return std::regex_replace(timeless, std::regex(",\"crc\":\"[0-9a-f]{8}\""), "");
}

class JournalGolden : public testing::TestWithParam<Search> {};

TEST_P(JournalGolden, AFixedRunWritesWhatItAlwaysWrote) {
    const auto files = make_posix_file_system();
    const std::string path = std::string(HALFTONE_TEST_DATA) + "/tune/" + GetParam().name + ".jsonl";
    const std::string text = journal_of(GetParam());
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing calls setenv
    if (std::getenv("HALFTONE_WRITE_GOLDEN") != nullptr) files->write_atomically(path, text);
    EXPECT_EQ(text, files->read(path));
}

INSTANTIATE_TEST_SUITE_P(Searches, JournalGolden, testing::ValuesIn(searches()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace halftone::test
