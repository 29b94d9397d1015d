// Who gets which shard when, with scripted workers: the test answers for them.
#include "tune/dispatcher.hpp"

#include <gmock/gmock.h>

#include <deque>

#include "comm/local.hpp"
#include "support/toy_tuning.hpp"

namespace halftone::tune {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Rank 0 of `size`; what it sends is kept, what it receives is scripted.
class ScriptedCommunicator final : public Communicator {
public:
    explicit ScriptedCommunicator(int size) : size_(size) {}
    [[nodiscard]] RankId rank() const override { return RankId{0}; }
    [[nodiscard]] int size() const override { return size_; }
    void send(RankId to, Bytes bytes) override { sent.push_back({to, std::move(bytes)}); }
    [[nodiscard]] std::optional<halftone::Message> receive_for(std::chrono::nanoseconds) override {
        if (inbox.empty()) return std::nullopt;
        halftone::Message message = std::move(inbox.front());
        inbox.pop_front();
        return message;
    }
    [[nodiscard]] halftone::Message receive() override {
        auto message = receive_for({});
        if (!message) throw MpiError("the script is at its end");
        return *std::move(message);
    }
    [[nodiscard]] Bytes broadcast(RankId, Bytes bytes) override { return bytes; }
    [[nodiscard]] std::vector<Bytes> gather(RankId, Bytes bytes) override { return {std::move(bytes)}; }
    void barrier() override {}

    std::vector<halftone::Message> sent;  ///< `from` is the addressee
    std::deque<halftone::Message> inbox;

private:
    int size_;
};

class DispatcherTest : public testing::Test {
protected:
    void start(int workers, std::int64_t shards = 3) {
        problem_.shards = shards;
        comm_.emplace(workers + 1);
        dispatcher_ = std::make_unique<Dispatcher>(*comm_, evaluator_);
    }
    std::int64_t submit(JobKind kind = JobKind::baseline) {
        Job job;
        job.kind = kind;
        return dispatcher_->submit(job);
    }
    /// What was sent since the last look, as "worker:item.shard", "+" with calibration, "worker:stop".
    std::vector<std::string> sent() {
        std::vector<std::string> all;
        for (const auto& [to, bytes] : comm_->sent) {
            const auto message = decode(bytes);
            std::string text = std::to_string(to.value) + ":";
            if (const auto* assign = std::get_if<Assign>(&*message)) {
                text += std::to_string(assign->item) + "." + std::to_string(assign->first_shard);
                EXPECT_EQ(assign->last_shard, assign->first_shard + 1);
                if (!assign->calibration.empty()) text += "+";
            } else {
                text += "stop";
            }
            all.push_back(text);
        }
        comm_->sent.clear();
        return all;
    }
    void answer(std::int64_t worker, Done done) { comm_->inbox.push_back({RankId{worker}, encode(std::move(done))}); }
    /// The worker answers, and the dispatcher takes it.
    std::optional<FinishedJob> done(std::int64_t worker, std::int64_t item, std::int64_t shard,
                                    std::string failure = {}) {
        Done message{.item = item,
                     .shard = shard,
                     .result = {.payload = "p" + std::to_string(shard), .failure = std::move(failure)}};
        message.result.sample_units = 10;
        message.wall_s = 0.5;
        answer(worker, std::move(message));
        return dispatcher_->step({});
    }

    ToyProblem problem_ = listed_problem({0.8});
    Hooks hooks_;
    Ledger ledger_;
    ToyEvaluator evaluator_{problem_, hooks_, ledger_, RankId{0}};
    std::optional<ScriptedCommunicator> comm_;
    std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, EveryWorkerGetsItsFirstShardBeforeAnyItsSecond) {
    start(2, 4);
    submit();
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("1:0.0", "2:0.1", "1:0.2", "2:0.3"));
}

TEST_F(DispatcherTest, ManyJobsGiveEachWorkerOneOfItsOwn) {
    start(2);
    submit();
    submit();
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("1:0.0", "2:1.0", "1:0.1", "2:1.1"));
}

