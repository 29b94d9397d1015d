#include "base/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone::log {
namespace {

/// A switch without default: a new level that is forgotten here is a warning of the compiler.
spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::trace:
            return spdlog::level::trace;
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
        case Level::off:
            return spdlog::level::off;
    }
    return spdlog::level::off;
}

/// The process's two sinks. The only global of the house: a log is the process's, and passing it everywhere would put
/// it into signatures that must not log.
struct Sinks {
    std::mutex mutex;
    int rank = 0;
    Level stderr_level = Level::info;
    spdlog::sink_ptr to_stderr = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    spdlog::sink_ptr to_file;
    bool has_live_line = false;

    Sinks() { set_pattern(*to_stderr); }
    void set_pattern(spdlog::sinks::sink& sink) const {
        sink.set_pattern(fmt::format("%Y-%m-%dT%H:%M:%S.%e %l {} %v", rank));
    }
    // The file gets info and above whatever stderr shows, so that a quiet run can still be understood afterwards.
    [[nodiscard]] Level lowest() const { return to_file ? std::min(stderr_level, Level::info) : stderr_level; }
};

Sinks& sinks() {
    static Sinks* const instance = new Sinks;  // never destroyed, so that destructors of statics may still log
    return *instance;
}

}  // namespace

void configure(Level stderr_level, int rank) {
    Sinks& s = sinks();
    const std::lock_guard lock(s.mutex);
    s.rank = rank;
    // Other ranks say what goes wrong only: N ranks would repeat every line N times.
    s.stderr_level = rank == 0 ? stderr_level : std::max(stderr_level, Level::warning);
    s.set_pattern(*s.to_stderr);
    if (s.to_file) s.set_pattern(*s.to_file);
}

void open_file(const std::string& path) {
    Sinks& s = sinks();
    try {
        // Appending, because a resumed run goes on in the same file.
        auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path, /*truncate=*/false);
        const std::lock_guard lock(s.mutex);
        s.set_pattern(*file);
        s.to_file = std::move(file);
    } catch (const spdlog::spdlog_ex& e) {
        throw IoError(fmt::format("cannot open log file {}: {}", path, e.what()));
    }
}

void close_file() {
    Sinks& s = sinks();
    const std::lock_guard lock(s.mutex);
    s.to_file.reset();
}

void set_live_line(bool is_there) {
    Sinks& s = sinks();
    const std::lock_guard lock(s.mutex);
    s.has_live_line = is_there;
}

bool has_live_line() {
    Sinks& s = sinks();
    const std::lock_guard lock(s.mutex);
    return s.has_live_line;
}

bool is_enabled(Level level) {
    Sinks& s = sinks();
    const std::lock_guard lock(s.mutex);
    return level != Level::off && level >= s.lowest();
}

void write(Level level, std::string_view room, std::string_view text) {
    if (level == Level::off) return;
    Sinks& s = sinks();
    const std::lock_guard lock(s.mutex);
    if (level < s.lowest()) return;
    // The text may hold a stranger's words, for example the name of a file.
    const std::string line = fmt::format("{} {}", room, printable(text));
    const spdlog::details::log_msg message(spdlog::source_loc{}, "halftone", to_spdlog(level), line);
    const auto put = [&](spdlog::sinks::sink& sink) {
        try {
            sink.log(message);
            // At once: a run that is killed must not lose its last lines, which tell why.
            sink.flush();
        } catch (const spdlog::spdlog_ex&) {
            // A full disk must not end a run because of its log; what matters (the journal) reports it by itself.
        }
    };
    if (level >= s.stderr_level) {
        // Clears the whole line and goes back to its start.
        if (std::exchange(s.has_live_line, false)) std::fputs("\x1b[2K\r", stderr);
        put(*s.to_stderr);
    }
    if (s.to_file && level >= Level::info) put(*s.to_file);
}

}  // namespace halftone::log
