// SPDX-License-Identifier: Apache-2.0
// udp_echo: sends UDP back to whoever sent it, by AF_XDP (RFC 862).
//   udp_echo [--control SOCKET] [--drop] [--copy] [--route] "iifname eth0 udp dport 7"
// --drop: what there is no room for is dropped, and not left to Linux. --route: answers leave where
// Linux would send them, and not by where the question came in.
#include <cstdio>
#include <string>

#include "packet.h"

namespace {

bool answer(tna::AppPacket& packet) {
  example::Udp found;
  if (!example::find_udp(packet, found) || !example::is_whole(found)) return false;
  example::turn_round(found);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  tna::AppOptions options;
  tna::AppVerdict answered = tna::AppVerdict::send;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--drop")
      options.drop_when_full = true;
    else if (word == "--copy")
      options.copy = true;
    else if (word == "--route")
      answered = tna::AppVerdict::route;
    else if (word == "--control" && i + 1 < argc)
      options.control = argv[++i];
    else
      options.match = word;
  }
  if (options.match.empty()) {
    std::fprintf(stderr, "usage: %s [--control SOCKET] [--drop] [--copy] [--route] MATCH\n",
                 argv[0]);
    return 2;
  }
  auto app = tna::App::open(options);
  if (!app) {
    std::fprintf(stderr, "udp_echo: %s\n", app.error().message.c_str());
    return 1;
  }
  for (std::size_t queue = 0; queue < app->zero_copy().size(); ++queue)
    std::printf("queue %zu: %s\n", queue, app->zero_copy()[queue] ? "zero-copy" : "copy");
  for (const std::string& why : app->to_linux()) std::printf("with Linux: %s\n", why.c_str());
  std::printf("ready\n");
  std::fflush(stdout);
  const auto handle = [answered](tna::AppPacket& packet) {
    return answer(packet) ? answered : tna::AppVerdict::done;
  };
  for (;;) {
    auto served = app->serve(std::chrono::seconds(1), handle);
    if (served) continue;
    std::fprintf(stderr, "udp_echo: %s\n", served.error().message.c_str());
    return 1;
  }
}
