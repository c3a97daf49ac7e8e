// The parts of a CUDA driver that the files of the look-alike share. Numbers are those of the driver API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#define EXPORTED extern "C" __attribute__((visibility("default")))

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = std::uint64_t;

enum : CUresult {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_INVALID_PTX = 218,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_CONTEXT_IS_DESTROYED = 709,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_NOT_SUPPORTED = 801,
};

namespace driver {

constexpr int COMPUTE_CAPABILITY = 80;
constexpr unsigned MAX_THREADS_PER_BLOCK = 1024;
constexpr unsigned MAX_BLOCK_Z = 64;
constexpr unsigned MAX_GRID_X = 0x7fffffff;
constexpr unsigned MAX_GRID_YZ = 65535;
constexpr int SHARED_BYTES_PER_BLOCK = 48 << 10;

struct Context {
  bool alive;
  // Of a launch that failed: from then on every call in this context answers with it.
  CUresult error;
};

// A call in the current context. Calls come one at a time, so launches do, too.
class Call {
 public:
  Call();
  // What is wrong with the context, if anything.
  CUresult error;
  Context* context;

 private:
  std::lock_guard<std::mutex> lock;
};

void free_all_memory();

}  // namespace driver
