// SPDX-License-Identifier: Apache-2.0
// AppMaps: the applications that take packets by AF_XDP, as programs look for them (bpf/fpm/xsk.h).
// A socket's place empties itself when the socket is closed.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "deploy/bpf.h"
#include "tna.h"

namespace tna {

class AppMaps {
 public:
  static Result<AppMaps> open();

  // The socket of that queue of the application.
  Result<> put_socket(std::uint32_t number, std::uint32_t queue, int socket);
  // From the next packet on the application is asked for.
  Result<> set(std::uint32_t number, const tna_app&);
  // It isn't any more, and its sockets are let go.
  void clear(std::uint32_t number);
  // Of the application that has the number now.
  Result<tna_app_counters> counters(std::uint32_t number) const;

  int table() const { return table_map_.get(); }
  int sockets() const { return sockets_.get(); }
  int counters_map() const { return counters_.get(); }

 private:
  Fd table_map_, sockets_, counters_;
  MappedValue<tna_app_table> table_;
};

}  // namespace tna
