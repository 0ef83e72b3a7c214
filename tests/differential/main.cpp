// SPDX-License-Identifier: Apache-2.0
// tna_differential: the same random frames and changes into two equal worlds, Linux alone and Linux
// with TNA; what comes out, and what the kernel knows afterwards, has to be the same.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "campaign.h"
#include "generate.h"
#include "interrupt.h"
#include "process.h"

namespace {

using namespace tna;
using namespace tna::differential;

struct Arguments {
  std::uint64_t seed = 1;
  int frames = 6000, worlds = 0, shrink_seconds = 120, differences = 3;
  std::string build, hook = "auto", corpus, save = "/tmp/tna-differential", case_file;
  bool self_test = false, plain = false, print = false;
};

constexpr int kFramesPerWorld = 600;
constexpr double kLeastFastShare = 1.0 / 3;

void parse(CLI::App& app, Arguments& arguments) {
  app.add_option("--seed", arguments.seed, "of the random cases");
  app.add_option("--frames", arguments.frames, "random frames in total, into each world");
  app.add_option("--worlds", arguments.worlds, "they are spread over (default: one in 600 frames)");
  app.add_option("--hook", arguments.hook)->check(CLI::IsMember({"auto", "xdp", "tc"}));
  app.add_option("--build", arguments.build, "folder with tnad and tna");
  app.add_option("--corpus", arguments.corpus, "folder of *.case, run first");
  app.add_option("--case", arguments.case_file, "run this case only");
  app.add_option("--save", arguments.save, "where shrunk cases are written");
  app.add_option("--shrink", arguments.shrink_seconds, "seconds at most");
  app.add_option("--differences", arguments.differences, "stop after so many");
  app.add_flag("--plain", arguments.plain, "both worlds are plain Linux");
  app.add_flag("--self-test", arguments.self_test, "no TNA: does the machine find what is wrong?");
  app.add_flag("--print", arguments.print, "print the first random case and run nothing");
}

Result<> run_random(Campaign& campaign, const Arguments& arguments) {
  const int worlds =
      arguments.worlds > 0 ? arguments.worlds : std::max(1, arguments.frames / kFramesPerWorld);
  for (int world = 0; world < worlds; ++world) {
    if (campaign.totals.differences >= arguments.differences) return {};
    TRY(campaign.run(random_case(arguments.seed + world, arguments.frames / worlds)));
  }
  return {};
}

void print_totals(const Totals& totals, const std::string& what) {
  std::printf("%s: %d cases, %ld frames in, %ld out, %.0f%% fast, %d differences\n", what.c_str(),
              totals.cases, totals.frames, totals.received, 100 * totals.fast_share(),
              totals.differences);
  if (totals.counters.reasons.empty()) return;
  std::printf("  slow:");
  for (const auto& [name, count] : totals.counters.reasons)
    if (count) std::printf(" %s %llu", name.c_str(), static_cast<unsigned long long>(count));
  std::printf("\n");
}

Result<bool> run_all(const Arguments& arguments, const Options& options) {
  if (arguments.self_test) {
    TRY(self_test(options, arguments.seed, arguments.frames));
    return true;
  }
  Campaign corpus(options, arguments.save, arguments.shrink_seconds);
  if (!arguments.case_file.empty()) {
    TRY(corpus.run(TRY(read_case(arguments.case_file))));
    print_totals(corpus.totals, "hook " + options.hook);
    return corpus.totals.differences == 0;
  }
  if (!arguments.corpus.empty()) {
    TRY(corpus.run_corpus(arguments.corpus));
    print_totals(corpus.totals, "corpus, hook " + options.hook);
  }
  Campaign random(options, arguments.save, arguments.shrink_seconds);
  TRY(run_random(random, arguments));
  print_totals(random.totals, "random, hook " + options.hook);
  const bool enough = options.build.empty() || random.totals.fast_share() >= kLeastFastShare;
  if (!enough) std::printf("too few frames took the fast path: this proves nothing\n");
  return enough && corpus.totals.differences + random.totals.differences == 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Compares Linux with TNA to Linux alone."};
  parse(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (arguments.print) {
    std::printf("%s", to_text(random_case(arguments.seed, arguments.frames)).c_str());
    return 0;
  }
  if (arguments.build.empty() && !arguments.plain && !arguments.self_test) {
    std::fprintf(stderr, "say --build FOLDER, --plain or --self-test\n");
    return 2;
  }
  Options options{.build = arguments.plain ? "" : arguments.build,
                  .hook = arguments.hook,
                  .name = "tdiff-" + std::to_string(::getpid())};
  catch_interrupts();
  stay_on_one_cpu();
  const auto good = run_all(arguments, options);
  if (!good) std::fprintf(stderr, "%s\n", good.error().message.c_str());
  return good && *good ? 0 : 1;
}
