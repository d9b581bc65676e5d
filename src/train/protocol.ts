import type { EngineChoice, ModelConfig } from "../config/types.js";
import type { SessionOptions } from "../engine/contract/session.js";
import type { Layer } from "../model/layers.js";
import type { ModelPaths } from "../run/directory.js";
import type { RunEvent, TrainerCommand } from "../run/events.js";
import type { SharedDataset } from "./shared-dataset.js";

/**
 * Messages between parent and trainer over the child's IPC channel. The parent forks the trainer before it reads the
 * dataset, so that both start up at the same time; nothing is written until every trainer is prepared:
 * configure → (engine chosen, session created) → dataset → prepared → begin → events and commands.
 */
export interface TrainerSetup {
  model: ModelConfig;
  /** The model's layers, which the parent has checked: reading and checking presets anew would cost a trainer 50 ms of its start. */
  layers: readonly Layer[];
  /** Normalization of the dataset asked for; should another one stand in for it, the session is made anew. */
  normalization: SessionOptions["normalization"];
  seed: number;
  engine: EngineChoice;
  /** ≥ 1 */
  threads: number;
  tf32?: boolean;
  /** Its place among the run's trainers, from 0. */
  number: number;
}

export interface Beginning {
  /** The run's name. */
  run: string;
  paths: Pick<ModelPaths, "events" | "best" | "last">;
  /** Go on from the checkpoint in paths.last, where there is one. */
  start: "new" | "resume";
  /** answer: the trainer answers questions about the trained model until it is stopped, for a dashboard's final screen. */
  afterwards: "exit" | "answer";
  /** Sentences about this run for the log. */
  notices: string[];
}

export type SetupMessage =
  | { type: "configure"; setup: TrainerSetup }
  | { type: "dataset"; dataset: SharedDataset }
  | { type: "begin"; beginning: Beginning };

export type ParentMessage = SetupMessage | TrainerCommand;

/** The trainer's session exists and only waits for `begin`. */
export interface Prepared {
  type: "prepared";
  engine: string;
  device: string;
}

/** Preparing failed; nothing has been written. */
export interface Refused {
  type: "refused";
  message: string;
  exitCode: 1 | 2;
  /** Stack of a failure that is not the user's, for MNIST_TUI_DEBUG. */
  stack?: string;
}

export type TrainerMessage = Prepared | Refused | RunEvent;
