/** Each suite starts a server of its own; on a busy machine with two cores that takes a while. */
jest.setTimeout(90_000);
