/** A named array of a model or of its optimizer. */
export interface Tensor {
  /** PyTorch's shape: convolutions OIHW, dense layers [out, in], flattening in CHW order. */
  shape: readonly number[];
  data: Float32Array;
}

/**
 * Everything with which a run goes on bit for bit. Keys of `tensors`: parameters and batch-norm statistics by PyTorch name
 * ("conv1.weight", "bn1.running_mean"); optimizer slots as "SLOT/NAME", SLOT being a name in model/optimizers.ts ("exp_avg/conv1.weight").
 */
export interface State {
  /** Optimizer steps taken. */
  step: number;
  tensors: Map<string, Tensor>;
}
