#include "base/shared_bytes.hpp"

#include <algorithm>
#include <new>

#include "base/budget.hpp"
#include "base/check.hpp"

namespace halftone {
namespace {

constexpr std::align_val_t kPage{4096};

}  // namespace

SharedBytesBuilder::SharedBytesBuilder(std::uint64_t size) : size_(size) {
    auto taken = std::make_shared<BudgetedBytes>(process_budget(), size, "the model's bytes");
    auto* memory = static_cast<char*>(::operator new[](std::max<std::uint64_t>(size, 1), kPage));
    // The deleter keeps the bytes taken until the memory is given back.
    memory_ = std::shared_ptr<char[]>(memory, [taken](char* given) { ::operator delete[](given, kPage); });
}

void SharedBytesBuilder::append(std::string_view piece) {
    HALFTONE_CHECK(piece.size() <= size_ - done_, "the pieces are no larger than the whole");
    std::copy(piece.begin(), piece.end(), memory_.get() + done_);
    done_ += piece.size();
}

SharedBytes SharedBytesBuilder::take() {
    HALFTONE_CHECK(done_ == size_, "all pieces are there");
    return {std::string_view(memory_.get(), size_), memory_};
}

}  // namespace halftone
