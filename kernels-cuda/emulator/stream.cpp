// Streams and events. All work is done by the time the call that asks for it returns, so there is nothing to wait for.
#include <chrono>

#include "driver.h"

using namespace driver;

struct Stream {};

struct Event {
  bool recorded;
  std::chrono::steady_clock::time_point time;
};

EXPORTED CUresult cuStreamCreateWithPriority(Stream** stream, unsigned, int) {
  Call call;
  if (call.error) return call.error;
  *stream = new Stream;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuStreamDestroy_v2(Stream* stream) {
  Call call;
  delete stream;
  return call.error;
}

EXPORTED CUresult cuStreamSynchronize(Stream*) { return Call().error; }

EXPORTED CUresult cuEventCreate(Event** event, unsigned) {
  Call call;
  if (call.error) return call.error;
  *event = new Event{};
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

EXPORTED CUresult cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  Call call;
  if (call.error) return call.error;
  if (!start || !start->recorded || !end || !end->recorded) return CUDA_ERROR_INVALID_HANDLE;
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuEventDestroy_v2(Event* event) {
  Call call;
  delete event;
  return call.error;
}
