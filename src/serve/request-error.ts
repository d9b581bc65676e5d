/** A request that is answered with an error: one sentence without paths, stacks or versions. */
export class RequestError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
    this.name = "RequestError";
  }
}

/** The error where a queue is full; the client may repeat the request. */
export function overloaded(): RequestError {
  return new RequestError(503, "The server is busy; try again in a second.", { "retry-after": "1" });
}
