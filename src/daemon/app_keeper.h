// SPDX-License-Identifier: Apache-2.0
// AppKeeper: applications that take packets by AF_XDP, each as long as the connection by which it
// was registered, and their sockets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/net_types.h"
#include "base/result.h"
#include "daemon/app_match.h"
#include "deploy/app_maps.h"

namespace tna {

struct RegisteredApp {
  std::uint64_t connection = 0;
  std::string text;  // of the match
  AppMatch match;
  bool force_copy = false;
  std::vector<bool> zero_copy;  // by queue
  std::string name;             // of the program that asks, for people
};

class AppKeeper {
 public:
  // By number, as in tna_app_table.
  const std::map<std::uint32_t, RegisteredApp>& all() const { return apps_; }
  // For PlanInputs.
  std::map<IfIndex, std::string> wishes() const;

  // Gives it a number, by which it is known from now on, and has no packets yet.
  Result<std::uint32_t> add(RegisteredApp);
  // Binds the sockets, one for each queue from 0 on, and asks for its packets.
  Result<> start(std::uint32_t number, const std::vector<Fd>& sockets, AppMaps&);
  void remove(std::uint32_t number, AppMaps&);
  // Those of the connection; true: there were some.
  bool remove_all(std::uint64_t connection, AppMaps&);

 private:
  std::map<std::uint32_t, RegisteredApp> apps_;
  std::uint32_t next_ = 0;  // numbers rest for as long as can be: programs may be using one still
};

}  // namespace tna
