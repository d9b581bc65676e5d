/** Storage of an activation or a parameter: float32 as every engine has it, or float64 where a test wants exact gradients. */
export type Floats = Float32Array | Float64Array;
export type FloatsConstructor = Float32ArrayConstructor | Float64ArrayConstructor;
