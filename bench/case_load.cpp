// SPDX-License-Identifier: Apache-2.0
// How big the assembled program of a plain bridge is, and how long the kernel takes to load it.
#include <bpf/bpf.h>

#include <cmath>

#include "cases.h"
#include "clock.h"
#include "tnad.h"

namespace tna::bench {
namespace {

// What the kernel says about the program that is attached to the port.
Result<bpf_prog_info> program_info(const Bed& bed, const std::string& port,
                                   const std::string& hook) {
  IfIndex ifindex = TRY(index_of(bed.dut(), port));
  Inside inside = TRY(Inside::enter(bed.dut()));
  Fd program{bpf_prog_get_fd_by_id(attached_program(ifindex, hook))};
  bpf_prog_info info{};
  std::uint32_t length = sizeof info;
  if (!program || bpf_obj_get_info_by_fd(program.get(), &info, &length) < 0)
    return errno_error("look at the program of " + port);
  return info;
}

Result<Row> load_of(const Bed& bed, const std::string& hook, int runs) {
  std::vector<double> load_ms;
  Row row{.name = "load", .hook = hook, .runs = runs};
  for (int i = 0; i < runs; ++i) {
    Tnad tnad = TRY(Tnad::start(bed, hook, hook));
    Json path = TRY(tnad.json({"pipeline", Bed::port_in(0)}));
    bpf_prog_info info = TRY(program_info(bed, Bed::port_in(0), hook));
    load_ms.push_back(number(path, "load_ms"));
    row.values["instructions"] = count(path, "instructions");
    row.values["translated_bytes"] = info.xlated_prog_len;
    row.values["machine_code_bytes"] = info.jited_prog_len;
    row.values["verified_instructions"] = info.verified_insns;
    TRY(tnad.stop());
  }
  row.values["load_ms"] = std::round(median(load_ms) * 100) / 100;
  return row;
}

}  // namespace

Result<std::vector<Row>> load(const Options& options) {
  Bed bed = TRY(Bed::create());
  return std::vector{TRY(load_of(bed, "xdp", options.rounds)),
                     TRY(load_of(bed, "tc", options.rounds))};
}

}  // namespace tna::bench
