// libcuda.so for tests on machines without a GPU: the functions that src/engine/cuda calls, on one device, which is this processor. Kernels are
// native/cuda compiled as C++ (device.h); the PTX given to cuModuleLoadDataEx tells their names, and whether they use tensor cores. A
// kernel that reads or writes behind the end of an allocation gets CUDA_ERROR_ILLEGAL_ADDRESS.
//
// Environment: CUDA_EMULATOR_BYTES, memory of the device (8 GiB); CUDA_EMULATOR_CAPABILITY, its compute capability's first number (9);
// CUDA_EMULATOR_BACKWARDS, the last block and the last thread run first.
#include "device.h"
// The kernels are in one translation unit with their callers, which need their types.
#include "kernels.cu"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grid.h"
#include "kernel.h"

namespace {

const Kernel kernels[] = {
#include "entries.inc"
};

const Kernel* fp32Kernel(const char* name) {
  for (const Kernel& kernel : kernels) {
    if (strcmp(kernel.name, name) == 0) return &kernel;
  }
  return nullptr;
}

struct Work {
  const Kernel* kernel;  // null: the work fills memory with zeros
  Size grid;
  uint32_t threads;
  std::vector<char> arguments;
  void* at;
  size_t bytes;
};
struct Graph {
  std::vector<Work> work;
};
struct Module {
  std::string ptx;
};
struct Allocation {
  void* pages;
  size_t mapped, bytes;
};

uint64_t context, used;
int sticky;  // the error of a failed kernel; every later call fails with it
std::map<uint64_t, Allocation> allocations;
std::unique_ptr<Graph> recording;

uint64_t total() {
  const char* text = getenv("CUDA_EMULATOR_BYTES");
  return text ? strtoull(text, nullptr, 10) : 8ull << 30;
}

void perform(const Work& work) {
  if (sticky != 0) return;
  if (!work.kernel) memset(work.at, 0, work.bytes);
  else sticky = runGrid(work.kernel->name, work.grid, work.threads, [&] { work.kernel->run(work.arguments.data()); });
}

int submit(Work&& work) {
  if (recording) recording->work.push_back(std::move(work));
  else perform(work);
  return sticky;
}

// @returns whether the bytes lie in one allocation
bool ours(uint64_t at, uint64_t bytes) {
  auto next = allocations.upper_bound(at);
  if (next == allocations.begin()) return false;
  const auto& [start, allocation] = *std::prev(next);
  return at + bytes <= start + allocation.bytes;
}

}  // namespace

extern "C" {

int cuInit(uint32_t) { return 0; }
int cuDriverGetVersion(int* version) { return *version = 12040, 0; }
int cuGetErrorName(int error, const char** text) {
  *text = error == 1     ? "CUDA_ERROR_INVALID_VALUE"
          : error == 2   ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == 201 ? "CUDA_ERROR_INVALID_CONTEXT"
          : error == 500 ? "CUDA_ERROR_NOT_FOUND"
          : error == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : error == 719 ? "CUDA_ERROR_LAUNCH_FAILED"
                         : "CUDA_ERROR_UNKNOWN";
  return 0;
}
int cuGetErrorString(int, const char** text) { return *text = "the emulator says so", 0; }
int cuDeviceGetCount(int* count) { return *count = 1, 0; }
int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, 0; }
int cuDeviceGetName(char* name, int length, int) { return snprintf(name, length, "CUDA emulator"), 0; }
int cuDeviceGetUuid_v2(uint8_t* uuid, int) { return memset(uuid, 0, 16), 0; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
  const char* capability = getenv("CUDA_EMULATOR_CAPABILITY");
  *value = attribute == 16 ? 132 : attribute == 75 ? (capability ? atoi(capability) : 9) : attribute == 97 ? 48 << 10 : 0;
  return 0;
}
int cuDeviceTotalMem_v2(uint64_t* bytes, int) { return *bytes = total(), 0; }
int cuDevicePrimaryCtxRetain(uint64_t* retained, int) { return *retained = 1, 0; }
int cuDevicePrimaryCtxRelease_v2(int) { return 0; }
int cuCtxSetCurrent(uint64_t current) { return context = current, 0; }
int cuMemGetInfo_v2(uint64_t* free, uint64_t* all) {
  *all = total();
  *free = *all - used;
  return sticky;
}

