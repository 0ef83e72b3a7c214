// SPDX-License-Identifier: Apache-2.0
// One lane's traffic: generator, counting sink, and the bare redirect to compare with.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "bed.h"

namespace tna::bench {

struct ObjectCloser {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct LinkDestroyer {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Object = std::unique_ptr<bpf_object, ObjectCloser>;
using Link = std::unique_ptr<bpf_link, LinkDestroyer>;

struct Rate {
  double pps = 0;  // counted at the sink
  std::uint64_t sent = 0, received = 0;
};

class Flow {
 public:
  // Loads the programs and puts the sink on the lane's end.
  static Result<Flow> open(const Bed& bed, int lane = 0, Family family = Family::ipv4);
  Flow(Flow&&) noexcept = default;
  ~Flow();

  // Sends to this MAC and IPv4 address from now on, not to the lane's partners.
  void send_to(const Mac& mac, std::uint32_t address);
  // Sends to the lane's partners by way of the router with this MAC from now on.
  void send_through(const Mac& router);
  // Sends to these IPv4 addresses in turn, as many as there are templates for, through the router.
  void send_through(const Mac& router, const std::vector<std::uint32_t>& addresses);
  // IPv4: every frame is of another flow from now on. Of its template the source's second half, the
  // destination's last byte and the source port are others, so that a pair of addresses comes again
  // once in some ten million frames, where the templates are for thousands of networks.
  void scatter();
  // Sends for about that long from the calling thread's processor.
  Result<Rate> run(double seconds);
  Result<> send(std::uint32_t frames);
  // Frames of the epoch that the sink has seen.
  Result<std::uint64_t> received(std::uint32_t epoch = 0) const;
  // Frames of the epoch that the generator has made.
  std::uint64_t generated(std::uint32_t epoch) const;
  // The epoch that frames belong to from now on, 0 to 3.
  void set_epoch(std::uint32_t epoch);

  // An XDP program on the lane's ingress port that does nothing but redirect to the egress port;
  // `routes`: that looks into the FIB, and does what a router does to the frame; `tracked`: and
  // that looks up the packet's connection.
  Result<Link> attach_redirect(bool routes, bool tracked) const;
  // The XDP program of that name on a device.
  Result<Link> attach(const char* program, const Netns& netns, const std::string& device) const;
  // Frames that AF_XDP's bare echo gets go to this socket.
  Result<> hand_to(int socket) const;
  // What the programs and this process share.
  bench_state& state() const { return *state_; }
  // The program that does nothing, for "xdp" or "tc".
  Result<int> empty_program(const std::string& hook) const;

 private:
  struct Unmapper {
    void operator()(bench_state* state) const;
  };
  Flow(const Bed& bed, int lane, Family family, Object object)
      : bed_(&bed), lane_(lane), family_(family), object_(std::move(object)) {}
  Result<int> program(const char* name) const;

  const Bed* bed_;
  int lane_;
  Family family_;
  Object object_;
  Link sink_;
  std::unique_ptr<bench_state, Unmapper> state_;
};

}  // namespace tna::bench
