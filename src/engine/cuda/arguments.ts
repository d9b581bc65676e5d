import type { KernelArgument } from "./device.js";

/** Of an argument, or of a struct's members. */
const sizes = { pointer: 8, i32: 4, u32: 4, f32: 4, struct: 4 } as const;

/**
 * Encodes a kernel's arguments as its parameters lie in memory: little-endian, each at a multiple of its size, or of its members'.
 * @returns the bytes, and where each argument begins in them
 */
export function encodeArguments(args: readonly KernelArgument[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets: number[] = [];
  let end = 0;
  for (const { type, value } of args) {
    const size = sizes[type];
    offsets.push(Math.ceil(end / size) * size);
    end = offsets[offsets.length - 1] + (type === "struct" ? value.byteLength : size);
  }
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  args.forEach((argument, i) => {
    switch (argument.type) {
      case "pointer":
        view.setBigUint64(offsets[i], argument.value, true);
        break;
      case "i32":
        view.setInt32(offsets[i], argument.value, true);
        break;
      case "u32":
        view.setUint32(offsets[i], argument.value, true);
        break;
      case "f32":
        view.setFloat32(offsets[i], argument.value, true);
        break;
      case "struct":
        bytes.set(new Uint8Array(argument.value.buffer, argument.value.byteOffset, argument.value.byteLength), offsets[i]);
        break;
    }
  });
  return { bytes, offsets };
}
