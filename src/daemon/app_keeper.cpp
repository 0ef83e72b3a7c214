// SPDX-License-Identifier: Apache-2.0
#include "daemon/app_keeper.h"

#include "daemon/xsk_socket.h"

namespace tna {

std::map<IfIndex, std::string> AppKeeper::wishes() const {
  std::map<IfIndex, std::string> wishes;
  for (const auto& [number, app] : apps_) {
    std::string& text = wishes[app.match.packet.ifindex];
    text += (text.empty() ? "" : ", ") + app.text;
  }
  return wishes;
}

Result<std::uint32_t> AppKeeper::add(RegisteredApp app) {
  for (std::uint32_t i = 0; i < TNA_APPS; ++i) {
    const std::uint32_t number = (next_ + i) % TNA_APPS;
    if (apps_.contains(number)) continue;
    next_ = number + 1;
    apps_.emplace(number, std::move(app));
    return number;
  }
  return error("there are " + std::to_string(TNA_APPS) + " applications already");
}

Result<> AppKeeper::start(std::uint32_t number, const std::vector<Fd>& sockets, AppMaps& maps) {
  RegisteredApp& app = apps_.at(number);
  for (std::uint32_t queue = 0; queue < sockets.size(); ++queue) {
    const int socket = sockets[queue].get();
    app.zero_copy.push_back(TRY(bind_xsk(socket, app.match.packet.ifindex, queue, app.force_copy)));
    TRY(maps.put_socket(number, queue, socket));
  }
  return maps.set(number, app.match.packet);
}

void AppKeeper::remove(std::uint32_t number, AppMaps& maps) {
  maps.clear(number);
  apps_.erase(number);
}

bool AppKeeper::remove_all(std::uint64_t connection, AppMaps& maps) {
  return std::erase_if(apps_, [&](const auto& each) {
    if (each.second.connection != connection) return false;
    maps.clear(each.first);
    return true;
  });
}

}  // namespace tna
