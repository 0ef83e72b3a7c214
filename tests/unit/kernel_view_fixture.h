// SPDX-License-Identifier: Apache-2.0
// kernel_view_fixture.h: a KernelView of a namespace with a bridge and two veths, and a listener
// who knows nothing but what the view says. What he misses is found by asking a fresh view.
#pragma once

#include <linux/if_link.h>
#include <net/if.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "introspect/kernel_view.h"
#include "unit/own_namespace.h"

namespace tna {

using Events = std::vector<Event>;

// Attributes newer than Debian 12's headers.
inline constexpr std::uint16_t kBridgeFdbLearned = 48, kPortMcastGroups = 41;

// What changes by itself, or is changed by the kernel without a word: timers, counters, and what
// ports know of the spanning tree's root after the bridge got another address. None of it is
// configuration.
inline void drop_silent(Event& event) {
  Link* link = std::get_if<Link>(&event);
  if (!link) return;
  for (std::uint16_t attribute : std::initializer_list<std::uint16_t>{
           IFLA_BR_HELLO_TIMER, IFLA_BR_TCN_TIMER, IFLA_BR_TOPOLOGY_CHANGE_TIMER, IFLA_BR_GC_TIMER,
           kBridgeFdbLearned})
    link->info.erase(attribute);
  for (std::uint16_t attribute : std::initializer_list<std::uint16_t>{
           IFLA_BRPORT_MESSAGE_AGE_TIMER, IFLA_BRPORT_FORWARD_DELAY_TIMER, IFLA_BRPORT_HOLD_TIMER,
           IFLA_BRPORT_ROOT_ID, IFLA_BRPORT_BRIDGE_ID, kPortMcastGroups})
    link->port.erase(attribute);
}

inline Events all_events(KernelView& view) {
  Events all;
  for (int fd : view.fds()) {
    auto events = view.read(fd);
    EXPECT_TRUE(events) << events.error().message;
    if (events) all.insert(all.end(), events->begin(), events->end());
  }
  return all;
}

// For the message of a failed test: what a missed event is about.
inline std::string describe(const Event& event, const Mirror& known) {
  const Link* now = std::get_if<Link>(&event);
  if (!now) return "event of type " + std::to_string(event.index());
  std::string text = now->name;
  const Link* before = known.link(now->ifindex);
  if (!before) return text + " is not known";
  if (before->lower != now->lower) text += " lower";
  if (before->root_qdisc != now->root_qdisc) text += " qdisc";
  for (const auto& [attribute, value] : now->info)
    if (!before->info.contains(attribute) || before->info.at(attribute) != value)
      text += " info " + std::to_string(attribute);
  for (const auto& [attribute, value] : now->port)
    if (!before->port.contains(attribute) || before->port.at(attribute) != value)
      text += " port " + std::to_string(attribute);
  return text;
}

using Missed = std::vector<std::string>;

// What a listener would have to hear still, to know what a fresh view says.
inline Missed difference(const Mirror& known) {
  auto fresh = KernelView::open();
  EXPECT_TRUE(fresh);
  auto events = fresh->resync();
  EXPECT_TRUE(events) << events.error().message;
  for (Event& event : *events) drop_silent(event);
  Mirror copy = known;
  copy.take();
  copy.replace(std::move(*events), [](const Event&) { return true; });
  Missed missed;
  for (const Event& event : copy.take()) missed.push_back(describe(event, known));
  return missed;
}

class KernelViewTest : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    run("ip link add br0 type bridge && ip link set br0 up");
    run("ip link add v0 type veth peer name p0 && ip link add v1 type veth peer name p1");
    auto opened = KernelView::open();
    ASSERT_TRUE(opened) << opened.error().message;
    view_.emplace(std::move(*opened));
    auto events = view_->resync();
    ASSERT_TRUE(events) << events.error().message;
    hear(std::move(*events));
  }

  void hear(Events events) {
    for (Event& event : events) {
      drop_silent(event);
      known_.apply(std::move(event));
    }
  }
  void follow() { hear(all_events(*view_)); }

  // Carrier changes come a moment later than the command that made them.
  Missed settled_difference() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (;;) {
      follow();
      Missed missed = difference(known_);
      if (missed.empty() || std::chrono::steady_clock::now() > deadline) return missed;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  IfIndex index(const std::string& name) { return if_nametoindex(name.c_str()); }
  Link link(const std::string& name) {
    const Link* link = known_.link(index(name));
    return link ? *link : Link{};
  }

  std::optional<KernelView> view_;
  Mirror known_;  // by a listener
};

}  // namespace tna
