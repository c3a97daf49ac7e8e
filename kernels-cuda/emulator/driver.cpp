// The device and its contexts. The look-alike exports what cust 0.3.2 calls of the driver API for contexts, memory,
// modules, streams and events, under the names cust_raw 0.11.3 links to.
#include "driver.h"

#include <atomic>
#include <cstdio>
#include <deque>
#include <utility>
#include <vector>

namespace driver {

namespace {

std::mutex lock_of_calls;
std::atomic<bool> is_initialized;
Context primary;
int primary_users;
// Never shrinks: other threads may still have a destroyed context as their current one.
std::deque<Context> others;
thread_local std::vector<Context*> current_contexts;

Context fresh(unsigned flags) { return {true, flags, 0, 0, {1024, 1 << 20, 8 << 20, 2, 2048, 128, 0}, CUDA_SUCCESS}; }

CUresult usable(const Context* context) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  return context->alive ? context->error : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

void destroy(Context& context) {
  free_memory_of(&context);
  context.alive = false;
}

CUresult device_error(CUdevice device) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

// Those of an A100 where a kernel could notice, by the numbers of CUdevice_attribute.
constexpr std::pair<int, int> ATTRIBUTES[] = {
    {1, MAX_THREADS_PER_BLOCK},
    {2, MAX_THREADS_PER_BLOCK},  // block x
    {3, MAX_THREADS_PER_BLOCK},  // block y
    {4, MAX_BLOCK_Z},
    {5, MAX_GRID_X},
    {6, MAX_GRID_YZ},
    {7, MAX_GRID_YZ},
    {8, SHARED_BYTES_PER_BLOCK},
    {9, 64 << 10},    // constant memory
    {10, 32},         // warp size
    {12, 64 << 10},   // registers per block
    {13, 1000000},    // clock in kHz
    {16, 108},        // multiprocessors
    {19, 1},          // can map host memory
    {31, 1},          // concurrent kernels
    {36, 1000000},    // memory clock in kHz
    {37, 256},        // memory bus width in bits
    {38, 4 << 20},    // L2 cache
    {39, 2048},       // threads per multiprocessor
    {41, 1},          // unified addressing
    {75, COMPUTE_CAPABILITY / 10},
    {76, COMPUTE_CAPABILITY % 10},
    {78, 1},          // stream priorities
    {81, SHARED_BYTES_PER_BLOCK_OPT_IN + (1 << 10)},  // shared memory per multiprocessor
    {82, 64 << 10},   // registers per multiprocessor
    {97, SHARED_BYTES_PER_BLOCK_OPT_IN},
    {106, 32},        // blocks per multiprocessor
    {111, 1 << 10},   // shared memory the driver keeps of each block
    {115, 1},         // memory pools (cuMemAllocAsync)
};
constexpr int LAST_ATTRIBUTE = 119;

struct Description {
  CUresult code;
  const char* name;
  const char* text;
};

constexpr Description DESCRIPTIONS[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for this GPU"},
    {CUDA_ERROR_UNSUPPORTED_LIMIT, "CUDA_ERROR_UNSUPPORTED_LIMIT", "limit is not supported on this architecture"},
    {CUDA_ERROR_INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
};

CUresult describe(CUresult code, const char* Description::*part, const char** text) {
  *text = nullptr;
  for (const Description& description : DESCRIPTIONS) {
    if (description.code == code) *text = description.*part;
  }
  return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

}  // namespace

Call::Call()
    : context(current_contexts.empty() ? nullptr : current_contexts.back()), lock(lock_of_calls) {
  error = usable(context);
}

}  // namespace driver

using namespace driver;

EXPORTED CUresult cuInit(unsigned flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  is_initialized = true;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuDriverGetVersion(int* version) {
  *version = 12040;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuGetErrorName(CUresult code, const char** text) { return describe(code, &Description::name, text); }
EXPORTED CUresult cuGetErrorString(CUresult code, const char** text) {
  return describe(code, &Description::text, text);
}

EXPORTED CUresult cuDeviceGetCount(int* count) {
  *count = 1;
  return device_error(0);
}

EXPORTED CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  *device = ordinal;
  return device_error(ordinal);
}

EXPORTED CUresult cuDeviceGetName(char* name, int size, CUdevice device) {
  std::snprintf(name, size, "emulated on the CPU");
  return device_error(device);
}

EXPORTED CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice device) {
  *bytes = total_memory();
  return device_error(device);
}

EXPORTED CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
  if (attribute < 1 || attribute > LAST_ATTRIBUTE) return CUDA_ERROR_INVALID_VALUE;
  *value = 0;
  for (auto [number, known] : ATTRIBUTES) {
    if (number == attribute) *value = known;
  }
  return device_error(device);
}

EXPORTED CUresult cuDevicePrimaryCtxRetain(Context** context, CUdevice device) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  if (!primary.alive) primary = fresh(primary.flags);
  primary_users++;
  *context = &primary;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  if (primary_users == 0) return CUDA_ERROR_INVALID_CONTEXT;
  if (--primary_users == 0) destroy(primary);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  destroy(primary);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  primary.flags = flags;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  *flags = primary.flags;
  *active = primary.alive;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxCreate_v2(Context** context, unsigned flags, CUdevice device) {
  if (CUresult error = device_error(device)) return error;
  std::lock_guard<std::mutex> lock(lock_of_calls);
  others.push_back(fresh(flags));
  *context = &others.back();
  current_contexts.push_back(*context);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxDestroy_v2(Context* context) {
  std::lock_guard<std::mutex> lock(lock_of_calls);
  if (!context || context == &primary || !context->alive) return CUDA_ERROR_INVALID_CONTEXT;
  destroy(*context);
  if (!current_contexts.empty() && current_contexts.back() == context) current_contexts.pop_back();
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxSetCurrent(Context* context) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!current_contexts.empty()) current_contexts.pop_back();
  if (context) current_contexts.push_back(context);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxGetCurrent(Context** context) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  *context = current_contexts.empty() ? nullptr : current_contexts.back();
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxPushCurrent_v2(Context* context) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  current_contexts.push_back(context);
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxPopCurrent_v2(Context** context) {
  if (!is_initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (current_contexts.empty()) return CUDA_ERROR_INVALID_CONTEXT;
  if (context) *context = current_contexts.back();
  current_contexts.pop_back();
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxGetApiVersion(Context* context, unsigned* version) {
  *version = 3020;
  return context ? CUDA_SUCCESS : Call().error;
}

EXPORTED CUresult cuCtxSynchronize() { return Call().error; }

EXPORTED CUresult cuCtxGetDevice(CUdevice* device) {
  *device = 0;
  return Call().error;
}

EXPORTED CUresult cuCtxGetFlags(unsigned* flags) {
  Call call;
  if (!call.error) *flags = call.context->flags;
  return call.error;
}

EXPORTED CUresult cuCtxGetCacheConfig(int* config) {
  Call call;
  if (!call.error) *config = call.context->cache_config;
  return call.error;
}

EXPORTED CUresult cuCtxSetCacheConfig(int config) {
  Call call;
  if (!call.error) call.context->cache_config = config;
  return call.error;
}

EXPORTED CUresult cuCtxGetSharedMemConfig(int* config) {
  Call call;
  if (!call.error) *config = call.context->shared_memory_config;
  return call.error;
}

EXPORTED CUresult cuCtxSetSharedMemConfig(int config) {
  Call call;
  if (!call.error) call.context->shared_memory_config = config;
  return call.error;
}

EXPORTED CUresult cuCtxGetLimit(std::size_t* value, unsigned limit) {
  Call call;
  if (call.error) return call.error;
  if (limit >= std::size(call.context->limits)) return CUDA_ERROR_UNSUPPORTED_LIMIT;
  *value = call.context->limits[limit];
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuCtxSetLimit(unsigned limit, std::size_t value) {
  Call call;
  if (call.error) return call.error;
  if (limit >= std::size(call.context->limits)) return CUDA_ERROR_UNSUPPORTED_LIMIT;
  call.context->limits[limit] = value;
  return CUDA_SUCCESS;
}
