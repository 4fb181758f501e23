/** What kind of GitHub this is. */
import type { Route } from "../route";
import type { World } from "../world";

export function metaRoutes({ options: { installedVersion } }: World): Route[] {
  const address = ["127.0.0.1/32"];
  const cloud = {
    verifiable_password_authentication: false,
    ssh_key_fingerprints: {
      SHA256_ECDSA: "p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
      SHA256_ED25519: "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
      SHA256_RSA: "uNiVztksCsDhcc0u9e8BrAhIMG0HYcYf1nyq2f2yzZ8",
    },
    hooks: address,
    web: address,
    api: address,
    git: address,
    packages: address,
    pages: address,
    importer: address,
    actions: address,
    dependabot: address,
    domains: { website: ["*.github.example"], actions: ["*.actions.github.example"] },
  };
  const server = {
    verifiable_password_authentication: true,
    packages: [],
    dependabot: [],
    installed_version: installedVersion,
  };
  return [
    {
      method: "GET",
      template: "/meta",
      access: { by: "anyone" },
      handle: () => ({ status: 200, body: installedVersion === undefined ? cloud : server }),
    },
  ];
}
