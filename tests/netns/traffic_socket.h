// SPDX-License-Identifier: Apache-2.0
// Packet sockets on the device of a station, in whatever network namespace that is.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "traffic_frame.h"

namespace tna::traffic {

// A device in a network namespace, written "NAMESPACE:DEVICE".
struct Place {
  std::string netns, device;
};
Result<Place> parse_place(const std::string&);

// A socket made inside the namespace; the caller's own namespace stays what it was.
Result<Fd> socket_in(const std::string& netns, int family, int type, int protocol);

struct Sender {
  Fd socket;
  Mac mac;  // the device's own
};
// Listens to nothing, so it is no tap.
Result<Sender> open_sender(const Place&);

// Catches every frame that the device receives.
Result<Fd> open_catcher(const Place&);

// Takes the next frame off a catcher's socket, with its VLAN tag put back where it stood; empty
// when there is none, or when the device sent the frame itself.
enum class Caught { nothing, own, frame };
Caught catch_frame(const Fd&, std::vector<std::byte>& frame);

}  // namespace tna::traffic
