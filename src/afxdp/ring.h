// SPDX-License-Identifier: Apache-2.0
// Ring: one of the four rings that an AF_XDP socket shares with the kernel
// (Documentation/networking/af_xdp.rst). One side writes entries and then its number of them, the
// other reads these and then says how many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/result.h"

namespace tna {

// Memory of the kernel's, mapped.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* at, std::size_t size) : at_(at), size_(size) {}
  Mapping(Mapping&& other) noexcept : at_(std::exchange(other.at_, nullptr)), size_(other.size_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping();
  std::byte* at() const { return static_cast<std::byte*>(at_); }

 private:
  void* at_ = nullptr;
  std::size_t size_ = 0;
};

template <typename Entry>
class Ring {
 public:
  Ring() = default;
  Ring(Mapping memory, std::uint64_t producer, std::uint64_t consumer, std::uint64_t flags,
       std::uint64_t entries, std::uint32_t size)
      : producer_(number(memory, producer)),
        consumer_(number(memory, consumer)),
        flags_(number(memory, flags)),
        entries_(reinterpret_cast<Entry*>(memory.at() + entries)),
        size_(size),
        memory_(std::move(memory)) {}

  // As the reader.
  std::uint32_t waiting() const { return __atomic_load_n(producer_, __ATOMIC_ACQUIRE) - own_; }
  const Entry& next() { return entries_[own_++ & (size_ - 1)]; }
  void have_read() { __atomic_store_n(consumer_, own_, __ATOMIC_RELEASE); }

  // As the writer.
  std::uint32_t room() const {
    return size_ - (own_ - __atomic_load_n(consumer_, __ATOMIC_ACQUIRE));
  }
  void put(const Entry& entry) { entries_[own_++ & (size_ - 1)] = entry; }
  void have_written() { __atomic_store_n(producer_, own_, __ATOMIC_RELEASE); }
  bool unread() const { return own_ != __atomic_load_n(consumer_, __ATOMIC_ACQUIRE); }

  // XDP_RING_*.
  std::uint32_t flags() const { return __atomic_load_n(flags_, __ATOMIC_RELAXED); }

 private:
  static std::uint32_t* number(const Mapping& memory, std::uint64_t at) {
    return reinterpret_cast<std::uint32_t*>(memory.at() + at);
  }
  std::uint32_t *producer_ = nullptr, *consumer_ = nullptr, *flags_ = nullptr;
  Entry* entries_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t own_ = 0;  // the number of this side, of which the other side may not know yet
  Mapping memory_;
};

}  // namespace tna
