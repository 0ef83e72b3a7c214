// SPDX-License-Identifier: Apache-2.0
// Mirror: the objects as they were last told of. It makes of what the kernel says what a listener
// has to hear: nothing where nothing changed, after lost messages the difference.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "introspect/objects.h"

namespace tna {

class Mirror {
 public:
  // Takes over what the kernel said happened.
  void apply(Event event);

  // Takes over a list of what there is: objects for which covered() holds and that aren't listed
  // went.
  void replace(std::vector<Event> listed, const std::function<bool(const Event&)>& covered);

  const Link* link(IfIndex ifindex) const;
  // The qdiscs that filters can stand on: ingress and clsact.
  std::vector<Qdisc> ingress_qdiscs() const;

  // The tables in which there are IPv4 default routes.
  std::set<std::uint32_t> tables_with_defaults() const;

  // What a listener has not heard yet, in the order in which it has to hear it.
  std::vector<Event> take();

 private:
  struct Key {
    std::size_t type = 0;                    // of the object, as index of the variant
    std::array<std::uint32_t, 6> numbers{};  // the interface comes first, where there is one
    std::vector<std::byte> bytes;
    auto operator<=>(const Key&) const = default;
  };
  using Objects = std::map<Key, Event>;

  static Key key(const Event& object_or_removal);
  static Event removal(const Event& object);
  void add(Event object);
  Objects::iterator remove(Objects::iterator object);
  void remove_routes_if(const std::function<bool(const Route&)>& condition);
  void remove_if(const std::function<bool(const Event&)>& condition);

  Objects objects_;
  std::vector<Event> untold_;
};

}  // namespace tna
