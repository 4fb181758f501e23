/** Declaring a fleet loads Pulumi and serializes functions; on a busy machine with two cores that takes a while. */
jest.setTimeout(60_000);
