/*
 * Stands in for NVIDIA's driver in tests of the binding: device memory is the host's, the only kernel is `axpy`. Environment variables set its
 * answers: FAKE_CUDA_VERSION, FAKE_CUDA_DEVICES, FAKE_CUDA_CAPABILITY (75), FAKE_CUDA_MODE (CUcomputemode), FAKE_CUDA_FREE
 * (bytes) and FAKE_CUDA_ERRORS ("cuInit=100 cuStreamQuery=700"). FAKE_CUDA_HANG makes cuInit wait forever, FAKE_CUDA_CRASH kills the process.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long setting(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text && *text ? atol(text) : otherwise;
}

/* The error that FAKE_CUDA_ERRORS sets for a function, or 0. */
static int fault(const char *function) {
  const char *text = getenv("FAKE_CUDA_ERRORS");
  size_t length = strlen(function);
  for (const char *at = text; at && (at = strstr(at, function)); at += length)
    if (at[length] == '=' && (at == text || at[-1] == ' ')) return atoi(at + length + 1);
  return 0;
}
#define FAULT() do { int code = fault(__func__); if (code) return code; } while (0)
#define NEEDS_CONTEXT() do { FAULT(); if (!current) return 201; } while (0)

enum { devices = 16, graph_nodes = 64 };
static uint64_t current, used;
static int contexts[devices], queries;

struct node { int add; float *y; const float *x; float a; uint32_t n; uint8_t *fill; uint64_t bytes; };
struct graph { int count; struct node nodes[graph_nodes]; };
static struct graph *recording;

static void run(const struct node *node) {
  queries = 3; /* the work is done only after some queries */
  if (!node->add) { memset(node->fill, 0, node->bytes); return; }
  for (uint32_t i = 0; i < node->n; i++) node->y[i] += node->a * node->x[i];
}
static int submit(struct node node) {
  if (recording) recording->nodes[recording->count++] = node;
  else run(&node);
  return 0;
}

