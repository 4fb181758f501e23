/** Machines of EC2, at deploy time; twin of `runtime/compute/ec2`. */
export { LaunchTemplates, templateName } from "./launch-templates";
export type { LaunchTemplatesArgs } from "./launch-templates";
export { MachineRoles, rolePath } from "./machine-roles";
export type { ByProfile, MachineRolesArgs } from "./machine-roles";
export { stockImages } from "./systems";
export type { Architecture, SystemName } from "./systems";
