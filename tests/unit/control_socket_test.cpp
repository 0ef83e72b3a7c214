// SPDX-License-Identifier: Apache-2.0
// The server runs in the test's thread, its clients in one of their own.
#include "daemon/control_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/fd.h"

namespace tna {
namespace {

using namespace std::chrono_literals;

// "stay" has the connection mean something; "descriptors" tells how many came along.
Result<Json> echo(const std::string& command, const Json& arguments,
                  ControlSocket::Caller& caller) {
  if (command == "stay") caller.stays = true;
  if (command == "descriptors") return Json(caller.descriptors.size());
  if (command == "fail") return error("no such interface: eth7");
  if (command == "large") return Json(std::string(4'000'000, 'x'));
  if (command == "raw") return Json("not utf-8: \xff");
  return Json{{"command", command}, {"arguments", arguments}};
}

// A client that waits for what it reads, two seconds at most.
class Client {
 public:
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{2, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  void send(const std::string& bytes) {
    ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // With copies of this descriptor, so many of them.
  void send(const std::string& bytes, int descriptor, std::size_t copies) {
    std::vector<int> all(copies, descriptor);
    std::vector<std::uint64_t> control((CMSG_SPACE(copies * sizeof(int)) + 7) / 8);
    std::string text = bytes;
    iovec part{text.data(), text.size()};
    msghdr message{.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.data()};
    message.msg_controllen = CMSG_SPACE(copies * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(copies * sizeof(int));
    std::memcpy(CMSG_DATA(head), all.data(), copies * sizeof(int));
    ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  }
  void end() { ::shutdown(fd_.get(), SHUT_WR); }
  // One line without its end; what came so far where the server closed or nothing comes.
  std::string line() {
    while (buffer_.find('\n') == std::string::npos && receive()) {
    }
    const std::size_t end = std::min(buffer_.find('\n'), buffer_.size());
    std::string result = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return result;
  }
  // Nothing more comes, and the server says so.
  bool closed() { return buffer_.empty() && !receive() && errno == 0; }
  bool connected = false;

 private:
  bool receive() {
    char chunk[64 * 1024];
    errno = 0;
    const ssize_t got = ::read(fd_.get(), chunk, sizeof chunk);
    if (got > 0) buffer_.append(chunk, std::size_t(got));
    return got > 0;
  }
  Fd fd_;
  std::string buffer_;
};

struct ControlSocketTest : testing::Test {
  std::string folder =
      std::filesystem::temp_directory_path() / ("tna_control_" + std::to_string(::getpid()));
  std::string path = folder + "/tnad.sock";
  EventLoop loop = EventLoop::create().value();
  std::atomic<int> gone = 0;  // connections that stayed, and have ended

  ~ControlSocketTest() override { std::filesystem::remove_all(folder); }

  // Serves until the client's function has returned.
  void serve(const std::function<void()>& client, ControlSocket::Limits limits = {}) {
    auto socket = ControlSocket::open(loop, path, echo, limits, [&](std::uint64_t) { ++gone; });
    ASSERT_TRUE(socket) << socket.error().message;
    int done[2];
    ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
    Fd ended(done[0]), running(done[1]);
    auto watch = loop.on_readable(ended.get(), [&] { loop.stop(); });
    std::jthread thread([&] {
      client();
      running = Fd();
    });
    EXPECT_TRUE(loop.run());
  }
  std::string ask(const std::string& request) {
    Client client(path);
    client.send(request + "\n");
    return client.line();
  }
};

TEST_F(ControlSocketTest, AnswersWithTheResultOrTheError) {
  serve([&] {
    EXPECT_EQ(ask(R"({"command":"status"})"),
              R"({"ok":true,"result":{"arguments":{},"command":"status"}})");
    EXPECT_EQ(ask(R"({"command":"graph","arguments":{"format":"dot"}})"),
              R"({"ok":true,"result":{"arguments":{"format":"dot"},"command":"graph"}})");
    EXPECT_EQ(ask(R"({"command":"fail"})"), R"({"error":"no such interface: eth7","ok":false})");
  });
}

TEST_F(ControlSocketTest, AMalformedRequestHearsWhatIsWrong) {
  serve([&] {
    EXPECT_EQ(ask("status"), R"({"error":"malformed request: not JSON","ok":false})");
    EXPECT_EQ(ask("[1]"), R"({"error":"malformed request: not a JSON object","ok":false})");
    EXPECT_EQ(ask(R"({"command":7})"),
              R"({"error":"malformed request: \"command\" must be a string","ok":false})");
    EXPECT_EQ(ask(R"({"command":"x","arguments":[]})"),
              R"({"error":"malformed request: \"arguments\" must be an object","ok":false})");
    EXPECT_EQ(ask(std::string(60'000, '[')),
              R"({"error":"malformed request: not JSON","ok":false})");
  });
}

TEST_F(ControlSocketTest, ATooLongRequestIsRefusedAndItsSenderDropped) {
  serve([&] {
    Client client(path);
    client.send(std::string(70'000, ' '));
    EXPECT_EQ(client.line(),
              R"({"error":"malformed request: longer than 65536 bytes","ok":false})");
  });
}

TEST_F(ControlSocketTest, DescriptorsComeWithTheirRequestUpToALimit) {
  serve(
      [&] {
        Client client(path);
        client.send("{\"command\":\"descriptors\"}\n", 0, 3);
        EXPECT_EQ(client.line(), R"({"ok":true,"result":3})");
        client.send("{\"command\":\"descriptors\"}\n");
        EXPECT_EQ(client.line(), R"({"ok":true,"result":0})") << "they were that request's";
        client.send("{\"command\":\"descriptors\"}\n", 0, 100);
        EXPECT_EQ(client.line(), R"({"ok":true,"result":5})");
      },
      {.descriptors = 5});
}

TEST_F(ControlSocketTest, AConnectionThatStaysHasTimeAndItsEndIsHeard) {
  serve(
      [&] {
        Client stays(path), other(path);
        stays.send("{\"command\":\"stay\"}\n");
        EXPECT_NE(stays.line(), "");
        other.send("{\"command\":\"status\"}\n");
        EXPECT_NE(other.line(), "");
        EXPECT_TRUE(other.closed());
        std::this_thread::sleep_for(100ms);
        EXPECT_EQ(gone, 0) << "nor is it the other's";
        stays.send("{\"command\":\"status\"}\n");
        EXPECT_NE(stays.line(), "") << "it is still there";
        stays.end();
        EXPECT_TRUE(stays.closed());
        for (int i = 0; i < 200 && !gone; ++i) std::this_thread::sleep_for(10ms);
        EXPECT_EQ(gone, 1);
      },
      {.patience = 100ms});
}

TEST_F(ControlSocketTest, OneClientMayAskOften) {
  serve([&] {
    Client client(path);
    client.send("{\"command\":\"a\"}\n{\"command\":\"b\"}\n{\"comm");
    EXPECT_NE(client.line().find(R"("command":"a")"), std::string::npos);
    EXPECT_NE(client.line().find(R"("command":"b")"), std::string::npos);
    client.send("and\":\"c\"}");
    client.end();  // ends the last request as a newline would
    EXPECT_NE(client.line().find(R"("command":"c")"), std::string::npos);
    EXPECT_TRUE(client.closed());
  });
}

TEST_F(ControlSocketTest, BytesThatAreNoUtf8DoNotEndTheDaemon) {
  serve([&] {
    EXPECT_EQ(ask(R"({"command":"raw"})"), "{\"ok\":true,\"result\":\"not utf-8: \xef\xbf\xbd\"}");
  });
}

TEST_F(ControlSocketTest, AClientThatDoesNotReadDelaysNobodyAndIsDropped) {
  serve(
      [&] {
        Client slow(path);
        slow.send("{\"command\":\"large\"}\n");
        EXPECT_NE(ask(R"({"command":"status"})"), "") << "served meanwhile";
        std::this_thread::sleep_for(400ms);
        EXPECT_LT(slow.line().size(), 4'000'000u) << "dropped before the end";
      },
      {.patience = 200ms});
}

TEST_F(ControlSocketTest, ALargeAnswerArrivesWhole) {
  serve([&] { EXPECT_EQ(ask(R"({"command":"large"})").size(), 4'000'000 + 23u); });
}

TEST_F(ControlSocketTest, ASilentClientIsDropped) {
  serve(
      [&] {
        Client silent(path);
        silent.send("{\"command\":");
        EXPECT_TRUE(silent.closed());
      },
      {.patience = 50ms});
}

TEST_F(ControlSocketTest, TooManyClientsAreToldSo) {
  serve(
      [&] {
        Client first(path), second(path), third(path);
        first.send("{\"command\":\"a\"}\n");
        first.line();
        second.send("{\"command\":\"b\"}\n");
        second.line();
        EXPECT_EQ(third.line(),
                  R"({"error":"tnad serves 2 clients already: try again","ok":false})");
        EXPECT_TRUE(third.closed());
      },
      {.clients = 2});
}

TEST_F(ControlSocketTest, TheFileIsRootsOnlyAndGoesWithTheServer) {
  serve([&] {
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600u);
    ASSERT_EQ(::stat(folder.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0755u);
  });
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ControlSocketTest, AnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  serve([&] {
    ASSERT_EQ(::chmod(path.c_str(), 0666), 0);  // so that the credentials alone decide
    int answer[2];
    ASSERT_EQ(::pipe2(answer, O_CLOEXEC), 0);
    Fd ours(answer[0]), theirs(answer[1]);
    const pid_t child = ::fork();
    if (child == 0) {
      if (::setuid(65534) != 0) ::_exit(1);
      const std::string line = ask(R"({"command":"status"})");
      ::_exit(::write(theirs.get(), line.data(), line.size()) < 0);
    }
    theirs = Fd();
    char text[200];
    const ssize_t size = ::read(ours.get(), text, sizeof text);
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(std::string(text, size > 0 ? std::size_t(size) : 0),
              R"({"error":"only root may ask tnad","ok":false})");
  });
}

TEST_F(ControlSocketTest, ALiveDaemonsSocketIsLeftAlone) {
  auto first = ControlSocket::open(loop, path, echo);
  ASSERT_TRUE(first);
  auto second = ControlSocket::open(loop, path, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "another tnad serves " + path);
  EXPECT_TRUE(Client(path).connected);
}

TEST_F(ControlSocketTest, ADeadDaemonsSocketIsReplaced) {
  std::filesystem::create_directory(folder);
  {
    Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  serve([&] { EXPECT_NE(ask(R"({"command":"status"})"), ""); });
}

TEST_F(ControlSocketTest, AFileThatIsNoSocketStays) {
  std::filesystem::create_directories(path);
  auto socket = ControlSocket::open(loop, path, echo);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message, path + " is there and is no socket");
  EXPECT_TRUE(std::filesystem::is_directory(path));
}

TEST_F(ControlSocketTest, ATooLongPathIsAnError) {
  const std::string longest(200, 'a');
  auto socket = ControlSocket::open(loop, longest, echo);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message,
            "control socket '" + longest + "': the path must have 1 to 107 bytes");
}

}  // namespace
}  // namespace tna
