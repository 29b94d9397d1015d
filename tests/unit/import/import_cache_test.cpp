#include "import/import_cache.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

#include "base/error.hpp"
#include "base/run_program.hpp"
#include "import/python.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

class ImportCacheTest : public testing::Test {
protected:
    void SetUp() override {
        files_->create_directories("models");
        files_->write_atomically("models/net.pb", "\x0a\x02");
        files_->write_atomically("models/other.pb", "\x0a\x03");
    }
    static ImportOptions of(const std::string& source) {
        ImportOptions options;
        options.source = source;
        return options;
    }
    std::unique_ptr<MemoryFileSystem> files_ = make_memory_file_system();
};

TEST_F(ImportCacheTest, TheKeyStandsForContentNamesAndShapes) {
    std::vector<ImportOptions> all(6, of("models/net.pb"));
    all[1] = of("models/other.pb");
    all[2].inputs = {"x"};
    all[3].outputs = {"x"};
    all[4].sizes.shapes["x"] = {1, 2};
    all[5].sizes.shapes["x"] = {2, 1};
    std::set<std::string> keys;
    for (const ImportOptions& options : all) keys.insert(import_key(*files_, options));
    EXPECT_EQ(keys.size(), all.size());
    ImportOptions same = of("models/net.pb");
    same.python = "/elsewhere/python3";
    EXPECT_EQ(import_key(*files_, same), import_key(*files_, all[0])) << "where Python lies decides nothing";
}

/// A program in place of a Python: it answers the question for packages with one line, and converts nothing.
std::string toy_python(const TemporaryFolder& folder, const std::string& name, const std::string& script) {
    const std::string path = folder.path() + "/" + name;
    make_posix_file_system()->write_atomically(path, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
}

TEST_F(ImportCacheTest, WhatTheSameVersionsImportedIsReadOnly) {
    const TemporaryFolder folder;
    ImportOptions options = of("models/net.pb");
    options.python = toy_python(folder, "new", "echo tensorflow 2.21.0, tf2onnx 1.17.0");
    const std::string name = kept_name(import_key(*files_, options), "tensorflow 2.21.0, tf2onnx 1.17.0");
    files_->create_directories("kept");
    files_->write_atomically("kept/" + name + ".onnx", "the model");
    EXPECT_EQ(cached_import(*files_, "kept", options), "the model");
    options.python = toy_python(folder, "newer", "echo tensorflow 2.22.0, tf2onnx 1.17.0");
    EXPECT_THROW((void)cached_import(*files_, "kept", options), ModelError) << "it converts anew, which no toy can";
    EXPECT_THROW((void)cached_import(*files_, "kept", of("models/none.pb")), ModelError);
}

TEST_F(ImportCacheTest, APythonThatTheUserNamesMustConvert) {
    const ImportOptions options = of("models/net.pb");
    const std::string key = import_key(*files_, options);
    files_->create_directories("kept");
    files_->write_atomically("kept/" + kept_name(key, "tensorflow 2.20.0") + ".onnx", "the model");
    ImportOptions named = options;
    named.python = "/nowhere/python3";
    EXPECT_THROW((void)cached_import(*files_, "kept", named), ConfigError) << "the user's Python is asked for";
}

TEST_F(ImportCacheTest, WithoutTheFrameworkTheOnlyConversionIsTaken) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this program has no threads
    ::setenv("HALFTONE_DEPS_DIR", "/nonexistent", 1);  // not the venv that scripts/setup.sh makes
    const ImportOptions options = of("models/net.pb");
    try {
        (void)find_python(SourceKind::tf_graph, "");
        GTEST_SKIP() << "this machine has TensorFlow";
    } catch (const ConfigError&) {
        EXPECT_THROW((void)cached_import(*files_, "kept", options), ConfigError);
    }
    const std::string key = import_key(*files_, options);
    files_->create_directories("kept");
    files_->write_atomically("kept/" + kept_name(key, "tensorflow 2.20.0") + ".onnx", "the model");
    EXPECT_EQ(cached_import(*files_, "kept", options), "the model");
    files_->write_atomically("kept/" + kept_name(key, "tensorflow 2.21.0") + ".onnx", "another one");
    EXPECT_THROW((void)cached_import(*files_, "kept", options), ConfigError) << "which of both is not known";
}

// tensorflow lies in a distribution of another name, and cannot be imported: its version is known all the same.
TEST(FindPython, KnowsVersionsWithoutImporting) {
    const TemporaryFolder folder;
    const auto files = make_posix_file_system();
    const auto write = [&](const std::string& path, const std::string& text) {
        files->create_directories(folder.path() + "/" + path.substr(0, path.find('/')));
        files->write_atomically(folder.path() + "/" + path, text);
    };
    for (const char* package : {"tensorflow", "tf2onnx", "keras"}) {
        write(std::string(package) + "/__init__.py", "raise SystemExit('imported')\n");
    }
    write("tensorflow_cpu-2.21.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tensorflow_cpu\nVersion: 2.21.0\n");
    write("tensorflow_cpu-2.21.0.dist-info/top_level.txt", "tensorflow\n");
    write("tf2onnx-1.17.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tf2onnx\nVersion: 1.17.0\n");
    write("keras-3.15.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: keras\nVersion: 3.15.1\n");
    const std::string python =
        toy_python(folder, "python3.sh", "PYTHONPATH='" + folder.path() + "' exec python3 -S \"$@\"");
    if (run_program({python, "-c", ""}, "", std::chrono::seconds(60), 1024).exit_code != 0) {
        GTEST_SKIP() << "no python3 here";
    }
    const FoundPython found = find_python(SourceKind::tf_graph, python);
    EXPECT_EQ(found.path, python);
    EXPECT_EQ(found.versions, "tensorflow 2.21.0, tf2onnx 1.17.0, keras 3.15.1");
    EXPECT_THROW((void)find_python(SourceKind::mxnet, python), ConfigError);
}

}  // namespace
}  // namespace halftone
