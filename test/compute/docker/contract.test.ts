import { computeContract } from "../../contract/compute.contract";
import { fakeWorld } from "./fake-world";

computeContract("docker over an engine that is none", () => fakeWorld());
