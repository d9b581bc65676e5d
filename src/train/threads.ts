import { availableParallelism } from "node:os";

/**
 * Worker threads of each trainer: what was asked for, else every core. Trainers that run at the same time get as many each: their
 * workers take work dynamically and sleep at barriers, so the cores stay busy also when one model ends long before another.
 */
export function threadsPerTrainer(asked: number, cores = availableParallelism()): number {
  return asked > 0 ? asked : cores;
}
