// SPDX-License-Identifier: Apache-2.0
// What a table of schedules offers for a problem, and who chooses.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "problems/dtype.hpp"

namespace moat {

// "128x64x32", or without k "128x64": of tiles, for names of schedules.
inline std::string sizes_text(int m, int n, int k = 0) {
  std::string text = std::to_string(m);
  for (const int size : {n, k}) {
    if (size == 0) continue;
    text += 'x';
    text += std::to_string(size);
  }
  return text;
}

// Overrides what tables choose. A table that offers no such schedule for its problem chooses
// itself, so that a name which is meant for one kernel does not touch those that it launches
// besides.
struct ScheduleChoice {
  std::string wanted;  // schedule_name(Type<S>)
  // If set, nothing is launched; the first table that has a menu leaves its names here, what it
  // chooses itself before the others.
  std::vector<std::string>* offered = nullptr;
};

// While schedules are listed nothing is launched.
inline bool is_listing(const ScheduleChoice* choice) {
  return choice != nullptr && choice->offered != nullptr;
}

// Sets a backend's choice, and takes it back when it goes.
class ChoiceInForce {
 public:
  ChoiceInForce(const ScheduleChoice*& of_backend, const ScheduleChoice& choice)
      : of_backend_(of_backend) {
    of_backend_ = &choice;
  }
  ~ChoiceInForce() { of_backend_ = nullptr; }
  ChoiceInForce(const ChoiceInForce&) = delete;
  ChoiceInForce& operator=(const ChoiceInForce&) = delete;

 private:
  const ScheduleChoice*& of_backend_;
};

// A schedule that a table has for a problem. The backend's schedule_name(Type<S>) tells it from the
// others of its menu.
template <class S>
struct Offer {
  bool best = true;  // the table's own choice is the first of these
  bool fits = true;  // whether it may be chosen at all: what is best must fit
};
template <class... S>
using Menu = std::tuple<Offer<S>...>;

// Calls f(Type<S>) with the schedule of the menu that the table or, if there is one, `choice` finds
// best.
template <class F, class... S>
void choose(const ScheduleChoice* choice, const Menu<S...>& menu, F f) {
  const auto [best, fits] = std::apply(
      [](const auto&... offer) {
        return std::pair{std::array{offer.best && offer.fits...}, std::array{offer.fits...}};
      },
      menu);
  auto chosen = static_cast<std::size_t>(std::find(best.begin(), best.end(), true) - best.begin());
  if (choice != nullptr) {
    const std::array<std::string, sizeof...(S)> names = {schedule_name(Type<S>{})...};
    if (is_listing(choice)) {
      std::vector<std::string>& offered = *choice->offered;
      if (!offered.empty()) return;
      offered.push_back(names.at(chosen));
      for (std::size_t i = 0; i < names.size(); ++i) {
        const bool told = std::find(offered.begin(), offered.end(), names[i]) != offered.end();
        if (fits[i] && !told) offered.push_back(names[i]);
      }
      return;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (fits[i] && names[i] == choice->wanted) chosen = i;
    }
  }
  std::size_t i = 0;
  (static_cast<void>(i++ == chosen && (f(Type<S>{}), true)), ...);
}

}  // namespace moat
