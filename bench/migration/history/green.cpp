// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/history/green.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "bench/migration/source/git.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "moat_green_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error(fmt::format("{}: {}", pattern, std::strerror(errno)));
    }
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// A repository of its own that borrows the objects: the user's is not written, and libgit2 runs
// neither hooks nor filter programs on checkout.
void make_work_tree(git_repository* source, const git_oid& id, const fs::path& folder) {
  git_repository* made = nullptr;
  check_git(git_repository_init(&made, folder.c_str(), 0), "making a work tree");
  GitRepository repository(made);
  const fs::path objects = fs::path(git_repository_commondir(source)) / "objects";
  std::ofstream(fs::path(git_repository_path(made)) / "objects/info/alternates")
      << fs::absolute(objects).string() << '\n';
  repository = open_repository(folder);
  check_git(git_repository_set_head_detached(repository.get(), &id), "making a work tree");
  git_checkout_options options;
  check_git(git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION),
            "making a work tree");
  options.checkout_strategy = GIT_CHECKOUT_FORCE;
  check_git(git_checkout_head(repository.get(), &options), "making a work tree");
}

// Runs the command in a process group of its own, so that what it started ends with it.
void run_limited(const std::string& command, const fs::path& folder, const fs::path& log,
                 std::chrono::milliseconds limit, GreenTrial& trial) {
  const auto start = Clock::now();
  const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const pid_t child = out < 0 || in < 0 ? -1 : fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (chdir(folder.c_str()) == 0) execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  const int error = errno;
  if (out >= 0) close(out);
  if (in >= 0) close(in);
  if (child < 0) {
    throw std::runtime_error(fmt::format("cannot run {}: {}", command, std::strerror(error)));
  }
  setpgid(child, child);
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() - start >= limit) {
      trial.timed_out = true;
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(-child, SIGKILL);
  trial.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  trial.seconds = std::chrono::duration<double>(Clock::now() - start).count();
}

std::string end_of(const fs::path& log) {
  constexpr std::size_t kMost = 2000;
  std::ifstream in(log, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return text.size() > kMost ? text.substr(text.size() - kMost) : text;
}

// Oldest first, from the first that holds `since`.
std::vector<HistoryCommit> first_parents(git_repository* repository, GitCommit head,
                                         const std::string& since) {
  git_oid first;
  check_git(git_oid_fromstr(&first, since.c_str()), "reading a commit");
  std::vector<HistoryCommit> chain;
  while (true) {
    const git_oid& id = *git_commit_id(head.get());
    const bool same = git_oid_equal(&id, &first) != 0;
    if (!same && git_graph_descendant_of(repository, &id, &first) != 1) break;
    const git_signature* author = git_commit_author(head.get());
    chain.push_back({.id = to_text(id), .time = author->when.time, .offset = author->when.offset});
    if (same || git_commit_parentcount(head.get()) == 0) break;
    head = parent_of(head.get());
  }
  std::ranges::reverse(chain);
  return chain;
}

}  // namespace

GreenSearch find_green(const fs::path& repository, const std::string& revision,
                       const HistoryCommit& since, const std::string& command,
                       std::chrono::milliseconds limit,
                       const std::function<void(std::size_t trials)>& progress) {
  const GitRepository opened = open_repository(repository);
  const auto chain = first_parents(opened.get(), find_commit(opened.get(), revision), since.id);
  GreenSearch search;
  search.candidates = chain.size();
  const TemporaryFolder folder;
  const fs::path log = folder.path() / "output";
  const auto green = [&](std::size_t i) {
    git_oid id;
    check_git(git_oid_fromstr(&id, chain[i].id.c_str()), "reading a commit");
    const fs::path tree = folder.path() / "tree";
    std::error_code failed;
    fs::remove_all(tree, failed);
    if (failed) throw std::runtime_error(fmt::format("{}: {}", tree.string(), failed.message()));
    make_work_tree(opened.get(), id, tree);
    GreenTrial trial{.commit = chain[i]};
    if (progress) progress(search.trials.size());
    run_limited(command, tree, log, limit, trial);
    search.trials.push_back(trial);
    return trial.green();
  };
  if (!green(chain.size() - 1)) {
    search.last_output = end_of(log);
    return search;
  }
  // The answer is in [low, high]; high is green.
  std::size_t low = 0;
  std::size_t high = chain.size() - 1;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (green(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  search.first = chain[high];
  return search;
}

}  // namespace moat
