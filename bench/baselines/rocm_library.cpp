// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/rocm_library.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace moat {
namespace {

namespace fs = std::filesystem;

int major_version(const DeviceInfo& device) {
  const std::string text = device.runtime.value_or("");
  int major = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), major);
  if (error != std::errc()) {
    throw std::runtime_error("the device tells no version of its HIP runtime");
  }
  return major;
}

// The folders in which a library looks, in ROCm 6.0 to 7.
std::vector<fs::path> tensile_folders(const SharedLibrary& library, const TensileFiles& files) {
  const char* const given = std::getenv(files.variable.c_str());
  if (given != nullptr) return {given};
  const fs::path beside = library.folder();
  return {beside / "../../Tensile/library", beside / "../Tensile/library", beside / "library",
          beside / ".." / files.library / "library", beside / files.library / "library"};
}

// A library of solutions, not the code objects beside it.
bool has_kernels(const fs::path& folder, const std::string& architecture) {
  std::error_code error;
  fs::recursive_directory_iterator file(folder, error);
  for (; !error && file != fs::recursive_directory_iterator(); file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (name == "TensileLibrary.dat") return true;
    if (name.starts_with("TensileLibrary") && name.find(architecture) != std::string::npos &&
        name.find(".dat") != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

const char* const kRocmFolder = MOAT_ROCM_LIBRARY_DIR;

SharedLibrary load_rocm_library(const DeviceInfo& device, std::span<const RocmFile> files,
                                const std::string& folder) {
  const int runtime = major_version(device);
  std::string reasons;
  std::set<int> called;
  for (const RocmFile& file : files) {
    called.insert(file.runtime);
    if (file.runtime != runtime) continue;
    try {
      SharedLibrary library(file.name, folder);
      if (!library.has_its_own("hipStreamSynchronize")) return library;
      throw std::runtime_error(file.name + " uses another HIP runtime than this program (" +
                               *device.runtime + ")");
    } catch (const std::runtime_error& e) {
      if (!reasons.empty()) reasons += "; ";
      reasons += e.what();
    }
  }
  if (reasons.empty()) {
    reasons = fmt::format("it is called with ROCm {} only, and the HIP runtime is {}",
                          fmt::join(called, ", "), *device.runtime);
  }
  throw std::runtime_error(reasons);
}

void require_tensile_kernels(const DeviceInfo& device, const SharedLibrary& library,
                             const TensileFiles& files) {
  const std::string architecture = device.architecture.substr(0, device.architecture.find(':'));
  std::string searched;
  for (const fs::path& folder : tensile_folders(library, files)) {
    if (has_kernels(folder, architecture)) return;
    // rocBLAS looks no further than the first folder that exists.
    std::error_code error;
    const bool last = fs::exists(folder, error);
    searched += (searched.empty() ? "" : ", ") + folder.lexically_normal().string();
    if (last) break;
  }
  throw std::runtime_error(
      fmt::format("it has no kernels for {} (no TensileLibrary file for it in {}; {} names another "
                  "folder)",
                  architecture, searched, files.variable));
}

}  // namespace moat
