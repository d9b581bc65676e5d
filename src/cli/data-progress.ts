import type { DownloadProgress } from "../data/download.js";
import { formatBytes, formatCount } from "../ui/format.js";

/** The display of a command while a dataset is downloaded or generated. */
interface DataProgress {
  update(progress: DownloadProgress): void;
  /** Ends the line of the bar, so that other text can follow. */
  end(): void;
}

const barWidth = 30;
const redrawMilliseconds = 80;

/**
 * @param plain lines of text even on a terminal
 * @returns on a terminal a bar that redraws its line (in ASCII, which every terminal can show), else one line a file at its beginning
 */
export function createDataProgress(
  stream: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
  { plain = false }: { plain?: boolean } = {},
): DataProgress {
  return stream.isTTY && !plain && process.env.TERM !== "dumb" ? createBar(stream) : createLines(stream);
}

function amount({ unit }: DownloadProgress, value: number): string {
  return unit === "bytes" ? formatBytes(value) : formatCount(value);
}

function createLines(stream: NodeJS.WritableStream): DataProgress {
  let current: string | undefined;
  return {
    update(progress) {
      if (progress.file === current) return;
      current = progress.file;
      const verb = progress.unit === "bytes" ? "downloading" : "generating";
      stream.write(`${verb} ${progress.file}${progress.total === undefined ? "" : ` (${amount(progress, progress.total)})`}\n`);
    },
    end() {},
  };
}

function createBar(stream: NodeJS.WritableStream & { columns?: number }): DataProgress {
  let drawn = 0;
  let current: string | undefined;
  return {
    update(progress) {
      const whole = progress.received === progress.total;
      if (current !== undefined && current !== progress.file) stream.write("\n");
      if (current === progress.file && !whole && Date.now() - drawn < redrawMilliseconds) return;
      drawn = Date.now();
      current = progress.file;
      stream.write(`\r\u001b[K${bar(progress).slice(0, (stream.columns ?? 80) - 1)}`);
    },
    end() {
      if (current !== undefined) stream.write("\n");
      current = undefined;
    },
  };
}

function bar(progress: DownloadProgress): string {
  const { file, received, total } = progress;
  if (!total) return `${file}  ${amount(progress, received)}`;
  const done = Math.round((barWidth * Math.min(received, total)) / total);
  const percent = String(Math.floor((100 * received) / total)).padStart(3);
  return `${file}  [${"#".repeat(done)}${"-".repeat(barWidth - done)}] ${percent} %  ${amount(progress, received)} of ${amount(progress, total)}`;
}