int cuMemAlloc_v2(uint64_t* pointer, uint64_t bytes) {
  if (!context) return 201;
  if (bytes == 0) return 1;
  if (bytes > total() - used) return 2;
  // The allocation ends at the end of a page, up to alignment; every access to the page behind it faults.
  const size_t page = sysconf(_SC_PAGESIZE), aligned = (bytes + 15) / 16 * 16, whole = (aligned + page - 1) / page * page;
  char* pages = static_cast<char*>(mmap(nullptr, whole + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (pages == MAP_FAILED) return 2;
  mprotect(pages + page, whole, PROT_READ | PROT_WRITE);
  *pointer = reinterpret_cast<uint64_t>(pages + page + whole - aligned);
  // Floats that were never written are NaN.
  memset(reinterpret_cast<void*>(*pointer), 0xff, bytes);
  allocations[*pointer] = {pages, whole + 2 * page, bytes};
  used += bytes;
  return sticky;
}
int cuMemFree_v2(uint64_t pointer) {
  auto found = allocations.find(pointer);
  if (found == allocations.end()) return 1;
  munmap(found->second.pages, found->second.mapped);
  used -= found->second.bytes;
  allocations.erase(found);
  return sticky;
}
int cuMemcpyHtoD_v2(uint64_t to, const void* from, uint64_t bytes) {
  if (recording || (bytes > 0 && !ours(to, bytes))) return 1;
  memcpy(reinterpret_cast<void*>(to), from, bytes);
  return sticky;
}
int cuMemcpyDtoH_v2(void* to, uint64_t from, uint64_t bytes) {
  if (recording || (bytes > 0 && !ours(from, bytes))) return 1;
  memcpy(to, reinterpret_cast<void*>(from), bytes);
  return sticky;
}
int cuMemsetD8Async(uint64_t to, uint8_t value, uint64_t bytes, uint64_t) {
  if (value != 0 || !ours(to, bytes)) return 1;
  return submit({nullptr, {}, 0, {}, reinterpret_cast<void*>(to), bytes});
}

int cuStreamCreate(uint64_t* stream, uint32_t) { return *stream = 1, 0; }
int cuStreamDestroy_v2(uint64_t) { return sticky; }
int cuStreamQuery(uint64_t) { return sticky; }
int cuStreamBeginCapture_v2(uint64_t, int) {
  if (recording) return 1;
  recording = std::make_unique<Graph>();
  return 0;
}
int cuStreamEndCapture(uint64_t, uint64_t* graph) {
  if (!recording) return 1;
  *graph = reinterpret_cast<uint64_t>(recording.release());
  return 0;
}
int cuGraphInstantiateWithFlags(uint64_t* executable, uint64_t graph, uint64_t) {
  *executable = reinterpret_cast<uint64_t>(new Graph(*reinterpret_cast<Graph*>(graph)));
  return sticky;
}
int cuGraphLaunch(uint64_t executable, uint64_t) {
  for (const Work& work : reinterpret_cast<Graph*>(executable)->work) perform(work);
  return sticky;
}
int cuGraphDestroy(uint64_t graph) { return delete reinterpret_cast<Graph*>(graph), 0; }
int cuGraphExecDestroy(uint64_t executable) { return delete reinterpret_cast<Graph*>(executable), 0; }

int cuModuleLoadDataEx(uint64_t* module, const void* image, uint32_t, uint32_t*, uint64_t*) {
  *module = reinterpret_cast<uint64_t>(new Module{static_cast<const char*>(image)});
  return sticky;
}
int cuModuleUnload(uint64_t module) { return delete reinterpret_cast<Module*>(module), 0; }
int cuModuleGetFunction(uint64_t* function, uint64_t module, const char* name) {
  if (recording) return 900;  // it may have to load the kernel first
  const std::string entry = std::string(".entry ") + name + "(";
  const std::string& ptx = reinterpret_cast<Module*>(module)->ptx;
  if (ptx.find(entry) == std::string::npos) return 500;
  const Kernel* found = ptx.find("mma.sync") == std::string::npos ? fp32Kernel(name) : tf32Kernel(name);
  return *function = reinterpret_cast<uint64_t>(found), found ? 0 : 500;
}
int cuFuncSetAttribute(uint64_t, int, int) { return sticky; }
int cuLaunchKernel(uint64_t function, uint32_t gridX, uint32_t gridY, uint32_t gridZ, uint32_t blockX, uint32_t blockY, uint32_t blockZ,
                   uint32_t sharedBytes, uint64_t, void** parameters, void** extra) {
  if (!context) return 201;
  // The project's kernels have no dynamic shared memory, and their blocks are rows of threads. The driver, too, refuses an empty grid.
  if (gridX == 0 || gridX > 0x7fffffff || gridY == 0 || gridY > 65535 || gridZ == 0 || gridZ > 65535) return 1;
  if (blockX == 0 || blockX > 1024 || blockY != 1 || blockZ != 1 || sharedBytes != 0 || extra) return 1;
  const Kernel* kernel = reinterpret_cast<const Kernel*>(function);
  Work work{kernel, {gridX, gridY, gridZ}, blockX, std::vector<char>(kernel->bytes), nullptr, 0};
  kernel->pack(parameters, work.arguments.data());
  return submit(std::move(work));
}
}
