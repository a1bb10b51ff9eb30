// SPDX-License-Identifier: Apache-2.0
// A plug-in that solves RMSNorm in f32, honestly or not, as MOAT_PLANTED says.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "include/moat/plugin.h"

namespace {

const std::string& mode() {
  static const std::string text = [] {
    const char* const value = std::getenv("MOAT_PLANTED");
    return std::string(value != nullptr ? value : "honest");
  }();
  return text;
}

void solve_right(const MoatRows& p) {
  const auto* const weight = static_cast<const float*>(p.weight);
  for (int r = 0; r < p.rows; ++r) {
    const float* const x = static_cast<const float*>(p.x) + std::int64_t{r} * p.cols;
    float* const y = static_cast<float*>(p.y) + std::int64_t{r} * p.cols;
    float sum = 0;
    for (int i = 0; i < p.cols; ++i) sum += x[i] * x[i];
    const float scale = 1 / std::sqrt(sum / static_cast<float>(p.cols) + p.epsilon);
    for (int i = 0; i < p.cols; ++i) y[i] = x[i] * scale * weight[i];
  }
}

// Computes once for each pointer, and copies ever after.
void solve_from_memory(const MoatRows& p) {
  static std::map<const void*, std::vector<float>> kept;
  const auto size = static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.cols);
  auto& y = kept[p.x];
  if (y.empty()) {
    solve_right(p);
    y.assign(static_cast<float*>(p.y), static_cast<float*>(p.y) + size);
  }
  std::memcpy(p.y, y.data(), size * sizeof(float));
}

// The process's clock stands still for most of a call.
std::int64_t hidden = 0;

std::int64_t real_time(int clock) {
  timespec t{};
  syscall(SYS_clock_gettime, clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

int slow_clock(clockid_t clock, timespec* t) {
  const std::int64_t now = real_time(clock) - hidden;
  t->tv_sec = now / 1'000'000'000;
  t->tv_nsec = now % 1'000'000'000;
  return 0;
}

void replace_clock() {
#if defined(__x86_64__)
  // mov rax, slow_clock; jmp rax
  unsigned char jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
  int (*const own)(clockid_t, timespec*) = slow_clock;
  std::memcpy(jump + 2, &own, sizeof own);
  void* const code = dlsym(RTLD_DEFAULT, "clock_gettime");
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(code) & ~(page - 1);
  if (mprotect(reinterpret_cast<void*>(begin), 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
    _exit(99);
  }
  std::memcpy(code, jump, sizeof jump);
#endif
}

void solve_with_slow_clock(const MoatRows& p) {
  static const bool replaced = (replace_clock(), true);
  static_cast<void>(replaced);
  const std::int64_t start = real_time(CLOCK_MONOTONIC);
  solve_right(p);
  hidden += (real_time(CLOCK_MONOTONIC) - start) * 3 / 4;
}

int solve(const MoatDevice*, const MoatProblem* problem, void*) {
  const MoatRows& p = *problem->as.rows;
  static int calls = 0;
  ++calls;
  if (const char* const mark = std::getenv("MOAT_PLANTED_MARK"); mark != nullptr && calls == 1) {
    const std::string partial = std::string(mark) + ".part";
    const int fd = creat(partial.c_str(), 0600);
    dprintf(fd, "%d", static_cast<int>(getpid()));
    close(fd);
    rename(partial.c_str(), mark);
  }
  constexpr int kLater = 20;  // when all looks well
  if (mode() == "cached") {
    solve_from_memory(p);
    return 0;
  }
  if (mode() == "clock") {
    solve_with_slow_clock(p);
    return 0;
  }
  if (mode() == "late") {
    std::thread([p] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      solve_right(p);
    }).detach();
    return 0;
  }
  if (mode() == "late-at-the-end") {
    solve_right(p);
    std::thread([p] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      static_cast<float*>(p.y)[7] *= 1.0000002f;
    }).detach();
    return 0;
  }
  if (mode() == "skips" && calls > kLater && calls % 2 == 0) return 0;
  if (mode() == "fails") return 7;
  if (mode() == "crashes" || (mode() == "crashes-later" && calls > kLater)) raise(SIGSEGV);
  if (mode() == "exits") std::exit(0);
  if (mode() == "hangs" || (mode() == "hangs-later" && calls > kLater)) {
    for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  solve_right(p);
  if (mode() == "wrong") static_cast<float*>(p.y)[p.cols - 1] *= 1.01f;
  if (mode() == "outside") static_cast<float*>(p.y)[std::int64_t{p.rows} * p.cols] = 0;
  if (mode() == "inputs" || (mode() == "inputs-later" && calls > kLater)) {
    static_cast<float*>(const_cast<void*>(p.x))[3] += 1.0f;
  }
  return 0;
}

const char* error() { return "seven reasons"; }

}  // namespace

extern "C" const MoatPlugin* moat_plugin(uint32_t, uint32_t) {
  if (mode() == "crashes-on-load") raise(SIGABRT);
  if (mode() == "hangs-on-load") {
    for (;;) pause();
  }
  if (mode() == "does-not-fit") return nullptr;
  static MoatSolves norms = {sizeof(MoatSolves), "rmsnorm", "f32", nullptr};
  if (mode() == "unknown-problem") norms.problem = "rmsnorn";
  static const MoatSolves* const solves[] = {&norms, nullptr};
  static const char* const sources[] = {"planted.cpp", "https://example.org/planted", nullptr};
  static MoatPlugin plugin{};
  plugin.size = sizeof plugin;
  plugin.major = MOAT_PLUGIN_MAJOR + (mode() == "wrong-major" ? 1 : 0);
  plugin.minor = MOAT_PLUGIN_MINOR;
  plugin.name = mode() == "taken" ? "moat" : mode() == "bad-name" ? "moat.x" : "planted";
  plugin.version = "2.5";
  plugin.backend = mode() == "elsewhere" ? "moon" : "cpu";
  plugin.sources = sources;
  plugin.solves = solves;
  plugin.solve = solve;
  plugin.error = error;
  return &plugin;
}
