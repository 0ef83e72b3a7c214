// SPDX-License-Identifier: Apache-2.0
#include "base/folder_lock.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace tna {
namespace {

struct FolderLockTest : testing::Test {
  std::string root =
      std::filesystem::temp_directory_path() / ("tna_folder_lock_" + std::to_string(::getpid()));
  std::string path = root + "/deep/folder";
  ~FolderLockTest() override { std::filesystem::remove_all(root); }
};

TEST_F(FolderLockTest, OneHolderAtATime) {
  auto first = lock_folder(path);
  ASSERT_TRUE(first) << first.error().message;
  auto second = lock_folder(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EWOULDBLOCK);
  *first = Fd();
  EXPECT_TRUE(lock_folder(path).has_value()) << "free again";
}

TEST_F(FolderLockTest, AFolderMadeAnewIsLockedAnew) {
  auto removed = lock_folder(path);
  ASSERT_TRUE(removed);
  std::filesystem::remove(path);
  auto fresh = lock_folder(path);
  EXPECT_TRUE(fresh.has_value()) << "the old folder's lock is nobody's business";
  EXPECT_FALSE(lock_existing_folder(path));
}

TEST_F(FolderLockTest, AMissingFolderIsMadeOnlyOnDemand) {
  auto missing = lock_existing_folder(path);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace tna
