/** Numbers for people. A missing or non-finite number is "–" or its name, never an empty field. */

const absent = "–";

function shown(value: number | undefined | null): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function oddly(value: number | undefined | null): string {
  if (typeof value !== "number") return absent;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞";
}

/** 60000 → "60,000" */
export function formatCount(value: number | undefined): string {
  return shown(value) ? Math.round(value).toLocaleString("en-US") : oddly(value);
}

/** Mean cross-entropy in nats with about four significant digits: 2.3026, 0.0312, 12.31 */
export function formatLoss(value: number | undefined): string {
  if (!shown(value)) return oddly(value);
  const size = Math.abs(value);
  return size >= 1e6 ? value.toExponential(1) : size >= 100 ? value.toFixed(1) : size >= 10 ? value.toFixed(2) : value.toFixed(4);
}

/** A fraction as a percentage: 0.98123 → "98.12 %" */
export function formatPercent(fraction: number | undefined, digits = 2): string {
  return shown(fraction) ? `${(fraction * 100).toFixed(digits)} %` : oddly(fraction);
}

/** Learning rate without noise: 0.001, 0.00037, 1e-5 */
export function formatRate(value: number | undefined): string {
  if (!shown(value)) return oddly(value);
  return value === 0 ? "0" : Math.abs(value) < 1e-4 ? value.toExponential(1).replace(".0e", "e") : String(Number(value.toPrecision(3)));
}

/** Images or batches a second: 12,345 or 8.3 */
export function formatSpeed(value: number | undefined): string {
  if (!shown(value)) return oddly(value);
  return value >= 100 ? formatCount(value) : value.toFixed(1);
}

/** Bytes in binary units: "512 MB", "1.4 GB" */
export function formatBytes(value: number | undefined): string {
  if (!shown(value)) return oddly(value);
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 || size >= 99.5 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Seconds as "8.1 s", "1:23" or "2:03:45" */
export function formatDuration(seconds: number | undefined): string {
  if (!shown(seconds) || seconds < 0) return absent;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  return whole < 3600
    ? `${Math.floor(whole / 60)}:${two(whole % 60)}`
    : `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** Epochs done, fractional while in the middle of one: "3", "2.4" */
export function formatEpoch(value: number | undefined): string {
  if (!shown(value)) return oddly(value);
  return Math.abs(value - Math.round(value)) < 0.005 ? String(Math.round(value)) : value.toFixed(1);
}

/** Time of day "14:03:59" of milliseconds since the Unix epoch, in local time. */
export function formatClock(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