TEST_F(DispatcherTest, AWorkerStaysWithItsJobThenTakesAnUntouchedOneThenHelpsWithTheLowest) {
    start(2);
    for (int job = 0; job < 3; ++job) submit();
    (void)dispatcher_->step({});
    (void)sent();
    (void)done(2, 1, 0);  // as one shard is answered the next is handed out
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("2:1.2"));
    (void)done(2, 1, 1);
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("2:2.0")) << "untouched, though job 0 has a shard left";
    (void)done(2, 1, 2);
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("2:2.1"));
    (void)done(2, 2, 0);
    (void)dispatcher_->step({});
    (void)done(2, 2, 1);
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("2:2.2", "2:0.2")) << "nothing untouched is left: the lowest is waited for most";
}

TEST_F(DispatcherTest, PayloadsAreInShardOrderWhateverCameFirst) {
    start(3);
    const auto item = submit();
    (void)dispatcher_->step({});
    EXPECT_FALSE(done(3, item, 2));
    EXPECT_FALSE(done(1, item, 0));
    const auto finished = done(2, item, 1);
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->item, item);
    EXPECT_THAT(finished->payloads, ElementsAre("p0", "p1", "p2"));
    EXPECT_EQ(finished->sample_units, 30);
    EXPECT_EQ(finished->wall_s, 1.5);
    EXPECT_EQ(finished->last_worker, 2);
    EXPECT_EQ(dispatcher_->unfinished(), 0);
}

TEST_F(DispatcherTest, TheCalibrationGoesOnceToEachWorkerWithItsFirstCandidate) {
    start(2);
    submit();
    dispatcher_->set_calibration("ranges");
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("1:0.0", "2:0.1", "1:0.2")) << "the fp32 model needs none";
    submit(JobKind::evaluate);
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("2:1.0+"));
    (void)done(1, 0, 0);
    (void)done(1, 0, 2);
    (void)done(2, 0, 1);
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("1:1.1+", "1:1.2"));
}

TEST_F(DispatcherTest, AFailedJobIsNotHandedOutFurtherAndNamesItsLowestFailingShard) {
    start(3, 20);
    const auto item = submit();
    (void)dispatcher_->step({});
    (void)sent();
    EXPECT_FALSE(done(3, item, 2, "late")) << "lower shards are out and may fail too";
    for (const auto& [worker, shard] : {std::pair{1, 0}, {1, 3}, {2, 4}, {3, 5}})
        EXPECT_FALSE(done(worker, item, shard));
    EXPECT_THAT(sent(), IsEmpty());
    const auto finished = done(2, item, 1, "early");
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->failure, "early");
    EXPECT_THAT(finished->payloads, IsEmpty());
    EXPECT_EQ(finished->sample_units, 0) << "how much of it ran depends on timing";
}

TEST_F(DispatcherTest, ABrokenWorkerEndsItWithTheErrorAndTheRank) {
    start(2);
    submit();
    (void)dispatcher_->step({});
    answer(2, {.item = 0, .shard = 1, .broken_code = 3, .broken = "data is gone"});
    try {
        (void)dispatcher_->step({});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::model);
        EXPECT_STREQ(error.what(), "data is gone (on rank 2)");
    }
}

TEST_F(DispatcherTest, MessagesThatMakeNoSenseAreMpiErrorsThatNameTheRank) {
    start(2);
    submit();
    (void)dispatcher_->step({});
    const auto expect_refused = [&](std::int64_t from, Bytes bytes) {
        comm_->inbox.push_back({RankId{from}, std::move(bytes)});
        try {
            (void)dispatcher_->step({});
            ADD_FAILURE() << "accepted";
        } catch (const MpiError& error) {
            EXPECT_THAT(error.what(), HasSubstr("rank " + std::to_string(from) + " "));
        }
    };
    expect_refused(1, "garbage");
    expect_refused(1, encode(Stop{}));
    expect_refused(1, encode(Assign{.item = 0, .job = {}, .first_shard = 0, .last_shard = 1}));
    expect_refused(1, encode(Done{.item = 99}));
    expect_refused(2, encode(Done{.item = 0, .shard = 3}));
    expect_refused(2, encode(Done{.item = 0, .shard = -1}));
    expect_refused(1, encode(Done{.item = kFarewell}));
    expect_refused(7, encode(Done{.item = 0}));
}

