/** Each of these tests starts processes; on a busy machine with two cores that takes a while. */
jest.setTimeout(60_000);
