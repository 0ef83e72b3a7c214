// SPDX-License-Identifier: Apache-2.0
// The server behind control_socket.h: one listening socket, a few clients, no call that waits.
#include "daemon/control_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

#include "base/control_client.h"
#include "base/log.h"

namespace tna {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostDescriptors = 253;  // that a message carries: SCM_MAX_FD

std::string refusal(const std::string& why) {
  return dump({{"ok", false}, {"error", why}}) + '\n';
}

// One request line in, one answer line out.
std::string answer(const ControlSocket::Handler& handler, std::string_view line,
                   ControlSocket::Caller& caller) {
  static const Json no_arguments = Json::object();
  const Json request = Json::parse(line, nullptr, false);
  if (request.is_discarded()) return refusal("malformed request: not JSON");
  if (!request.is_object()) return refusal("malformed request: not a JSON object");
  const Json* command = find(request, "command");
  if (!command || !command->is_string())
    return refusal("malformed request: \"command\" must be a string");
  const Json* arguments = find(request, "arguments");
  if (arguments && !arguments->is_object())
    return refusal("malformed request: \"arguments\" must be an object");

  Result<Json> result =
      handler(command->get<std::string>(), arguments ? *arguments : no_arguments, caller);
  if (!result) return refusal(result.error().message);
  return dump({{"ok", true}, {"result", std::move(*result)}}) + '\n';
}

Result<Fd> stream_socket() {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("create a Unix socket");
  return fd;
}

// Makes room for our socket file: what a dead daemon left goes, all else stays and is an error.
Result<> clear(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return errno_error("look at " + path);
  }
  if (!S_ISSOCK(found.st_mode)) return error(path + " is there and is no socket");
  Fd probe = TRY(stream_socket());
  const int connected =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // EAGAIN: alive, with a full queue.
  if (connected == 0 || errno == EAGAIN) return error("another tnad serves " + path);
  if (errno != ECONNREFUSED) return errno_error("see whether another tnad serves " + path);
  if (::unlink(path.c_str()) != 0) return errno_error("remove the stale socket " + path);
  return {};
}

// The folder of the socket, opened and locked: of two daemons that start at once, the second looks
// after the first listens.
Result<Fd> lock_folder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
    return errno_error("make the folder " + folder);
  Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("open the folder " + folder);
  if (::flock(fd.get(), LOCK_EX) != 0) return errno_error("lock the folder " + folder);
  return fd;
}

Result<Fd> listen_at(const std::string& path) {
  const sockaddr_un address = TRY(control_address(path));
  Fd folder = TRY(lock_folder(path));
  TRY(clear(path, address));
  Fd fd = TRY(stream_socket());
  // Before bind(), which gives the file this mode: so there is no moment with a wider one.
  if (::fchmod(fd.get(), 0600) != 0) return errno_error("restrict " + path + " to root");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error("bind " + path);
  if (::listen(fd.get(), 16) != 0) return errno_error("listen at " + path);
  return fd;
}

// The one who connected may ask: root, or who runs the daemon.
bool may_ask(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == 0 || peer.uid == ::geteuid());
}

}  // namespace

struct ControlSocket::Server {
  struct Client {
    Fd fd;
    EventLoop::Watch watch;  // after fd: must die before it
    EventLoop::Timer patience;
    std::string in, out;
    Caller caller;
    bool ended = false;    // the client sends nothing more
    bool refused = false;  // nothing more is read from it
  };
  using ClientRef = std::list<Client>::iterator;

  EventLoop& loop;
  std::string path;
  Handler handler;
  Limits limits;
  Gone gone;
  std::uint64_t connections = 0;  // so far
  Fd fd;
  struct stat file {};
  EventLoop::Watch watch;
  EventLoop::Timer pause;
  std::list<Client> clients;

  Server(EventLoop& loop, std::string path, Handler handler, Limits limits, Gone gone)
      : loop(loop),
        path(std::move(path)),
        handler(std::move(handler)),
        limits(limits),
        gone(std::move(gone)) {}

  ~Server() {
    struct stat now {};
    if (::lstat(path.c_str(), &now) == 0 && now.st_dev == file.st_dev && now.st_ino == file.st_ino)
      ::unlink(path.c_str());
  }

  Result<> start() {
    fd = TRY(listen_at(path));
    if (::lstat(path.c_str(), &file) != 0) return errno_error("look at " + path);
    watch = TRY(loop.on_readable(fd.get(), [this] { accept(); }));
    pause = TRY(loop.timer([this] { watch.wait_for({.read = true}); }));
    return {};
  }

  void accept() {
    Fd peer(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
      // Out of descriptors or memory: the client stays queued, and asking at once would spin.
      log_warning("control socket: {}", std::strerror(errno));
      watch.wait_for({});
      pause.arm(1s);
      return;
    }
    if (!may_ask(peer.get())) return refuse(peer.get(), "only root may ask tnad");
    if (clients.size() >= limits.clients)
      return refuse(peer.get(), "tnad serves " + std::to_string(limits.clients) +
                                    " clients already: try again");
    if (auto done = admit(std::move(peer)); !done)
      log_warning("control socket: {}", done.error().message);
  }