TEST_F(DispatcherTest, AShardThatIsAnsweredTwiceCountsOnce) {
    start(2, 3);
    const auto item = submit();
    (void)dispatcher_->step({});
    (void)sent();
    EXPECT_FALSE(done(1, item, 0));
    EXPECT_FALSE(done(1, item, 0, "the second answer says something else"));
    EXPECT_FALSE(done(2, item, 0)) << "another worker's answer is no better";
    EXPECT_FALSE(done(2, item, 1));
    const auto finished = done(1, item, 2);
    ASSERT_TRUE(finished) << "all three shards are answered, not three times one";
    EXPECT_EQ(finished->failure, "");
    EXPECT_THAT(finished->payloads, ElementsAre("p0", "p1", "p2"));
    EXPECT_EQ(finished->sample_units, 30);
    EXPECT_EQ(finished->wall_s, 1.5);
    EXPECT_FALSE(done(2, item, 1)) << "the job is finished: late answers change nothing";
}

TEST_F(DispatcherTest, ASecondAnswerLeavesTheWorkersQueueAsItIs) {
    start(1, 4);
    const auto item = submit();
    (void)dispatcher_->step({});
    EXPECT_THAT(sent(), ElementsAre("1:0.0", "1:0.1"));
    (void)done(1, item, 0);
    for (int again = 0; again < 5; ++again) (void)done(1, item, 0);
    EXPECT_THAT(sent(), ElementsAre("1:0.2")) << "it still has shard 1 to answer";
}

TEST_F(DispatcherTest, AnAnswerForAnotherWorkersShardIsRefused) {
    start(2, 4);
    const auto item = submit();
    (void)dispatcher_->step({});
    EXPECT_THROW((void)done(2, item, 0), MpiError) << "shard 0 was given to worker 1, who has not answered";
}

TEST_F(DispatcherTest, AfterAStopNothingIsHandedOutAndAnswersStillCount) {
    start(2);
    submit();
    submit();
    (void)dispatcher_->step({});
    (void)sent();
    dispatcher_->request_stop();
    dispatcher_->request_stop();
    EXPECT_THAT(sent(), ElementsAre("1:stop", "2:stop")) << "once";
    EXPECT_FALSE(done(1, 0, 0));
    EXPECT_THAT(sent(), IsEmpty());
    answer(1, {.item = kFarewell});
    EXPECT_FALSE(dispatcher_->step({}));
    EXPECT_FALSE(dispatcher_->is_stopped());
    answer(2, {.item = kFarewell});
    EXPECT_FALSE(dispatcher_->step({}));
    EXPECT_TRUE(dispatcher_->is_stopped());
}

TEST_F(DispatcherTest, StoppingDropsLateAnswersAndDoesNotThrow) {
    start(2);
    submit();
    (void)dispatcher_->step({});
    answer(1, {.item = 0, .shard = 0, .broken_code = 3, .broken = "too late to matter"});
    comm_->inbox.push_back({RankId{2}, "garbage"});
    answer(2, {.item = kFarewell});
    answer(1, {.item = kFarewell});
    dispatcher_->stop_workers();
    EXPECT_TRUE(dispatcher_->is_stopped());
    EXPECT_TRUE(comm_->inbox.empty());
}

TEST_F(DispatcherTest, StoppingALostWorldReturns) {
    start(2);
    submit();
    dispatcher_->stop_workers();  // the script has no farewells: receive() throws
    EXPECT_FALSE(dispatcher_->is_stopped());
}

TEST_F(DispatcherTest, OneRankAloneRunsItsShardsItself) {
    const auto comm = make_local_communicator();
    Dispatcher alone(*comm, evaluator_);
    EXPECT_EQ(alone.workers(), 1);
    (void)alone.submit({.kind = JobKind::baseline, .trial = {}, .candidate = {}});
    std::optional<FinishedJob> finished;
    while (!finished) finished = alone.step(std::chrono::hours(1));
    EXPECT_EQ(finished->payloads.size(), 3U);
    EXPECT_EQ(ledger_.shards_of(JobKind::baseline), 3);
}

TEST_F(DispatcherTest, OneRankAloneStopsBetweenShards) {
    const auto comm = make_local_communicator();
    Dispatcher alone(*comm, evaluator_);
    (void)alone.submit({.kind = JobKind::baseline, .trial = {}, .candidate = {}});
    while (ledger_.shards_of(JobKind::baseline) < 1) (void)alone.step({});
    alone.request_stop();
    EXPECT_TRUE(alone.is_stopped());
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(alone.step({}));
    EXPECT_EQ(ledger_.shards_of(JobKind::baseline), 1);
    EXPECT_FALSE(comm->receive_for({}));
}

