import { imageNames, registryOf, repositoryOf } from "../../../runtime/compute/docker/image-name";

const digest = `sha256:${"a".repeat(64)}`;

it.each([
  ["debian", ["debian:latest", "docker.io/library/debian:latest"], "docker.io", "debian"],
  ["debian:12", ["debian:12", "docker.io/library/debian:12"], "docker.io", "debian"],
  ["team/app", ["team/app:latest", "docker.io/team/app:latest"], "docker.io", "team/app"],
  ["docker.io/library/debian:12", ["docker.io/library/debian:12"], "docker.io", "docker.io/library/debian"],
  ["ghcr.io/a/b", ["ghcr.io/a/b:latest"], "ghcr.io", "ghcr.io/a/b"],
  ["localhost/a:1", ["localhost/a:1"], "localhost", "localhost/a"],
  ["localhost:5000/a", ["localhost:5000/a:latest"], "localhost:5000", "localhost:5000/a"],
  ["registry:5000/a/b:1.2", ["registry:5000/a/b:1.2"], "registry:5000", "registry:5000/a/b"],
  ["[::1]:5000/a", ["[::1]:5000/a:latest"], "[::1]:5000", "[::1]:5000/a"],
  [`debian@${digest}`, [`debian@${digest}`, `docker.io/library/debian@${digest}`], "docker.io", "debian"],
  [`ghcr.io/a/b:1@${digest}`, [`ghcr.io/a/b:1@${digest}`], "ghcr.io", "ghcr.io/a/b"],
])("%s is looked for as %j, at %s, in %s", (image, ...expected) => {
  expect([imageNames(image), registryOf(image), repositoryOf(image)]).toEqual(expected);
});
