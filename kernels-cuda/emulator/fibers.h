// The threads of a block as the emulator sees them: what emulator.h (in front of every kernel), fibers.cpp and the
// look-alike driver share.
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

extern uint3 blockIdx;
extern dim3 blockDim, gridDim;
constexpr int warpSize = 32;

namespace emulator {

struct Fiber;
struct Thread;

// Something that lanes of a warp do together, once all that the mask names have come.
struct Operation {
  const char* name;
  // `lanes` is the warp's first thread; where a lane's arguments and results lie is a matter of the operation.
  void (*perform)(Thread* lanes, unsigned mask);
};

enum class State { Runnable, AtBarrier, AtOperation, Returned };

struct Thread {
  uint3 index;
  State state;
  Fiber* fiber;  // null before the thread's first instruction
  const Operation* operation;
  unsigned mask;
  void* data;
};

// The thread that runs now.
extern Thread* current;

unsigned lane_of(const Thread* thread);
// Waits for the threads of the block that have not returned.
void barrier();
// Waits for the lanes of the mask, then has `operation` performed.
void together(const Operation& operation, unsigned mask, void* data);
// Ends the launch as failed, after saying why on stderr.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

struct Kernel {
  const char* source;
  const char* name;
  std::size_t parameter_count;
  void (*call)(void** parameters);
};

// All kernels in this library.
std::vector<Kernel>& kernels();

struct Registration {
  explicit Registration(const Kernel& kernel) { kernels().push_back(kernel); }
};

// Copies, as the driver does: callers need not align what they pass.
template <typename T>
T parameter(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <auto function>
struct Call;

template <typename... P, void (*function)(P...)>
struct Call<function> {
  static constexpr std::size_t PARAMETER_COUNT = sizeof...(P);

  static void with(void** parameters) { with(parameters, std::index_sequence_for<P...>()); }

 private:
  template <std::size_t... I>
  static void with([[maybe_unused]] void** parameters, std::index_sequence<I...>) {
    function(parameter<P>(parameters[I])...);
  }
};

// Runs all blocks, one after another; false if a thread failed. Callers see to it that only one launch runs at a time.
bool launch(const Kernel& kernel, dim3 grid, dim3 block, void** parameters);

}  // namespace emulator
