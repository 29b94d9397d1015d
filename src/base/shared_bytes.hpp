#pragma once
// SharedBytes: bytes that never change and that several owners share. A Tensor can be a view of them.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace halftone {

/// Keeps bytes where they are as long as it, or a copy of it, exists. Null: nobody promises that.
using Keeper = std::shared_ptr<const void>;

class SharedBytes {
public:
    SharedBytes() = default;
    /// Takes a text. @pre it is moved here where it is large, for a copy is there twice
    SharedBytes(std::string text) {  // NOLINT(google-explicit-constructor): a text is bytes that somebody owns
        auto owned = std::make_shared<const std::string>(std::move(text));
        bytes_ = *owned;
        keeper_ = std::move(owned);
    }
    SharedBytes(std::string_view bytes, Keeper keeper) : bytes_(bytes), keeper_(std::move(keeper)) {}

    operator std::string_view() const { return bytes_; }  // NOLINT(google-explicit-constructor): a view of less
    [[nodiscard]] std::string_view view() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    [[nodiscard]] const Keeper& keeper() const { return keeper_; }

private:
    std::string_view bytes_;
    Keeper keeper_;
};

/// Collects bytes whose number is known, in memory that begins at a page as that of mapped files does.
class SharedBytesBuilder {
public:
    /// @throws BudgetError when the process has not so many bytes left; they stay taken as long as somebody keeps them
    explicit SharedBytesBuilder(std::uint64_t size);
    /// @pre all pieces together are not larger than the size
    void append(std::string_view piece);
    /// @pre all bytes were appended
    [[nodiscard]] SharedBytes take();

private:
    std::shared_ptr<char[]> memory_;
    std::uint64_t size_;
    std::uint64_t done_ = 0;
};

}  // namespace halftone
