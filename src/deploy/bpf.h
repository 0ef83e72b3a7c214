// SPDX-License-Identifier: Apache-2.0
// Owners of BPF things: maps, memory of maps, links.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "assemble/plan.h"
#include "base/fd.h"
#include "base/result.h"

struct bpf_object;

namespace tna {

// A libbpf object with all that it loaded.
class BpfObject {
 public:
  BpfObject() = default;
  explicit BpfObject(bpf_object* object) : object_(object) {}
  BpfObject(BpfObject&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  BpfObject& operator=(BpfObject&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~BpfObject();
  bpf_object* get() const { return object_; }

 private:
  bpf_object* object_ = nullptr;
};

// The value of a one-element array map, mapped: what is written is seen by programs at once.
template <typename T>
class MappedValue {
 public:
  MappedValue() = default;
  MappedValue(MappedValue&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  MappedValue& operator=(MappedValue&& other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~MappedValue();
  static Result<MappedValue> map(int map_fd, const std::string& name);
  volatile T* operator->() const { return memory_; }
  volatile T& operator*() const { return *memory_; }
  explicit operator bool() const { return memory_; }

 private:
  T* memory_ = nullptr;
};

// A program's attachment to an interface. Dies with its descriptor, unless pinned.
class BpfLink {
 public:
  BpfLink() = default;
  // Attaches in the calling thread's namespace and pins the link at `pin`.
  static Result<BpfLink> attach(Hook, IfIndex, int program_fd, const std::string& pin);
  // Takes a pinned link over, and says what it is attached to (0: that is gone) and its program's
  // id.
  static Result<BpfLink> adopt(const std::string& pin, IfIndex& ifindex, std::uint32_t& program);
  // The other program from the next packet on.
  Result<> update(int program_fd);
  // Unpins: with this object's death the program is detached.
  void unpin();
  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  std::string pin_;
};

// The id of a loaded program or 0.
std::uint32_t program_id(int program_fd);

}  // namespace tna
