#pragma once
#include <stdint.h>

#include <functional>

struct Size {
  uint32_t x, y, z;
};

// Runs a kernel's blocks one after the other. @returns 0, or the driver's error, with its reason on stderr: 700 where the kernel accessed memory
// that is not the device's, 719 where some threads wait at a barrier of their block or at an exchange of their warp that others never reach
int runGrid(const char* kernel, Size grid, uint32_t threads, const std::function<void()>& body);
