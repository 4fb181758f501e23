/**
 * A function of the fleet in a thread of its own, as Lambda has it in a process of its own: the file that is deployed, its
 * environment, and a clock that a test may set forward. It is killed without a word.
 */
const { parentPort, workerData } = require("node:worker_threads");

const { file, create, facts, options, clock, stsUrl } = workerData;

const RealDate = Date;
const now = () => RealDate.now() + Number(Atomics.load(clock, 0));
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  static now() {
    return now();
  }
};

/** The only host that has no address on loopback: which one was meant is part of what is signed. */
const realFetch = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const { hostname } = new URL(input);
  if (!hostname.startsWith("sts.")) return realFetch(input, init);
  return realFetch(stsUrl, { ...init, headers: { ...init.headers, "x-signed-host": hostname } });
};

const handler = require(file)[create](facts, options);

parentPort.on("message", ({ id, event, remainingMs }) => {
  const until = performance.now() + remainingMs;
  const context = { awsRequestId: `request-${id}`, getRemainingTimeInMillis: () => until - performance.now() };
  handler(event, context).then(
    (answer) => parentPort.postMessage({ id, answer }),
    (error) => parentPort.postMessage({ id, failed: String(error?.stack ?? error) }),
  );
});
