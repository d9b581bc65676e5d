import { freemem, totalmem } from "node:os";

const everyMilliseconds = 1000;

export interface Usage {
  hostBytes: number;
  cpuPercent: number;
  /** Of the whole machine, bytes. */
  machine: { memoryUsed: number; memoryTotal: number };
}

/**
 * Reports the process's memory and processor time about once a second, as far as the event loop is free.
 * @returns stop() ends it
 */
export function watchResources(report: (usage: Usage) => void): { stop(): void } {
  let usage = process.cpuUsage();
  let time = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const spent = process.cpuUsage(usage);
    const cpuPercent = (100 * (spent.user + spent.system)) / 1000 / (now - time);
    usage = process.cpuUsage();
    time = now;
    const memoryTotal = totalmem();
    const machine = { memoryUsed: memoryTotal - freemem(), memoryTotal };
    report({ hostBytes: process.memoryUsage.rss(), cpuPercent: Math.round(cpuPercent * 10) / 10, machine });
  }, everyMilliseconds);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
