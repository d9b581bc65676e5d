import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

interface ProbeOptions {
  /** A module that prints its answer as JSON in its last line on standard output. */
  script: URL;
  args?: readonly string[];
  env?: Record<string, string>;
  timeoutMilliseconds: number;
}

interface Answer<T> {
  answer: T;
  /** The last of its lines on standard error. */
  stderr: string;
}

/**
 * Asks a question in a child process of its own, so that a driver or library that crashes or hangs takes no other process with it.
 * @returns the answer, or one sentence why there is none; never throws
 */
export function askChild<T>({ script, args = [], env, timeoutMilliseconds }: ProbeOptions): Promise<Answer<T> | { reason: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [fileURLToPath(script), ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let stdout = "";
    let stderr = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
      // A process that sleeps in a driver does not even die; it is left behind.
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve({ reason: `It did not answer within ${timeoutMilliseconds / 1000} s.` });
    }, timeoutMilliseconds);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-10_000);
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ reason: `It could not be asked: ${error.message}.` });
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const answer = code === 0 ? answerOf<T>(stdout) : undefined;
      if (!late) resolve(answer ? { ...answer, stderr } : { reason: describeEnd(code, signal, stderr) });
    });
  });
}

function answerOf<T>(stdout: string): { answer: T } | undefined {
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  try {
    return { answer: JSON.parse(last) as T };
  } catch {
    return undefined;
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  if (signal === "SIGILL") return "It died of an illegal instruction: it was built for a processor with AVX, which this one lacks.";
  const lines = stderr.split("\n").map((line) => line.trim());
  const said = lines.findLast((line) => /error/i.test(line)) ?? lines.findLast((line) => line !== "" && !line.startsWith("Node.js v"));
  const end = signal ? `was killed by ${signal}` : `ended with exit code ${code}`;
  return `It ${end}${said ? `, having printed ${JSON.stringify(said.slice(0, 300))}` : ""}.`;
}
