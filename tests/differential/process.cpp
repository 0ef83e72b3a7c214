// SPDX-License-Identifier: Apache-2.0
// process.cpp: starts, reads and ends child processes.
#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <sstream>

namespace tna::differential {
namespace {

cpu_set_t all_cpus;
bool pinned = false;

[[noreturn]] void become(const std::vector<char*>& arguments, int netns, int in, int out,
                         Process::Capture capture) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (pinned) ::sched_setaffinity(0, sizeof all_cpus, &all_cpus);
  if (netns >= 0 && ::setns(netns, CLONE_NEWNET) < 0) ::_exit(126);
  ::dup2(in, 0);
  ::dup2(out, 2);
  if (capture == Process::Capture::output) ::dup2(out, 1);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

// Input is short (it fits a pipe's buffer), so it is written before the child runs.
Result<Fd> input_of(const std::string& text) {
  if (text.empty()) return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return errno_error("pipe");
  Fd reader(ends[0]), writer(ends[1]);
  if (::write(writer.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return errno_error("write input");
  return reader;
}

}  // namespace

Words split_words(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

void stay_on_one_cpu() {
  if (::sched_getaffinity(0, sizeof all_cpus, &all_cpus) < 0) return;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET(cpu, &all_cpus)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pinned = ::sched_setaffinity(0, sizeof one, &one) == 0;
    return;
  }
}

Result<Process> Process::start(const Words& arguments, int netns, Capture capture,
                               const std::string& input) {
  std::vector<char*> raw;
  for (const std::string& word : arguments) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  Fd in = TRY(input_of(input));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return errno_error("pipe");
  Fd reader(ends[0]), writer(ends[1]);
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("fork for " + arguments[0]);
  if (pid == 0) become(raw, netns, in.get(), writer.get(), capture);
  return Process(pid, std::move(reader));
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pipe_(std::move(other.pipe_)),
      output_(std::move(other.output_)) {}

Process::~Process() {
  if (pid_ > 0) (void)stop(5000);
}

bool Process::read_some(int timeout_ms) {
  pollfd ready{pipe_.get(), POLLIN, 0};
  if (::poll(&ready, 1, timeout_ms) <= 0) return true;
  char buffer[4096];
  const ssize_t length = ::read(pipe_.get(), buffer, sizeof buffer);
  if (length > 0) output_.append(buffer, length);
  return length > 0;
}

Result<> Process::wait_for(const std::string& text, int timeout_ms) {
  const std::int64_t end = now_ms() + timeout_ms;
  while (output_.find(text) == std::string::npos) {
    const std::int64_t left = end - now_ms();
    if (left <= 0) return error("no \"" + text + "\" in time; it said: " + output_);
    if (!read_some(static_cast<int>(left))) return error("ended early; it said: " + output_);
  }
  return {};
}

void Process::collect() {
  for (std::size_t before = ~std::size_t{0}; before != output_.size();) {
    before = output_.size();
    if (!read_some(0)) return;
  }
}

int Process::wait() {
  while (read_some(-1)) continue;
  int status = 0;
  if (::waitpid(std::exchange(pid_, -1), &status, 0) < 0) return 255;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<> Process::stop(int timeout_ms) {
  const pid_t pid = std::exchange(pid_, -1);
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) == pid)
    return error("had ended by itself, status " + std::to_string(status));
  ::kill(pid, SIGTERM);
  for (const std::int64_t end = now_ms() + timeout_ms; now_ms() < end;) {
    const bool open = read_some(2);  // keeps the pipe from filling up while it says goodbye
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
      return error("ended with status " + std::to_string(status) + "; it said: " + output_);
    }
    if (!open) ::usleep(2000);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, &status, 0);
  return error("did not end on SIGTERM");
}

Result<Finished> run(const Words& arguments, int netns, const std::string& input) {
  Process process = TRY(Process::start(arguments, netns, Process::Capture::output, input));
  const int status = process.wait();
  return Finished{status, process.output()};
}

Result<> run_or_error(const Words& arguments, int netns, const std::string& input) {
  const Finished finished = TRY(run(arguments, netns, input));
  if (finished.status == 0) return {};
  std::string line;
  for (const std::string& word : arguments) line += word + " ";
  return error(line + "failed: " + finished.output);
}

}  // namespace tna::differential
