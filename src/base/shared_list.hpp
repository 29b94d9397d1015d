#pragma once
// SharedList: a list that never changes, whose copies share one memory. It is for lists that thousands of owners have
// in common: a model of 100,000 equal units has one list of options, not 100,000.

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace halftone {

template <class T>
class SharedList {
public:
    using value_type = T;
    using const_iterator = typename std::vector<T>::const_iterator;
    using iterator = const_iterator;  ///< nobody changes the list

    SharedList() : SharedList(std::vector<T>{}) {}
    // Implicit: a list of options is written as a vector and only kept as a shared one.
    // NOLINTNEXTLINE(google-explicit-constructor)
    SharedList(std::vector<T> items) : items_(std::make_shared<const std::vector<T>>(std::move(items))) {}
    SharedList(std::initializer_list<T> items) : SharedList(std::vector<T>(items)) {}
    // No move of its own: what is left of a moved list can still be read.
    SharedList(const SharedList&) = default;
    SharedList& operator=(const SharedList&) = default;
    // Implicit, too: who reads the list need not know that it is shared.
    // NOLINTNEXTLINE(google-explicit-constructor)
    operator const std::vector<T>&() const { return *items_; }

    [[nodiscard]] const_iterator begin() const { return items_->begin(); }
    [[nodiscard]] const_iterator end() const { return items_->end(); }
    [[nodiscard]] std::size_t size() const { return items_->size(); }
    [[nodiscard]] bool empty() const { return items_->empty(); }
    [[nodiscard]] const T& operator[](std::size_t i) const { return (*items_)[i]; }
    [[nodiscard]] const T& front() const { return items_->front(); }
    [[nodiscard]] const T& back() const { return items_->back(); }

    /// Returns the address of the shared memory: equal for copies of one list, and only for them. It identifies the
    /// list as long as a copy lives.
    [[nodiscard]] const void* identity() const { return items_.get(); }

    friend bool operator==(const SharedList& a, const SharedList& b) {
        return a.items_ == b.items_ || *a.items_ == *b.items_;
    }
    friend auto operator<=>(const SharedList& a, const SharedList& b) { return *a.items_ <=> *b.items_; }

private:
    std::shared_ptr<const std::vector<T>> items_;  ///< never null
};

}  // namespace halftone
