import type { EngineChoice } from "../../config/types.js";
import type { Session, SessionOptions } from "./session.js";

export type EngineName = Exclude<EngineChoice, "auto">;

export interface EngineInfo {
  name: EngineName;
  /** The hardware in use, for people: "CPU, AVX-512, 2 threads". */
  device: string;
  /** For the user to know before the first step, one sentence each. */
  notices?: readonly string[];
}

/** One way to do the arithmetic of training and inference. It knows no files, no schedule and no user. */
export interface Engine {
  name: EngineName;
  /** @returns one sentence why the engine cannot run on this machine, or undefined where it can; never throws */
  unavailable(): Promise<string | undefined>;
  /** @returns quickly, one sentence why `auto` should pass the engine by although it may run; undefined, or no method, where nothing speaks against it */
  discouraged?(): Promise<string | undefined>;
  /** @throws Error in every case in which unavailable() gives a reason */
  create(options: SessionOptions): Promise<Session & { info: EngineInfo }>;
}
