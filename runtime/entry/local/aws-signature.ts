/** For the CLI, which may not look into what machines use: how a request to AWS is signed. */
export { amzDate, authorizationOf, sha256Hex, strictly, type AwsCredentials } from "../../machine/aws-signature";
