// SPDX-License-Identifier: Apache-2.0
// Fixtures with hand-counted answers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "bench/migration/corpus/corpus_command.hpp"
#include "bench/migration/corpus/distribution.hpp"
#include "bench/migration/diff/report.hpp"
#include "bench/migration/diff/tree_diff.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

Tree memory_tree(const Files& files) {
  Tree tree;
  for (const auto& [path, text] : files) tree.paths.push_back(path);
  tree.read = [files](const std::string& path) { return files.at(path); };
  return tree;
}

TreeDiff diff(const Files& base, const Files& port, const MatchOverrides& overrides = {}) {
  DiffOptions options;
  options.table = shipped_table("cuda", "hip").value();
  options.keep_lines = true;
  options.threads = 2;
  options.overrides = overrides;
  return diff_trees(memory_tree(base), memory_tree(port), options);
}

TreeDiff diff(const std::string& base, const std::string& port) {
  return diff(Files{{"a.cu", base}}, Files{{"a.cu", port}});
}

const char* const kProgram =
    "#include <cuda_runtime.h>\n"
    "__global__ void k(float* p) { p[threadIdx.x] = 1; }\n"
    "int main() {\n"
    "  float* p;  // on the device\n"
    "  cudaMalloc(&p, 64);\n"
    "\n"
    "  k<<<1, 16>>>(p);\n"
    "  cudaDeviceSynchronize();\n"
    "}\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(PortDiff, PureRenameIsMechanical) {
  const auto d = diff(
      kProgram, replaced(replaced(kProgram, "cuda_runtime.h", "hip/hip_runtime.h"), "cuda", "hip"));
  EXPECT_EQ(d.matched.base_sloc, 8);
  EXPECT_EQ(d.matched.removed, 3);
  EXPECT_EQ(d.matched.added, 3);
  EXPECT_EQ(d.matched.max_side, 3);
  EXPECT_EQ(d.matched.token_edits, 6);
  EXPECT_EQ(d.matched.mechanical(), 6);
  EXPECT_EQ(d.matched.of(PortClass::kInclude).removed, 1);
  EXPECT_EQ(d.matched.of(PortClass::kRename).removed, 2);
  EXPECT_EQ(find_metric("mechanical")->of(d).value(), 1.0);
  EXPECT_EQ(find_metric("jaccard")->of(d).value(), 6.0 / 11.0);
}

TEST(PortDiff, ReformattingChangesNothing) {
  const auto d = diff(kProgram,
                      "#include   <cuda_runtime.h>\r\n__global__ void\r\nk(float* p)\r\n{\r\n p[ "
                      "threadIdx.x ] = 1; "
                      "}\r\nint main()\r\n{ float* p; /* x */ cudaMalloc(&p,\r\n 64);\r\n"
                      "k<<<1,\r\n16>>>(p); cudaDeviceSynchronize(); }\r\n");
  EXPECT_EQ(d.matched.removed, 0);
  EXPECT_EQ(d.matched.added, 0);
  EXPECT_EQ(d.matched.token_edits, 0);
  EXPECT_EQ(d.edited_files(), 0);
}

TEST(PortDiff, ADroppedFileIsNoEdit) {
  const auto d = diff(Files{{"a.cu", kProgram}, {"helper.h", "int one;\nint two;\n"}},
                      Files{{"a.cu", kProgram}});
  EXPECT_EQ(d.edited_files(), 0);
  ASSERT_EQ(d.dropped.size(), 1u);
  EXPECT_EQ(d.matched.removed, 0);
  EXPECT_EQ(d.whole.of(PortClass::kDropped).removed, 2);
  EXPECT_EQ(find_metric("changed_or_dropped")->of(d).numerator, 2);
  EXPECT_EQ(find_metric("changed_or_dropped")->of(d).denominator, 10);
}

// One line is edited; the rest of the file is equal.
TreeDiff one_line(const std::string& from, const std::string& to) {
  return diff(fmt::format("int before;\n{}\nint behind;\n", from),
              fmt::format("int before;\n{}\nint behind;\n", to));
}

void expect_class(const std::string& from, const std::string& to, PortClass c) {
  const auto d = one_line(from, to);
  EXPECT_EQ(d.matched.of(c).removed, 1) << from;
  EXPECT_EQ(d.matched.of(c).added, 1) << to;
  EXPECT_EQ(d.matched.removed, 1);
  EXPECT_EQ(d.matched.added, 1);
}

