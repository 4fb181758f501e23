/** Against the signatures that AWS published: with its test suite for Signature Version 4, and in the manual of S3. */
import { authorizationOf, presignedUrl } from "../../runtime/machine/aws-signature";

const key = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
  service: "service",
};
const base = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" };
const form = "application/x-www-form-urlencoded";

it.each([
  {
    name: "get-vanilla",
    method: "GET",
    headers: {},
    body: "",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  },
  {
    name: "post-vanilla",
    method: "POST",
    headers: {},
    body: "",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "post-header-key-sort",
    method: "POST",
    headers: { "my-header1": "value1" },
    body: "",
    signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
  },
  {
    name: "get-header-value-trim",
    method: "GET",
    headers: { "my-header1": " value1", "my-header2": ' "a   b   c"' },
    body: "",
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
  },
  {
    name: "post-x-www-form-urlencoded",
    method: "POST",
    headers: { "content-type": form },
    body: "Param1=value1",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  {
    name: "post-x-www-form-urlencoded-parameters",
    method: "POST",
    headers: { "content-type": `${form}; charset=utf8` },
    body: "Param1=value1",
    signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
  },
] as const)("signs $name as AWS does", ({ method, headers, body, signature }) => {
  const all = { ...base, ...headers };
  expect(authorizationOf({ method, headers: all, body }, key)).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
      `SignedHeaders=${Object.keys(all).sort().join(";")}, Signature=${signature}`,
  );
});

it.each([
  {
    name: "get-vanilla-query-order-key-case",
    query: "Param2=value2&Param1=value1",
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  {
    name: "get-vanilla-query-unreserved",
    query:
      "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
  },
  {
    name: "get-vanilla-empty-query-key",
    query: "Param1=value1",
    signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
  },
])("signs the query of $name as AWS does", ({ query, signature }) => {
  const given = authorizationOf({ method: "GET", target: `/?${query}`, headers: base, body: "" }, key);
  expect(given).toContain(`Signature=${signature}`);
});

it("presigns an object of S3 as its manual does", () => {
  const credentials = {
    ...{ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    region: "us-east-1",
  };
  const request = {
    method: "GET",
    url: new URL("https://examplebucket.s3.amazonaws.com/test.txt"),
    headers: {},
  } as const;
  const validity = { now: Date.parse("2013-05-24T00:00:00Z"), seconds: 86_400 };
  expect(presignedUrl(request, credentials, validity).href).toBe(
    "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
      "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
      "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
      "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});

it("presigns an upload with its headers and a session token as AWS's library for Python does", () => {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalr+/x", sessionToken: "tok/en+==" };
  const request = {
    method: "PUT",
    url: new URL("https://b-1.s3.eu-west-1.amazonaws.com/uploads/ab%2520c%252Fd"),
    headers: {
      "content-length": "123",
      "if-none-match": "*",
      "x-amz-checksum-sha256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    },
  } as const;
  const validity = { now: Date.parse("2026-11-21T12:00:00Z"), seconds: 900 };
  const { searchParams } = presignedUrl(request, { ...credentials, region: "eu-west-1" }, validity);
  expect(searchParams.get("X-Amz-SignedHeaders")).toBe("content-length;host;if-none-match;x-amz-checksum-sha256");
  expect(searchParams.get("X-Amz-Signature")).toBe("957993e7c4c8332c0e4e2d88afa73acb0e49bf4c173ada7cc26470e05c0c48a3");
});
