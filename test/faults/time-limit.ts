/** Each of these tests kills and restarts the server many times. */
jest.setTimeout(300_000);
