// Device memory is memory of this process, of the exact size asked for, so that the address sanitizer sees its bounds.
#include <cstdlib>
#include <cstring>
#include <map>

#include "driver.h"

namespace driver {

namespace {

// Bytes by address.
std::map<CUdeviceptr, std::size_t> allocations;
std::size_t used;

std::size_t total_memory() {
  const char* text = std::getenv("DEEPSHIFT_CUDA_MEMORY");
  static const std::size_t total = text ? std::strtoull(text, nullptr, 0) : std::size_t{8} << 30;
  return total;
}

void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

// Whether the range lies in one allocation.
bool allocated(CUdeviceptr address, std::size_t bytes) {
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin()) return false;
  const auto& [start, size] = *std::prev(after);
  const std::size_t offset = address - start;
  return offset <= size && bytes <= size - offset;
}

enum class Side { Host, Device };

CUresult copy(void* to, Side to_side, const void* from, Side from_side, std::size_t bytes) {
  Call call;
  if (call.error) return call.error;
  if (bytes == 0) return CUDA_SUCCESS;
  for (auto [address, side] : {std::pair<const void*, Side>{to, to_side}, {from, from_side}}) {
    if (side == Side::Device ? !allocated(reinterpret_cast<CUdeviceptr>(address), bytes) : !address) {
      return CUDA_ERROR_INVALID_VALUE;
    }
  }
  std::memmove(to, from, bytes);
  return CUDA_SUCCESS;
}

}  // namespace

void free_all_memory() {
  for (const auto& allocation : allocations) std::free(pointer(allocation.first));
  allocations.clear();
  used = 0;
}

}  // namespace driver

using namespace driver;

EXPORTED CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) {
  Call call;
  if (call.error) return call.error;
  if (!address || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  void* memory;
  if (bytes > total_memory() - used || posix_memalign(&memory, 256, bytes) != 0) return CUDA_ERROR_OUT_OF_MEMORY;
  // So that a kernel that counts on zeros is found out.
  std::memset(memory, 0xA5, bytes);
  *address = reinterpret_cast<CUdeviceptr>(memory);
  allocations[*address] = bytes;
  used += bytes;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuMemFree_v2(CUdeviceptr address) {
  Call call;
  if (call.error) return call.error;
  if (address == 0) return CUDA_SUCCESS;
  auto allocation = allocations.find(address);
  if (allocation == allocations.end()) return CUDA_ERROR_INVALID_VALUE;
  used -= allocation->second;
  std::free(pointer(address));
  allocations.erase(allocation);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, std::size_t bytes) {
  return copy(pointer(to), Side::Device, from, Side::Host, bytes);
}

EXPORTED CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, std::size_t bytes) {
  return copy(to, Side::Host, pointer(from), Side::Device, bytes);
}

EXPORTED CUresult cuMemsetD8_v2(CUdeviceptr address, unsigned char value, std::size_t count) {
  Call call;
  if (call.error) return call.error;
  if (count == 0) return CUDA_SUCCESS;
  if (!allocated(address, count)) return CUDA_ERROR_INVALID_VALUE;
  std::memset(pointer(address), value, count);
  return CUDA_SUCCESS;
}
