// SPDX-License-Identifier: Apache-2.0
// A vendor's shared library, loaded when a baseline asks for it, so that the program starts
// without.
#pragma once

#include <string>

namespace moat {

class SharedLibrary {
 public:
  // Loads `name` (such as libcublasLt.so.13) from where the system looks, else from `folder`. It
  // stays loaded. Throws std::runtime_error with both failures.
  SharedLibrary(const std::string& name, const std::string& folder);

  // A function of the library; throws std::runtime_error if it has none of this name.
  template <class Function>
  Function* symbol(const char* name) const {
    return reinterpret_cast<Function*>(find(name));
  }

  // The same for a pointer of the function's type.
  template <class Function>
  void load(Function*& function, const char* name) const {
    function = symbol<Function>(name);
  }

  // Whether the library, or what it loaded, has a function of this name that is not this program's:
  // whatever both of them mean by it, they do not share.
  bool has_its_own(const char* name) const;

  // The folder that it was loaded from.
  std::string folder() const;

 private:
  void* find(const char* name) const;

  std::string name_;
  void* handle_ = nullptr;
};

}  // namespace moat
