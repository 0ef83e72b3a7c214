// SPDX-License-Identifier: Apache-2.0
// block FOLDER add|del PREFIX...: changes the list of the hook whose maps are in FOLDER.
#include <arpa/inet.h>
#include <bpf/bpf.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Prefix {
  __u32 bits;
  in_addr address;
};

bool parse(const std::string& text, Prefix& prefix) {
  const std::size_t slash = text.find('/');
  prefix.bits = 32;
  if (slash != std::string::npos) {
    char* end = nullptr;
    prefix.bits = static_cast<__u32>(std::strtoul(text.c_str() + slash + 1, &end, 10));
    if (*end || prefix.bits > 32) return false;
  }
  return inet_pton(AF_INET, text.substr(0, slash).c_str(), &prefix.address) == 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool add = argc > 3 && std::strcmp(argv[2], "add") == 0;
  if (argc < 4 || (!add && std::strcmp(argv[2], "del") != 0)) {
    std::fprintf(stderr, "usage: block FOLDER add|del PREFIX...\n");
    return 2;
  }
  const std::string path = std::string(argv[1]) + "/blocked";
  const int fd = bpf_obj_get(path.c_str());
  if (fd < 0) {
    std::fprintf(stderr, "open %s: %s\n", path.c_str(), std::strerror(errno));
    return 1;
  }
  for (int i = 3; i < argc; i++) {
    Prefix prefix{};
    const __u32 yes = 1;
    if (!parse(argv[i], prefix)) {
      std::fprintf(stderr, "%s is no IPv4 prefix\n", argv[i]);
      return 2;
    }
    if (add ? bpf_map_update_elem(fd, &prefix, &yes, BPF_ANY) : bpf_map_delete_elem(fd, &prefix)) {
      std::fprintf(stderr, "%s: %s\n", argv[i], std::strerror(errno));
      return 1;
    }
  }
  return 0;
}
