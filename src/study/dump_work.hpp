#pragma once
// What a dump writes, and the writing of its parts.

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "dump/tensor_dump.hpp"
#include "eval/error_probe.hpp"
#include "exec/apply_plan.hpp"
#include "exec/prepared_model.hpp"

namespace halftone::study {

/// What a dump holds.
struct DumpContents {
    std::vector<std::size_t> units;  ///< numbers of the units whose outputs are written
    std::int64_t samples = 0;        ///< the first so many of the data set
    std::int64_t batch = 1;          ///< samples that run together
    std::int64_t shards = 1;         ///< parts that the samples are divided into
    int gzip = 0;                    ///< level of compression, 1 to 9; 0: not compressed
    std::string plan;                ///< where the quantized model comes from, in words
    std::string version;             ///< of Halftone
};

/// The two models that are compared, and what is kept of them.
class DumpWork {
public:
    /// @param data  the samples that are run; outlives this
    /// @param fp32  the model that the quantized one was made of; outlives this
    /// @throws ModelError when a unit's output has no row for each sample
    DumpWork(const Pipeline& data, const PreparedModel& fp32, QuantizedModel quantized, const DumpContents& contents);

    DumpWork(const DumpWork&) = delete;
    DumpWork& operator=(const DumpWork&) = delete;

    [[nodiscard]] const DumpLayout& layout() const { return layout_; }
    [[nodiscard]] std::int64_t activation_bytes() const;
    [[nodiscard]] std::int64_t weight_bytes() const;
    /// Runs the models over the shard's samples and writes its part. @throws IoError, DataError
    void write_part(std::size_t shard, const std::string& folder);
    /// @pre all parts are there
    void write_index(const std::string& folder) const;

private:
    struct Source {
        std::size_t unit = 0;
        std::int64_t outer = 1;  ///< blocks of samples in the executor's value: 1 where the batch comes first
        std::optional<QuantParams> params;
    };
    void add_unit(std::size_t unit);
    /// The first rows of a value of the executor, sample after sample; in `buffer` where they do not lie so.
    [[nodiscard]] const float* gather(TensorView value, const Source& source, const DumpedUnit& unit, std::int64_t rows,
                                      std::vector<float>& buffer) const;
    void write_weights(H5Writer& file, std::size_t i) const;

    const Pipeline& data_;
    const PreparedModel& fp32_;
    QuantizedModel quantized_;
    std::int64_t batch_;
    DumpLayout layout_;
    std::vector<Source> sources_;  ///< of layout_.units
    std::unique_ptr<WeightCache> weights_;
    WorkingMemory memory_;
    std::optional<ErrorProbe> probe_;
    std::vector<float> gathered_fp32_, gathered_quantized_;
    std::vector<float> check_;
    Tensor codes_;
};

}  // namespace halftone::study
