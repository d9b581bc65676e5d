import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Finds the library of NVIDIA's management interface. Looks at the file system only and loads nothing, so that it costs next to nothing on a
 * machine without such a GPU. MNIST_TUI_NVML names another library.
 * @returns the library's name for the dynamic loader, or undefined without a driver
 */
export function nvidiaDriver(): string | undefined {
  return driverLibrary(process.env.MNIST_TUI_NVML, "nvml.dll", "libnvidia-ml.so.1");
}

/** As nvidiaDriver, for CUDA's driver library. MNIST_TUI_LIBCUDA names another one. */
export function cudaLibrary(): string | undefined {
  return driverLibrary(process.env.MNIST_TUI_LIBCUDA, "nvcuda.dll", "libcuda.so.1");
}

function driverLibrary(chosen: string | undefined, windows: string, linux: string): string | undefined {
  if (chosen !== undefined) return chosen === "" ? undefined : chosen;
  if (process.platform === "win32") {
    const library = join(process.env.SystemRoot ?? "C:\\Windows", "System32", windows);
    return existsSync(library) ? library : undefined;
  }
  if (process.platform !== "linux") return undefined;
  // In the Windows Subsystem for Linux, the driver has no device files of its own.
  const subsystem = `/usr/lib/wsl/lib/${linux}`;
  if (existsSync(subsystem)) return subsystem;
  return existsSync("/dev/nvidiactl") || existsSync("/proc/driver/nvidia/version") ? linux : undefined;
}

/** @param folder of the PCI devices @returns why there is no driver, for people */
export function noDriver(folder = "/sys/bus/pci/devices"): { reason: string } {
  const gpu = process.platform === "linux" && existsSync(folder) && readdirSync(folder).some((name) => isNvidiaGpu(join(folder, name)));
  if (!gpu) return { reason: "No NVIDIA driver is installed." };
  return { reason: "There is an NVIDIA GPU but no driver for it; install NVIDIA's driver." };
}

/** By PCI's ids of the vendor and of the class of displays and 3D controllers. */
function isNvidiaGpu(device: string): boolean {
  try {
    return /^0x10de/.test(readFileSync(join(device, "vendor"), "utf8")) && /^0x03/.test(readFileSync(join(device, "class"), "utf8"));
  } catch {
    return false;
  }
}
