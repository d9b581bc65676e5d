/** Storage of an activation or a parameter: float32 as in every engine, or float64 for the exact gradients of a test. */
export type Floats = Float32Array | Float64Array;
export type FloatsConstructor = Float32ArrayConstructor | Float64ArrayConstructor;
