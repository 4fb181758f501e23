/** How EC2 names instances. What has another form was never a machine of this compute. */
export function isInstanceId(machine: string): boolean {
  return /^i-[0-9a-f]{8,17}$/.test(machine);
}