/// A job that may end early, and a judge that is satisfied by so many payloads.
class DispatcherEarlyEnd : public DispatcherTest {
protected:
    std::int64_t submit_with_judge(std::size_t enough) {
        dispatcher_->set_judges([enough](const Job&) -> Judge {
            return [enough, seen = std::size_t{0}](const std::string&) mutable { return ++seen >= enough; };
        });
        Job job;
        job.may_end_early = true;
        return dispatcher_->submit(job);
    }
};

TEST_F(DispatcherEarlyEnd, LeavesOutTheShardsBehindTheDecidingOne) {
    start(1, 5);
    const auto item = submit_with_judge(2);
    (void)dispatcher_->step({});
    EXPECT_FALSE(done(1, item, 0));
    EXPECT_FALSE(done(1, item, 1)) << "decided, but shard 2 is out";
    const auto finished = done(1, item, 2);
    ASSERT_TRUE(finished);
    EXPECT_THAT(finished->payloads, ElementsAre("p0", "p1"));
    EXPECT_EQ(finished->sample_units, 20) << "shard 2 is as if it had not run";
    (void)dispatcher_->step({});
    for (const std::string& text : sent()) EXPECT_NE(text, "1:0.3");
}

TEST_F(DispatcherEarlyEnd, IsJudgedInShardOrderWhoeverIsFast) {
    start(3, 6);
    const auto item = submit_with_judge(2);
    (void)dispatcher_->step({});
    for (const std::int64_t shard : {5, 4, 2}) EXPECT_FALSE(done(shard % 3 + 1, item, shard));
    EXPECT_FALSE(done(2, item, 1));
    EXPECT_FALSE(done(1, item, 0)) << "now the first two are there; shard 3 is out";
    const auto finished = done(1, item, 3);
    ASSERT_TRUE(finished);
    EXPECT_THAT(finished->payloads, ElementsAre("p0", "p1"));
}

TEST_F(DispatcherEarlyEnd, AFailureBehindTheDecidingShardDoesNotCount) {
    start(2, 4);
    const auto item = submit_with_judge(1);
    (void)dispatcher_->step({});
    EXPECT_FALSE(done(2, item, 1, "cannot run"));
    EXPECT_FALSE(done(2, item, 3));
    EXPECT_FALSE(done(1, item, 0));
    const auto finished = done(1, item, 2);
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->failure, "");
    EXPECT_THAT(finished->payloads, ElementsAre("p0"));
}

TEST_F(DispatcherEarlyEnd, OtherJobsAreNotJudged) {
    start(1, 2);
    (void)submit_with_judge(1);
    const auto whole = submit();
    (void)dispatcher_->step({});
    (void)done(1, 0, 0);
    (void)done(1, 0, 1);
    (void)dispatcher_->step({});
    (void)done(1, whole, 0);
    (void)dispatcher_->step({});
    const auto finished = done(1, whole, 1);
    ASSERT_TRUE(finished);
    EXPECT_THAT(finished->payloads, ElementsAre("p0", "p1"));
}

TEST_F(DispatcherTest, EachCandidateOfAJobHasItsOwnResult) {
    start(1, 2);
    Job job;
    job.followers.resize(1);
    const auto item = dispatcher_->submit(job);
    (void)dispatcher_->step({});
    std::optional<FinishedJob> finished;
    for (std::int64_t shard = 0; shard < 2; ++shard) {
        Done message{.item = item, .shard = shard, .result = {.payload = {}, .failure = "the first fails"}};
        message.result.followers = {{.payload = "f" + std::to_string(shard), .failure = {}, .sample_units = 4}};
        answer(1, std::move(message));
        finished = dispatcher_->step({});
    }
    ASSERT_TRUE(finished) << "the second goes on though the first fails";
    EXPECT_EQ(finished->failure, "the first fails");
    EXPECT_THAT(finished->payloads, IsEmpty());
    EXPECT_THAT(finished->followers[0].payloads, ElementsAre("f0", "f1"));
    EXPECT_EQ(finished->followers[0].sample_units, 8);
}

TEST_F(DispatcherTest, AnAnswerForFewerCandidatesThanAskedMakesNoSense) {
    start(1, 2);
    Job job;
    job.followers.resize(2);
    const auto item = dispatcher_->submit(job);
    (void)dispatcher_->step({});
    EXPECT_THROW((void)done(1, item, 0), MpiError);
}

}  // namespace
}  // namespace halftone::tune
