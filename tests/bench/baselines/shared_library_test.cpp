// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/shared_library.hpp"

#include <gtest/gtest.h>

#include <cmath>
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

}  // namespace
}  // namespace moat
