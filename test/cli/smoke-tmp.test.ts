import { Terminal } from "./terminal";
import { FakeApi } from "../fakes/api-server";
it("x", async () => {
  const t = new Terminal();
  const api = await new FakeApi().start();
  t.serves(api);
  const j = api.addJob();
  api.log(j.key, "hello\n");
  api.end(j.key, { state: "completed", exitCode: 0 });
  for (const a of [
    [],
    ["--help"],
    ["submit", "--help"],
    ["list"],
    ["lst"],
    ["list", "--stat"],
    ["logs", "-f", j.id],
    ["show", j.id],
    ["list", "--output", "yaml"],
    ["config", "validate"],
    ["config", "explain", "--labels", "self-hosted"],
    ["config", "explain", "-l", "gpu"],
    ["doctor"],
    ["version"],
    ["runners", "lst"],
    ["runners"],
    ["config"],
    ["help", "why"],
    ["init", "--yes"],
    ["init"],
    ["completion", "bash"],
    ["completion", "fish"],
    ["submit"],
    ["submit", "--debug", "--", "ls", "-la"],
  ]) {
    const r = await t.run(...a);
    console.log("$ onejob", a.join(" "), "->", r.code, "\n" + r.out + "--- err\n" + r.err);
  }
  await api.stop();
  t.remove();
});
