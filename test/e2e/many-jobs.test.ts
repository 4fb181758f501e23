import { markedProcesses, Place, until } from "../fixtures/onejob-process";

interface Listed {
  readonly items: readonly {
    readonly state: string;
    readonly exitCode: number | null;
    readonly reason: string | null;
  }[];
}

describe("fifty jobs at once under a cap of eight", () => {
  it("all finish, the cap is never passed, and nothing is left", async () => {
    const place = new Place();
    place.configure("server: { maxRunners: 8 }\nprofiles:\n  - { name: small, limits: { maxRunners: 8 } }");
    const server = await place.serve();
    const spec = JSON.stringify({ command: ["sleep", "0.2"], labels: [], env: {} });
    const headers = { "content-type": "application/json" };
    const posted = await Promise.all(
      Array.from({ length: 50 }, () => place.api("/api/v1/jobs", { method: "POST", body: spec, headers })),
    );
    expect(posted.map((response) => response.status)).toEqual(Array.from({ length: 50 }, () => 201));

    let most = 0;
    let reasons = new Set<string | null>();
    await until(async () => {
      most = Math.max(most, new Set(markedProcesses(place.dataDir).map((found) => found.runner)).size);
      const { items } = await place.json<Listed>("/api/v1/jobs?limit=500");
      reasons = new Set([...reasons, ...items.filter((job) => job.state === "queued").map((job) => job.reason)]);
      await new Promise((resolve) => setTimeout(resolve, 150));
      return items.every((job) => job.state === "completed" && job.exitCode === 0);
    });
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    expect([...reasons]).toContain("at-profile-cap");
    await until(() => place.leftRunners().length === 0 && markedProcesses(place.dataDir).length === 0);
    await until(async () => (await place.json<{ items: unknown[] }>("/api/v1/runners")).items.length === 0);
    expect(await server.kill("SIGTERM")).toBe(0);
    await place.clear();
  });
});
