// What the doctor says of machines that differ.
#include "doctor/checkup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/machine.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

MachineFacts good_machine() {
    MachineFacts facts;
    facts.processor = "Processor 9";
    facts.isa = "avx512_core_vnni";
    facts.has_exact_int8 = true;
    facts.int8_bound = 4;
    facts.onednn = "3.5.3";
    facts.mpi = "Open MPI 4.1.4";
    facts.hdf5 = "1.10.8";
    facts.has_mpirun = true;
    facts.cores = facts.usable_cores = 8;
    facts.free_bytes = facts.limit_bytes = 32'000'000'000;
    facts.certify_script = "/s/certify.py";
    facts.python = "/p/python";
    return facts;
}

Finding finding(const MachineFacts& facts, const std::string& subject) {
    for (const Finding& found : examine(facts)) {
        if (found.subject == subject) return found;
    }
    ADD_FAILURE() << "nothing about " << subject;
    return {};
}

TEST(Doctor, AGoodMachineHasNothingToMend) {
    for (const Finding& found : examine(good_machine())) EXPECT_EQ(found.state, FindingState::good) << found.subject;
    EXPECT_THAT(finding(good_machine(), "instruction set").advice, HasSubstr("int8 pays"));
    EXPECT_THAT(finding(good_machine(), "instruction set").advice, HasSubstr("at most 4 x as fast"));
    EXPECT_THAT(checkup_json(examine(good_machine())), HasSubstr(R"({"ok":true,"findings":[{"subject":"processor",)"));
}

TEST(Doctor, WithoutVnniItSaysWhatThatCosts) {
    MachineFacts facts = good_machine();
    facts.isa = "avx2";
    facts.has_exact_int8 = false;
    facts.isa_limit = "AVX2";
    facts.int8_bound = 4.0 / 3;
    EXPECT_EQ(finding(facts, "instruction set").state, FindingState::note);
    EXPECT_THAT(finding(facts, "instruction set").advice, HasSubstr("6 bits"));
    EXPECT_THAT(finding(facts, "instruction set").advice, HasSubstr("at most 1.33 x as fast"));
    EXPECT_THAT(finding(facts, "instruction set").advice, HasSubstr("ONEDNN_MAX_CPU_ISA=AVX2"));
}

TEST(Doctor, WhatIsMissingComesWithTheWayToGetIt) {
    MachineFacts facts = good_machine();
    facts.missing_packages = {"openvino"};
    EXPECT_EQ(finding(facts, "certify").state, FindingState::missing);
    EXPECT_THAT(finding(facts, "certify").value, HasSubstr("openvino"));
    EXPECT_THAT(finding(facts, "certify").advice, HasSubstr("setup.sh --with-tests"));
    facts.certify_script.clear();
    EXPECT_THAT(finding(facts, "certify").value, HasSubstr("script is missing"));
    facts.has_mpirun = false;
    EXPECT_THAT(finding(facts, "MPI").advice, HasSubstr("openmpi-bin"));
    EXPECT_THAT(checkup_json(examine(facts)), HasSubstr(R"({"ok":true)")) << "a search needs none of these";
}

TEST(Doctor, TheAdviceForAllCoresIsACommandThatOpenMpiAccepts) {
    // 8 cores are 8 slots; with the rank that leads there are 9 ranks, which Open MPI refuses without the option.
    EXPECT_THAT(finding(good_machine(), "cores").advice, HasSubstr("mpirun --oversubscribe --bind-to none -n 9 "));
}

TEST(Doctor, RanksAreJudgedUnderALauncher) {
    MachineFacts facts = good_machine();
    EXPECT_THAT(checkup_text(examine(facts)), Not(HasSubstr("binding")));
    facts.ranks = 20;
    EXPECT_THAT(finding(facts, "MPI").value, HasSubstr("20 ranks"));
    EXPECT_EQ(finding(facts, "binding").state, FindingState::note);
    EXPECT_EQ(finding(facts, "transport").value, "chosen by MPI");
}

TEST(Doctor, ThisMachineCanBeLookedAt) {
    const MachineFacts facts = look_at_machine();
    EXPECT_GE(facts.cores, facts.usable_cores);
    EXPECT_GE(facts.usable_cores, 1);
    EXPECT_NE(facts.isa, "");
    EXPECT_THAT(facts.hdf5, testing::StartsWith("1."));
    EXPECT_GT(facts.free_bytes, 0U);
}

TEST(CertifyScript, IsFoundBesideInstalledAndInTheSourceTree) {
    const TemporaryFolder folder;
    const auto touch = [&](const std::string& name) {
        const std::filesystem::path path = folder / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << "x";
    };
    std::filesystem::create_directories(folder / "build/release/bin");
    std::filesystem::create_directories(folder / "prefix/bin");
    EXPECT_THAT(find_certify_script(folder / "prefix/bin/halftone"), IsEmpty());
    touch("scripts/certify.py");
    EXPECT_THAT(find_certify_script(folder / "build/release/bin/halftone"), HasSubstr("scripts/certify.py"));
    touch("prefix/share/halftone/scripts/certify.py");
    EXPECT_THAT(find_certify_script(folder / "prefix/bin/halftone"), HasSubstr("share/halftone"));
    touch("prefix/bin/certify.py");
    EXPECT_THAT(find_certify_script(folder / "prefix/bin/halftone"), HasSubstr("bin/certify.py"));
}

TEST(RunAttached, GivesTheExitCode) {
    EXPECT_EQ(run_attached({"sh", "-c", "exit 6"}), 6);
    EXPECT_EQ(run_attached({"sh", "-c", "kill -TERM $$"}), 128 + 15);
    EXPECT_THROW(static_cast<void>(run_attached({"/no/such/program"})), std::exception);
    EXPECT_TRUE(find_program("sh"));
    EXPECT_FALSE(find_program("no-such-program-anywhere"));
}

}  // namespace
}  // namespace halftone
