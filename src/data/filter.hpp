#pragma once
// Filters: which samples of a data set are used. The section `filter` of a dataloader names one.

#include <memory>

#include "data/dataset.hpp"

namespace halftone {

class Filter {
public:
    virtual ~Filter() = default;
    /// Checks that samples of this schema have what the filter looks at. @throws DataError when they have not
    virtual void check(const Schema& schema) const = 0;
    /// Returns whether the sample stays. Only its targets are there. @param schema  that has passed check()
    [[nodiscard]] virtual bool keeps(const Sample& sample, const Schema& schema) const = 0;
};

}  // namespace halftone
