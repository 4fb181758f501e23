/** The computes where nothing is made: who a machine is, and nothing else. A new kind is one line here. */
import { ec2Identity } from "../../compute/ec2/identity";
import { ec2Traits } from "../../compute/ec2/traits";
import type { Compute } from "../../core/ports";
import type { Brought } from "./fleet-ports";

export const identityComputes: Brought["computes"] = (making) => ({
  ec2: onlyIdentity(ec2Traits, ec2Identity(making)),
});

function onlyIdentity(traits: Pick<Compute, "kind" | "wall" | "listLagMs">, identify: Compute["identify"]): Compute {
  const refuse = () => Promise.reject(new Error("this function neither makes nor ends machines"));
  return { ...traits, identify, launch: refuse, terminate: refuse, list: refuse };
}