  // Says no, if that can be said without waiting; the caller closes.
  static void refuse(int fd, const std::string& why) {
    const std::string line = refusal(why);
    (void)::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
  }

  Result<> admit(Fd peer) {
    ClientRef client = clients.emplace(clients.end());
    client->fd = std::move(peer);
    client->caller.connection = ++connections;
    auto watching =
        loop.on_ready(client->fd.get(), {.read = true}, [this, client](Readiness ready) {
          if (!progress(*client, ready)) drop(client);
        });
    auto waiting = loop.after(limits.patience, [this, client] { drop(client); });
    if (!watching || !waiting) {
      clients.erase(client);
      return std::unexpected(watching ? waiting.error() : watching.error());
    }
    client->watch = std::move(*watching);
    client->patience = std::move(*waiting);
    return {};
  }

  void drop(ClientRef client) {
    const auto [connection, stays] = std::pair{client->caller.connection, client->caller.stays};
    clients.erase(client);
    if (stays && gone) gone(connection);
  }

  // Goes on with a client as far as that is possible now. False: it is to be dropped.
  bool progress(Client& client, Readiness ready) {
    if (client.out.empty()) {
      if (ready.read && !client.ended && !client.refused && !receive(client)) return false;
      if (!next_request(client)) return false;
    }
    if (!send(client)) return false;
    if (client.out.empty() && client.refused) return false;
    // One request in a turn, so that many of them don't keep the daemon from its other events: what
    // has been received already is gone on with as soon as the socket says that it can be written.
    const bool more = !client.out.empty() || client.in.find('\n') != std::string::npos;
    if (!more && client.ended) return false;
    client.watch.wait_for({.read = !more, .write = more});
    return true;
  }

  // Descriptors that come along are the client's next request's, up to the limit.
  ssize_t receive_some(Client& client, char* to, std::size_t size) {
    iovec bytes{to, size};
    alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))];
    msghdr message{.msg_iov = &bytes,
                   .msg_iovlen = 1,
                   .msg_control = control,
                   .msg_controllen = sizeof control};
    const ssize_t got = ::recvmsg(client.fd.get(), &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return got;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= part->cmsg_len; at += sizeof(int)) {
        int number;
        std::memcpy(&number, reinterpret_cast<char*>(part) + at, sizeof number);
        Fd descriptor(number);
        if (client.caller.descriptors.size() < limits.descriptors)
          client.caller.descriptors.push_back(std::move(descriptor));
      }
    }
    return got;
  }

  bool receive(Client& client) {
    char chunk[16 * 1024];
    while (client.in.size() <= limits.request_bytes) {
      const ssize_t got = receive_some(client, chunk, sizeof chunk);
      if (got > 0) {
        client.in.append(chunk, std::size_t(got));
        continue;
      }
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      client.ended = true;
      if (!client.in.empty() && client.in.back() != '\n') client.in += '\n';
      return true;
    }
    return true;
  }

  // Takes the first complete request, if there is one, and answers it into `out`.
  bool next_request(Client& client) {
    const std::size_t end = client.in.find('\n');
    const bool complete = end != std::string::npos;
    if ((complete ? end : client.in.size()) > limits.request_bytes) {
      client.out = refusal("malformed request: longer than " +
                           std::to_string(limits.request_bytes) + " bytes");
      client.refused = true;
    } else if (complete) {
      client.out = answer(handler, std::string_view(client.in).substr(0, end), client.caller);
      client.caller.descriptors.clear();
      client.in.erase(0, end + 1);
    } else {
      return !client.ended;
    }
    if (client.caller.stays)
      client.patience.disarm();
    else
      client.patience.arm(limits.patience);
    return true;
  }

  bool send(Client& client) {
    std::size_t sent = 0;
    while (sent < client.out.size()) {
      const ssize_t n =
          ::send(client.fd.get(), client.out.data() + sent, client.out.size() - sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN) return false;
      if (n < 0) break;
      sent += std::size_t(n);
    }
    client.out.erase(0, sent);
    return true;
  }
};

ControlSocket::ControlSocket(std::unique_ptr<Server> server) : server_(std::move(server)) {}
ControlSocket::ControlSocket(ControlSocket&&) noexcept = default;
ControlSocket& ControlSocket::operator=(ControlSocket&&) noexcept = default;
ControlSocket::~ControlSocket() = default;

Result<ControlSocket> ControlSocket::open(EventLoop& loop, const std::string& path,
                                          Handler handler) {
  return open(loop, path, std::move(handler), Limits(), {});
}

Result<ControlSocket> ControlSocket::open(EventLoop& loop, const std::string& path, Handler handler,
                                          Limits limits, Gone gone) {
  auto server = std::make_unique<Server>(loop, path, std::move(handler), limits, std::move(gone));
  TRY(server->start());
  return ControlSocket(std::move(server));
}

}  // namespace tna
