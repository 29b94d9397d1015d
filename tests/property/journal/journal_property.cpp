// What holds for every damage of a kind, tried one by one.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "journal/journal.hpp"
#include "support/journal_records.hpp"

namespace halftone::journal {
namespace {

const std::string kPath = "trials.jsonl";

std::string text_of(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) text += to_line(record) + '\n';
    return text;
}

Replay replay_of(const std::string& text) {
    const auto files = make_memory_file_system();
    files->write_atomically(kPath, text);
    return read_journal(*files, kPath);
}

TEST(JournalProperty, CutAtAnyByteItReplaysTheWholeLinesBeforeTheCut) {
    const std::vector<Record> run = sample_run();
    const std::string text = text_of(run);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        const Replay replay = replay_of(text.substr(0, cut));
        const auto lines =
            static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<long>(cut), '\n'));
        ASSERT_EQ(replay.records, std::vector<Record>(run.begin(), run.begin() + static_cast<long>(lines))) << cut;
        ASSERT_EQ(replay.valid_bytes + replay.dropped_bytes, cut);
        ASSERT_EQ(replay.why_dropped.empty(), replay.dropped_bytes == 0) << cut;
    }
}

TEST(JournalProperty, CutAtAnyByteTheNextSessionCompletesTheSameFile) {
    const std::vector<Record> run = sample_run();
    const std::string text = text_of(run);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        const auto files = make_memory_file_system();
        files->write_atomically(kPath, text.substr(0, cut));
        const Replay replay = read_journal(*files, kPath);
        Writer writer(*files, kPath, replay.valid_bytes);
        for (std::size_t i = replay.records.size(); i < run.size(); ++i) writer.append(run[i]);
        ASSERT_EQ(files->read(kPath), text) << cut;
    }
}

TEST(JournalProperty, AnyChangedByteOfALineBeforeTheLastIsFound) {
    const std::string text = text_of(sample_run());
    const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
    // The line break before the last line belongs to both: without it the two are one bad last line, see below.
    for (std::size_t at = 0; at < last_line - 1; ++at) {
        for (const int flip : {0x01, 0x20, 0x80, text[at] ^ '\n'}) {
            if (flip == 0) continue;
            std::string damaged = text;
            damaged[at] = static_cast<char>(damaged[at] ^ flip);
            ASSERT_THROW(static_cast<void>(replay_of(damaged)), IoError) << "byte " << at << " flip " << flip;
        }
    }
}

TEST(JournalProperty, AnyChangedByteOfTheLastLineDropsJustThatLine) {
    const std::vector<Record> run = sample_run();
    const std::string text = text_of(run);
    const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
    for (std::size_t at = last_line; at < text.size(); ++at) {
        std::string damaged = text;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x01);
        ASSERT_EQ(replay_of(damaged).records.size(), run.size() - 1) << at;
    }
}

TEST(JournalProperty, ALostBreakBeforeTheLastLineDropsBothAndSaysSo) {
    const std::vector<Record> run = sample_run();
    std::string damaged = text_of(run);
    damaged[damaged.rfind('\n', damaged.size() - 2)] = ' ';
    EXPECT_EQ(replay_of(damaged).records.size(), run.size() - 2);
    EXPECT_NE(replay_of(damaged).why_dropped, "");
}

std::string random_text(Rng& rng) {
    std::string text;
    for (auto n = rng.below(12); n > 0; --n) {
        text += rng.below(8) == 0 ? std::string("\xe2\x82\xac") : std::string(1, static_cast<char>(rng.below(128)));
    }
    return text;
}

TrialResult random_result(Rng& rng) {
    TrialResult result;
    if (rng.below(4) == 0) {
        result.failure = "x" + random_text(rng);
    } else {
        result.score.accuracy = rng.normal();
    }
    // Any counts that a run can have: 1 to 2^63 - 1 samples, and no more right ones than samples.
    const std::uint64_t samples = 1 + rng.next() / 2 % INT64_MAX;
    result.score.samples = static_cast<std::int64_t>(samples);
    if (rng.below(2) == 0) result.score.correct = static_cast<std::int64_t>(rng.next() % (samples + 1));
    if (rng.below(4) == 0)
        result.score.nonfinite = {result.score.samples, {0, static_cast<std::int64_t>(rng.next() / 2)}};
    result.score.sample_units = static_cast<std::int64_t>(rng.next() / 2);
    result.wall_s = rng.uniform(0, 1e6);
    result.worker = static_cast<std::int64_t>(rng.below(64));
    return result;
}

TEST(JournalProperty, AnyRecordReadsBackAsItWas) {
    Rng rng(11);
    for (int i = 0; i < 3000; ++i) {
        Trial trial;
        trial.trial = static_cast<std::int64_t>(rng.next());
        trial.candidate = random_text(rng);
        trial.stage = random_text(rng);
        for (auto n = rng.below(4); n > 0; --n) trial.changed.push_back({random_text(rng), random_text(rng)});
        trial.verdict = random_text(rng);
        trial.result = random_result(rng);
        trial.elapsed_ms = static_cast<std::int64_t>(rng.next());
        const Partial partial{static_cast<std::int64_t>(rng.next()), random_text(rng), random_result(rng)};
        const std::vector<Record> records{trial, partial};
        ASSERT_EQ(replay_of(text_of(records)).records, records) << text_of(records);
    }
}

}  // namespace
}  // namespace halftone::journal
