/* Stands in for NVIDIA's management library (NVML) in tests: two GPUs, the second of which knows neither its power nor its temperature. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, uint32_t length) { strncpy(text, "570.86.10", length); return 0; }
int nvmlDeviceGetCount_v2(uint32_t *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(uint32_t index, void **device) { *device = (void *)(uintptr_t)(0x7f0000001000ull + index); return 0; }
static uint32_t number(void *device) { return (uint32_t)((uintptr_t)device - 0x7f0000001000ull); }
int nvmlDeviceGetName(void *device, char *text, uint32_t length) {
  strncpy(text, number(device) == 0 ? "NVIDIA Test 80GB" : "NVIDIA Small", length);
  return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, uint64_t *memory) {
  memory[0] = number(device) == 0 ? 85899345920ull : 8589934592ull;
  memory[2] = 5000000000ull;
  memory[1] = memory[0] - memory[2];
  return 0;
}
int nvmlDeviceGetUtilizationRates(void *device, uint32_t *rates) { rates[0] = 37 + number(device); rates[1] = 12; return 0; }
int nvmlDeviceGetTemperature(void *device, int sensor, uint32_t *celsius) { *celsius = 61; return sensor == 0 && number(device) == 0 ? 0 : 3; }
int nvmlDeviceGetPowerUsage(void *device, uint32_t *milliwatts) { *milliwatts = 123456; return number(device) == 0 ? 0 : 3; }
#ifndef OLD_DRIVER
struct process { uint32_t pid; uint64_t bytes; uint32_t instances[2]; };
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, uint32_t *count, struct process *infos) {
  infos[0] = (struct process){1, 1000, {0, 0}};
  infos[1] = (struct process){(uint32_t)getpid(), 2000000000ull + number(device), {0, 0}};
  *count = 2;
  return 0;
}
#endif
