import { signedTokens } from "../../runtime/entry/host/signed-tokens";
import { tokensContract } from "./tokens.contract";

tokensContract("signed", () => ({
  own: signedTokens(Buffer.alloc(32, 1)),
  foreign: signedTokens(Buffer.alloc(32, 2)),
}));
