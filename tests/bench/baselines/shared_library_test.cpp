// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/shared_library.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <stdexcept>

namespace moat {
namespace {

std::string message(const auto& f) {
  try {
    f();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

TEST(SharedLibrary, FindsItsFunctions) {
  const SharedLibrary library("libm.so.6", "/nowhere");
  EXPECT_EQ(library.symbol<double(double)>("cos")(0.0), 1.0);
  EXPECT_EQ(message([&] { library.symbol<void()>("no_such_function"); }),
            "libm.so.6 has no no_such_function");
}

TEST(SharedLibrary, NamesTheLibraryTheFolderAndTheMend) {
  const std::string text = message([] { SharedLibrary("libnothing.so.7", "/nowhere"); });
  for (const char* part : {"libnothing.so.7", "/nowhere/libnothing.so.7", "LD_LIBRARY_PATH"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

TEST(SharedLibrary, TellsWhatItDoesNotShareWithTheProgram) {
  const SharedLibrary library("libm.so.6", "/nowhere");
  EXPECT_FALSE(library.has_its_own("cos"));
  EXPECT_FALSE(library.has_its_own("no_such_function"));
  // This program has none.
  const SharedLibrary another(MOAT_ANOTHER_LIBRARY, "/nowhere");
  EXPECT_TRUE(another.has_its_own("bli_arch_query_id"));
}

TEST(SharedLibrary, TellsItsFolder) {
  const SharedLibrary library("libm.so.6", "/nowhere");
  EXPECT_TRUE(std::filesystem::exists(library.folder() + "/libm.so.6")) << library.folder();
}

}  // namespace
}  // namespace moat
