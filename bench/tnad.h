// SPDX-License-Identifier: Apache-2.0
// A tnad of our own for the device under test, and what `tna` says about it.
#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/json.h"
#include "bed.h"
#include "command.h"

namespace tna::bench {

struct PortCounters {
  std::uint64_t fast = 0, slow = 0;
};

// What every tnad is started with beside what its case needs; set once, by the command line.
Arguments& more_arguments();

// A program or a file of the build, beside this one.
std::string sibling(const char* name);

class Tnad {
 public:
  // Ready, and with the hook as expected ("xdp" or "tc") on the lanes' ports. hook: as for tnad
  // --hook.
  static Result<Tnad> start(const Bed& bed, const std::string& hook, const std::string& expected,
                            Life life = Life::with_us);

  // The interface's part of the status.
  Result<Json> interface(const std::string& name) const;
  // Summed over the lanes' ingress ports.
  Result<PortCounters> counters() const;
  // What `tna COMMAND --json` prints.
  Result<Json> json(Arguments command) const;
  // The output of `tna COMMAND`.
  Result<std::string> tna(const Arguments& command) const;
  // What to type to run `tna COMMAND`.
  std::string tna_command(const std::string& command) const;
  std::string control() const { return *folder_ + "/tnad.sock"; }
  // SIGTERM; an error unless it ends well and leaves nothing attached.
  Result<> stop();
  // What it has said.
  std::string output() const { return child_.output(); }
  pid_t pid() const { return child_.pid(); }
  void keep();

 private:
  // A folder for the daemon's configuration and socket, which goes with the object.
  struct FolderRemover {
    void operator()(std::string* folder) const;
  };
  using Folder = std::unique_ptr<std::string, FolderRemover>;
  static Result<Folder> make_folder(const std::string& path);

  Tnad(const Bed& bed, Folder folder, Child child)
      : bed_(&bed), folder_(std::move(folder)), child_(std::move(child)) {}

  const Bed* bed_;
  Folder folder_;
  Child child_;  // ends before its folder goes
};

// An error unless neither XDP nor tc programs stand on the device under test's ports.
Result<> nothing_attached(const Bed& bed);
// The id of the program on the device, which must be in the calling thread's namespace; 0: none.
std::uint32_t attached_program(IfIndex ifindex, const std::string& hook);

// The link by which a program is attached now. To ask a link costs little; attached_program("xdp")
// makes the kernel list all of the namespace's devices, which a daemon that works waits for.
class AttachedLink {
 public:
  static Result<AttachedLink> find(IfIndex ifindex, const std::string& hook);
  // The id of the program that it runs, 0 when it is gone.
  std::uint32_t program() const;

 private:
  explicit AttachedLink(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace tna::bench
