// SPDX-License-Identifier: Apache-2.0
#include "router.h"

namespace tna::bench {

Result<std::unique_ptr<Router>> open_router(int routes, Family family,
                                            std::optional<Side> bridged) {
  std::unique_ptr<Router> router(new Router{TRY(Bed::create())});
  TRY(router->bed.make_router(family, bridged));
  TRY(router->bed.add_routes(routes));
  router->flow.emplace(TRY(Flow::open(router->bed, 0, family)));
  router->flow->send_through(Bed::router_mac(0));
  return router;
}

Result<std::unique_ptr<Router>> open_router_to(int destinations, int routes) {
  std::unique_ptr<Router> router = TRY(open_router(routes));
  std::vector<std::uint32_t> addresses;
  for (int i = 0; i < destinations; ++i)
    addresses.push_back(Bed::behind_route(int(std::int64_t(i) * routes / destinations)));
  router->flow->send_through(Bed::router_mac(0), addresses);
  return router;
}

}  // namespace tna::bench
