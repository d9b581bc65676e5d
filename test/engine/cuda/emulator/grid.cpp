#include "grid.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <deque>

#include "device.h"

uint3 threadIdx, blockIdx, blockDim, gridDim;

namespace {

constexpr size_t stackBytes = 128 << 10;

// The target of __builtin_setjmp and __builtin_longjmp, which cost a fifth of the C library's functions. A function that jumps must not be inlined
// into the one that has set the target.
using Place = void*[5];

// A thread of a block. The first time it is entered through its context, later by a jump, which needs no system call.
struct Fiber {
  ucontext_t entry;
  Place place;
  enum { unborn, ready, waiting, exchanging, done } state = unborn;
  uint32_t index;
  bool second = false;  // its next exchange takes exchanged[second]
};

constexpr uint32_t warpLanes = 32;
// The values that lanes of the running warp exchange. There are two arrays, so that a lane may write the next values while another one still reads
// the last ones.
float exchanged[2][warpLanes * 8];

std::deque<Fiber> fibers;  // made once and used for every block
Fiber* current;
Place scheduler;
sigjmp_buf failed;
bool running;
const std::function<void()>* kernelBody;

[[gnu::noinline]] void jump(Place& to) { __builtin_longjmp(to, 1); }

[[gnu::noinline]] void leave() {
  if (__builtin_setjmp(current->place) == 0) jump(scheduler);
}

void fiberMain() {
  for (;;) {
    (*kernelBody)();
    current->state = Fiber::done;
    leave();
  }
}

[[gnu::noinline]] void enter(Fiber& fiber) {
  current = &fiber;
  threadIdx = {fiber.index, 0, 0};
  if (__builtin_setjmp(scheduler) != 0) return;
  const bool born = fiber.state != Fiber::unborn;
  fiber.state = Fiber::ready;
  if (born) jump(fiber.place);
  ucontext_t unused;
  swapcontext(&unused, &fiber.entry);
}

void makeFibers(uint32_t count) {
  while (fibers.size() < count) {
    Fiber& fiber = fibers.emplace_back();
    fiber.index = fibers.size() - 1;
    getcontext(&fiber.entry);
    fiber.entry.uc_stack.ss_sp = mmap(nullptr, stackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    fiber.entry.uc_stack.ss_size = stackBytes;
    fiber.entry.uc_link = nullptr;
    makecontext(&fiber.entry, fiberMain, 0);
  }
}

// Runs a warp up to the block's next barrier. @returns the number of its threads that are done, or −1 where only some reached an exchange
int runWarp(uint32_t first, uint32_t lanes, bool backwards) {
  for (;;) {
    uint32_t finished = 0, exchanging = 0;
    for (uint32_t i = 0; i < lanes; i++) {
      Fiber& fiber = fibers[first + (backwards ? lanes - 1 - i : i)];
      enter(fiber);
      finished += fiber.state == Fiber::done;
      exchanging += fiber.state == Fiber::exchanging;
    }
    if (exchanging == 0) return finished;
    if (exchanging != warpLanes) return -1;
    backwards = !backwards;
  }
}

// @returns whether all threads reached the same barriers
bool runBlock(uint32_t threads, bool backwards) {
  const uint32_t warps = (threads + warpLanes - 1) / warpLanes;
  for (;; backwards = !backwards) {
    uint32_t finished = 0;
    for (uint32_t i = 0; i < warps; i++) {
      const uint32_t first = (backwards ? warps - 1 - i : i) * warpLanes;
      const int done = runWarp(first, threads - first < warpLanes ? threads - first : warpLanes, backwards);
      if (done < 0) return false;
      finished += done;
    }
    if (finished == threads) return true;
    if (finished > 0) return false;
  }
}

void onFault(int signal, siginfo_t*, void*) {
  if (running) siglongjmp(failed, 1);
  ::signal(signal, SIG_DFL);  // no fault of a kernel: the process ends by it
}

}  // namespace

void __syncthreads() {
  current->state = Fiber::waiting;
  leave();
}

const float* exchange(const float* values, int count) {
  float* place = exchanged[current->second];
  current->second = !current->second;
  for (int i = 0; i < count; i++) place[8 * (current->index % warpLanes) + i] = values[i];
  current->state = Fiber::exchanging;
  leave();
  return place;
}

int runGrid(const char* kernel, Size grid, uint32_t threads, const std::function<void()>& body) {
  struct sigaction before, ours = {};
  ours.sa_sigaction = onFault;
  ours.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &ours, &before);
  makeFibers(threads);
  kernelBody = &body;
  blockDim = {threads, 1, 1};
  gridDim = {grid.x, grid.y, grid.z};
  // Volatile, to keep its value over the jump out of a fault.
  const volatile bool backwards = getenv("CUDA_EMULATOR_BACKWARDS") != nullptr;
  volatile int error = 0;
  running = true;
  if (sigsetjmp(failed, 0) == 0) {
    const uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
    for (uint64_t i = 0; i < blocks && !error; i++) {
      const uint64_t block = backwards ? blocks - 1 - i : i;
      blockIdx.x = block % grid.x;
      blockIdx.y = block / grid.x % grid.y;
      blockIdx.z = block / grid.x / grid.y;
      if (!runBlock(threads, backwards)) error = 719;
    }
  } else {
    error = 700;
  }
  running = false;
  if (error != 0) {
    fprintf(stderr, "%s, block %u, %u, %u, thread %u: %s\n", kernel, blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x,
            error == 700 ? "memory that is none of the device's" : "a barrier or an exchange that not all threads reach");
    fibers.clear();  // they were stopped in the middle; their stacks are not used any more
  }
  sigaction(SIGSEGV, &before, nullptr);
  return error;
}
