/** Names of images, as `docker pull` takes them: `[registry/]path[:tag][@digest]`. */

export const dockerHub = "docker.io";

/**
 * What to look for, first to last. Docker reads a name without a registry as one of Docker Hub; Podman may ask for one
 * of its own, or for the full name.
 */
export function imageNames(image: string): readonly string[] {
  const name = withTag(image);
  if (hasRegistry(image)) return [name];
  return [name, `${dockerHub}/${image.includes("/") ? "" : "library/"}${name}`];
}

/** Host and port. */
export function registryOf(image: string): string {
  return hasRegistry(image) ? image.slice(0, image.indexOf("/")) : dockerHub;
}

/** Registry and path, without tag and digest. */
export function repositoryOf(image: string): string {
  const [name = ""] = image.split("@");
  return name.slice(0, tagStart(name));
}

/** Without a tag an engine pulls every tag there is. */
function withTag(image: string): string {
  const hasTag = image.includes("@") || tagStart(image) < image.length;
  return hasTag ? image : `${image}:latest`;
}

/** A colon in the last part is the tag's; before that it is a port's. */
function tagStart(name: string): number {
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon < 0 ? name.length : colon;
}

/** The first part is a host when it looks like one. https://pkg.go.dev/github.com/distribution/reference */
function hasRegistry(image: string): boolean {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  return first === "localhost" || /[.:]/.test(first);
}
