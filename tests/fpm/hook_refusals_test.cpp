// SPDX-License-Identifier: Apache-2.0
// Objects that are no hooks, and code that no hook may have: refused in words, and nothing comes of
// it.
#include <linux/bpf.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "deploy/hook_object.h"
#include "deploy/hook_places.h"
#include "fpm/must.h"
#include "fpm/routing.h"
#include "instructions.h"
#include "slot_abi.h"

namespace tna::test {
namespace {

constexpr auto kDouble = BPF_DW, kWord = BPF_W;

bpf_insn store_number(int to, int off, std::int32_t value) {
  return instruction(BPF_ST | BPF_MEM | kDouble, to, 0, off, value);
}
bpf_insn go_if_zero(int reg, int distance) {
  return jump_if(BPF_JEQ, BPF_JMP, reg, 0, distance);
}
Instructions wide(int reg, int kind, std::int32_t number) {
  return {instruction(BPF_LD | BPF_IMM | BPF_DW, reg, kind, 0, number), instruction(0)};
}
Instructions joined(std::initializer_list<Instructions> parts) {
  Instructions all;
  for (const Instructions& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
// What a function of tna/hook.h is in a hook's object.
Instructions place(std::int32_t number) {
  return {set(0, number), kExit};
}

struct Hostile {
  const char* what;
  HookKind kind;
  Instructions code;
};

std::vector<Hostile> hostile() {
  const auto observer = HookKind::observer, filter = HookKind::filter,
             transformer = HookKind::transformer;
  std::vector<Hostile> all{
      {"no code", observer, {}},
      {"no end", observer, {set(0, 0)}},
      {"facts are written to", observer, {set(0, 0), store(1, 8, 0), kExit}},
      {"facts are written to by a number", filter, {store_number(1, 0, 7), set(0, 0), kExit}},
      {"facts by another register",
       transformer,
       {move(6, 1), add(6, 8), store_number(6, 0, 7), set(0, 0), kExit}},
      {"facts by the stack",
       observer,
       {store(10, -8, 1), set(1, 0), load(3, 10, -8), store_number(3, 0, 7), set(0, 0), kExit}},
      {"facts by the stack, where can't be said",
       observer,
       {store(10, -8, 1), move(2, 10), load(4, 1, 8, kWord),
        instruction(BPF_ALU64 | BPF_AND | BPF_K, 4, 0, 0, 8),
        instruction(BPF_ALU64 | BPF_SUB | BPF_X, 2, 4), load(3, 2, -8), store_number(3, 0, 7),
        set(0, 0), kExit}},
      {"facts on one of two ways",
       observer,
       {move(6, 10), add(6, -16), load(2, 1, 0, kWord), go_if_zero(2, 1), move(6, 1),
        store_number(6, 0, 7), set(0, 0), kExit}},
      {"facts in a function",
       observer,
       {own(2), set(0, 0), kExit, store_number(1, 0, 7), set(0, 0), kExit}},
      {"facts that a function returns",
       observer,
       {own(4), store_number(0, 0, 1), set(0, 0), kExit, kExit, move(0, 1), kExit}},
      {"facts of the caller's stack",
       observer,
       {store(10, -8, 1), move(1, 10), add(1, -8), own(2), set(0, 0), kExit, load(1, 1, 0),
        store_number(1, 0, 7), set(0, 0), kExit}},
      {"atomic addition to facts",
       observer,
       {set(2, 1), instruction(BPF_STX | BPF_ATOMIC | kDouble, 1, 2, 0, BPF_ADD), set(0, 0),
        kExit}},
      {"an observer looks at the packet", observer, {load(0, 2, 0, kWord), kExit}},
      {"a filter looks at the packet itself", filter, {load(0, 2, 0, kWord), kExit}},
      {"a transformer does", transformer, {load(0, 2, 4, kWord), kExit}},
      {"a filter writes to the packet", filter, {store_number(2, 0, 1), set(0, 0), kExit}},
      {"a transformer does, by itself", transformer, {store_number(2, 0, 1), set(0, 0), kExit}},
      {"the packet's pointer is kept", transformer, {store(1, 0, 2), set(0, 0), kExit}},
      {"the packet is returned", filter, {move(0, 2), kExit}},
      {"the stack is returned", observer, {move(0, 10), kExit}},
      {"the packet goes to a helper",
       transformer,
       {move(1, 2), set(2, 60), set(3, 0), helper(BPF_FUNC_skb_change_tail), set(0, 0), kExit}},
      {"a read of nothing that is set", observer, {move(0, 7), kExit}},
      {"a read through a number", observer, {set(3, 4096), load(0, 3, 0), kExit}},
      {"a write through a number",
       observer,
       {set(3, 4096), store_number(3, 0, 1), set(0, 0), kExit}},
      {"a read beyond the facts", observer, {load(0, 1, 4096), kExit}},
      {"a read before the facts", observer, {load(0, 1, -4096), kExit}},
      {"a read beyond the stack", observer, {load(0, 10, 8), kExit}},
      {"more stack than there is", observer, {store_number(10, -512, 1), load(0, 10, -512), kExit}},
      {"far more stack", observer, {store_number(10, -4096, 1), set(0, 0), kExit}},
      {"a loop without end", observer, {set(0, 0), go(-1), kExit}},
      {"a loop whose end can't be seen",
       observer,
       {load(2, 1, 0, kWord), go_if_zero(2, 1), go(-2), set(0, 0), kExit}},
      {"a jump out of the code", observer, {set(0, 0), go(100), kExit}},
      {"a jump before the code", observer, {set(0, 0), go(-100), kExit}},
      {"a jump into a load", observer, joined({{set(0, 0), go(1)}, wide(2, 0, 1), {kExit}})},
      {"a load that is cut off", observer, {instruction(BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, 1)}},
      {"a call out of the code", observer, {own(1000), set(0, 0), kExit}},
      {"a function that calls itself", observer, {own(2), set(0, 0), kExit, own(-1), kExit}},
      {"the hook calls itself", observer, {own(-1), kExit}},
      {"a map that is none", observer,
       joined({wide(1, BPF_PSEUDO_MAP_FD, 1 << 20), {set(0, 0), kExit}})},
      {"a map's value that is none", observer,
       joined({wide(1, BPF_PSEUDO_MAP_VALUE, 1 << 20), {set(0, 0), kExit}})},
      {"a variable of the kernel", observer,
       joined({wide(1, BPF_PSEUDO_BTF_ID, 1), {set(0, 0), kExit}})},
      {"a function to be called back", observer,
       joined({wide(1, BPF_PSEUDO_FUNC, 1), {set(0, 0), kExit, set(0, 0), kExit}})},
      {"a load of no kind", observer, joined({wide(1, 9, 1), {set(0, 0), kExit}})},
      {"a kfunc",
       observer,
       {instruction(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, 1), set(0, 0), kExit}},
      {"a call of no kind",
       observer,
       {instruction(BPF_JMP | BPF_CALL, 0, 7, 0, 1), set(0, 0), kExit}},
      {"register 11", observer, {move(11, 0), set(0, 0), kExit}},
      {"register 15", observer, {load(0, 15, 0), kExit}},
      {"the frame pointer is set", observer, {set(10, 0), set(0, 0), kExit}},
      {"the frame pointer is loaded", observer, {load(10, 1, 0), set(0, 0), kExit}},
      {"old reads of the packet",
       filter,
       {move(6, 2), instruction(BPF_LD | BPF_ABS | BPF_W, 0, 0, 0, 12), kExit}},
      {"old reads by a register",
       filter,
       {move(6, 2), set(3, 0), instruction(BPF_LD | BPF_IND | BPF_W, 0, 3), kExit}},
      {"an operation of none", observer, {instruction(BPF_ALU64 | 0xf0, 0, 0), kExit}},
      {"a jump of no kind", observer, {set(0, 0), instruction(BPF_JMP | 0xf0, 0, 0, 0, 0), kExit}},
      {"division by nothing",
       observer,
       {set(0, 1), instruction(BPF_ALU64 | BPF_DIV | BPF_K, 0, 0, 0, 0), kExit}},
      {"a shift too far",
       observer,
       {set(0, 1), instruction(BPF_ALU64 | BPF_LSH | BPF_K, 0, 0, 0, 64), kExit}},
      {"a store of no kind",
       observer,
       {instruction(BPF_STX | 0xe0 | kDouble, 10, 1, -8), set(0, 0), kExit}},
      {"an atomic operation of no kind",
       observer,
       {store_number(10, -8, 0), set(2, 1),
        instruction(BPF_STX | BPF_ATOMIC | kDouble, 10, 2, -8, 0x7f), set(0, 0), kExit}},
      {"facts multiplied, and read",
       observer,
       {instruction(BPF_ALU64 | BPF_MUL | BPF_K, 1, 0, 0, 2), load(0, 1, 0), kExit}},
      {"an observer loads", observer,
       joined({{move(1, 2), own(2), set(0, 0), kExit}, place(TNA_PLACE_LOAD)})},
      {"an observer stores", observer,
       joined({{move(1, 2), own(2), set(0, 0), kExit}, place(TNA_PLACE_STORE)})},
      {"a load of another thing than the packet", filter,
       joined({{own(2), set(0, 0), kExit}, place(TNA_PLACE_LOAD)})},
      {"the packet moved on", filter,
       joined({{move(1, 2), add(1, 8), own(2), set(0, 0), kExit}, place(TNA_PLACE_LOAD)})},
      {"a load into the facts", filter,
       joined({{move(3, 1), move(1, 2), set(2, 0), set(4, 8), set(5, 0), own(2), set(0, 0), kExit},
               place(TNA_PLACE_LOAD)})},
      {"a load beyond the stack", filter,
       joined({{move(1, 2), set(2, 0), move(3, 10), add(3, -8), set(4, 64), set(5, 0), own(2),
                set(0, 0), kExit},
               place(TNA_PLACE_LOAD)})},
      {"a load of as much as one likes", filter,
       joined({{load(4, 1, 8, kWord), move(1, 2), set(2, 0), move(3, 10), add(3, -8), set(5, 0),
                own(2), set(0, 0), kExit},
               place(TNA_PLACE_LOAD)})},
      {"the packet as a number", transformer,
       joined({{move(3, 2), move(1, 2), own(2), set(0, 0), kExit}, place(TNA_PLACE_STORE)})},
  };
  for (int number : {TNA_PLACE_STORE, TNA_PLACE_SUM_L3, TNA_PLACE_SUM_L4, TNA_PLACE_TAIL_XDP,
                     TNA_PLACE_TAIL_TC, TNA_PLACE_HEAD_XDP, TNA_PLACE_HEAD_TC})
    for (HookKind kind : {filter, HookKind::steer})
      all.push_back({"who may not changes the packet", kind,
                     joined({{move(1, 2), own(2), set(0, 0), kExit}, place(number)})});
  for (int id : std::initializer_list<int>{BPF_FUNC_probe_read,
                                           BPF_FUNC_probe_read_kernel,
                                           BPF_FUNC_tail_call,
                                           BPF_FUNC_skb_store_bytes,
                                           BPF_FUNC_redirect,
                                           BPF_FUNC_redirect_map,
                                           BPF_FUNC_clone_redirect,
                                           BPF_FUNC_xdp_adjust_head,
                                           BPF_FUNC_xdp_adjust_tail,
                                           BPF_FUNC_xdp_store_bytes,
                                           BPF_FUNC_skb_pull_data,
                                           BPF_FUNC_fib_lookup,
                                           BPF_FUNC_sk_lookup_tcp,
                                           BPF_FUNC_override_return,
                                           BPF_FUNC_send_signal,
                                           BPF_FUNC_timer_init,
                                           BPF_FUNC_for_each_map_elem,
                                           BPF_FUNC_loop,
                                           BPF_FUNC_sys_bpf,
                                           BPF_FUNC_kallsyms_lookup_name,
                                           0,
                                           9999,
                                           -1})
    for (HookKind kind : {observer, transformer})
      all.push_back(
          {"a helper that is not for hooks", kind, {set(0, 0), helper(id), set(0, 0), kExit}});
  return all;
}

class HookRefusals : public Routing {
 protected:
  // Why code is no hook; empty: it is one.
  std::string refusal(const Hostile& hostile) {
    if (auto checked = check_hook(hostile.code, hostile.kind); !checked)
      return checked.error().message;
    HookObject memory = must(HookObject::open(TNA_HOOK_OBJECTS "/nothing.o", ""));
    HookCode code = memory.code(GetParam());
    code.code = hostile.code;
    resolve_places(code.code, at_xdp());
    code.reads_facts = code.reads_headers = true;
    code.says = hostile.kind != HookKind::observer;
    const PlacedHook placed{TNA_SLOT_before_guards, &code};
    auto loaded =
        Shared::get().pipeline(GetParam()).load({.bridge = 1}, guard(), nullptr, {&placed, 1});
    return loaded ? "" : loaded.error().message;
  }
};
INSTANTIATE_TEST_SUITE_P(, HookRefusals, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(HookRefusals, HostileCode) {
  const std::vector<Hostile> all = hostile();
  EXPECT_GE(all.size(), 100u);
  for (const Hostile& each : all) EXPECT_NE(refusal(each), "") << each.what;
  EXPECT_EQ(refusal({"fine", HookKind::observer, {set(0, 0), kExit}}), "");
  EXPECT_EQ(refusal({"reads", HookKind::filter, {tna::load(0, 1, 8, kWord), set(0, 0), kExit}}),
            "");
  EXPECT_EQ(run(ipv4()), goes_on()) << "what runs is what ran";
}

TEST_P(HookRefusals, CodeThatIsChance) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; round++) {
    Instructions code(1 + random() % 12);
    for (bpf_insn& each : code)
      each = instruction(static_cast<int>(random() % 256), static_cast<int>(random() % 16),
                         static_cast<int>(random() % 16), static_cast<int>(random() % 16) - 8,
                         static_cast<std::int32_t>(random() % 32) - 8);
    code.push_back(kExit);
    if (auto checked = check_hook(code, HookKind::transformer); !checked)
      EXPECT_NE(checked.error().message, "");
    else
      static_cast<void>(refusal({"chance", HookKind::transformer, code}));  // the kernel's to judge
  }
}

class HookFiles : public testing::Test {
 protected:
  std::string bytes_of(const std::string& name) {
    std::ifstream in(std::string(TNA_HOOK_OBJECTS "/") + name + ".o", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<HookObject> open(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return HookObject::open(path_, "");
  }
  ~HookFiles() override { ::unlink(path_.c_str()); }
  std::string path_ = testing::TempDir() + "hook_file.o";
};

TEST_F(HookFiles, CutOff) {
  for (const char* name : {"nothing", "filter", "rewrite"}) {
    const std::string whole = bytes_of(name);
    ASSERT_TRUE(open(whole)) << name;
    for (std::size_t part = 0; part < 40; part++) {
      auto opened = open(whole.substr(0, whole.size() * part / 40));
      ASSERT_FALSE(opened) << name << " " << part;
      EXPECT_NE(opened.error().message.find(path_), std::string::npos);
    }
  }
}

TEST_F(HookFiles, OtherBytes) {
  std::mt19937 random(1);
  const std::string whole = bytes_of("filter");
  int refused = 0;
  for (int round = 0; round < 1000; round++) {
    std::string bytes = whole;
    for (unsigned changes = 1 + random() % 8; changes > 0; changes--)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    refused += !open(bytes);
  }
  EXPECT_GT(refused, 100);
}

TEST_F(HookFiles, OtherThanHooks) {
  const auto why = [&](const std::string& bytes) {
    auto opened = open(bytes);
    return opened ? "" : opened.error().message;
  };
  EXPECT_NE(why("no object at all").find("no BPF object"), std::string::npos);
  EXPECT_NE(why("").find("no BPF object"), std::string::npos);
  // Sections of the same length.
  const auto with = [&](const std::string& name, const std::string& from, const std::string& to) {
    std::string bytes = bytes_of(name);
    for (std::size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1))
      bytes.replace(at, from.size(), to);
    return bytes;
  };
  EXPECT_NE(why(with("nothing", "tna/observer/1", "tna/observer/2")).find("ABI 2"),
            std::string::npos);
  EXPECT_NE(why(with("nothing", "tna/observer/1", "tna/observes/1")).find("no such kind"),
            std::string::npos);
  EXPECT_NE(why(with("nothing", "tna/observer/1", "tna_observer/1")).find("TNA_OBSERVER"),
            std::string::npos);
  EXPECT_NE(why(with("filter", "tna/filter/1", "tna/filter/x")).find("does not say"),
            std::string::npos);
  EXPECT_NE(why(with("nothing", "tna_facts", "tna_fakes")).find("is not what a hook"),
            std::string::npos);
  EXPECT_NE(why(with("filter", "tna_packet", "tna_pocket")).find("is not what a hook"),
            std::string::npos);
  EXPECT_NE(why(with("nothing", std::string("GPL\0", 4), std::string("BSD\0", 4))).find("license"),
            std::string::npos);
}

}  // namespace
}  // namespace tna::test
