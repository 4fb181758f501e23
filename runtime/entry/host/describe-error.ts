/** Message, code and chain of causes; a stack only for what nobody expected. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const expected = "code" in error;
  return {
    type: error.name,
    message: error.message,
    ...(expected ? { code: error.code } : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
