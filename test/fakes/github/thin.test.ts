import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeGitHub, makeRunnerFolder } from ".";
import { temporaryFolder } from "../../fixtures/temporary-folder";

it("thin", async () => {
  const fake = await new FakeGitHub().start();
  const events: string[] = [];
  const hook = createServer((request, response) => {
    events.push(`${request.headers["x-github-event"]}`);
    request.resume().on("end", () => response.end());
  }).listen(0, "127.0.0.1");
  await new Promise((r) => hook.once("listening", r));
  fake.addRepository("acme/widgets");
  fake.addHook("acme/widgets", { url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/x`, secret: "s" });
  const token = fake.addToken({ kind: "classic", scopes: ["repo"] });
  const answer = await fetch(`${fake.apiUrl}/repos/acme/widgets/actions/runners/generate-jitconfig`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ name: "r1", runner_group_id: 1, labels: ["self-hosted"] }),
  });
  const made = await answer.json();
  console.log(answer.status, JSON.stringify(made).length);
  const folder = await temporaryFolder();
  await makeRunnerFolder(folder.path);
  const job = fake.queueJob("acme/widgets", { script: "env | grep GITHUB_ | sort; pwd" });
  const child = spawn(`${folder.path}/bin/Runner.Listener`, ["run"], {
    cwd: folder.path,
    env: {
      ...process.env,
      ACTIONS_RUNNER_INPUT_JITCONFIG: made.encoded_jit_config,
      ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT: "1",
    },
  });
  let text = "";
  child.stdout.on("data", (c) => (text += c));
  child.stderr.on("data", (c) => (text += c));
  const code = await new Promise((r) => child.once("close", r));
  console.log(code, text, job.status, job.conclusion);
  await fake.settled();
  console.log(
    events,
    fake.calls.perJob(1),
    fake.deliveries.map((d) => [d.id, d.statusCode, d.body.length]),
  );
  hook.close();
  hook.closeAllConnections();
  await folder.remove();
  await fake.stop();
});
