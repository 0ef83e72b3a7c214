// SPDX-License-Identifier: Apache-2.0
// flow_table FOLDER [--new]: the busiest flows that the hook has counted, or each new one as it
// comes. FOLDER: where the hook's maps are, as `tna hook list` says.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "flow_monitor.h"

namespace {

std::string address(const flow& f, const __be32* words) {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(f.version == 6 ? AF_INET6 : AF_INET, words, text, sizeof text);
  return text;
}

std::string described(const flow& f) {
  return address(f, f.saddr) + " " + std::to_string(ntohs(f.sport)) + " > " + address(f, f.daddr) +
         " " + std::to_string(ntohs(f.dport)) + " protocol " + std::to_string(f.protocol);
}

int open_map(const std::string& path) {
  const int fd = bpf_obj_get(path.c_str());
  if (fd < 0) std::fprintf(stderr, "open %s: %s\n", path.c_str(), std::strerror(errno));
  return fd;
}

int print_new(void*, void* data, std::size_t size) {
  if (size >= sizeof(flow)) std::printf("%s\n", described(*static_cast<flow*>(data)).c_str());
  std::fflush(stdout);
  return 0;
}

int follow(const std::string& folder) {
  const int fd = open_map(folder + "/new_flows");
  ring_buffer* ring = fd < 0 ? nullptr : ring_buffer__new(fd, print_new, nullptr, nullptr);
  if (!ring) return 1;
  while (ring_buffer__poll(ring, -1) >= 0) {
  }
  return 1;
}

int table(const std::string& folder) {
  const int fd = open_map(folder + "/flows");
  if (fd < 0) return 1;
  std::vector<std::pair<flow, flow_count>> all;
  flow key{}, next{};
  for (void* from = nullptr; !bpf_map_get_next_key(fd, from, &next); from = &key) {
    key = next;
    flow_count count{};
    if (!bpf_map_lookup_elem(fd, &key, &count)) all.emplace_back(key, count);
  }
  std::ranges::sort(all,
                    [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  if (all.size() > 20) all.resize(20);
  for (const auto& [f, count] : all)
    std::printf("%12llu packets %14llu bytes  %s\n", static_cast<unsigned long long>(count.packets),
                static_cast<unsigned long long>(count.bytes), described(f).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_new = argc == 3 && std::strcmp(argv[2], "--new") == 0;
  if (argc != 2 && !is_new) {
    std::fprintf(stderr, "usage: flow_table FOLDER [--new]\n");
    return 2;
  }
  return is_new ? follow(argv[1]) : table(argv[1]);
}
