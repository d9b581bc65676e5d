import type { EngineChoice, ModelConfig } from "../config/types.js";
import type { SessionOptions } from "../engine/engine.js";
import type { Layer } from "../model/model.js";
import type { ModelPaths } from "../run/directory.js";
import type { RunEvent, TrainerCommand } from "../run/events.js";
import type { SharedDataset } from "./shared-dataset.js";

/**
 * The messages between parent and trainer, over the child's IPC channel. The parent forks the trainer before it reads the
 * dataset, so that both start up at the same time; nothing is written until every trainer is prepared:
 * configure → (engine chosen, session created) → dataset → prepared → begin → events and commands.
 */
export interface TrainerSetup {
  model: ModelConfig;
  /** Of the model, as the parent has checked them: reading and checking presets anew would cost a trainer 50 ms of its start. */
  layers: readonly Layer[];
  /** Of the dataset that is looked for; should another one stand in for it, the session is made anew. */
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
  /** answer: go on answering questions about the trained model until stopped, as a dashboard's final screen wants. */
  afterwards: "exit" | "answer";
  /** Sentences about this run for the user, to be logged. */
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
  /** Where a failure came from that is not the user's; for MNIST_TUI_DEBUG. */
  stack?: string;
}

export type TrainerMessage = Prepared | Refused | RunEvent;
