// Streams and events. All work is done by the time the call that asks for it returns, so there is nothing to wait for.
#include <chrono>

#include "driver.h"

using namespace driver;

struct Stream {
  unsigned flags;
  int priority;
};

struct Event {
  bool timed;
  bool recorded;
  std::chrono::steady_clock::time_point time;
};

namespace {

constexpr unsigned EVENT_DISABLE_TIMING = 2;
constexpr int GREATEST_PRIORITY = -5;

// Null, 1 and 2 are streams that always exist.
bool made(const Stream* stream) { return reinterpret_cast<std::uintptr_t>(stream) > 2; }

CUresult create(Stream** stream, unsigned flags, int priority) {
  Call call;
  if (call.error) return call.error;
  if (!stream || flags > 1) return CUDA_ERROR_INVALID_VALUE;
  if (priority > 0) priority = 0;
  if (priority < GREATEST_PRIORITY) priority = GREATEST_PRIORITY;
  *stream = new Stream{flags, priority};
  return CUDA_SUCCESS;
}

CUresult finished() {
  Call call;
  return call.error;
}

}  // namespace

EXPORTED CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  Call call;
  if (call.error) return call.error;
  if (least) *least = 0;
  if (greatest) *greatest = GREATEST_PRIORITY;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuStreamCreate(Stream** stream, unsigned flags) { return create(stream, flags, 0); }

EXPORTED CUresult cuStreamCreateWithPriority(Stream** stream, unsigned flags, int priority) {
  return create(stream, flags, priority);
}

EXPORTED CUresult cuStreamDestroy_v2(Stream* stream) {
  Call call;
  if (!made(stream)) return CUDA_ERROR_INVALID_HANDLE;
  delete stream;
  return call.error;
}

EXPORTED CUresult cuStreamSynchronize(Stream*) { return finished(); }

EXPORTED CUresult cuStreamQuery(Stream*) { return finished(); }

EXPORTED CUresult cuStreamGetFlags(Stream* stream, unsigned* flags) {
  Call call;
  if (call.error) return call.error;
  *flags = made(stream) ? stream->flags : 0;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuStreamGetPriority(Stream* stream, int* priority) {
  Call call;
  if (call.error) return call.error;
  *priority = made(stream) ? stream->priority : 0;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuStreamWaitEvent(Stream*, Event* event, unsigned) {
  return event ? finished() : CUDA_ERROR_INVALID_HANDLE;
}

EXPORTED CUresult cuEventCreate(Event** event, unsigned flags) {
  Call call;
  if (call.error) return call.error;
  if (!event) return CUDA_ERROR_INVALID_VALUE;
  *event = new Event{!(flags & EVENT_DISABLE_TIMING), false, {}};
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuEventRecord(Event* event, Stream*) {
  Call call;
  if (call.error) return call.error;
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  event->recorded = true;
  event->time = std::chrono::steady_clock::now();
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuEventQuery(Event* event) { return event ? finished() : CUDA_ERROR_INVALID_HANDLE; }

EXPORTED CUresult cuEventSynchronize(Event* event) { return event ? finished() : CUDA_ERROR_INVALID_HANDLE; }

EXPORTED CUresult cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  Call call;
  if (call.error) return call.error;
  for (const Event* event : {start, end}) {
    if (!event || !event->timed || !event->recorded) return CUDA_ERROR_INVALID_HANDLE;
  }
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuEventDestroy_v2(Event* event) {
  Call call;
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  delete event;
  return call.error;
}
