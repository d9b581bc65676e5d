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

/** More is asked than is kept waiting; the client may come back. */
export function overloaded(): RequestError {
  return new RequestError(503, "The server is busy; try again in a second.", { "retry-after": "1" });
}
