// Runs the threads of a block as fibers of one thread of the CPU, in an order drawn by lot.
#include "fibers.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

uint3 blockIdx;
dim3 blockDim, gridDim;

namespace emulator {

Thread* current;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t STACK_BYTES = 512 << 10;
#else
constexpr std::size_t STACK_BYTES = 128 << 10;
#endif

}  // namespace

// ucontext only starts a fiber: its switch asks the kernel for the signal mask every time, a jump does not.
struct Fiber {
  void* registers[5];
  ucontext_t start;
  bool started;
  char* stack;
  std::size_t stack_bytes;
  void* fake_stack;  // of the address sanitizer
};

namespace {

struct Block {
  std::vector<Thread> threads;
  // Of each warp, the lanes that wait in an operation.
  std::vector<unsigned> waiting;
  std::vector<Thread*> runnable;
  std::vector<Thread*> at_barrier;
  std::size_t not_returned;
};

Block block;
Fiber scheduler;
#ifdef __SANITIZE_ADDRESS__
// Where the last switch came from.
Fiber* left;
#endif
std::vector<std::unique_ptr<Fiber>> fibers;
// Of all fibers, those without a thread.
std::vector<Fiber*> idle;
const Kernel* kernel;
void** parameters;
bool failed;
std::uint64_t lot;

std::uint64_t seed() {
  const char* text = std::getenv("DEEPSHIFT_FIBER_SEED");
  return text ? std::strtoull(text, nullptr, 0) : 1;
}

// SplitMix64.
std::size_t draw(std::size_t count) {
  lot += 0x9e3779b97f4a7c15;
  std::uint64_t x = lot;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return ((x ^ (x >> 31)) >> 32) * count >> 32;
}

void run_threads();

// Fibers and the scheduler call this when they are switched to.
void entered([[maybe_unused]] Fiber& self) {
#ifdef __SANITIZE_ADDRESS__
  // Of the scheduler's stack only the sanitizer knows where it lies.
  const void* stack;
  __sanitizer_finish_switch_fiber(self.fake_stack, &stack, &left->stack_bytes);
  left->stack = static_cast<char*>(const_cast<void*>(stack));
#endif
}

void start() {
  entered(*current->fiber);
  run_threads();
}

// Threads that run at the same time need a fiber each; one after another, they share it.
Fiber* free_fiber() {
  if (!idle.empty()) {
    Fiber* fiber = idle.back();
    idle.pop_back();
    return fiber;
  }
  const std::size_t guard = sysconf(_SC_PAGESIZE);
  fibers.push_back(std::make_unique<Fiber>());
  Fiber& fiber = *fibers.back();
  void* memory = mmap(nullptr, guard + STACK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  fiber.stack = static_cast<char*>(memory) + guard;
  fiber.stack_bytes = STACK_BYTES;
  if (memory == MAP_FAILED || mprotect(fiber.stack, STACK_BYTES, PROT_READ | PROT_WRITE) != 0) {
    std::fprintf(stderr, "CUDA emulator: no memory for the stack of a thread\n");
    std::abort();
  }
  return &fiber;
}

// Fibers last for one launch, since the next may come on another thread of the CPU; only their stacks are kept.
void reset_fibers() {
  idle.clear();
  for (auto& fiber : fibers) {
#ifdef __SANITIZE_ADDRESS__
    if (fiber->started) ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->stack_bytes);
#endif
    fiber->fake_stack = nullptr;
    fiber->started = false;
    idle.push_back(fiber.get());
  }
}

// GCC's own setjmp keeps only where to go on; the compiler keeps the rest on the stack. The library's would mangle
// pointers and, with the address sanitizer, make a system call. Neither half may become part of another function.
__attribute__((noinline, no_sanitize_address)) void continue_fiber(Fiber& to) {
  if (to.started) __builtin_longjmp(to.registers, 1);
  to.started = true;
  getcontext(&to.start);
  to.start.uc_stack.ss_sp = to.stack;
  to.start.uc_stack.ss_size = to.stack_bytes;
  to.start.uc_link = nullptr;
  makecontext(&to.start, start, 0);
  setcontext(&to.start);
}

__attribute__((noinline)) void switch_fiber(Fiber& from, Fiber& to) {
#ifdef __SANITIZE_ADDRESS__
  left = &from;
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.stack_bytes);
#endif
  if (__builtin_setjmp(from.registers) == 0) continue_fiber(to);
  entered(from);
}

Thread* next() {
  const std::size_t index = draw(block.runnable.size());
  Thread* thread = block.runnable[index];
  block.runnable[index] = block.runnable.back();
  block.runnable.pop_back();
  return thread;
}

// Lets others run until `from` is continued, or given a new thread if it has none.
void run_others(Fiber& from) {
  if (block.runnable.empty()) {
    switch_fiber(from, scheduler);
    return;
  }
  current = next();
  if (!current->fiber) current->fiber = free_fiber();
  if (current->fiber != &from) switch_fiber(from, *current->fiber);
}

void wait(State state) {
  Thread* self = current;
  self->state = state;
  run_others(*self->fiber);
}

void make_runnable(Thread* thread) {
  thread->state = State::Runnable;
  block.runnable.push_back(thread);
}

// On real hardware, too, threads that have returned count as come.
bool barrier_is_complete() { return block.at_barrier.size() == block.not_returned; }

void open_barrier() {
  for (Thread* thread : block.at_barrier) make_runnable(thread);
  block.at_barrier.clear();
}

unsigned& waiting_with(const Thread* thread) { return block.waiting[(thread - block.threads.data()) / warpSize]; }

