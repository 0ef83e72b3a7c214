// SPDX-License-Identifier: Apache-2.0
#include "deploy/refusal.h"

namespace tna {
namespace {

struct Meaning {
  const char* says;
  const char* means;
};
constexpr Meaning kMeanings[] = {
    {"stack size",
     "it needs more stack than the path leaves it: keep what is large in a map of type "
     "PERCPU_ARRAY"},
    {"invalid write to stack", "it writes beyond its stack"},
    {"invalid read from stack", "it reads from its stack what it has not written, or beyond it"},
    {"infinite loop", "it has a loop without end"},
    {"program is too large",
     "the verifier does not come to an end with it: loops need a limit that is small and constant"},
    {"too complex", "the verifier does not come to an end with it"},
    {"map_value_or_null", "it uses what a lookup found without asking whether anything was found"},
    {"mem_or_null", "it uses what it reserved without asking whether there was room"},
    {"'scalar'", "it uses a number as a pointer"},
    {"'inv'", "it uses a number as a pointer"},
    {"invalid access to map value", "it goes beyond a value of a map"},
    {"!read_ok", "it uses a register that it has not set"},
    {"nreleased reference",
     "it does not give back what it reserved (bpf_ringbuf_submit, bpf_ringbuf_discard)"},
    {"bpf_spin_lock", "it does not hold, or release, a lock as it has to"},
    {"unreachable insn", "some of its code can't be reached"},
    {"jump out of range", "it jumps out of its code"},
    {"division by zero", "it divides by 0"},
    {"pointer arithmetic", "it calculates with a pointer in a way that can't be followed"},
    {"min value is negative", "a length or an offset may be negative: compare it first"},
    {"unbounded memory access", "a length or an offset has no limit: compare it first"},
};

}  // namespace

std::string in_plain_words(const std::string& refusal) {
  for (const Meaning& each : kMeanings)
    if (refusal.find(each.says) != std::string::npos) return each.means;
  return {};
}

}  // namespace tna
