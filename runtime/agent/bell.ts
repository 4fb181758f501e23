/** Wakes one waiter. A ring while nobody waits is kept, so none is lost between looking and waiting. */
export class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Resolves at the next ring, or after `limitMs`. */
  async heard(limitMs?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        if (limitMs !== undefined) timer = setTimeout(resolve, limitMs);
      });
    }
    clearTimeout(timer);
    this.wake = undefined;
    this.rung = false;
  }
}
