import { computeContract } from "../contract/compute.contract";
import { dockerWorld, importTestImage } from "./docker-world";
import { Podman, installMs } from "./podman";

let podman: Podman;
beforeAll(async () => {
  podman = await Podman.start();
  await importTestImage(podman);
}, installMs);
afterAll(() => podman.stop());

computeContract("docker over Podman", () => dockerWorld(podman));
