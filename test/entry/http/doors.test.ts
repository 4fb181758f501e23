import { closeAll, startWorld, token } from "./http-world";

afterEach(closeAll);

describe("who may ask what", () => {
  it.each([["/health"], ["/ready"]])("answers GET %s without a token", async (path) => {
    const server = await startWorld();
    expect((await server.ask(path, { bearer: null })).status).toBe(200);
  });

  it.each([
    ["GET", "/metrics"],
    ["GET", "/openapi.json"],
    ["GET", "/api/v1/jobs"],
    ["POST", "/api/v1/jobs"],
    ["GET", "/api/v1/jobs/x"],
    ["GET", "/api/v1/jobs/x/timeline"],
    ["GET", "/api/v1/jobs/x/why"],
    ["GET", "/api/v1/jobs/x/logs"],
    ["POST", "/api/v1/jobs/x/cancel"],
    ["POST", "/api/v1/jobs/x/rerun"],
    ["GET", "/api/v1/runners"],
    ["GET", "/api/v1/runners/x"],
    ["POST", "/api/v1/runners/x/drain"],
    ["GET", "/api/v1/profiles"],
    ["GET", "/api/v1/status"],
    ["POST", "/api/v1/drain"],
    ["GET", "/api/v1/events"],
    ["GET", "/no/such/path"],
    ["POST", "/agent/v1/report"],
    ["POST", "/agent/v1/heartbeat"],
    ["GET", "/agent/v1/bundle"],
  ] as const)("refuses %s %s without a token, and with a wrong one", async (method, path) => {
    const server = await startWorld();
    for (const bearer of [null, "wrong", `${token}x`]) {
      const answer = await server.ask(path, { method, bearer });
      expect([answer.status, answer.code]).toEqual([401, "unauthorised"]);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
    }
  });

  it("refuses before it has read the body, however long that is", async () => {
    const server = await startWorld();
    const head =
      "POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n";
    const answer = new Promise<string>((resolve) => {
      void server.raw(`${head}\r\n{`).then(resolve);
      server.app.server.once("request", (_, response) =>
        response.once("finish", () => server.app.server.closeAllConnections()),
      );
    });
    expect(await answer).toContain("401 Unauthorized");
  });

  it("lets an empty server token open nothing", async () => {
    const server = await startWorld({ deps: { token: "" } });
    expect((await server.ask("/api/v1/jobs", { bearer: null })).status).toBe(401);
    expect((await server.ask("/api/v1/jobs", { bearer: "" })).status).toBe(401);
  });

  it("takes the scheme of the header in any case", async () => {
    const server = await startWorld();
    const headers = { authorization: `bearer ${token}` };
    expect((await server.ask("/api/v1/status", { bearer: null, headers })).status).toBe(200);
  });
});

describe("every answer", () => {
  it("has a request id, and keeps a harmless one of the caller", async () => {
    const server = await startWorld();
    const own = await server.ask("/health", { headers: { "x-request-id": "build-7.a" } });
    const bad = await server.ask("/health", { headers: { "x-request-id": "a b" } });
    const error = await server.ask("/nothing");
    expect(own.headers["x-request-id"]).toBe("build-7.a");
    expect(bad.headers["x-request-id"]).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    expect(error.headers["x-request-id"]).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    expect(own.headers["x-content-type-options"]).toBe("nosniff");
  });

  it("is an error of the one shape where there is no such path", async () => {
    const server = await startWorld();
    const answer = await server.ask("/no/such/path");
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({
      error: { code: "not-found", what: expect.any(String), fix: expect.any(String), retry: false },
    });
  });

  it("is logged with its route and ids, and without token, query or body", async () => {
    const server = await startWorld();
    await server.ask("/api/v1/jobs?source=geheim", {});
    await server.ask("/api/v1/jobs", { body: { command: ["geheim"] } });
    await server.ask("/api/v1/jobs/geheim-too?x=1");
    const lines = server.logged.filter(({ sentence }) => sentence === "request answered");
    expect(lines.map(({ fields }) => [fields["method"], fields["route"], fields["status"]])).toEqual([
      ["GET", "/api/v1/jobs", 200],
      ["POST", "/api/v1/jobs", 201],
      ["GET", "/api/v1/jobs/:job", 404],
    ]);
    const own = JSON.stringify(server.logged.filter(({ sentence }) => sentence.startsWith("request")));
    expect(own).not.toContain(token);
    expect(own.replaceAll("geheim-too", "")).not.toContain("geheim");
  });

  it("tells nothing of an error it does not know but its id, and logs the cause under that id", async () => {
    const server = await startWorld({
      ports: (ports) => ({
        ...ports,
        settings: () => {
          throw new Error("the password is 1234");
        },
      }),
    });
    const answer = await server.ask("/api/v1/profiles");
    expect([answer.status, answer.code]).toEqual([500, "internal"]);
    expect(answer.text).not.toContain("1234");
    expect(answer.text).toContain(String(answer.headers["x-request-id"]));
    const line = server.logged.find(({ level }) => level === "error");
    expect(line?.fields["request"]).toBe(answer.headers["x-request-id"]);
    expect(String(line?.fields["error"])).toContain("1234");
  });
});

describe("/ready", () => {
  it("answers 503 and says what is wrong when a check fails", async () => {
    const checks = [
      { name: "ledger", ok: true },
      { name: "disk", ok: false, fix: "free some space" },
    ];
    const server = await startWorld({ deps: { ready: async () => checks } });
    const answer = await server.ask("/ready", { bearer: null });
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(answer.json()).toEqual({ ready: false, checks });
  });

  it("answers 503, not 500, when the checks cannot be made", async () => {
    const server = await startWorld({ deps: { ready: () => Promise.reject(new Error("no disk")) } });
    const answer = await server.ask("/ready");
    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({ ready: false });
    expect(answer.text).not.toContain("no disk");
  });

  it("answers HEAD too, as balancers ask", async () => {
    const server = await startWorld();
    expect((await server.ask("/health", { method: "HEAD", bearer: null })).status).toBe(200);
    expect((await server.ask("/ready", { method: "HEAD", bearer: null })).status).toBe(200);
  });
});

describe("/metrics", () => {
  it("speaks the text format of Prometheus and has every metric of the interface", async () => {
    const server = await startWorld();
    const answer = await server.ask("/metrics");
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toContain("version=0.0.4");
    const names = [...answer.text.matchAll(/^# TYPE (onejob_\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(names.sort()).toEqual([
      "onejob_jobs gauge",
      "onejob_launches_total counter",
      "onejob_queue_depth gauge",
      "onejob_queue_to_start_seconds histogram",
      "onejob_runners gauge",
      "onejob_stage_seconds histogram",
      "onejob_sweep_repairs_total counter",
      "onejob_webhooks_total counter",
    ]);
  });
});
