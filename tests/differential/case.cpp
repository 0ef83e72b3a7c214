// SPDX-License-Identifier: Apache-2.0
// case.cpp: cases as text: one step a line, '#' starts a comment.
#include "case.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tna::differential {
namespace {

std::string offload_text(const Offload& offload) {
  if (offload.flags == 0 && offload.gso_type == 0) return "";
  return fmt::format("offload={},{},{},{},{},{} ", offload.flags, offload.gso_type, offload.hdr_len,
                     offload.gso_size, offload.csum_start, offload.csum_offset);
}

bool parse_offload(const std::string& word, Offload& offload) {
  unsigned flags, type, header, size, start, offset;
  if (std::sscanf(word.c_str(), "offload=%u,%u,%u,%u,%u,%u", &flags, &type, &header, &size, &start,
                  &offset) != 6)
    return false;
  offload.flags = flags;
  offload.gso_type = type;
  offload.hdr_len = header;
  offload.gso_size = size;
  offload.csum_start = start;
  offload.csum_offset = offset;
  return true;
}

Result<Step> parse_send(std::istream& line) {
  Step step{.kind = Step::Kind::send};
  std::string word;
  line >> step.port >> word;
  if (word.starts_with("offload=")) {
    if (!parse_offload(word, step.frame.offload)) return error("malformed " + word);
    line >> word;
  }
  step.frame.bytes = from_hex(word);
  if (step.port < 1 || step.frame.bytes.size() < 14) return error("send PORT [offload=] HEX");
  return step;
}

Result<Step> parse_step(const std::string& kind, std::istream& line) {
  if (kind == "run" || kind == "tap" || kind == "hook") {
    Step step{.kind = kind == "run"   ? Step::Kind::run
                      : kind == "tap" ? Step::Kind::tap
                                      : Step::Kind::hook};
    std::getline(line >> std::ws, step.text);
    if (step.text.empty()) return error(kind + " needs something to " + kind);
    return step;
  }
  if (kind == "send") return parse_send(line);
  if (kind == "settle") {
    Step step = settle_step(-1);
    line >> step.ms;
    if (step.ms < 0) return error("settle MILLISECONDS");
    return step;
  }
  if (kind == "untap") return Step{.kind = Step::Kind::untap};
  if (kind == "start") return Step{.kind = Step::Kind::start};
  if (kind == "check") return Step{.kind = Step::Kind::check};
  return error("unknown step " + kind);
}

}  // namespace

int Case::frames() const {
  return std::ranges::count(steps, Step::Kind::send, &Step::kind);
}

Step run_step(std::string command) {
  return Step{.kind = Step::Kind::run, .text = std::move(command)};
}

Step settle_step(int ms) {
  return Step{.kind = Step::Kind::settle, .ms = ms};
}

std::string to_text(const Step& step) {
  switch (step.kind) {
    case Step::Kind::run:
      return "run " + step.text;
    case Step::Kind::tap:
      return "tap " + step.text;
    case Step::Kind::hook:
      return "hook " + step.text;
    case Step::Kind::untap:
      return "untap";
    case Step::Kind::start:
      return "start";
    case Step::Kind::check:
      return "check";
    case Step::Kind::settle:
      return "settle " + std::to_string(step.ms);
    case Step::Kind::send:
      break;
  }
  return fmt::format("send {} {}{}  # {}", step.port, offload_text(step.frame.offload),
                     to_hex(step.frame.bytes), describe(step.frame));
}

std::string to_text(const Case& case_) {
  std::string text =
      "# " + case_.title + "\n" +
      fmt::format("{} {}\n", case_.device.router ? "router" : "ports", case_.device.ports);
  for (const Step& step : case_.steps) text += to_text(step) + "\n";
  return text;
}

Result<Case> parse_case(const std::string& text, const std::string& name) {
  Case parsed{.title = name};
  bool started = false;
  std::istringstream in(text);
  int number = 0;
  for (std::string raw; std::getline(in, raw);) {
    ++number;
    std::istringstream line(raw.substr(0, raw.find('#')));
    std::string kind;
    if (!(line >> kind)) continue;
    if (kind == "ports" || kind == "router") {
      parsed.device.router = kind == "router";
      line >> parsed.device.ports;
      continue;
    }
    auto step = parse_step(kind, line);
    if (!step) return error(fmt::format("{}:{}: {}", name, number, step.error().message));
    started |= step->kind == Step::Kind::start;
    parsed.steps.push_back(std::move(*step));
  }
  const int most = parsed.device.router ? 8 : 9;
  if (parsed.device.ports < 2 || parsed.device.ports > most)
    return error(fmt::format("{}: 2 to {} ports, please", name, most));
  if (!started) return error(name + ": has no start");
  return parsed;
}

Result<Case> read_case(const std::string& path) {
  std::ifstream file(path);
  if (!file) return errno_error("open " + path);
  std::stringstream text;
  text << file.rdbuf();
  return parse_case(text.str(), std::filesystem::path(path).stem());
}

}  // namespace tna::differential
