// SPDX-License-Identifier: Apache-2.0
#include "introspect/xtables_reader.h"

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/fd.h"

namespace tna {
namespace {

constexpr int kAttempts = 5;

struct Family {
  std::uint8_t family;
  int domain, level, get_info, get_entries;
  const char* names;
};
constexpr Family kFamilies[] = {
    {NFPROTO_IPV4, AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES,
     "/proc/thread-self/net/ip_tables_names"},
    {NFPROTO_IPV6, AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES,
     "/proc/thread-self/net/ip6_tables_names"},
};
// Both families have them alike.
static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo));

Result<XtablesBlob> read_once(const Family& family, int socket, const std::string& name) {
  const std::string action = std::string("read the table ") + name;
  ipt_getinfo info{};
  name.copy(info.name, sizeof info.name - 1);
  socklen_t length = sizeof info;
  if (getsockopt(socket, family.level, family.get_info, &info, &length) < 0)
    return errno_error(action);

  std::vector<std::uint8_t> buffer(sizeof(ipt_get_entries) + info.size);
  ipt_get_entries wanted{};
  name.copy(wanted.name, sizeof wanted.name - 1);
  wanted.size = info.size;
  std::memcpy(buffer.data(), &wanted, sizeof wanted);
  length = buffer.size();
  if (getsockopt(socket, family.level, family.get_entries, buffer.data(), &length) < 0)
    return errno_error(action);

  XtablesBlob blob{family.family, name, info.valid_hooks, {}, {}, {}};
  std::copy_n(info.hook_entry, blob.entry.size(), blob.entry.begin());
  std::copy_n(info.underflow, blob.underflow.size(), blob.underflow.begin());
  blob.entries.assign(buffer.begin() + offsetof(ipt_get_entries, entrytable), buffer.end());
  blob.entries.resize(info.size);
  return blob;
}

// EAGAIN: it was replaced by one of another size in between.
Result<XtablesBlob> read_table(const Family& family, int socket, const std::string& name) {
  for (int attempt = 1;; ++attempt) {
    Result<XtablesBlob> blob = read_once(family, socket, name);
    if (blob || blob.error().code != EAGAIN || attempt == kAttempts) return blob;
  }
}

}  // namespace

Result<std::vector<XtablesBlob>> read_xtables_blobs() {
  std::vector<XtablesBlob> blobs;
  for (const Family& family : kFamilies) {
    std::ifstream names(family.names);
    Fd socket;
    for (std::string name; std::getline(names, name);) {
      if (!socket) socket = Fd(::socket(family.domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
      if (!socket) return errno_error("open a socket to read iptables-legacy by");
      blobs.push_back(TRY(read_table(family, socket.get(), name)));
    }
  }
  return blobs;
}

Result<std::vector<nft::Table>> read_xtables() {
  std::vector<nft::Table> tables;
  for (const XtablesBlob& blob : TRY(read_xtables_blobs()))
    tables.push_back(TRY(decode_xtables(blob)));
  return tables;
}

}  // namespace tna
