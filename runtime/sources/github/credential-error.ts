/** The credential itself does not hold: no other call would fare better. */
import { OnejobError } from "../../core/errors";

export class CredentialError extends OnejobError {
  constructor(detail: string, options: { cause?: unknown } = {}) {
    super("source-refused", detail, options);
  }
}
