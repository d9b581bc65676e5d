import { availableParallelism } from "node:os";

/** Every thread has memory of its own: 16 MB for vgg at batches of 512, of which 256 would be more than a session can address. */
const mostUnasked = 64;

/**
 * Worker threads of each trainer: as many as asked for, else every core, 64 at most. Trainers that run at the same time get as many
 * each: their workers take work dynamically and sleep at barriers, so the cores stay busy also when one model ends long before another.
 */
export function threadsPerTrainer(asked: number, cores = availableParallelism()): number {
  return asked > 0 ? asked : Math.min(cores, mostUnasked);
}
