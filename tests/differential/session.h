// SPDX-License-Identifier: Apache-2.0
// Session: what one call does: the corpus and then random worlds, with one hook or in turn with
// several, until so many frames were sent or the time is over; and the account of it.
#pragma once

#include "campaign.h"
#include "shapes.h"

namespace tna::differential {

struct Wanted {
  std::uint64_t seed = 1;
  int frames = 6000;              // random ones in total, into each world
  int worlds = 0;                 // they are spread over; 0: as many as it takes
  double minutes = 0;             // instead of a number of frames
  double least_fast = 100.0 / 3;  // percent of the random frames: less proves nothing
  std::string fast_of;            // packets that rules with this comment count are among them
  int differences = 3;            // stop after so many
  int shrink_seconds = 120;
  std::string corpus;     // folder of *.case, run first; may be empty
  std::string case_file;  // run this one and nothing else
  std::string save;       // where shrunk cases are written
  std::vector<std::string> hooks;
};

// False: there is a difference, or so few frames were fast that the run proves nothing.
Result<bool> run_session(const Wanted& wanted, const Options& options, const Shapes& shapes);

}  // namespace tna::differential