TEST(PortDiff, EveryChangedLineHasItsClass) {
  expect_class("int lane = threadIdx.x % 32;", "int lane = threadIdx.x % 64;",
               PortClass::kWarpWidth);
  expect_class("int w = t >> 5;", "int w = t >> 6;", PortClass::kWarpWidth);
  expect_class("copy(a, b, n);", "copy(b, a, n);", PortClass::kArgumentOrder);
  expect_class("k<<<g, b>>>(p);", "hipLaunchKernelGGL(k, g, b, 0, 0, p);", PortClass::kLaunch);
  expect_class("v = __ldg(p);", "v = *p;", PortClass::kIntrinsic);
  expect_class("asm volatile(\"bar.sync 0;\");", "barrier();", PortClass::kIntrinsic);
  expect_class("#ifdef __CUDACC__", "#ifdef __HIPCC__", PortClass::kGuard);
  expect_class("#include \"a.cuh\"", "#include \"b.h\"", PortClass::kInclude);
  expect_class("cublasFoo(h);", "rocblas_foo(h);", PortClass::kLibrary);
  expect_class("x = 1 + y;", "x = 2 + y;", PortClass::kOther);
  expect_class("cudaFree(p);", "hipFree(p);", PortClass::kRename);
}

TEST(PortDiff, TreesThatAreEqualOrEmpty) {
  for (const Files& files : {Files{}, Files{{"a.cu", kProgram}}, Files{{"a.cu", ""}}}) {
    const auto d = diff(files, files);
    EXPECT_EQ(d.whole.removed + d.whole.added, 0);
    EXPECT_FALSE(find_metric("mechanical")->of(d).defined());
    EXPECT_NO_THROW(dump_strict(diff_json(d)));
    EXPECT_NE(diff_text(d, 0), "");
  }
  EXPECT_EQ(diff(Files{}, Files{{"a.cu", "int a;\n"}}).whole.of(PortClass::kNewFile).added, 1);
}

TEST(PortDiff, FilesAreMatchedByPathStemNameAndContent) {
  const std::string lines = "int a;\nint b;\nint c;\nint d;\n";
  const auto d =
      diff(Files{{"x/a.cu", "1;"}, {"cuda_k.cu", "2;"}, {"old/n.h", "3;"}, {"p.cu", lines}},
           Files{{"x/a.cu", "1;"}, {"hip_k.hip", "2;"}, {"new/n.h", "3;"}, {"q.cu", lines}});
  ASSERT_EQ(d.pairs.size(), 4u);
  std::map<std::string, MatchedBy> by;
  for (const PairDiff& p : d.pairs) by[p.files.base] = p.files.by;
  EXPECT_EQ(by["x/a.cu"], MatchedBy::kPath);
  EXPECT_EQ(by["cuda_k.cu"], MatchedBy::kStem);
  EXPECT_EQ(by["old/n.h"], MatchedBy::kName);
  EXPECT_EQ(by["p.cu"], MatchedBy::kContent);
  const auto overridden = diff(Files{{"a.cu", "1;"}}, Files{{"a.cu", "1;"}}, {{"a.cu", ""}});
  EXPECT_EQ(overridden.dropped.size(), 1u);
  EXPECT_EQ(overridden.added.size(), 1u);
  EXPECT_THROW(diff(Files{{"a.cu", "1;"}}, Files{}, {{"b.cu", ""}}), std::invalid_argument);
}

TEST(PortDiff, BinariesAndLinkLoopsAreSkipped) {
  const TemporaryFolder folder;
  const fs::path& root = folder.path();
  fs::create_directories(root / "sub");
  fs::create_directory_symlink(root, root / "sub" / "loop");
  fs::create_symlink("self.cu", root / "self.cu");
  std::ofstream(root / "a.cu") << "int a;\n";
  std::ofstream(root / "b.cu") << std::string("\0\1\2", 3);
  const Tree tree = folder_tree(root, {});
  EXPECT_EQ(tree.paths, (std::vector<std::string>{"a.cu", "b.cu"}));
  EXPECT_EQ(tree.skipped.size(), 2u);
  const auto d = diff_trees(tree, tree, {});
  EXPECT_EQ(d.pairs.size(), 1u);
  EXPECT_EQ(d.whole.base_sloc, 1);
}

TEST(PortDiff, ManyAndLargeFiles) {
  Files base;
  for (int i = 0; i < 10000; ++i) base[fmt::format("f{}.cu", i)] = fmt::format("int a{};\n", i);
  Files port = base;
  port["f77.cu"] = "int changed;\n";
  const auto many = diff(base, port);
  EXPECT_EQ(many.pairs.size(), 10000u);
  EXPECT_EQ(many.matched.removed, 1);
  std::string large;
  while (large.size() < 50U << 20U) {
    large += fmt::format("x{} = table[index] * 2.0f; cudaFree(p);\n", large.size());
  }
  std::string edited = large;
  edited.replace(edited.rfind("cudaFree"), 8, "hipFree");
  const auto d = diff(large, edited);
  EXPECT_EQ(d.matched.removed, 1);
  EXPECT_EQ(d.matched.mechanical(), 2);
}