int cuInit(unsigned flags) {
  if (getenv("FAKE_CUDA_HANG")) for (;;) pause();
  if (getenv("FAKE_CUDA_CRASH")) raise(SIGSEGV);
  FAULT();
  return flags ? 1 : setting("FAKE_CUDA_DEVICES", 1) ? 0 : 100;
}
int cuDriverGetVersion(int *version) { FAULT(); *version = (int)setting("FAKE_CUDA_VERSION", 12040); return 0; }
int cuGetErrorName(int error, const char **text) {
  static const struct { int error; const char *name; } names[] = {
    {2, "CUDA_ERROR_OUT_OF_MEMORY"}, {46, "CUDA_ERROR_DEVICE_UNAVAILABLE"}, {100, "CUDA_ERROR_NO_DEVICE"}, {101, "CUDA_ERROR_INVALID_DEVICE"},
    {201, "CUDA_ERROR_INVALID_CONTEXT"}, {218, "CUDA_ERROR_INVALID_PTX"}, {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"}, {304, "CUDA_ERROR_OPERATING_SYSTEM"},
    {500, "CUDA_ERROR_NOT_FOUND"}, {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"}, {802, "CUDA_ERROR_SYSTEM_NOT_READY"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}, {999, "CUDA_ERROR_UNKNOWN"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].error == error) { *text = names[i].name; return 0; }
  *text = 0;
  return 1;
}
int cuGetErrorString(int error, const char **text) { *text = error == 700 ? "an illegal memory access was encountered" : "in a few words"; return 0; }
int cuDeviceGetCount(int *count) { FAULT(); *count = (int)setting("FAKE_CUDA_DEVICES", 1); return 0; }
int cuDeviceGet(int *device, int ordinal) {
  FAULT();
  *device = ordinal + 1000; /* a handle differs from the ordinal */
  return ordinal >= 0 && ordinal < setting("FAKE_CUDA_DEVICES", 1) ? 0 : 101;
}
int cuDeviceGetName(char *name, int length, int device) { FAULT(); snprintf(name, (size_t)length, "NVIDIA Test %d", device - 1000); return 0; }
int cuDeviceGetUuid_v2(uint8_t *uuid, int device) { FAULT(); for (int i = 0; i < 16; i++) uuid[i] = (uint8_t)(i + device - 1000); return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  FAULT();
  int capability = (int)setting("FAKE_CUDA_CAPABILITY", 75);
  *value = attribute == 16 ? 40 + device - 1000 : attribute == 20 ? (int)setting("FAKE_CUDA_MODE", 0)
    : attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : attribute == 97 ? 65536 : -1;
  return 0;
}
int cuDeviceTotalMem_v2(uint64_t *bytes, int device) { (void)device; FAULT(); *bytes = 1ull << 30; return 0; }
int cuDevicePrimaryCtxRetain(uint64_t *context, int device) { FAULT(); contexts[device - 1000]++; *context = 0x7f0000000000ull + (uint64_t)device; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { FAULT(); return contexts[device - 1000]-- > 0 ? 0 : 201; }
int cuCtxSetCurrent(uint64_t context) { FAULT(); current = context; return 0; }
static uint64_t free_bytes(void) { return (uint64_t)setting("FAKE_CUDA_FREE", 1 << 29) - used; }
int cuMemGetInfo_v2(uint64_t *free, uint64_t *total) { NEEDS_CONTEXT(); *free = free_bytes(); *total = 1ull << 30; return 0; }
int cuMemAlloc_v2(uint64_t *pointer, uint64_t bytes) {
  NEEDS_CONTEXT();
  if (bytes == 0) return 1;
  if (bytes > free_bytes()) return 2;
  uint64_t *block = malloc(bytes + 16);
  *block = bytes;
  memset(block + 2, 0xee, bytes);
  used += bytes;
  *pointer = (uint64_t)(uintptr_t)(block + 2);
  return 0;
}
int cuMemFree_v2(uint64_t pointer) {
  NEEDS_CONTEXT();
  uint64_t *block = (uint64_t *)(uintptr_t)pointer - 2;
  used -= *block;
  free(block);
  return 0;
}
int cuMemcpyHtoD_v2(uint64_t to, const void *from, uint64_t bytes) {
  NEEDS_CONTEXT();
  memcpy((void *)(uintptr_t)to, from, bytes);
  return recording ? 900 : 0;
}
int cuMemcpyDtoH_v2(void *to, uint64_t from, uint64_t bytes) {
  NEEDS_CONTEXT();
  memcpy(to, (void *)(uintptr_t)from, bytes);
  return recording || queries ? 900 : 0; /* the call would block */
}
int cuMemsetD8Async(uint64_t to, uint8_t value, uint64_t bytes, uint64_t stream) {
  NEEDS_CONTEXT();
  if (value || stream != 0x57) return 1;
  return submit((struct node){.fill = (uint8_t *)(uintptr_t)to, .bytes = bytes});
}
int cuStreamCreate(uint64_t *stream, unsigned flags) { NEEDS_CONTEXT(); *stream = 0x57; return flags ? 1 : 0; }
int cuStreamDestroy_v2(uint64_t stream) { NEEDS_CONTEXT(); return stream == 0x57 ? 0 : 400; }
int cuStreamQuery(uint64_t stream) { NEEDS_CONTEXT(); return stream != 0x57 ? 400 : queries && queries-- ? 600 : 0; }
int cuStreamBeginCapture_v2(uint64_t stream, int mode) {
  NEEDS_CONTEXT();
  if (stream != 0x57 || mode != 1 || recording) return 1;
  recording = calloc(1, sizeof *recording);
  return 0;
}
int cuStreamEndCapture(uint64_t stream, uint64_t *graph) {
  NEEDS_CONTEXT();
  *graph = (uint64_t)(uintptr_t)recording;
  recording = 0;
  return stream == 0x57 && *graph ? 0 : 1;
}
int cuGraphInstantiateWithFlags(uint64_t *executable, uint64_t graph, uint64_t flags) {
  NEEDS_CONTEXT();
  struct graph *copy = malloc(sizeof *copy);
  memcpy(copy, (void *)(uintptr_t)graph, sizeof *copy);
  *executable = (uint64_t)(uintptr_t)copy;
  return flags ? 1 : 0;
}
int cuGraphDestroy(uint64_t graph) { NEEDS_CONTEXT(); free((void *)(uintptr_t)graph); return 0; }
int cuGraphExecDestroy(uint64_t executable) { NEEDS_CONTEXT(); free((void *)(uintptr_t)executable); return 0; }
int cuGraphLaunch(uint64_t executable, uint64_t stream) {
  NEEDS_CONTEXT();
  const struct graph *graph = (const struct graph *)(uintptr_t)executable;
  for (int i = 0; i < graph->count; i++) run(&graph->nodes[i]);
  return stream == 0x57 ? 0 : 400;
}
int cuModuleLoadDataEx(uint64_t *module, const char *image, unsigned count, const int *options, const uint64_t *values) {
  NEEDS_CONTEXT();
  if (count != 2 || options[0] != 5 || options[1] != 6 || values[1] < 64) return 1;
  if (strstr(image, ".version 99")) return strcpy((char *)(uintptr_t)values[0], "ptxas fatal   : Unsupported .version 99.0\n"), 222;
  *module = 0x3d;
  return strstr(image, ".entry axpy") ? 0 : 218;
}
int cuModuleUnload(uint64_t module) { NEEDS_CONTEXT(); return module == 0x3d ? 0 : 400; }
int cuModuleGetFunction(uint64_t *kernel, uint64_t module, const char *name) { NEEDS_CONTEXT(); *kernel = 0xf0; return module == 0x3d && strcmp(name, "axpy") == 0 ? 0 : 500; }
static int shared_limit = 49152;
int cuFuncSetAttribute(uint64_t kernel, int attribute, int value) {
  NEEDS_CONTEXT();
  if (kernel != 0xf0 || attribute != 8 || value > 65536) return 1;
  shared_limit = value;
  return 0;
}
int cuLaunchKernel(uint64_t kernel, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, uint64_t stream, void **parameters, void **extra) {
  NEEDS_CONTEXT();
  if (kernel != 0xf0 || stream != 0x57 || extra || gy * gz * by * bz != 1) return 1;
  if (bx > 1024 || (int)shared > shared_limit) return 701;
  struct node node = {.add = 1, .y = *(float **)parameters[0], .a = *(float *)parameters[1], .x = *(float **)parameters[2], .n = *(uint32_t *)parameters[3]};
  return node.n <= gx * bx ? submit(node) : 1;
}
