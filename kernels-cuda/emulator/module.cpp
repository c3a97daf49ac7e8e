// Modules, functions and launches. A module is loaded from PTX like a real one, but the PTX only says which kernels there
// are and what they need: what runs is the same kernel compiled by g++.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "driver.h"
#include "fibers.h"

using namespace driver;

struct Function {
  const emulator::Kernel* kernel;
  int max_threads;
};

struct Module {
  std::map<std::string, Function> functions;
};

namespace {

const emulator::Kernel* find(const std::string& name) {
  for (const auto& kernel : emulator::kernels()) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

std::size_t count(const std::string& text, const char* word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) found++;
  return found;
}

// The product of the numbers behind `.maxntid`, which __launch_bounds__ leads to.
int max_threads(const std::string& entry) {
  const std::size_t at = entry.find(".maxntid");
  if (at == std::string::npos) return MAX_THREADS_PER_BLOCK;
  int x, y = 1, z = 1;
  if (std::sscanf(entry.c_str() + at, ".maxntid %d, %d, %d", &x, &y, &z) < 1) return MAX_THREADS_PER_BLOCK;
  return x * y * z;
}

// The sum of declarations such as `.shared .align 4 .b8 name[1024];` that the entry names. Where functions that several
// kernels call declare them, they stand outside.
int shared_bytes(const std::string& text, const std::string& entry) {
  constexpr char DECLARATION[] = ".shared .align";
  int sum = 0;
  for (std::size_t at = text.find(DECLARATION); at != std::string::npos; at = text.find(DECLARATION, at + 1)) {
    const bool declared_by_launch = at >= 1 && text[at - 1] == ' ';  // .extern .shared
    int bits, count = 1;
    char name[1024];
    if (declared_by_launch ||
        std::sscanf(text.c_str() + at, ".shared .align %*d .%*[bfus]%d %1023[^[;][%d]", &bits, name, &count) < 2) {
      continue;
    }
    if (entry.find(name) != std::string::npos) sum += bits / 8 * count;
  }
  return sum;
}

CUresult stale(const char* what, const std::string& name) {
  std::fprintf(stderr, "CUDA emulator: PTX and sources differ in kernel %s: %s\n", name.c_str(), what);
  return CUDA_ERROR_INVALID_PTX;
}

// `entry` reaches from the kernel's name to its end.
CUresult add_function(Module& module, const std::string& text, const std::string& entry) {
  const std::string name = entry.substr(0, entry.find_first_of("( \t\r\n"));
  const emulator::Kernel* kernel = find(name);
  if (!kernel) return stale("no source has it", name);
  if (count(entry.substr(0, entry.find(')')), ".param") != kernel->parameter_count) {
    return stale("it takes another number of parameters", name);
  }
  if (shared_bytes(text, entry) > SHARED_BYTES_PER_BLOCK) return CUDA_ERROR_INVALID_PTX;
  module.functions[name] = {kernel, max_threads(entry)};
  return CUDA_SUCCESS;
}

CUresult parse(Module& module, const std::string& text) {
  const std::size_t target = text.find(".target sm_");
  int capability;
  if (target == std::string::npos || std::sscanf(text.c_str() + target, ".target sm_%d", &capability) != 1) {
    return CUDA_ERROR_INVALID_PTX;
  }
  if (capability > COMPUTE_CAPABILITY) return CUDA_ERROR_NO_BINARY_FOR_GPU;
  const std::string keyword = ".entry ";
  for (std::size_t at = text.find(keyword); at != std::string::npos; at = text.find(keyword, at + 1)) {
    const std::size_t start = at + keyword.size();
    const std::size_t end = std::min(text.find("\n}", start), text.size());
    if (CUresult error = add_function(module, text, text.substr(start, end - start))) return error;
  }
  // A source is compiled to one module.
  for (const auto& [name, function] : module.functions) {
    for (const auto& kernel : emulator::kernels()) {
      const bool same_source = std::strcmp(kernel.source, function.kernel->source) == 0;
      if (same_source && !module.functions.count(kernel.name)) return stale("the PTX lacks it", kernel.name);
    }
  }
  return CUDA_SUCCESS;
}

bool fits(const Function& function, dim3 grid, dim3 block) {
  if (!grid.x || !grid.y || !grid.z || grid.x > MAX_GRID_X || grid.y > MAX_GRID_YZ || grid.z > MAX_GRID_YZ) return false;
  if (!block.x || !block.y || !block.z) return false;
  if (block.x > MAX_THREADS_PER_BLOCK || block.y > MAX_THREADS_PER_BLOCK || block.z > MAX_BLOCK_Z) return false;
  return std::size_t{block.x} * block.y * block.z <= static_cast<unsigned>(function.max_threads);
}

}  // namespace

// The options are about compiling PTX, which does not happen here.
EXPORTED CUresult cuModuleLoadDataEx(Module** module, const void* image, unsigned, int*, void**) {
  Call call;
  if (call.error) return call.error;
  if (!module || !image) return CUDA_ERROR_INVALID_VALUE;
  auto* loaded = new Module;
  const CUresult error = parse(*loaded, static_cast<const char*>(image));
  if (error) {
    delete loaded;
  } else {
    *module = loaded;
  }
  return error;
}

EXPORTED CUresult cuModuleUnload(Module* module) {
  Call call;
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  delete module;
  return call.error;
}

EXPORTED CUresult cuModuleGetFunction(Function** function, Module* module, const char* name) {
  Call call;
  if (call.error) return call.error;
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  auto found = module->functions.find(name);
  if (found == module->functions.end()) return CUDA_ERROR_NOT_FOUND;
  *function = &found->second;
  return CUDA_SUCCESS;
}

// A failure is known only to later calls, as on a GPU, where the launch is still going on when this returns.
EXPORTED CUresult cuLaunchKernel(Function* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                                 unsigned block_y, unsigned block_z, unsigned dynamic_shared_bytes, void*,
                                 void** parameters, void** extra) {
  Call call;
  if (call.error) return call.error;
  if (!function) return CUDA_ERROR_INVALID_HANDLE;
  if (extra || dynamic_shared_bytes) return CUDA_ERROR_NOT_SUPPORTED;
  const dim3 grid(grid_x, grid_y, grid_z), block(block_x, block_y, block_z);
  if (!fits(*function, grid, block) || (!parameters && function->kernel->parameter_count)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (!emulator::launch(*function->kernel, grid, block, parameters)) {
    call.context->error = CUDA_ERROR_LAUNCH_FAILED;
  }
  return CUDA_SUCCESS;
}
