// The device and its context. The look-alike exports what deepshift-cuda reaches of the driver API, under the names
// cust_raw 0.11.3 links to; whatever else is called, deepshift-cuda-driver says is not supported.
#include "driver.h"

#include <atomic>
#include <cstdio>
#include <utility>

namespace driver {

namespace {

std::mutex lock_of_calls;
std::atomic<bool> is_initialized;
Context primary;
int primary_users;
thread_local Context* current;

CUresult usable(const Context* context) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  return context->alive ? context->error : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

CUresult device_error(CUdevice device) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

// By the numbers of CUdevice_attribute.
constexpr std::pair<int, int> ATTRIBUTES[] = {
    {16, 108},  // multiprocessors, as an A100 has
    {75, COMPUTE_CAPABILITY / 10},
    {76, COMPUTE_CAPABILITY % 10},
};

}  // namespace

Call::Call() : context(current), lock(lock_of_calls) { error = usable(context); }

}  // namespace driver

using namespace driver;

EXPORTED CUresult cuInit(unsigned flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  is_initialized = true;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  *device = ordinal;
  return device_error(ordinal);
}

EXPORTED CUresult cuDeviceGetName(char* name, int size, CUdevice device) {
  std::snprintf(name, size, "emulated on the CPU");
  return device_error(device);
}

EXPORTED CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
  for (auto [number, known] : ATTRIBUTES) {
    if (number != attribute) continue;
    *value = known;
    return device_error(device);
  }
  return CUDA_ERROR_INVALID_VALUE;
}

EXPORTED CUresult cuDevicePrimaryCtxRetain(Context** context, CUdevice device) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  if (!primary.alive) primary = {true, CUDA_SUCCESS};
  primary_users++;
  *context = &primary;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  if (primary_users == 0) return CUDA_ERROR_INVALID_CONTEXT;
  if (--primary_users == 0) {
    free_all_memory();
    primary.alive = false;
  }
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxSetCurrent(Context* context) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  current = context;
  return CUDA_SUCCESS;
}
