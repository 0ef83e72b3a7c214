// SPDX-License-Identifier: Apache-2.0
// A look into kernel memory, for the few things that no interface tells: which functions stand in
// the netfilter hook arrays of a namespace, and where br_netfilter keeps its sysctls. Read-only and
// fault-safe (bpf_probe_read_kernel run by BPF_PROG_TEST_RUN); what is read while it changes is
// garbage and must be checked by the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace tna {

class KernelMemory {
 public:
  // Loads the probe. The namespace looked at is that of the calling thread, at each call.
  static Result<KernelMemory> open();
  KernelMemory(KernelMemory&&) noexcept;
  KernelMemory& operator=(KernelMemory&&) noexcept;
  ~KernelMemory();

  // Address of the calling thread's struct net.
  Result<std::uint64_t> net();
  // jiffies64 as of now, and ticks per second.
  Result<std::uint64_t> jiffies();
  std::uint32_t hz() const;

  // Address of the struct net_device of that index in the calling thread's namespace.
  Result<std::uint64_t> device(std::uint32_t ifindex);

  // At most 1024 bytes from a kernel address on.
  Result<> read(std::uint64_t address, std::span<std::byte> into);
  template <typename T>
  Result<T> read(std::uint64_t address) {
    T value{};
    TRY(read(address, std::as_writable_bytes(std::span(&value, 1))));
    return value;
  }
  // A NUL-terminated text, cut at 64 bytes.
  Result<std::string> text(std::uint64_t address);

  // Offset in bytes of a member of a kernel structure, from the kernel's BTF or from that of a module
  // that is loaded; nullopt: no such member.
  std::optional<std::uint32_t> offset(const std::string& structure, const std::string& member,
                                      const std::string& module = {}) const;
  // Size in bytes of a structure.
  std::optional<std::uint32_t> size(const std::string& structure) const;
  // Whether the verifier takes typed reads (bpf_rdonly_cast); the error says what it says.
  Result<> typed_reads() const;

 private:
  struct State;
  explicit KernelMemory(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace tna
