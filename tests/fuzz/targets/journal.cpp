// Any bytes as trials.jsonl: refused with an IoError, or records that are written as lines which read back the same,
// and that a resumed run can sort.
#include <variant>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"
#include "journal/journal.hpp"
#include "support/journal_records.hpp"
#include "tune/journal_history.hpp"

namespace halftone::fuzz {
namespace {

void run_journal(std::string_view bytes) {
    const auto files = make_memory_file_system();
    files->write_atomically("trials.jsonl", bytes);
    try {
        const journal::Replay replay = journal::read_journal(*files, "trials.jsonl");
        expect(replay.valid_bytes + replay.dropped_bytes == bytes.size(), "bytes of a journal are not accounted for");
        for (const journal::Record& record : replay.records) {
            // Lines are compared, not records: NaN differs from itself.
            const std::string line = journal::to_line(record);
            const auto again = journal::parse_line(line);
            expect(std::holds_alternative<journal::Record>(again), "a record cannot be read after it was written");
            expect(journal::to_line(std::get<journal::Record>(again)) == line, "a record reads back as another one");
        }
        (void)tune::sort_records(replay.records);
    } catch (const IoError&) {
        return;
    }
}

std::map<std::string, std::string> journal_seeds() {
    std::map<std::string, std::string> seeds;
    for (const auto& [name, records] : {std::pair{"sample_run.jsonl", journal::sample_run()},
                                        std::pair{"full_records.jsonl", journal::full_records()}}) {
        for (const journal::Record& record : records) seeds[name] += journal::to_line(record) + "\n";
    }
    seeds["unfinished.jsonl"] = seeds["sample_run.jsonl"].substr(0, 900);
    return seeds;
}

}  // namespace

FuzzTarget make_journal_target() { return {.run = &run_journal, .mutate = &mutate_journal, .seeds = &journal_seeds}; }

}  // namespace halftone::fuzz
