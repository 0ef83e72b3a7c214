// SPDX-License-Identifier: Apache-2.0
#include "introspect/find_netns.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "introspect/netlink.h"

namespace tna {
namespace {

namespace fs = std::filesystem;

// Files that a namespace may be found by. Folders and processes may go meanwhile.
std::vector<std::string> candidates() {
  std::vector<std::string> paths;
  std::error_code gone;
  for (fs::directory_iterator at("/run/netns", gone), end; !gone && at != end; at.increment(gone))
    paths.push_back(at->path());
  for (fs::directory_iterator at("/proc", gone), end; !gone && at != end; at.increment(gone))
    if (std::ranges::all_of(at->path().filename().string(),
                            [](unsigned char c) { return std::isdigit(c); }))
      paths.push_back(at->path() / "ns/net");
  return paths;
}

// What the thread's namespace calls the other one; nothing where it has no number for it.
std::optional<int> id_of(Netlink& netlink, const NetNamespace& space) {
  Request request(RTM_GETNSID);
  request.fixed<rtgenmsg>() = {.rtgen_family = AF_UNSPEC};
  request.put(NETNSA_FD, static_cast<std::uint32_t>(space.fd()));
  int id = NETNSA_NSID_NOT_ASSIGNED;
  auto asked = netlink.get("id of a network namespace", std::move(request), [&](Bytes bytes) {
    auto message = parse_message(bytes);
    if (!message || message->header.nlmsg_type != RTM_NEWNSID) return;
    for (auto [type, payload] : Attributes(following<rtgenmsg>(message->payload)))
      if (type == NETNSA_NSID) take(payload, id);
  });
  if (!asked || id < 0) return std::nullopt;
  return id;
}

}  // namespace

Result<std::map<int, NetNamespace>> find_namespaces(const std::set<int>& ids) {
  std::map<int, NetNamespace> found;
  auto netlink = TRY(Netlink::open(NETLINK_ROUTE));
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const std::string& path : candidates()) {
    if (found.size() == ids.size()) break;
    struct stat file;
    if (stat(path.c_str(), &file) < 0 || !seen.emplace(file.st_dev, file.st_ino).second) continue;
    auto space = NetNamespace::open(path);
    if (!space) continue;
    auto id = id_of(netlink, *space);
    if (id && ids.contains(*id)) found.emplace(*id, std::move(*space));
  }
  return found;
}

}  // namespace tna
