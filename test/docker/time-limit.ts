/** The first of these tests may have to install the engine. */
jest.setTimeout(60_000);
