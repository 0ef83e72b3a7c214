// SPDX-License-Identifier: Apache-2.0
// HookKeeper: users' hooks as they are installed: each an object NAME.o in a folder, beside
// NAME.toml which says where it stands; its maps are pinned as long as it is installed, so that its
// state is there again for the next tnad.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assemble/plan.h"
#include "deploy/hook_object.h"

namespace tna {

inline constexpr std::int64_t kHookPriorities = 1'000'000;  // from minus this to this

class HookKeeper {
 public:
  using Objects = std::map<std::uint64_t, std::shared_ptr<const HookObject>>;
  struct Hook {
    InstalledHook planned;
    std::shared_ptr<const HookObject> object;
  };
  // One that is installed but can't be used.
  struct Broken {
    std::string name, why;
  };

  HookKeeper(std::string folder, std::string pins)
      : folder_(std::move(folder)), pins_(std::move(pins)) {}

  // What is in the folder.
  void read();

  // A hook as it would be, from an object file; of one that is installed with its state, as far as
  // its maps are of the same shape. The name, where none is given, is the file's.
  Result<Hook> open(const std::string& file, InstalledHook planned);
  Result<Hook> open_instead(const std::string& name, const std::string& file);

  // From now on, and after a restart. An error leaves all as it was.
  Result<> install(Hook hook, const std::string& file);
  Result<> remove(const std::string& name);

  const std::vector<Hook>& hooks() const { return hooks_; }
  const std::vector<Broken>& broken() const { return broken_; }
  const std::string& folder() const { return folder_; }
  // Where the hook's maps are pinned.
  std::string pins_of(const std::string& name) const { return pins_ + "/" + name; }

  // As plans want them, and deployers; with this one in the place of its namesake.
  std::vector<InstalledHook> planned(const Hook* with = nullptr) const;
  Objects objects(const Hook* with = nullptr) const;

 private:
  std::vector<Hook> all(const Hook* with) const;
  Result<Hook> read_one(const std::string& name);

  std::string folder_, pins_;
  std::vector<Hook> hooks_;  // in the order in which they are called in a slot
  std::vector<Broken> broken_;
  std::uint64_t last_id_ = 0;
};

}  // namespace tna
