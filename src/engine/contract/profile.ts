/** One kind of work in a training step. */
export interface ProfileRow {
  /** "conv2 weight gradient" */
  label: string;
  /** Of all threads together, in one step. */
  seconds: number;
  /** Multiply-adds in one step; 0 for work that is not counted in them. */
  multiplyAdds: number;
}

export interface Profile {
  /** In the order of a step. */
  rows: ProfileRow[];
  /** Floating-point operations a second that one thread can reach, a multiply-add counted as two. */
  peakFlops: number;
}
