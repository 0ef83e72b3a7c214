// SPDX-License-Identifier: Apache-2.0
// UDP echo on one veth: an application by AF_XDP against a program with a UDP socket. Each side has
// a processor for itself: the generator and what receives the answers, the echo and what receives
// its packets (NAPI of both ends of the veth runs in threads, which are pinned).
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "cases.h"
#include "clock.h"
#include "router.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr int kGeneratorCpu = 0, kEchoCpu = 1;
constexpr std::uint32_t kAddress = 0xc0000201;  // of the router's port: Bed::make_router()
constexpr unsigned kMessages = 64;

using Threads = std::set<pid_t>;

// Threads of NAPI.
Threads napi_threads(const std::string& device) {
  Threads found;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string number = entry.path().filename();
    pid_t pid = 0;
    std::from_chars(number.data(), number.data() + number.size(), pid);
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (pid && name.starts_with("napi/" + device + "-")) found.insert(pid);
  }
  return found;
}

// NAPI of the device runs in threads of that processor from now on.
Result<> pin_napi(const Netns& netns, const std::string& device, int cpu) {
  const Threads before = napi_threads(device);
  TRY(run({"ip", "netns", "exec", netns.name(), "sh", "-c",
           "echo 1 >/sys/class/net/" + device + "/threaded"}));
  int pinned = 0;
  for (pid_t thread : napi_threads(device)) {
    if (before.contains(thread)) continue;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    if (sched_setaffinity(thread, sizeof cpus, &cpus)) return errno_error("pin NAPI of " + device);
    ++pinned;
  }
  return pinned ? Result<>() : error("NAPI of " + device + " has no thread");
}

// A program with a UDP socket, which takes and sends one packet a call, or many.
class SocketEcho {
 public:
  static Result<SocketEcho> start(const Bed& bed, bool many) {
    SocketEcho echo;
    {
      Inside inside = TRY(Inside::enter(bed.dut()));
      echo.socket_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    }
    sockaddr_in own{.sin_family = AF_INET, .sin_port = htons(BENCH_UDP_PORT)};
    const timeval patience{0, 50'000};
    if (::bind(echo.socket_.get(), reinterpret_cast<sockaddr*>(&own), sizeof own) ||
        ::setsockopt(echo.socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience))
      return errno_error("open the echo's socket");
    echo.thread_ = std::jthread([fd = echo.socket_.get(), many](const std::stop_token& stop) {
      pin_to(kEchoCpu);
      while (!stop.stop_requested()) many ? echo_many(fd) : echo_one(fd);
    });
    return echo;
  }

 private:
  static void echo_one(int fd) {
    char data[2048];
    sockaddr_in from;
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(fd, data, sizeof data, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got >= 0) ::sendto(fd, data, std::size_t(got), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
  static void echo_many(int fd) {
    static thread_local char data[kMessages][2048];
    sockaddr_in from[kMessages];
    iovec parts[kMessages];
    mmsghdr messages[kMessages] = {};
    for (unsigned i = 0; i < kMessages; ++i) {
      parts[i] = {data[i], sizeof data[i]};
      messages[i].msg_hdr = {.msg_name = &from[i],
                             .msg_namelen = sizeof from[i],
                             .msg_iov = &parts[i],
                             .msg_iovlen = 1};
    }
    const int got = ::recvmmsg(fd, messages, kMessages, MSG_WAITFORONE, nullptr);
    for (int i = 0; i < got; ++i) parts[i].iov_len = messages[i].msg_len;
    if (got > 0) ::sendmmsg(fd, messages, unsigned(got), 0);
  }

  Fd socket_;
  std::jthread thread_;  // ends before its socket
};

Result<Child> start_app(const Bed& bed, const Tnad& tnad) {
  Child app =
      TRY(Child::start({"nsenter", "--net=/run/netns/" + bed.dut().name(),
                        sibling("tna_example_udp_echo"), "--control", tnad.control(), "--drop",
                        fmt::format("iifname {} udp dport {}", Bed::port_in(0), BENCH_UDP_PORT)},
                       kEchoCpu));
  TRY(app.wait_for("ready", 30));
  return app;
}

}  // namespace

Result<std::vector<Row>> echo(const Options& options) {
  std::unique_ptr<Router> router = TRY(open_router(0));
  Flow& flow = *router->flow;
  flow.send_to(Bed::router_mac(0), kAddress);
  Link answers = TRY(flow.count(router->bed.generator(), Bed::generator_end(0)));
  TRY(pin_napi(router->bed.dut(), Bed::port_in(0), kEchoCpu));
  TRY(pin_napi(router->bed.generator(), Bed::generator_end(0), kGeneratorCpu));
  pin_to(kGeneratorCpu);
  std::vector<double> one, many, app;
  for (int round = 0; round < options.rounds; ++round) {
    for (bool each : {false, true}) {
      SocketEcho socket = TRY(SocketEcho::start(router->bed, each));
      (each ? many : one).push_back(TRY(flow.run(options.seconds)).pps);
    }
    Tnad tnad = TRY(Tnad::start(router->bed, "xdp", "xdp"));
    {
      Child echo = TRY(start_app(router->bed, tnad));
      app.push_back(TRY(flow.run(options.seconds)).pps);
    }
    TRY(tnad.stop());
  }
  Row row{.name = "udp-echo", .hook = "xdp", .runs = options.rounds};
  row.values["pps"] = std::round(median(app));
  row.values["socket_pps"] = std::round(median(one));
  row.values["over_socket"] = ratio(median(app), median(one));
  row.values["many_a_call_pps"] = std::round(median(many));
  row.values["over_many_a_call"] = ratio(median(app), median(many));
  row.goals = {{"over_socket", Goal::at_least, 2.0}};
  return std::vector{row};
}

}  // namespace tna::bench
