/** What an engine can do, as its `/info` tells. https://docs.docker.com/reference/api/engine/ (SystemInfo) */
import { isRecord } from "./engine-answers";

/** Which limits hold for the containers of an engine. */
export interface Enforcement {
  readonly memory: boolean;
  readonly cpu: boolean;
}

export interface EngineFacts extends Enforcement {
  readonly pids: boolean;
  /** As Node names it; other names are left as they are. */
  readonly arch: string;
  /** The containers' kernel. */
  readonly os: string;
  /** Containers are confined so that they cannot connect to a socket of ours. */
  readonly selinux: boolean;
  /** Root in a container is nobody outside: our socket is closed to it. */
  readonly remapped: boolean;
}

/** Docker names architectures as `uname` does, Podman as Go does. */
const archNames: Readonly<Record<string, string>> = {
  x86_64: "x64",
  amd64: "x64",
  aarch64: "arm64",
  arm64: "arm64",
  armv7l: "arm",
  arm: "arm",
  ppc64le: "ppc64",
  s390x: "s390x",
  riscv64: "riscv64",
};

export function factsOf(info: unknown): EngineFacts {
  const told = isRecord(info) ? info : {};
  const options = Array.isArray(told["SecurityOptions"]) ? told["SecurityOptions"].map(String) : [];
  const has = (name: string) => options.some((option) => option.split(",").includes(`name=${name}`));
  const arch = String(told["Architecture"] ?? "");
  return {
    memory: told["MemoryLimit"] === true,
    cpu: told["CpuCfsQuota"] === true,
    pids: told["PidsLimit"] === true,
    arch: archNames[arch] ?? arch,
    os: String(told["OSType"] ?? ""),
    selinux: has("selinux"),
    remapped: has("userns"),
  };
}
