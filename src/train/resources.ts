const everyMilliseconds = 1000;

/**
 * Reports the process's memory and processor time about once a second, as far as the event loop is free.
 * @returns stop() ends it
 */
export function watchResources(report: (usage: { hostBytes: number; cpuPercent: number }) => void): { stop(): void } {
  let usage = process.cpuUsage();
  let time = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const spent = process.cpuUsage(usage);
    const cpuPercent = (100 * (spent.user + spent.system)) / 1000 / (now - time);
    usage = process.cpuUsage();
    time = now;
    report({ hostBytes: process.memoryUsage.rss(), cpuPercent: Math.round(cpuPercent * 10) / 10 });
  }, everyMilliseconds);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
