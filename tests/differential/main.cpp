// SPDX-License-Identifier: Apache-2.0
// tna_differential: the same random frames and changes into two equal worlds, Linux alone and Linux
// with TNA; what comes out, and what the kernel knows afterwards, has to be the same.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "generate.h"
#include "interrupt.h"
#include "process.h"
#include "session.h"

namespace {

using namespace tna;
using namespace tna::differential;

struct Arguments {
  Wanted wanted{.save = "/tmp/tna-differential"};
  std::string build, objects, shape, hook = "auto";
  bool self_test = false, plain = false, print = false;
};

void parse(CLI::App& app, Arguments& arguments) {
  Wanted& wanted = arguments.wanted;
  app.add_option("--seed", wanted.seed, "of the first random case; the next one's is one more");
  app.add_option("--frames", wanted.frames, "random frames in total, into each world");
  app.add_option("--minutes", wanted.minutes, "random frames for so long, instead");
  app.add_option("--worlds", wanted.worlds, "they are spread over (default: one in 1000 frames)");
  app.add_option("--least-fast", wanted.least_fast,
                 "percent of the random frames, or the run fails (a third)");
  app.add_option("--fast-of", wanted.fast_of,
                 "rules' comment: with each hook some packets that these count, or the run fails");
  app.add_option("--hook", arguments.hook, "both: in turn")
      ->check(CLI::IsMember({"auto", "xdp", "tc", "both"}));
  app.add_option("--build", arguments.build, "folder with tnad and tna");
  app.add_option("--objects", arguments.objects, "folder of BPF objects instead of tnad's own");
  app.add_option("--shape", arguments.shape, "only worlds whose shape has this in its name");
  app.add_option("--corpus", wanted.corpus, "folder of *.case, run first");
  app.add_option("--case", wanted.case_file, "run this case only");
  app.add_option("--save", wanted.save, "where shrunk cases are written");
  app.add_option("--shrink", wanted.shrink_seconds, "seconds at most; 0: not at all");
  app.add_option("--differences", wanted.differences, "stop after so many");
  app.add_flag("--plain", arguments.plain, "both worlds are plain Linux");
  app.add_flag("--self-test", arguments.self_test, "no TNA: does the machine find what is wrong?");
  app.add_flag("--print", arguments.print, "print the first random case and run nothing");
}

Result<bool> run(Arguments& arguments) {
  const Options options{.build = arguments.plain ? "" : arguments.build,
                        .objects = arguments.objects,
                        .name = "tdiff-" + std::to_string(::getpid())};
  Shapes shapes;  // of random worlds
  if (arguments.wanted.case_file.empty())
    shapes = TRY(possible_shapes(arguments.shape, options.name));
  if (arguments.print) {
    const Wanted& wanted = arguments.wanted;
    std::printf("%s", to_text(random_case(wanted.seed, wanted.frames, shapes)).c_str());
    return true;
  }
  if (arguments.self_test) {
    TRY(self_test(options, shapes, arguments.wanted.seed, arguments.wanted.frames));
    return true;
  }
  if (arguments.hook == "both")
    arguments.wanted.hooks = {"tc", "xdp"};
  else
    arguments.wanted.hooks = {arguments.hook};
  return run_session(arguments.wanted, options, shapes);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Compares Linux with TNA to Linux alone."};
  parse(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (arguments.build.empty() && !arguments.plain && !arguments.self_test && !arguments.print) {
    std::fprintf(stderr, "say --build FOLDER, --plain or --self-test\n");
    return 2;
  }
  // Commands of a case are the system's, or of tests/differential: load_rules.
  const char* path = std::getenv("PATH");
  ::setenv("PATH",
           (std::string(path ? path : "") + ":" TNA_SOURCE_DIR "/tests/differential").c_str(), 1);
  catch_interrupts();
  stay_on_one_cpu();
  const auto good = run(arguments);
  if (!good) std::fprintf(stderr, "%s\n", good.error().message.c_str());
  return good && *good ? 0 : 1;
}
