// SPDX-License-Identifier: Apache-2.0
// KernelView: follows the kernel's network configuration in one namespace. It says what there is,
// then what changed. Lost messages make it read anew and say the difference: nothing downstream can
// tell.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "introspect/kernel_reader.h"
#include "introspect/mirror.h"
#include "introspect/netlink.h"
#include "introspect/objects.h"

namespace tna {

class KernelView {
 public:
  // Of the network namespace that the calling thread is in. Only subscribes: what there is is said
  // by the first resync().
  static Result<KernelView> open();

  // Reads everything; the difference to what was said before. To be called first, and again some
  // time after this or read() failed: what was not said stays due.
  Result<std::vector<Event>> resync();

  // Wait for these to become readable, and then call read().
  std::vector<int> fds() const;
  Result<std::vector<Event>> read(int fd);

  // What this kernel lacks, as sentences.
  const std::vector<std::string>& missing() const { return missing_; }

  // The receive buffers of the notification sockets, 8 MiB unless this was called.
  Result<> set_receive_buffer(int bytes);

 private:
  // What has to be asked, since the notification doesn't tell.
  struct Questions {
    std::set<IfIndex> links, vlans, filters;
    std::set<std::uint32_t> defaults;  // tables of default routes
    bool qdiscs = false;
    bool all_filters = false;  // of every device
  };

  KernelView(KernelReader reader, Netlink route)
      : reader_(std::move(reader)), route_(std::move(route)) {}
  Result<> follow_route();
  Result<> follow_nftables();
  void hear(Bytes message, Questions& questions);
  void hear_link(Bytes message, Questions& questions);
  void hear_route(Bytes message, Questions& questions);
  void take_address(Event event, Questions& questions);
  void hear_qdisc(Bytes message, Questions& questions);
  void take_link(Event event, Questions& questions);
  Result<> answer(Questions questions);
  Result<> read_everything();
  Result<> read_qdiscs();
  Result<> read_filters(const std::function<bool(IfIndex)>& wanted);
  Result<> read_vlans();

  KernelReader reader_;
  Netlink route_;                    // hears rtnetlink
  std::optional<Netlink> nftables_;  // hears nf_tables transactions end
  Mirror mirror_;
  std::vector<std::string> unheard_;  // what open() could not subscribe to
  std::vector<std::string> missing_;
  bool behind_ = false;  // something failed: only reading everything makes it good
};

}  // namespace tna
