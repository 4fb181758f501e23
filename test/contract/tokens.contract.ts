/** What every `Tokens` promises. */
import type { TokenKind, Tokens } from "../../runtime/core/ports";

export function tokensContract(
  name: string,
  makeTokens: () => { readonly own: Tokens; readonly foreign: Tokens },
): void {
  describe(`${name} keeps the Tokens contract`, () => {
    const { own, foreign } = makeTokens();
    const kinds: readonly TokenKind[] = ["boot", "lease"];

    it.each(["r1", "small/r1", "", "a.b_c-d", "ünï\0code", "x".repeat(300)])("gives back the subject %j", (subject) => {
      for (const kind of kinds) expect(own.check(kind, own.mint(kind, subject))).toBe(subject);
    });

    it("mints the same token again for the same subject", () => {
      expect(own.mint("boot", "r1")).toBe(own.mint("boot", "r1"));
    });

    it("takes no token of the other kind", () => {
      expect(own.check("lease", own.mint("boot", "r1"))).toBeUndefined();
      expect(own.check("boot", own.mint("lease", "r1"))).toBeUndefined();
      expect(own.check("lease", own.mint("boot", "r1").replace("boot", "lease"))).toBeUndefined();
    });

    it("takes no token of somebody else's key", () => {
      expect(own.check("boot", foreign.mint("boot", "r1"))).toBeUndefined();
    });

    it("takes no token in which a single letter was changed", () => {
      const token = own.mint("lease", "r1");
      for (let at = 0; at < token.length; at++) {
        const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
        expect(own.check("lease", changed)).toBeUndefined();
      }
    });

    it.each(["", ".", "oj_lease_", "oj_lease_.", "oj_lease_cjE", "oj_lease_cjE.", "lease"])("takes no %j", (token) => {
      expect(own.check("lease", token)).toBeUndefined();
    });

    it("takes no token with something before or after it", () => {
      const token = own.mint("lease", "r1");
      for (const other of [` ${token}`, `${token} `, `${token}.`, `${token}=`, token + token]) {
        expect(own.check("lease", other)).toBeUndefined();
      }
    });
  });
}
