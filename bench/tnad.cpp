// SPDX-License-Identifier: Apache-2.0
#include "tnad.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace tna::bench {
namespace {

constexpr auto kTcxIngress =
    static_cast<bpf_attach_type>(46);  // BPF_TCX_INGRESS, from Linux 6.6 on

// Seconds: hundreds of ports wait for RCU one after the other, when they get tcx programs and lose
// them.
constexpr double kPatience = 120;

// A tap's program under XDP is the same as a physical NIC's, so measurements may have one, although
// XDP gains nothing for the virtual machines that taps are for.
constexpr const char* kKnowledge = R"([[node]]
kind = "tun"
hardware_type = "ether"
type = "tap"
hooks = ["xdp", "tc"]
)";

// The program of a clsact filter, which is where kernels before tcx have it.
std::uint32_t filter_program(IfIndex ifindex) {
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = int(ifindex), .attach_point = BPF_TC_INGRESS);
  for (std::uint32_t priority : {1u, 49152u}) {
    LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 1, .priority = priority);
    if (bpf_tc_query(&hook, &filter) == 0) return filter.prog_id;
  }
  return 0;
}

}  // namespace

std::string sibling(const char* name) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / name;
}

std::uint32_t attached_program(IfIndex ifindex, const std::string& hook) {
  std::uint32_t ids[16] = {}, count = 16;
  if (hook == "xdp") return bpf_xdp_query_id(int(ifindex), 0, ids) == 0 ? ids[0] : 0;
  if (bpf_prog_query(int(ifindex), kTcxIngress, 0, nullptr, ids, &count) == 0)
    return count ? ids[0] : 0;
  return filter_program(ifindex);
}

Result<AttachedLink> AttachedLink::find(IfIndex ifindex, const std::string& hook) {
  // Interfaces of other namespaces have the same indexes, but no program of ours.
  std::uint32_t program = attached_program(ifindex, hook);
  for (std::uint32_t id = 0; program && bpf_link_get_next_id(id, &id) == 0;) {
    Fd fd{bpf_link_get_fd_by_id(id)};
    bpf_link_info info{};
    std::uint32_t size = sizeof info;
    if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size)) continue;
    // The index comes first in what is said of either kind of link.
    if (info.prog_id == program && info.xdp.ifindex == ifindex) return AttachedLink(std::move(fd));
  }
  return error("no " + hook + " link on interface " + std::to_string(ifindex));
}

std::uint32_t AttachedLink::program() const {
  bpf_link_info info{};
  std::uint32_t size = sizeof info;
  return bpf_obj_get_info_by_fd(fd_.get(), &info, &size) ? 0 : info.prog_id;
}

Result<> nothing_attached(const Bed& bed) {
  Inside inside = TRY(Inside::enter(bed.dut()));
  for (int lane = 0; lane < bed.lanes(); ++lane)
    for (const std::string& port : {Bed::port_in(lane), Bed::port_out(lane)})
      for (const char* hook : {"xdp", "tc"})
        if (attached_program(if_nametoindex(port.c_str()), hook))
          return error("an " + std::string(hook) + " program is left on " + port);
  return {};
}

void Tnad::FolderRemover::operator()(std::string* folder) const {
  std::error_code ignored;
  std::filesystem::remove_all(*folder, ignored);
  delete folder;
}

Result<Tnad::Folder> Tnad::make_folder(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path + "/knowledge.d", failed);
  if (failed) return error("make " + path + ": " + failed.message());
  Folder folder(new std::string(path));
  std::ofstream config(path + "/tna.toml"), knowledge(path + "/knowledge.d/bench.toml");
  config << "knowledge_dir = \"" << path << "/knowledge.d\"\n"
         << "hooks_dir = \"" << path << "/hooks.d\"\n";
  knowledge << kKnowledge;
  if (!config.flush() || !knowledge.flush()) return error("cannot write below " + path);
  return folder;
}

void Tnad::keep() {
  child_.keep();
  (void)folder_.release();
}

Arguments& more_arguments() {
  static Arguments arguments;
  return arguments;
}

Result<Tnad> Tnad::start(const Bed& bed, const std::string& hook, const std::string& expected,
                         Life life) {
  Folder folder = TRY(make_folder("/run/" + bed.dut().name()));
  Arguments command{
      sibling("tnad"),        "--netns",  bed.dut().name(),     "--hook", hook, "--control",
      *folder + "/tnad.sock", "--config", *folder + "/tna.toml"};
  command.insert(command.end(), more_arguments().begin(), more_arguments().end());
  int elsewhere = int(std::thread::hardware_concurrency()) - 1;  // not the measured processor
  Child child = TRY(Child::start(command, elsewhere, life));
  Tnad tnad(bed, std::move(folder), std::move(child));
  TRY(tnad.child_.wait_for("ready", kPatience));
  for (int lane = 0; lane < bed.lanes(); ++lane) {
    for (const std::string& port : {Bed::port_in(lane), Bed::port_out(lane)}) {
      Json interface = TRY(tnad.interface(port));
      if (text(interface, "hook") != expected)
        return error(port + " should be on " + expected + ": " + dump(interface));
    }
  }
  return tnad;
}

Result<std::string> Tnad::tna(const Arguments& command) const {
  Arguments words{sibling("tna"), "--control", control()};
  words.insert(words.end(), command.begin(), command.end());
  return run(words);
}

std::string Tnad::tna_command(const std::string& command) const {
  return sibling("tna") + " --control " + control() + " " + command;
}

Result<Json> Tnad::json(Arguments command) const {
  command.push_back("--json");
  std::string printed = TRY(tna(command));
  Json answer = Json::parse(printed, nullptr, false);
  if (answer.is_discarded()) return error("`tna " + join(command) + "` prints no JSON: " + printed);
  return answer;
}

Result<Json> Tnad::interface(const std::string& name) const {
  Json status = TRY(json({"status"}));
  for (const Json& interface : items(status, "interfaces"))
    if (text(interface, "name") == name) return interface;
  return error("`tna status` does not mention " + name + ": " + dump(status));
}

Result<PortCounters> Tnad::counters() const {
  PortCounters sum;
  for (int lane = 0; lane < bed_->lanes(); ++lane) {
    Json port = TRY(interface(Bed::port_in(lane)));
    sum.fast += count(port, "fast_packets");
    sum.slow += count(port, "slow_packets");
  }
  return sum;
}

Result<> Tnad::stop() {
  TRY(child_.stop(kPatience));
  return nothing_attached(*bed_);
}

}  // namespace tna::bench
