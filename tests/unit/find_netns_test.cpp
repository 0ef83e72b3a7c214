// SPDX-License-Identifier: Apache-2.0
#include "introspect/find_netns.h"

#include <linux/ethtool.h>
#include <net/if.h>
#include <sys/wait.h>

#include <array>

#include "introspect/ethtool.h"
#include "introspect/kernel_reader.h"
#include "unit/own_namespace.h"

namespace tna {
namespace {

// A veth whose other end, p0, is in another namespace, which a process holds.
class FindNetns : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    std::array<int, 2> ready, end;
    ASSERT_EQ(pipe(ready.data()), 0);
    ASSERT_EQ(pipe(end.data()), 0);
    child_ = fork();
    if (child_ == 0) {
      char byte = 0;
      close(end[1]);
      const bool alone = unshare(CLONE_NEWNET) == 0 && write(ready[1], &byte, 1) == 1;
      _exit(alone && read(end[0], &byte, 1) == 0 ? 0 : 1);
    }
    ASSERT_GT(child_, 0);
    close(end[0]);
    end_ = Fd(end[1]);
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    run("ip link add v0 type veth peer name p0 netns " + std::to_string(child_));
    auto reader = KernelReader::open();
    ASSERT_TRUE(reader);
    auto event = reader->link(if_nametoindex("v0"));
    ASSERT_TRUE(event);
    link_ = std::get<Link>(*event);
    ASSERT_TRUE(link_.lower_netnsid);
  }
  void TearDown() override {
    end_ = Fd();
    int status = 0;
    if (child_ > 0) waitpid(child_, &status, 0);
    OwnNamespace::TearDown();
  }
  pid_t child_ = -1;
  Fd end_;
  Link link_;
};

TEST_F(FindNetns, ByAProcess) {
  const int id = *link_.lower_netnsid;
  auto found = find_namespaces({id, id + 1000});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 1u);
  const std::uint64_t here = current_netns_cookie().value_or(0);
  auto ethtool = Ethtool::open(found->at(id));
  ASSERT_TRUE(ethtool) << ethtool.error().message;
  EXPECT_EQ(current_netns_cookie().value_or(1), here) << "the thread is where it was";
  EXPECT_EQ(ethtool->name_of(link_.lower).value_or("none"), "p0");
  for (std::uint32_t on : {1u, 0u}) {
    ASSERT_TRUE(ethtool->set("p0", ETHTOOL_SGRO, on));
    EXPECT_EQ(ethtool->get("p0", ETHTOOL_GGRO).value_or(2), on);
  }
  EXPECT_FALSE(Ethtool::open()->get("p0", ETHTOOL_GGRO)) << "it is not in this namespace";
}

TEST_F(FindNetns, NoneIsAskedFor) {
  auto found = find_namespaces({});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

}  // namespace
}  // namespace tna
