// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cudnn_library.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace moat::cudnn {

Library::Library(const std::string& folder)
    : file("libcudnn.so." + std::to_string(CUDNN_MAJOR), folder),
#define MOAT_SYMBOL(member, function) member(file.symbol<decltype(function)>(#function))
      MOAT_SYMBOL(version, cudnnGetVersion),
      MOAT_SYMBOL(status_name, cudnnGetErrorString),
      MOAT_SYMBOL(last_error, cudnnGetLastErrorString),
      MOAT_SYMBOL(create, cudnnCreate),
      MOAT_SYMBOL(destroy, cudnnDestroy),
      MOAT_SYMBOL(set_stream, cudnnSetStream),
      MOAT_SYMBOL(descriptor_create, cudnnBackendCreateDescriptor),
      MOAT_SYMBOL(descriptor_destroy, cudnnBackendDestroyDescriptor),
      MOAT_SYMBOL(descriptor_set, cudnnBackendSetAttribute),
      MOAT_SYMBOL(descriptor_get, cudnnBackendGetAttribute),
      MOAT_SYMBOL(descriptor_finalize, cudnnBackendFinalize),
      MOAT_SYMBOL(execute, cudnnBackendExecute) {
}
#undef MOAT_SYMBOL

std::string Library::version_text() const {
  const std::size_t v = version();
  return fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
}

void Library::check(cudnnStatus_t status, const std::string& call) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 1024> text{};
  last_error(text.data(), text.size());
  text.back() = '\0';
  const std::string words = text.data();
  throw std::runtime_error(
      fmt::format("{}: {}{}{}", call, status_name(status), words.empty() ? "" : ", ", words));
}

Descriptor::Descriptor(const Library& library, cudnnBackendDescriptorType_t type, std::string name)
    : library_(&library), name_(std::move(name)) {
  library_->check(library_->descriptor_create(type, &descriptor_),
                  "cudnnBackendCreateDescriptor of the " + name_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : library_(other.library_),
      name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, nullptr)) {}

Descriptor::~Descriptor() {
  if (descriptor_ != nullptr) library_->descriptor_destroy(descriptor_);
}

void Descriptor::set_descriptors(cudnnBackendAttributeName_t attribute,
                                 std::span<const Descriptor> values) {
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const Descriptor& d : values) raw.push_back(d.descriptor_);
  set(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw.size(), raw.data());
}

void Descriptor::finalize() {
  library_->check(library_->descriptor_finalize(descriptor_),
                  "cudnnBackendFinalize of the " + name_);
}

std::string Descriptor::get_text(cudnnBackendAttributeName_t attribute) const {
  std::string text(static_cast<std::size_t>(get(attribute, CUDNN_TYPE_CHAR, 0, nullptr)), '\0');
  get(attribute, CUDNN_TYPE_CHAR, static_cast<std::int64_t>(text.size()), text.data());
  return text;
}

std::vector<Descriptor> Descriptor::get_descriptors(cudnnBackendAttributeName_t attribute,
                                                    cudnnBackendDescriptorType_t type,
                                                    const std::string& name) const {
  const std::int64_t most = get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, nullptr);
  std::vector<Descriptor> found;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::int64_t i = 0; i < most; ++i) {
    raw.push_back(found.emplace_back(*library_, type, name).descriptor_);
  }
  if (most == 0) return found;
  const std::int64_t filled = get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, raw.data());
  while (std::ssize(found) > filled) found.pop_back();
  return found;
}

void Descriptor::set(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type,
                     std::size_t count, const void* values) {
  library_->check(
      library_->descriptor_set(descriptor_, attribute, type, static_cast<std::int64_t>(count),
                               values),
      fmt::format("cudnnBackendSetAttribute {} of the {}", static_cast<int>(attribute), name_));
}

std::int64_t Descriptor::get(cudnnBackendAttributeName_t attribute,
                             cudnnBackendAttributeType_t type, std::int64_t count,
                             void* values) const {
  std::int64_t found = 0;
  library_->check(
      library_->descriptor_get(descriptor_, attribute, type, count, &found, values),
      fmt::format("cudnnBackendGetAttribute {} of the {}", static_cast<int>(attribute), name_));
  return found;
}

}  // namespace moat::cudnn
