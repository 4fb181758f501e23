/**
 * What EC2's refusals mean for the next step. Codes: facts of the EC2 API reference ("Error codes"), and those that
 * Karpenter and others have met in the rows of a fleet.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
import { errorText } from "../../core/error-facts";

/**
 * `capacity`: not in this pool now. `quota`: the account may not have more in this market. `throttle`: too many calls.
 * `config`: it will never work like this.
 */
export type FailureClass = "capacity" | "quota" | "throttle" | "config";

const codes: Readonly<Record<FailureClass, readonly string[]>> = {
  capacity: [
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientCapacityOnHost",
    "InsufficientCapacityOnOutpost",
    "InsufficientCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientVolumeCapacity",
    "UnfulfillableCapacity",
    "ReservationCapacityExceeded",
    "SpotMaxPriceTooLow",
    // Types that a zone does not have. Of a fleet's rows the second may mean more; its text is shown.
    "Unsupported",
    "InvalidFleetConfiguration",
  ],
  quota: [
    "VcpuLimitExceeded",
    "InstanceLimitExceeded",
    "MaxSpotInstanceCountExceeded",
    "MaxSpotFleetRequestCountExceeded",
    "TargetCapacityLimitExceeded",
    "TargetCapacityLimitExceededException",
    "VolumeLimitExceeded",
    "MaxIOPSLimitExceeded",
    "NetworkInterfaceLimitExceeded",
    "AddressLimitExceeded",
    "ResourceLimitExceeded",
  ],
  throttle: [
    "RequestLimitExceeded",
    "EC2ThrottledException",
    "TooManyRequests",
    "TooManyRequestsException",
    "SlowDown",
    "RequestThrottled",
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "ServiceUnavailable",
    "InternalError",
    "InternalFailure",
    "Unavailable",
  ],
  config: [
    "MissingParameter",
    "MissingAction",
    "UnknownParameter",
    "UnauthorizedOperation",
    "OptInRequired",
    "PendingVerification",
    "Blocked",
    "UnsupportedOperation",
    "OperationNotPermitted",
    "VPCIdNotSpecified",
    "RequestExpired",
    "ExpiredToken",
    "SignatureDoesNotMatch",
    "AccessDenied",
    "AccessDeniedException",
  ],
};

/** Those that say nothing of whether something was made. */
const unsure = [
  "PriorRequestNotComplete",
  "ServiceUnavailable",
  "InternalError",
  "InternalFailure",
  "Unavailable",
  "RequestTimeout",
];

const families: readonly (readonly [string, FailureClass])[] = [
  ["Throttling", "throttle"],
  ["Invalid", "config"],
  ["Malformed", "config"],
  ["AuthFailure", "config"],
  ["IncorrectState", "config"],
];

const byCode = new Map(
  (Object.keys(codes) as FailureClass[]).flatMap((kind) => codes[kind].map((code) => [code, kind] as const)),
);

/** `undefined`: nobody has met it yet. */
export function classOf(code: string): FailureClass | undefined {
  const plain = plainCode(code);
  return byCode.get(plain) ?? families.find(([prefix]) => plain.startsWith(prefix))?.[1];
}

/** `Client.` and `Server.` stand before some codes in some answers. */
export function plainCode(code: string): string {
  return code.replace(/^(Client|Server)\./, "");
}

export interface ApiError {
  /** "" when there was no answer at all. */
  readonly code: string;
  readonly text: string;
  /** `undefined`: no outcome is known. */
  readonly kind: FailureClass | undefined;
}

/** Of what an SDK client threw. Told by code before status: EC2 answers 500 when it has no capacity. */
export function apiError(error: unknown): ApiError {
  const status = statusOf(error);
  const code = status === undefined ? "" : plainCode(nameOf(error));
  const kind = classOf(code);
  const text = plainText(errorText(error));
  if (unsure.includes(code) || status === undefined) return { code, text, kind: undefined };
  // A refusal that nobody knows is one all the same.
  return { code, text, kind: kind ?? (status < 500 ? "config" : undefined) };
}

export function hasCode(error: unknown, code: string): boolean {
  return apiError(error).code === code;
}

const longestText = 240;

/** AWS's own sentence, without the blob that only an administrator can decode. */
export function plainText(text: string): string {
  const [sentence = ""] = text.split(/\s*Encoded authorization failure message/);
  const line = sentence.replace(/\s+/g, " ").trim();
  return line.length <= longestText ? line : `${line.slice(0, longestText)}…`;
}

function statusOf(error: unknown): number | undefined {
  const metadata: unknown =
    typeof error === "object" && error !== null && "$metadata" in error ? error.$metadata : undefined;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

function nameOf(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}
