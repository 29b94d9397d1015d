// What the commands of several ranks share.
//
//   catch_signals, stop_requested   signals that let a run end in order
//   read_inputs                     config and model, read by rank 0 alone and sent to all
//   code_of_rank_0                  the exit code that all ranks share
//   check_same_workbench            what every rank reads for itself, compared with rank 0
#include "ranks.hpp"

#include <csignal>
#include <optional>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/wire.hpp"
#include "eval/workbench.hpp"
#include "import/model_source.hpp"
#include "setup.hpp"

namespace halftone::app {
namespace {

// A signal handler may only touch lock-free atomics and the like; so it sets a flag, and the coordinator looks at it.
std::atomic<bool> flag{false};

extern "C" void on_stop_signal(int) { flag.store(true); }

/// Returns the bytes of rank 0 on every rank. A model may be gigabytes, so it goes by pieces to where it stays: no rank
/// has it twice, and rank 0 keeps what it has, which may be mapped files.
SharedBytes broadcast_bytes(Communicator& comm, Agreement& agreement, SharedBytes mine) {
    constexpr std::uint64_t kPiece = std::uint64_t{64} << 20U;
    if (comm.size() == 1) return mine;
    WireWriter size;
    size.put(static_cast<std::uint64_t>(mine.size()));
    const Bytes common = comm.broadcast(RankId{0}, size.take());
    ByteReader wire(common, "the size of the model from rank 0");
    const auto bytes = wire.get<std::uint64_t>();
    wire.require_end<MpiError>();
    std::optional<SharedBytesBuilder> received;
    agreement.after([&] {
        if (comm.rank() != RankId{0}) received.emplace(bytes);
    });
    for (std::uint64_t done = 0; done < bytes; done += kPiece) {
        const bool is_root = comm.rank() == RankId{0};
        const Bytes piece = comm.broadcast(RankId{0}, is_root ? Bytes(mine.view().substr(done, kPiece)) : Bytes());
        if (received) received->append(piece);
    }
    return received ? received->take() : mine;
}

}  // namespace

std::atomic<bool>& stop_requested() { return flag; }

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = on_stop_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;  // a read or write that the signal meets goes on instead of failing
    for (const int signal : {SIGUSR1, SIGTERM}) sigaction(signal, &action, nullptr);
    action.sa_flags = static_cast<int>(static_cast<unsigned>(SA_RESTART) | static_cast<unsigned>(SA_RESETHAND));
    sigaction(SIGINT, &action, nullptr);  // a second Ctrl-C ends the process at once
}

RunInputs read_inputs(Communicator& comm, Agreement& agreement, const std::string& config_path,
                      const std::vector<std::string>& overrides, const std::function<void(const RunConfig&)>& check) {
    // One reader: with files on a network, ranks that read at different times could see different files.
    RunInputs inputs;
    agreement.after([&] {
        if (comm.rank() != RankId{0}) return;
        const std::string text = read_config_text(config_path);
        const RunConfig config = read_run_config(text, config_path, overrides, known_names());
        check(config);
        inputs = {text, read_config_model(config)};
    });
    inputs.config_text = comm.broadcast(RankId{0}, inputs.config_text);
    inputs.model_bytes = broadcast_bytes(comm, agreement, std::move(inputs.model_bytes));
    return inputs;
}

void check_same_workbench(Communicator& comm, const Workbench& bench) {
    const std::string copies = "the files on the nodes must have the same content";
    std::vector<Fingerprint> mine{{"the model", hex16(bench.model.hash), ExitCode::model, copies}};
    if (bench.calibration) {
        mine.push_back({"the calibration data", hex16(bench.calibration->identity_hash()), ExitCode::model, copies});
    }
    if (bench.evaluation) {
        mine.push_back({"the evaluation data", hex16(bench.evaluation->identity_hash()), ExitCode::model, copies});
    }
    if (bench.space) {
        mine.push_back({"the search space", hex16(bench.space->hash()), ExitCode::usage,
                        "all nodes need the same program and the same kind of processor"});
    }
    check_same_fingerprints(comm, host_name(), mine);
}

// mpirun reports the first code that it sees, so all ranks end with the same one.
int code_of_rank_0(Communicator& comm, WireWriter& code) {
    const Bytes common = comm.broadcast(RankId{0}, code.take());
    ByteReader reader(common, "the exit code of rank 0");
    const int shared = reader.get<int>();
    reader.require_end<MpiError>();
    return shared;
}

}  // namespace halftone::app
