/** What the steps of this compute share. */
import type { Log } from "../../core/ports";
import type { ProfileSettings } from "../../core/settings";
import type { Engines } from "./engines";
import type { Images } from "./images";
import type { Kits } from "./kits";
import type { Watch } from "./watch";

export interface Host {
  readonly home: string;
  readonly profiles: () => readonly ProfileSettings[];
  /** The server's socket. */
  readonly socket: string | undefined;
  readonly engines: Engines;
  readonly images: Images;
  readonly kits: Kits;
  readonly watch: Watch;
  readonly log: Log;
}
