/** Parts of the settings schema that stand at more than one place in it. */
import type { GroupNode } from "./settings-node";

export const name = {
  type: "string",
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$",
  maxLength: 64,
  rule: "letters, digits, `.`, `_`, `-`; begins with a letter or digit; at most 64 characters",
} as const;

/** A token or key itself, written where the name of its place belongs, would be repeated by every message about it. */
const noSecret = "^(?!gh[opusr]_[A-Za-z0-9_]{20}|github_pat_[A-Za-z0-9_]{20}|-----BEGIN)";

/** Where a secret is kept; the file itself never holds one. */
export const secretSchema = {
  type: "object",
  title: "secret",
  description: "Says where a secret is kept: exactly one of the three.",
  secret: true,
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: {
    env: {
      type: "string",
      title: "environment variable",
      description: "Name of the environment variable that holds it.",
      secret: true,
      pattern: `${noSecret}[A-Za-z_][A-Za-z0-9_]*$`,
      rule: "name of an environment variable",
      examples: ["GH_TOKEN"],
    },
    file: {
      type: "string",
      title: "file",
      description: "Path of the file that holds it; a relative one starts at the config file's folder.",
      secret: true,
      pattern: `${noSecret}[^\\p{Cc}]+$`,
      rule: "path of a file",
      examples: ["./app.pem"],
    },
    ssm: {
      type: "string",
      title: "SSM parameter",
      description: "Name of the AWS SSM SecureString parameter that holds it.",
      secret: true,
      pattern: `${noSecret}/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`,
      rule: "name of an SSM parameter",
      examples: ["/onejob/gh-token"],
    },
  },
} as const satisfies GroupNode;

/** What may stand in a path of the settings. */
export const path = {
  type: "string",
  pattern: "^[^\\p{Cc}]+$",
  maxLength: 4_096,
} as const;
