// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"

namespace tna::bench {
namespace {

// A child with the three descriptors; with_us: it ends together with the thread that started it.
Result<pid_t> spawn(const Arguments& command, int in, int out, int err, int cpu, Life life) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (cpu < 0 || i == cpu) CPU_SET(i, &cpus);

  pid_t pid = fork();
  if (pid < 0) return errno_error("fork");
  if (pid > 0) return pid;
  if (life == Life::with_us)
    prctl(PR_SET_PDEATHSIG, SIGTERM);
  else
    setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  sched_setaffinity(0, sizeof cpus, &cpus);
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  execvp(argv[0], argv.data());
  static constexpr char message[] = "cannot be executed\n";
  [[maybe_unused]] ssize_t ignored = write(2, message, sizeof message - 1);
  _exit(127);
}

Result<Fd> memory_file() {
  Fd file{memfd_create("output", MFD_CLOEXEC)};
  if (!file) return errno_error("memfd_create");
  return file;
}

std::string contents(const Fd& file) {
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = pread(file.get(), buffer, sizeof buffer, off_t(text.size()))) > 0;)
    text.append(buffer, size_t(n));
  return text;
}

}  // namespace

std::string join(const Arguments& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Result<std::string> run(const Arguments& command, std::string_view input) {
  Fd in = TRY(memory_file()), out = TRY(memory_file()), err = TRY(memory_file());
  if (pwrite(in.get(), input.data(), input.size(), 0) != ssize_t(input.size()))
    return errno_error("input of " + command[0]);
  pid_t pid = TRY(spawn(command, in.get(), out.get(), err.get(), -1, Life::with_us));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return errno_error("wait for " + command[0]);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return error(join(command) + ": " + contents(err) + contents(out));
  return contents(out);
}

Result<Child> Child::start(const Arguments& command, int cpu, Life life) {
  Fd in{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  Fd output = TRY(memory_file());
  pid_t pid = TRY(spawn(command, in.get(), output.get(), output.get(), cpu, life));
  return Child(pid, std::move(output), command[0]);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      name_(std::move(other.name_)),
      status_(other.status_) {}

Child::~Child() {
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  if (ended(5)) return;
  kill(pid_, SIGKILL);
  ended(5);
}

bool Child::ended(double seconds) {
  for (double end = now() + seconds; pid_ >= 0 && now() < end; pause_for(0.002)) {
    if (waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  }
  return pid_ < 0;
}

std::string Child::output() const {
  return contents(output_);
}

Result<> Child::wait_for(std::string_view text, double seconds) {
  for (double end = now() + seconds; now() < end; pause_for(0.002)) {
    if (output().find(text) != std::string::npos) return {};
    if (ended(0.001)) break;
  }
  return error(name_ + " did not say \"" + std::string(text) + "\": " + output());
}

Result<> Child::stop(double seconds) {
  kill(pid_, SIGTERM);
  TRY(finish(seconds));
  return {};
}

Result<std::string> Child::finish(double seconds) {
  if (!ended(seconds)) return error(name_ + " did not end: " + output());
  if (!WIFEXITED(status_) || WEXITSTATUS(status_) != 0)
    return error(name_ + " failed: " + output());
  return output();
}

}  // namespace tna::bench