bool operation_is_complete(const Thread* thread) {
  const unsigned lanes = thread->mask;
  if ((waiting_with(thread) & lanes) != lanes) return false;
  const Thread* warp = thread - lane_of(thread);
  for (unsigned rest = lanes; rest; rest &= rest - 1) {
    const Thread& other = warp[__builtin_ctz(rest)];
    if (other.operation != thread->operation || other.mask != thread->mask) return false;
  }
  return true;
}

// Performs it and lets all its lanes but the current thread go on.
void perform(const Thread* thread) {
  const unsigned lanes = thread->mask;
  Thread* warp = block.threads.data() + (thread - block.threads.data()) / warpSize * warpSize;
  thread->operation->perform(warp, lanes);
  waiting_with(thread) &= ~lanes;
  for (unsigned rest = lanes; rest; rest &= rest - 1) {
    Thread* other = warp + __builtin_ctz(rest);
    if (other != current) make_runnable(other);
  }
}

void finish(Thread* thread) {
  thread->state = State::Returned;
  block.not_returned--;
  if (!block.at_barrier.empty() && barrier_is_complete()) open_barrier();
}

// What a fiber does: one thread after another.
void run_threads() {
  for (;;) {
    kernel->call(parameters);
    Thread* thread = current;
    Fiber& self = *thread->fiber;
    finish(thread);
    // Offered to the next thread, which continues here without a switch if it has not started.
    idle.push_back(&self);
    run_others(self);
  }
}

void say_where() {
  std::fprintf(stderr, "CUDA emulator: %s, block (%u, %u, %u): ", kernel->name, blockIdx.x, blockIdx.y, blockIdx.z);
}

// All threads wait, so at least one of them waits in an operation of its warp: names a lane that will never come.
void explain_deadlock() {
  for (const Thread& thread : block.threads) {
    if (thread.state != State::AtOperation) continue;
    const Thread* warp = &thread - lane_of(&thread);
    const unsigned exist = block.threads.data() + block.threads.size() - warp;
    for (unsigned rest = thread.mask; rest; rest &= rest - 1) {
      const unsigned lane = __builtin_ctz(rest);
      const Thread* other = lane < exist ? warp + lane : nullptr;
      if (other && other->operation == thread.operation && other->mask == thread.mask &&
          other->state == State::AtOperation) {
        continue;
      }
      say_where();
      std::fprintf(stderr, "thread (%u, %u, %u) waits in %s, mask 0x%08x, for lane %u, which ", thread.index.x,
                   thread.index.y, thread.index.z, thread.operation->name, thread.mask, lane);
      if (!other) {
        std::fprintf(stderr, "does not exist: the block ends within the warp\n");
      } else if (other->state == State::Returned) {
        std::fprintf(stderr, "has returned\n");
      } else if (other->state == State::AtBarrier) {
        std::fprintf(stderr, "waits in __syncthreads\n");
      } else {
        std::fprintf(stderr, "waits in %s, mask 0x%08x\n", other->operation->name, other->mask);
      }
      return;
    }
  }
}

void prepare_block() {
  block.not_returned = block.threads.size();
  block.runnable.clear();
  block.at_barrier.clear();
  std::size_t linear = 0;
  for (unsigned z = 0; z < blockDim.z; z++) {
    for (unsigned y = 0; y < blockDim.y; y++) {
      for (unsigned x = 0; x < blockDim.x; x++) {
        Thread& thread = block.threads[linear++];
        thread = {{x, y, z}, State::Runnable, nullptr, nullptr, 0, nullptr};
        block.runnable.push_back(&thread);
      }
    }
  }
  std::fill(block.waiting.begin(), block.waiting.end(), 0);
}

}  // namespace

unsigned lane_of(const Thread* thread) { return (thread - block.threads.data()) % warpSize; }

std::vector<Kernel>& kernels() {
  static std::vector<Kernel> all;
  return all;
}

void barrier() {
  block.at_barrier.push_back(current);
  if (!barrier_is_complete()) {
    wait(State::AtBarrier);
    return;
  }
  block.at_barrier.pop_back();
  open_barrier();
}

void together(const Operation& operation, unsigned mask, void* data) {
  Thread* self = current;
  const unsigned lane = lane_of(self);
  if (!(mask >> lane & 1)) fail("lane %u calls %s with mask 0x%08x, which lacks it", lane, operation.name, mask);
  self->operation = &operation;
  self->mask = mask;
  self->data = data;
  waiting_with(self) |= 1u << lane;
  if (operation_is_complete(self)) {
    perform(self);
  } else {
    wait(State::AtOperation);
  }
}

void fail(const char* format, ...) {
  say_where();
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fprintf(stderr, "\n");
  failed = true;
  switch_fiber(*current->fiber, scheduler);
  __builtin_unreachable();
}

bool launch(const Kernel& launched, dim3 grid, dim3 block_size, void** arguments) {
  kernel = &launched;
  parameters = arguments;
  gridDim = grid;
  blockDim = block_size;
  block.threads.resize(std::size_t{block_size.x} * block_size.y * block_size.z);
  block.waiting.resize((block.threads.size() + warpSize - 1) / warpSize);
  failed = false;
  // The same in every launch, so that what fails once fails always, however many threads of the CPU launch kernels.
  lot = seed();
  scheduler.started = true;
  reset_fibers();
  for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++) {
    for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++) {
      for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++) {
        prepare_block();
        run_others(scheduler);
        if (!failed && block.not_returned != 0) {
          explain_deadlock();
          failed = true;
        }
        if (failed) return false;
      }
    }
  }
  return true;
}

}  // namespace emulator
