/**
 * Where a forge waits, which gives up after ten seconds: settings, a secret and the queue may each be slow. A busy SSM is
 * asked again for six seconds of them.
 */
export const quickOptions = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_400, throwOnRequestTimeout: true },
} as const;

/** How long a function waits for AWS: short tries, as somebody waits for it in turn. */
export const clientOptions = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
} as const;

/** Asking for machines takes its time; the compute repeats by itself, where it knows what that means. */
export const patientOptions = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
} as const;

/** How long what SSM cannot say now is asked for again. */
export const patienceMs = {
  webhook: { settings: 4_000, secrets: 2_000 },
  others: { settings: 8_000, secrets: 10_000 },
} as const;
