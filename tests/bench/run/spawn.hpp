// SPDX-License-Identifier: Apache-2.0
// Runs the moat command as a user does.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace moat {

struct Finished {
  int exit_code = -1;  // −1: killed by a signal
  std::string out;
  std::string err;
};

// A child process whose output is collected.
class Spawned {
 public:
  // `prepare` runs in the child before the command starts.
  explicit Spawned(
      std::vector<std::string> arguments, const std::function<void()>& prepare = [] {},
      const std::string& executable = MOAT_BINARY) {
    std::array<std::array<int, 2>, 2> pipes{};
    for (auto& p : pipes) {
      if (pipe2(p.data(), O_CLOEXEC) != 0) return;
    }
    arguments.insert(arguments.begin(), executable);
    std::vector<char*> argv;
    argv.reserve(arguments.size());
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    child_ = fork();
    if (child_ == 0) {
      dup2(pipes[0][1], STDOUT_FILENO);
      dup2(pipes[1][1], STDERR_FILENO);
      prepare();
      execv(argv[0], argv.data());
      _exit(127);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      close(pipes[i][1]);
      outputs_[i] = pipes[i][0];
    }
  }
  Spawned(const Spawned&) = delete;
  Spawned& operator=(const Spawned&) = delete;
  ~Spawned() {
    for (const int fd : outputs_) close(fd);
  }

  void signal(int number) const { kill(child_, number); }

  // Waits until standard output holds the text; false if the command ended without it.
  bool wait_for(const std::string& text) {
    while (finished_.out.find(text) == std::string::npos) {
      if (!read_more()) return false;
    }
    return true;
  }

  Finished wait() {
    while (read_more()) {
    }
    int status = 0;
    waitpid(child_, &status, 0);
    if (WIFEXITED(status)) finished_.exit_code = WEXITSTATUS(status);
    return finished_;
  }

 private:
  // False at the end of both outputs.
  bool read_more() {
    std::array<pollfd, 2> polled = {
        pollfd{.fd = open_[0] ? outputs_[0] : -1, .events = POLLIN, .revents = 0},
        pollfd{.fd = open_[1] ? outputs_[1] : -1, .events = POLLIN, .revents = 0}};
    if (!(open_[0] || open_[1]) || poll(polled.data(), polled.size(), -1) <= 0) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      if (!open_[i] || polled[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      const ssize_t count = read(outputs_[i], buffer.data(), buffer.size());
      open_[i] = count > 0;
      if (count > 0) {
        (i == 0 ? finished_.out : finished_.err)
            .append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
    return open_[0] || open_[1];
  }

  pid_t child_ = -1;
  std::array<int, 2> outputs_ = {-1, -1};
  std::array<bool, 2> open_ = {true, true};
  Finished finished_;
};

inline Finished moat_command(const std::vector<std::string>& arguments) {
  return Spawned(arguments).wait();
}

}  // namespace moat
