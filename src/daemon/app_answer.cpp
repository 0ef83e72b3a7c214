// SPDX-License-Identifier: Apache-2.0
#include "daemon/app_answer.h"

#include "assemble/guard.h"
#include "daemon/xsk_socket.h"

namespace tna {
namespace {

constexpr std::size_t kLongestName = 64;

Json modes(const std::vector<bool>& zero_copy) {
  Json queues = Json::array();
  for (bool zero : zero_copy) queues.push_back(zero ? "zero-copy" : "copy");
  return queues;
}

// Why packets that it asks for go to Linux, empty: they don't, for all that is known.
Json kept_from(const Controller::View& view, const RegisteredApp& app) {
  Json reasons = Json::array();
  const auto plan = view.plan.interfaces.find(app.match.packet.ifindex);
  if (plan == view.plan.interfaces.end()) return Json::array({"the interface is gone"});
  const auto failed = view.failures.find(plan->first);
  if (failed != view.failures.end()) return Json::array({failed->second});
  if (!plan->second.program.constants.apps) return Json::array({plan->second.why});
  for (int version : {4, 6})
    if (!app.match.packet.version || app.match.packet.version == version)
      if (std::string why = rules_on_local_ip(view.capabilities.netfilter, version); !why.empty())
        reasons.push_back(why);
  return reasons;
}

Result<Json> list(const Controller::View& view) {
  Json apps = Json::array();
  for (const auto& [number, app] : view.apps.all()) {
    const tna_app_counters counters = TRY(view.deployer.apps().counters(number));
    apps.push_back({{"number", number},
                    {"name", app.name},
                    {"match", app.text},
                    {"interface", app.match.interface},
                    {"queues", modes(app.zero_copy)},
                    {"full", app.match.packet.full_drops ? "drop" : "linux"},
                    {"taken", counters.taken},
                    {"no_room", counters.full},
                    {"left", counters.left},
                    {"to_linux", kept_from(view, app)}});
  }
  return Json{{"apps", apps}};
}

Result<AppMatch> match_of(const Controller& controller, const Json& arguments) {
  AppMatch match = TRY(parse_app_match(text(arguments, "match")));
  const Node* node = controller.view().graph.find(match.interface);
  if (!node) return error("no interface " + match.interface);
  match.packet.ifindex = node->ifindex;
  return match;
}

Result<Json> ask(const Controller& controller, const Json& arguments) {
  const AppMatch match = TRY(match_of(controller, arguments));
  return Json{{"interface", match.interface},
              {"ifindex", match.packet.ifindex},
              {"queues", receive_queues(match.interface)}};
}

Result<Json> add(Controller& controller, const Json& arguments, ControlSocket::Caller& caller) {
  RegisteredApp app{.connection = caller.connection,
                    .text = text(arguments, "match"),
                    .match = TRY(match_of(controller, arguments)),
                    .force_copy = flag(arguments, "copy"),
                    .name = text(arguments, "name").substr(0, kLongestName)};
  const std::string full = text(arguments, "full", "linux");
  if (full != "linux" && full != "drop")
    return error("\"full\": \"" + full + "\" is neither \"linux\" nor \"drop\"");
  app.match.packet.full_drops = full == "drop";
  const std::uint32_t queues = receive_queues(app.match.interface);
  const std::size_t sockets = caller.descriptors.size();
  if (!sockets) return error("no socket came with the request");
  if (sockets > queues || sockets > TNA_APP_QUEUES)
    return error(std::to_string(sockets) + " sockets came, but " + app.match.interface + " has " +
                 std::to_string(queues) + " queues (tnad serves " + std::to_string(TNA_APP_QUEUES) +
                 ")");
  const std::uint32_t number = TRY(controller.add_app(std::move(app), caller.descriptors));
  caller.stays = true;
  const Controller::View view = controller.view();
  const RegisteredApp& added = view.apps.all().at(number);
  return Json{
      {"number", number}, {"queues", modes(added.zero_copy)}, {"to_linux", kept_from(view, added)}};
}

}  // namespace

Result<Json> app_answer(Controller& controller, std::string_view action, const Json& arguments,
                        ControlSocket::Caller& caller) {
  if (action == "list") return list(controller.view());
  if (action == "ask") return ask(controller, arguments);
  if (action == "add") return add(controller, arguments, caller);
  return error("unknown command \"app-" + std::string(action) + "\": app-list, app-ask, app-add");
}

}  // namespace tna
