import { openTokens } from "../../runtime/entry/host/signed-tokens";
import { MemoryLedger } from "../fakes/memory-ledger";
import { noon } from "../fixtures/records";

describe("signed tokens", () => {
  const ledger = new MemoryLedger({ clock: { now: () => noon } });

  it("stay valid over a restart, because the key is kept", async () => {
    const token = (await openTokens(ledger)).mint("lease", "r1");
    expect((await openTokens(ledger)).check("lease", token)).toBe("r1");
  });

  it("are worth nothing on another server", async () => {
    const other = new MemoryLedger({ clock: { now: () => noon } });
    const token = (await openTokens(other)).mint("lease", "r1");
    expect((await openTokens(ledger)).check("lease", token)).toBeUndefined();
  });

  it("say what they are for", async () => {
    expect((await openTokens(ledger)).mint("boot", "r1")).toMatch(/^oj_boot_cjE\.[A-Za-z0-9_-]{43}$/);
  });
});
