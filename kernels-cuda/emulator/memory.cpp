// Device memory is memory of this process, of the exact size asked for, so that the address sanitizer sees its bounds.
#include <cstdlib>
#include <cstring>
#include <map>

#include "driver.h"

namespace driver {

namespace {

struct Allocation {
  std::size_t bytes;
  const Context* context;
};

std::map<CUdeviceptr, Allocation> allocations;
std::size_t used;

void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

// Whether the range lies in one allocation.
bool allocated(CUdeviceptr address, std::size_t bytes) {
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin()) return false;
  const auto& [start, allocation] = *std::prev(after);
  const std::size_t offset = address - start;
  return offset <= allocation.bytes && bytes <= allocation.bytes - offset;
}

CUresult allocate(CUdeviceptr* address, std::size_t bytes) {
  Call call;
  if (call.error) return call.error;
  if (!address || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  void* memory;
  if (bytes > total_memory() - used || posix_memalign(&memory, 256, bytes) != 0) return CUDA_ERROR_OUT_OF_MEMORY;
  // So that a kernel that counts on zeros is found out.
  std::memset(memory, 0xA5, bytes);
  *address = reinterpret_cast<CUdeviceptr>(memory);
  allocations[*address] = {bytes, call.context};
  used += bytes;
  return CUDA_SUCCESS;
}

std::map<CUdeviceptr, Allocation>::iterator release(std::map<CUdeviceptr, Allocation>::iterator allocation) {
  used -= allocation->second.bytes;
  std::free(pointer(allocation->first));
  return allocations.erase(allocation);
}

CUresult release(CUdeviceptr address) {
  Call call;
  if (call.error) return call.error;
  if (address == 0) return CUDA_SUCCESS;
  auto allocation = allocations.find(address);
  if (allocation == allocations.end()) return CUDA_ERROR_INVALID_VALUE;
  release(allocation);
  return CUDA_SUCCESS;
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

template <typename T>
CUresult fill(CUdeviceptr address, T value, std::size_t count) {
  Call call;
  if (call.error) return call.error;
  if (count == 0) return CUDA_SUCCESS;
  if (count > SIZE_MAX / sizeof(T) || address % sizeof(T) || !allocated(address, count * sizeof(T))) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  T* start = static_cast<T*>(pointer(address));
  for (std::size_t i = 0; i < count; i++) start[i] = value;
  return CUDA_SUCCESS;
}

}  // namespace

std::size_t total_memory() {
  const char* text = std::getenv("DEEPSHIFT_CUDA_MEMORY");
  static const std::size_t total = text ? std::strtoull(text, nullptr, 0) : std::size_t{8} << 30;
  return total;
}

void free_memory_of(const Context* context) {
  for (auto allocation = allocations.begin(); allocation != allocations.end();) {
    allocation = allocation->second.context == context ? release(allocation) : std::next(allocation);
  }
}

}  // namespace driver

using namespace driver;

// Streams do their work at once, so what is asynchronous elsewhere is not here.
struct Stream;

EXPORTED CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) { return allocate(address, bytes); }
EXPORTED CUresult cuMemAllocAsync(CUdeviceptr* address, std::size_t bytes, Stream*) { return allocate(address, bytes); }
EXPORTED CUresult cuMemFree_v2(CUdeviceptr address) { return release(address); }
EXPORTED CUresult cuMemFreeAsync(CUdeviceptr address, Stream*) { return release(address); }

EXPORTED CUresult cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  Call call;
  if (call.error) return call.error;
  *total = total_memory();
  *free = *total - used;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuMemAllocHost_v2(void** memory, std::size_t bytes) {
  Call call;
  if (call.error) return call.error;
  if (!memory || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  *memory = std::malloc(bytes);
  if (!*memory) return CUDA_ERROR_OUT_OF_MEMORY;
  std::memset(*memory, 0xA5, bytes);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuMemFreeHost(void* memory) {
  Call call;
  if (call.error) return call.error;
  std::free(memory);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, std::size_t bytes) {
  return copy(pointer(to), Side::Device, from, Side::Host, bytes);
}
EXPORTED CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, std::size_t bytes, Stream*) {
  return copy(pointer(to), Side::Device, from, Side::Host, bytes);
}
EXPORTED CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, std::size_t bytes) {
  return copy(to, Side::Host, pointer(from), Side::Device, bytes);
}
EXPORTED CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, std::size_t bytes, Stream*) {
  return copy(to, Side::Host, pointer(from), Side::Device, bytes);
}
EXPORTED CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes) {
  return copy(pointer(to), Side::Device, pointer(from), Side::Device, bytes);
}
EXPORTED CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, Stream*) {
  return copy(pointer(to), Side::Device, pointer(from), Side::Device, bytes);
}

EXPORTED CUresult cuMemsetD8_v2(CUdeviceptr address, unsigned char value, std::size_t count) {
  return fill(address, value, count);
}
EXPORTED CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, std::size_t count, Stream*) {
  return fill(address, value, count);
}
EXPORTED CUresult cuMemsetD16_v2(CUdeviceptr address, unsigned short value, std::size_t count) {
  return fill(address, value, count);
}
EXPORTED CUresult cuMemsetD16Async(CUdeviceptr address, unsigned short value, std::size_t count, Stream*) {
  return fill(address, value, count);
}
EXPORTED CUresult cuMemsetD32_v2(CUdeviceptr address, unsigned value, std::size_t count) {
  return fill(address, value, count);
}
EXPORTED CUresult cuMemsetD32Async(CUdeviceptr address, unsigned value, std::size_t count, Stream*) {
  return fill(address, value, count);
}
