/**
 * Before all suites: `moto_server` (which must be on the PATH) once for each worker, as its start takes longer than most
 * of them. Each file empties its own (`moto.ts`). Without moto all fail: a suite that tests nothing must not pass.
 */
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { createServer } = require("node:net");
const { setTimeout: sleep } = require("node:timers/promises");

const startMs = 60_000;
const servers = [];

module.exports = async function startMotos({ maxWorkers }) {
  const urls = await Promise.all(Array.from({ length: maxWorkers }, startMoto));
  process.env.ONEJOB_TEST_MOTO = urls.join(" ");
};

module.exports.stopMotos = async () => {
  for (const server of servers) server.kill("SIGKILL");
};

async function startMoto() {
  const port = await freePort();
  const server = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  servers.push(server);
  const failed = new Promise((_, reject) => {
    server.once("error", (cause) => reject(new Error("moto_server cannot be started: is it on the PATH?", { cause })));
    server.once("exit", (code) => reject(new Error(`moto_server ended with code ${code ?? "none"}`)));
  });
  failed.catch(() => undefined);
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([answering(url), failed]);
  return url;
}

/** The first call for machines loads what moto knows of EC2. */
async function answering(url) {
  const Credential = "testing/20260101/eu-west-1/ec2/aws4_request";
  const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${Credential}, SignedHeaders=host, Signature=0` };
  const body = new URLSearchParams({ Action: "DescribeSubnets", Version: "2016-11-15" });
  const until = performance.now() + startMs;
  while (performance.now() < until) {
    const isUp = await fetch(url, { method: "POST", headers, body }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await sleep(100);
  }
  throw new Error("moto_server does not answer");
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
