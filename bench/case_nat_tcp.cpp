// SPDX-License-Identifier: Apache-2.0
// TCP from a host behind a masquerading router, as `tnad` without any option serves it: one stream,
// and as many new connections a second as there can be.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cmath>
#include <optional>

#include "cases.h"
#include "clock.h"
#include "command.h"
#include "tcp_stream.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr const char* kServer = "198.51.100.2";
constexpr std::uint16_t kPort = 4000;

Result<Bed> open_bed() {
  Bed bed = TRY(Bed::create());
  TRY(bed.make_home_router("10.0.1", "198.51.100"));
  TRY(run({"ip", "netns", "exec", bed.dut().name(), "nft", "-f", "-"},
          "table ip bench {\n chain c {\n  type nat hook postrouting priority 100;\n  oifname \"" +
              Bed::port_out(0) +
              "\" masquerade\n }\n chain f {\n  type filter hook forward "
              "priority 0; policy drop;\n  ct state established,related accept\n  iifname \"" +
              Bed::port_in(0) + "\" accept\n }\n}\n"));
  return bed;
}

sockaddr_in address_of(const char* text) {
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(kPort)};
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

// Ended by a reset, so that no port is kept for a while.
Result<> connect_once(int listener, const sockaddr_in& to) {
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!client || ::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
    return errno_error("connect");
  Fd server(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!server) return errno_error("accept");
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return {};
}

// A second, from one processor.
Result<double> connection_rate(const Bed& bed, double seconds) {
  pin_to(0);
  Fd listener;
  const sockaddr_in any{.sin_family = AF_INET, .sin_port = htons(kPort)};
  {
    Inside inside = TRY(Inside::enter(bed.sink()));
    listener = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) < 0 ||
        ::listen(listener.get(), 16) < 0)
      return errno_error("listen");
  }
  Inside inside = TRY(Inside::enter(bed.generator()));
  const sockaddr_in server = address_of(kServer);
  int made = 0;
  const double start = now();
  for (; now() - start < seconds; ++made) {
    if (interrupted()) return error("interrupted");
    TRY(connect_once(listener.get(), server));
  }
  return made / (now() - start);
}

struct Figures {
  std::vector<double> stream, connections;
};

Result<> measure_now(const Bed& bed, double seconds, Figures& figures) {
  TRY(tcp_stream(bed, kServer, 1));
  figures.stream.push_back(TRY(tcp_stream(bed, kServer, seconds)));
  TRY(bed.in_dut("conntrack -F"));
  figures.connections.push_back(TRY(connection_rate(bed, seconds)));
  return {};
}

}  // namespace

Result<std::vector<Row>> nat_tcp(const Options& options) {
  const Bed bed = TRY(open_bed());
  Figures plain, automatic, tc;
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print(stderr, "nat-tcp: round {} of {}\n", round, options.rounds);
    TRY(nothing_attached(bed));
    TRY(measure_now(bed, options.seconds, plain));
    for (auto [hook, attached, figures] :
         {std::tuple{"auto", "none", &automatic}, std::tuple{"tc", "tc", &tc}}) {
      Tnad tnad = TRY(Tnad::start(bed, hook, attached));
      TRY(measure_now(bed, options.seconds, *figures));
      TRY(tnad.stop());
    }
  }
  std::vector<Row> rows;
  for (auto [hook, figures, least, fewest] :
       {std::tuple{"auto", &automatic, 1.0, 0.95}, std::tuple{"tc", &tc, 0.0, 0.95}}) {
    Row row{.name = "nat-tcp", .hook = hook, .runs = options.rounds};
    row.values["gbit_per_second"] = std::round(median(figures->stream) / 1e7) / 100;
    row.values["over_linux"] = ratio(median(figures->stream), median(plain.stream));
    row.values["connections_per_second"] = std::round(median(figures->connections));
    row.values["connections_over_linux"] =
        ratio(median(figures->connections), median(plain.connections));
    row.goals = {{"over_linux", Goal::at_least, least},
                 {"connections_over_linux", Goal::at_least, fewest}};
    rows.push_back(row);
  }
  return rows;
}

}  // namespace tna::bench
