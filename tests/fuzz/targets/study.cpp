// Any bytes as the folder of a run: the journal, then study.json, best.yaml, run.yaml and progress.json behind lines
// "=== NAME". The last one is read apart, because only a run that goes on has one. The folder is refused, or what the
// command report prints and writes of it (text, JSON, study.h5) is made: the JSON for one input in 4 and study.h5 for
// one in 32, because making a file takes longer than all the rest.
#include <filesystem>

#include "base/error.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/sections.hpp"
#include "fuzz/target.hpp"
#include "study/dump_selection.hpp"
#include "study/run_report.hpp"
#include "study/study_file.hpp"

namespace halftone::fuzz {
namespace {

void run_study(std::string_view bytes) {
    static const ScratchFolder folder;
    const auto sections = sections_of(bytes, "trials.jsonl");
    for (const char* name : {"trials.jsonl", "study.json", "best.yaml", "run.yaml"}) {
        const auto found = sections.find(name);
        if (found != sections.end()) {
            folder.write(name, found->second);
        } else {
            std::filesystem::remove(folder / name);
        }
    }
    if (const auto progress = sections.find("progress.json"); progress != sections.end()) {
        try {
            (void)study::progress_left_text(study::read_progress(std::string(progress->second)), 1);
        } catch (const DataError&) {
            // The report of a run does not need it.
        }
    }
    try {
        std::vector<std::string> warnings;
        const study::StudySource source = study::read_study_source(folder.path(), warnings);
        (void)study::run_report_text(source);
        if (is_in_share(bytes, 4)) (void)study::run_report_json(source);
        if (is_in_share(bytes, 32)) study::write_study(source, folder / "study.h5", warnings);
    } catch (const IoError&) {
        return;
    } catch (const DataError&) {
        return;
    }
}

}  // namespace

FuzzTarget make_study_target() { return {.run = &run_study, .mutate = &mutate_journal}; }

}  // namespace halftone::fuzz
