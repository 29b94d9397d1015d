#include "data/kept_samples.hpp"

#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "config/reader.hpp"

namespace halftone {
namespace {

class KeptSamples final : public Dataset {
public:
    KeptSamples(std::unique_ptr<Dataset> all, std::vector<std::int64_t> kept)
        : all_(std::move(all)), kept_(std::move(kept)) {}

    std::int64_t size() const override { return static_cast<std::int64_t>(kept_.size()); }
    const Schema& schema() const override { return all_->schema(); }
    Sample read(std::int64_t id) const override { return renumbered(all_->read(number_in_all(id)), id); }
    Sample read_targets(std::int64_t id) const override {
        return renumbered(all_->read_targets(number_in_all(id)), id);
    }
    std::string place(std::int64_t id) const override { return all_->place(number_in_all(id)); }
    std::string input_place(std::int64_t id, std::size_t input) const override {
        return all_->input_place(number_in_all(id), input);
    }

    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const std::int64_t number : kept_) hasher.add(number);
        return hasher.add(all_->content_hash()).digest();
    }

private:
    [[nodiscard]] std::int64_t number_in_all(std::int64_t id) const {
        HALFTONE_CHECK(id >= 0 && id < size(), "samples lie in the data set");
        return kept_[static_cast<std::size_t>(id)];
    }
    /// Whoever reads by number gets that number: shards and caches rely on it.
    static Sample renumbered(Sample sample, std::int64_t id) {
        sample.id = id;
        return sample;
    }

    std::unique_ptr<Dataset> all_;
    std::vector<std::int64_t> kept_;  ///< numbers in the whole data set, ascending
};

/// More samples than this are never looked at one by one: dummy_v2 has no end in LPOT.
constexpr std::int64_t kMostFiltered = std::int64_t{1} << 28;

}  // namespace

std::unique_ptr<Dataset> keep_samples(std::unique_ptr<Dataset> dataset, const Filter& filter, const ConfigNode& node,
                                      bool keeps_bad_samples) {
    try {
        filter.check(dataset->schema());
    } catch (const DataError& error) {
        fail_at(node, std::string("does not fit: ") + error.what(), true);
    }
    if (dataset->size() > kMostFiltered) fail_at(node, "would look at too many samples", true);
    std::vector<std::int64_t> kept;
    // Every rank looks at the same samples in the same order, so all ranks get the same view without a message.
    for (std::int64_t id = 0; id < dataset->size(); ++id) {
        try {
            if (filter.keeps(dataset->read_targets(id), dataset->schema())) kept.push_back(id);
        } catch (const DataError&) {
            if (!keeps_bad_samples) throw;
            kept.push_back(id);  // whoever reads it later skips it, and counts it
        }
    }
    if (kept.empty()) fail_at(node, "leaves none of the samples", true);
    return std::make_unique<KeptSamples>(std::move(dataset), std::move(kept));
}

}  // namespace halftone
