/** An error for the user: one sentence that names the expected and the given thing, and the remedy. Only cli/ turns it into an exit code. */
export class UserError extends Error {
  /** @param exitCode 1 the work failed, 2 the command was wrong */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
    this.name = "UserError";
  }
}
