/** Reads the header `Authorization` of Signature Version 4, strictly: what it does not say exactly so is refused. */

export interface SignedParts {
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: string;
}

const form =
  /^AWS4-HMAC-SHA256 Credential=[A-Z0-9]{16,128}\/([0-9]{8})\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,32})\/aws4_request, SignedHeaders=([a-z0-9;-]{1,256}), Signature=[0-9a-f]{64}$/;

export function readAuthorization(authorization: string): SignedParts | undefined {
  const [, date, region, service, signedHeaders] = form.exec(authorization) ?? [];
  if (date === undefined || region === undefined || service === undefined || signedHeaders === undefined) {
    return undefined;
  }
  return { date, region, service, signedHeaders };
}

/** `20150830T123600Z`; not a number when it is no such date. */
export function instantOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
