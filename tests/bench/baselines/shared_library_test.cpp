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

TEST(SharedLibrary, TellsWhatItSharesWithTheProgram) {
  const SharedLibrary library("libm.so.6", "/nowhere");
  EXPECT_TRUE(library.agrees_on("cos"));
  EXPECT_TRUE(library.agrees_on("no_such_function"));
  // This program has loaded no such library before.
  const SharedLibrary another("libcrypt.so.1", "/nowhere");
  EXPECT_FALSE(another.agrees_on("crypt_gensalt"));
}

TEST(SharedLibrary, TellsItsFolder) {
  const SharedLibrary library("libm.so.6", "/nowhere");
  EXPECT_TRUE(std::filesystem::exists(library.folder() + "/libm.so.6")) << library.folder();
}

}  // namespace
}  // namespace moat
