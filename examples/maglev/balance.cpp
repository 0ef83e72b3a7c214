// SPDX-License-Identifier: Apache-2.0
// balance FOLDER tcp|udp ADDRESS:PORT SERVER:PORT...: has the hook whose maps are in FOLDER spread
// what is for the address over the servers.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "maglev.h"
#include "maglev_table.h"

namespace {

std::optional<maglev_server> parse(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  maglev_server server{};
  const int port = std::atoi(text.c_str() + colon + 1);
  if (port < 1 || port > 65535 ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &server.address) != 1)
    return std::nullopt;
  server.port = htons(static_cast<std::uint16_t>(port));
  return server;
}

int failed(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  return 1;
}

int usage() {
  std::fprintf(stderr,
               "usage: balance FOLDER tcp|udp ADDRESS:PORT SERVER:PORT... (16 servers at most)\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc - 4 > MAGLEV_SERVERS) return usage();
  const std::string folder = argv[1], protocol = argv[2];
  const auto address = parse(argv[3]);
  if (!address || (protocol != "tcp" && protocol != "udp")) return usage();
  maglev_service service{
      .address = address->address,
      .port = address->port,
      .protocol = static_cast<__u8>(protocol == "tcp" ? IPPROTO_TCP : IPPROTO_UDP)};
  std::vector<std::string> names;
  for (int i = 4; i < argc; i++) {
    const auto server = parse(argv[i]);
    if (!server) return usage();
    service.servers[i - 4] = *server;
    names.emplace_back(argv[i]);
  }
  const int table = bpf_obj_get((folder + "/table").c_str());
  const int services = bpf_obj_get((folder + "/services").c_str());
  if (table < 0 || services < 0) return failed("open the maps in " + folder);
  const std::vector<std::uint32_t> chosen = maglev_table(names, MAGLEV_TABLE);
  for (__u32 i = 0; i < MAGLEV_TABLE; i++)
    if (bpf_map_update_elem(table, &i, &service.servers[chosen[i]], BPF_ANY))
      return failed("fill the table");
  const __u32 first = 0;
  if (bpf_map_update_elem(services, &first, &service, BPF_ANY)) return failed("set the service");
  return 0;
}
