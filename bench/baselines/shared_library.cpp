// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/shared_library.hpp"

#include <dlfcn.h>
#include <link.h>

#include <filesystem>
#include <stdexcept>

namespace moat {

SharedLibrary::SharedLibrary(const std::string& name, const std::string& folder) : name_(name) {
  handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ != nullptr) return;
  const std::string reason = dlerror();
  const std::string path = folder + "/" + name;
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ != nullptr) return;
  throw std::runtime_error("cannot load " + name + " (" + reason + "; " + dlerror() +
                           "); add its folder to LD_LIBRARY_PATH");
}

bool SharedLibrary::has_its_own(const char* name) const {
  const void* const found = dlsym(handle_, name);
  return found != nullptr && found != dlsym(RTLD_DEFAULT, name);
}

std::string SharedLibrary::folder() const {
  link_map* map = nullptr;
  if (dlinfo(handle_, RTLD_DI_LINKMAP, &map) != 0) throw std::runtime_error(dlerror());
  return std::filesystem::path(map->l_name).parent_path().string();
}

void* SharedLibrary::find(const char* name) const {
  void* const found = dlsym(handle_, name);
  if (found == nullptr) throw std::runtime_error(name_ + " has no " + name);
  return found;
}

}  // namespace moat
