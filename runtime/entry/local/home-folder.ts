/** The user's home folder, also where there is no such user. */
import { homedir } from "node:os";

/** A container can run as any user id: without `HOME` and an entry in its passwd file Node throws. Docker then says `/`. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return "/";
  }
}
