// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <optional>

#include "base/fd.h"

namespace tna {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A loop that gives up after two seconds, so that what never comes fails a test and doesn't hang
// it.
struct EventLoopTest : testing::Test {
  EventLoop loop = EventLoop::create().value();
  bool in_time = true;
  EventLoop::Timer limit = loop.after(2s, [this] { give_up(); }).value();

  void give_up() {
    in_time = false;
    loop.stop();
  }
  bool run() { return loop.run().has_value() && in_time; }
};

void poke(const Fd& fd) {
  ASSERT_EQ(eventfd_write(fd.get(), 1), 0);
}

TEST_F(EventLoopTest, CallsWhenADescriptorCanBeRead) {
  Fd fd(eventfd(0, EFD_NONBLOCK));
  int calls = 0;
  auto watch = loop.on_readable(fd.get(), [&] {
    ++calls;
    loop.stop();
  });
  ASSERT_TRUE(watch);
  poke(fd);
  EXPECT_TRUE(run());
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, ADroppedHandleIsNotCalled) {
  Fd fd(eventfd(0, EFD_NONBLOCK));
  int calls = 0;
  auto watch = loop.on_readable(fd.get(), [&] { ++calls; });
  ASSERT_TRUE(watch);
  poke(fd);
  *watch = {};
  auto end = loop.after(20ms, [&] { loop.stop(); });
  EXPECT_TRUE(run());
  EXPECT_EQ(calls, 0);
}

TEST_F(EventLoopTest, EachFunctionFindsTheThreadWhereItBelongs) {
  Fd fd(eventfd(0, EFD_NONBLOCK));
  poke(fd);
  std::string place, seen;
  auto at = [&](const char* name) {
    return loop.within([&place, name]() -> Result<> {
      place = name;
      return {};
    });
  };
  EventLoop a = at("a"), b = at("b");
  auto watch = a.on_readable(fd.get(), [&] {
    seen += place;
    eventfd_t value = 0;
    eventfd_read(fd.get(), &value);
  });
  auto signal = b.on_signal(SIGUSR1, [&] { seen += place; });
  auto first = b.after(10ms, [&] {
    seen += place;
    kill(getpid(), SIGUSR1);
  });
  auto second = a.after(20ms, [&] {
    seen += place;
    loop.stop();
  });
  ASSERT_TRUE(watch && signal && first && second);
  EXPECT_TRUE(run());
  EXPECT_EQ(seen, "abba");
}

TEST_F(EventLoopTest, AFunctionThatWouldRunElsewhereIsNotCalled) {
  EventLoop nowhere = loop.within([] { return error("enter network namespace a: gone"); });
  bool called = false;
  auto timer = nowhere.after(0us, [&] { called = true; });
  ASSERT_TRUE(timer);
  Result<> result = loop.run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "enter network namespace a: gone");
  EXPECT_FALSE(called);
}

TEST_F(EventLoopTest, AFunctionMayDropItsOwnHandle) {
  Fd fd(eventfd(0, EFD_NONBLOCK));
  std::optional<EventLoop::Watch> watch;
  auto alive = std::make_shared<int>(0);
  watch = loop.on_readable(fd.get(),
                           [&, alive] {
                             watch.reset();
                             ++*alive;  // the captured state must have survived
                           })
              .value();
  poke(fd);
  auto end = loop.after(20ms, [&] { loop.stop(); });
  EXPECT_TRUE(run());
  EXPECT_EQ(*alive, 1);
  EXPECT_EQ(alive.use_count(), 1) << "the function has died with its handle";
}

TEST_F(EventLoopTest, ADescriptorNumberCanBeReusedInsideTheFunction) {
  Fd first(eventfd(0, EFD_NONBLOCK));
  const int number = first.get();
  Fd second;
  int calls = 0;
  EventLoop::Watch first_watch, second_watch;
  first_watch = loop.on_readable(number,
                                 [&] {
                                   first_watch = {};
                                   first = Fd();
                                   second = Fd(eventfd(1, EFD_NONBLOCK));
                                   ASSERT_EQ(second.get(), number);
                                   second_watch = loop.on_readable(number,
                                                                   [&] {
                                                                     ++calls;
                                                                     loop.stop();
                                                                   })
                                                      .value();
                                 })
                    .value();
  poke(first);
  EXPECT_TRUE(run());
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, SaysWhatADescriptorIsReadyFor) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  Fd ours(pair[0]), theirs(pair[1]);
  std::vector<Readiness> found;
  EventLoop::Watch watch;
  watch = loop.on_ready(ours.get(), {.write = true},
                        [&](Readiness ready) {
                          found.push_back(ready);
                          watch.wait_for({.read = true});
                          if (found.size() == 1) theirs = Fd();  // end of file: counts as readable
                          if (found.size() == 2) loop.stop();
                        })
              .value();
  EXPECT_TRUE(run());
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (Readiness{.write = true}));
  EXPECT_TRUE(found[1].read);
}

TEST_F(EventLoopTest, ATimerFiresOnceForEachArming) {
  int calls = 0;
  EventLoop::Timer timer;
  timer = loop.timer([&] {
                EXPECT_FALSE(timer.armed());
                if (++calls < 3) timer.arm(1ms);
              })
              .value();
  EXPECT_FALSE(timer.armed());
  timer.arm(1ms);
  EXPECT_TRUE(timer.armed());
  auto end = loop.after(50ms, [&] { loop.stop(); });
  EXPECT_TRUE(run());
  EXPECT_EQ(calls, 3);
}

TEST_F(EventLoopTest, ATimerIsNeitherEarlyNorAQuarterSecondLate) {
  const auto start = Clock::now();
  auto timer = loop.after(30ms, [&] { loop.stop(); });
  EXPECT_TRUE(run());
  EXPECT_GE(Clock::now() - start, 30ms);
  EXPECT_LT(Clock::now() - start, 200ms);
}

TEST_F(EventLoopTest, RearmingReplacesTheTime) {
  int calls = 0;
  auto timer = loop.timer([&] { ++calls; }).value();
  timer.arm(1ms);
  timer.arm(10s);
  auto end = loop.after(30ms, [&] { loop.stop(); });
  EXPECT_TRUE(run());
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(timer.armed());
}

TEST_F(EventLoopTest, ADisarmedTimerIsQuiet) {
  int calls = 0;
  auto timer = loop.after(1ms, [&] { ++calls; }).value();
  timer.disarm();
  auto end = loop.after(30ms, [&] { loop.stop(); });
  EXPECT_TRUE(run());
  EXPECT_EQ(calls, 0);
}

TEST_F(EventLoopTest, HandlesASignalAndGivesItBack) {
  sigset_t mask;
  int calls = 0;
  {
    auto handled = loop.on_signal(SIGUSR1, [&] {
      ++calls;
      loop.stop();
    });
    ASSERT_TRUE(handled);
    ASSERT_EQ(raise(SIGUSR1), 0);
    EXPECT_TRUE(run());
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    EXPECT_TRUE(sigismember(&mask, SIGUSR1));
  }
  EXPECT_EQ(calls, 1);
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_FALSE(sigismember(&mask, SIGUSR1));
}

TEST_F(EventLoopTest, StopBeforeRunEndsItAtOnce) {
  loop.stop();
  EXPECT_TRUE(run());
}

TEST_F(EventLoopTest, ABadDescriptorIsAnError) {
  auto watch = loop.on_readable(1'000'000, [] {});
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().code, EBADF);
  EXPECT_EQ(watch.error().message, "watch descriptor 1000000: Bad file descriptor");
}

}  // namespace
}  // namespace tna