TEST(PortDiff, AnyBytesAreCompared) {
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    std::string a(random() % 200, ' ');
    for (char& c : a) c = static_cast<char>(1 + random() % 255);
    const auto d = diff(a, a + "\nint z;");
    EXPECT_NO_THROW(dump_strict(diff_json(d)));
  }
}

TEST(Lexer, LaunchesAndRawStrings) {
  const auto spellings = [](const std::string& text) {
    const SourceText s = make_source(text);
    std::string all;
    for (const Token& t : s.tokens) all.append(s.spelling(t)).push_back('|');
    return all;
  };
  EXPECT_EQ(spellings("k<T><<<g, b>>>(x >> 5);"), "k|<|T|>|<<<|g|,|b|>>>|(|x|>|>|5|)|;|");
  EXPECT_EQ(spellings("R\"(a // b\n c)\" + 1'000"), "R\"(a // b|c)\"|+|1'000|");
  EXPECT_EQ(spellings("#include <a/*.h>\nx /= 2; // no"), "#|include|<a/*.h>|x|/=|2|;|");
}

// Where the tails of the binomial distribution, summed in exact fractions, are 0.025.
TEST(Distribution, IntervalsOfProportionsMatchTheTable) {
  struct Row {
    int k;
    int n;
    double lower;
    double upper;
  };
  for (const Row& row :
       {Row{1, 10, 0.0025285785, 0.4450161170}, Row{5, 10, 0.1870860284, 0.8129139716},
        Row{9, 10, 0.5549838830, 0.9974714215}, Row{3, 20, 0.0320709372, 0.3789268265},
        Row{20, 20, 0.8315665290, 1}, Row{29, 100, 0.2035741893, 0.3892659589}}) {
    const Interval interval = proportion_interval(row.k, row.n);
    EXPECT_NEAR(interval.lower, row.lower, 1e-10) << row.k << " of " << row.n;
    EXPECT_NEAR(interval.upper, row.upper, 1e-10) << row.k << " of " << row.n;
  }
}

TEST(Distribution, ExactIntervals) {
  // Clopper and Pearson: 0 of 10 gives 1 - 0.025^(1/10).
  EXPECT_NEAR(proportion_interval(0, 10).upper, 0.30850, 1e-5);
  EXPECT_EQ(proportion_interval(0, 10).lower, 0.0);
  EXPECT_NEAR(proportion_interval(5, 10).lower, 0.18709, 1e-5);
  EXPECT_FALSE(median_interval({1, 2, 3, 4, 5}));
  const auto six = median_interval({1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(six);
  EXPECT_EQ(six->lower, 1);
  EXPECT_EQ(six->upper, 6);
  // n = 10: the second and the ninth (coverage 97.9 %).
  const auto ten = median_interval({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(ten->lower, 2);
  EXPECT_EQ(ten->upper, 9);
}

TEST(Corpus, GeneratedEditsAreCountedExactly) {
  const TemporaryFolder folder;
  const fs::path& root = folder.path();
  const std::string make =
      fmt::format("python3 {} {} --pairs 500 --lines 900", MOAT_MAKE_CORPUS, root.string());
  ASSERT_EQ(std::system(make.c_str()), 0);
  std::vector<std::string> alone;
  const auto pairs = find_pairs(root, "*-cuda:*-hip", alone);
  ASSERT_EQ(pairs.size(), 500u);
  DiffOptions options;
  options.table = shipped_table("cuda", "hip").value();
  options.threads = 2;
  const Json corpus = corpus_json(pairs, {}, options);
  const Json expected = read_json_file(root / "expected.json");
  std::vector<double> shares;
  for (const Json& row : corpus.at("rows")) {
    const Json& known = expected.at(row.at("name").get<std::string>());
    for (const auto& [key, value] : known.items())
      EXPECT_EQ(row.at("counts").at(key), value) << row.at("name");
    shares.push_back(known.at("removed").get<double>() / known.at("base_sloc").get<double>());
  }
  const Json known = distribution_json(shares);
  for (const auto& [key, value] : known.items()) {
    EXPECT_EQ(corpus.at("distributions").at("changed").at(key), value) << key;
  }
}

}  // namespace
}  // namespace moat
