#include "import/import_cache.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"

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

TEST_F(ImportCacheTest, WhatWasImportedBeforeIsReadOnly) {
    const ImportOptions options = of("models/net.pb");
    files_->create_directories("kept");
    files_->write_atomically("kept/" + import_key(*files_, options) + ".onnx", "the model");
    EXPECT_EQ(cached_import(*files_, "kept", options), "the model");
    EXPECT_THROW((void)cached_import(*files_, "kept", of("models/none.pb")), ModelError);
}

}  // namespace
}  // namespace halftone
