// SPDX-License-Identifier: Apache-2.0
// per_cpu.h: counters in maps that have a value for each processor.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace tna {

inline Result<std::size_t> processors() {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return errno_error("count the processors", -cpus);
  return static_cast<std::size_t>(cpus);
}

// `what`: of which counters it is, for errors.
template <typename T>
Result<std::vector<T>> read_per_cpu(int map, std::uint32_t key, const std::string& what) {
  std::vector<T> each(TRY(processors()));
  if (bpf_map_lookup_elem(map, &key, each.data())) return errno_error("read " + what);
  return each;
}

template <typename T>
Result<> clear_per_cpu(int map, std::uint32_t key, const std::string& what) {
  const std::vector<T> zero(TRY(processors()));
  if (bpf_map_update_elem(map, &key, zero.data(), BPF_ANY)) return errno_error("clear " + what);
  return {};
}

// A structure of nothing but numbers of 64 bits: each to its own.
template <typename T>
void add_counters(T& sum, const T& more) {
  using Numbers = std::array<std::uint64_t, sizeof(T) / sizeof(std::uint64_t)>;
  auto numbers = std::bit_cast<Numbers>(sum);
  const auto others = std::bit_cast<Numbers>(more);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += others[i];
  sum = std::bit_cast<T>(numbers);
}

template <typename T>
Result<T> sum_per_cpu(int map, std::uint32_t key, const std::string& what) {
  T sum{};
  for (const T& each : TRY(read_per_cpu<T>(map, key, what))) add_counters(sum, each);
  return sum;
}

}  // namespace tna
