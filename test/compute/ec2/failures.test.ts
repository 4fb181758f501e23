import { classOf } from "../../../runtime/compute/ec2/failures";
import { type Ec2World, ec2World } from "./ec2-world";

const capacity = `InsufficientInstanceCapacity InsufficientHostCapacity InsufficientCapacityOnHost
  InsufficientCapacityOnOutpost InsufficientReservedInstanceCapacity InsufficientFreeAddressesInSubnet
  InsufficientVolumeCapacity UnfulfillableCapacity SpotMaxPriceTooLow Unsupported InvalidFleetConfiguration`;
const quota = `VcpuLimitExceeded InstanceLimitExceeded MaxSpotInstanceCountExceeded MaxSpotFleetRequestCountExceeded
  TargetCapacityLimitExceeded TargetCapacityLimitExceededException VolumeLimitExceeded MaxIOPSLimitExceeded
  NetworkInterfaceLimitExceeded AddressLimitExceeded ResourceLimitExceeded`;
const throttle = `RequestLimitExceeded Throttling ThrottlingException EC2ThrottledException TooManyRequests SlowDown
  PriorRequestNotComplete ServiceUnavailable InternalError Unavailable`;
const config = `InvalidParameterValue InvalidAMIID.NotFound InvalidLaunchTemplateName.NotFoundException
  InvalidLaunchTemplateId.VersionNotFound InvalidSubnetID.NotFound InvalidParameter MissingParameter
  UnauthorizedOperation AuthFailure AuthFailure.ServiceLinkedRoleCreationNotPermitted OptInRequired
  UnsupportedOperation VPCIdNotSpecified Client.InvalidKMSKey.InvalidState`;
const rows = Object.entries({ capacity, quota, throttle, config }).flatMap(([kind, codes]) =>
  codes.split(/\s+/).map((code) => [code, kind] as const),
);
const outcomes = { capacity: "no-capacity", quota: "quota", throttle: "throttled", config: "misconfigured" };
/** What says nothing of whether it was done: no outcome, so the launch throws. */
const unsure = ["PriorRequestNotComplete", "ServiceUnavailable", "InternalError", "Unavailable"];

it.each(rows)("takes %s for trouble of the kind %s", (code, kind) => {
  expect(classOf(code)).toBe(kind);
});

it("knows nothing of codes that nobody has met", () => {
  expect(classOf("BrandNew")).toBeUndefined();
});

describe("a launch", () => {
  let world: Ec2World;
  const open = async (...wishes: Parameters<typeof ec2World>) => (world = await ec2World(...wishes));
  afterEach(() => world.close());

  it.each(rows)("answers a row with %s in all pools as trouble of the kind %s", async (code, kind) => {
    await open({ spot: "never" });
    world.ec2.poolAnswer = () => ({ code });
    expect(await world.launch("runner10")).toEqual([
      {
        runner: "runner10",
        outcome: outcomes[kind as keyof typeof outcomes],
        detail: expect.stringContaining(code.replace("Client.", "")) as string,
      },
    ]);
  });

  it.each(rows.filter(([code]) => !unsure.includes(code)))(
    "answers a call that is refused with %s as trouble of the kind %s",
    async (code, kind) => {
      await open({ spot: "never" });
      world.ec2.next("CreateFleet", ...Array.from({ length: 3 }, () => ({ kind: "error", code }) as const));
      expect(await world.launch("runner10")).toMatchObject([{ outcome: outcomes[kind as keyof typeof outcomes] }]);
    },
  );

  it("tells by the code, for EC2 answers 500 when it has no capacity", async () => {
    await open({ spot: "never" });
    world.ec2.next("CreateFleet", { kind: "error", code: "InsufficientInstanceCapacity", status: 500 });
    expect(await world.launch("runner10")).toMatchObject([{ outcome: "no-capacity" }]);
  });

  it.each([
    [["InvalidAMIID.NotFound", "InsufficientInstanceCapacity"], "no-capacity"],
    [["VcpuLimitExceeded", "InsufficientInstanceCapacity"], "no-capacity"],
    [["InvalidAMIID.NotFound", "VcpuLimitExceeded"], "quota"],
    [["InvalidAMIID.NotFound", "RequestLimitExceeded"], "throttled"],
    [["InvalidAMIID.NotFound", "InvalidParameterValue"], "misconfigured"],
    [["InvalidAMIID.NotFound", "BrandNew"], "no-capacity"],
  ] as const)("with rows of %j has some hope left, if there is any: %s", async ([first, second], outcome) => {
    await open({ spot: "never" });
    world.ec2.poolAnswer = (_, pool) => ({ code: pool.startsWith("m7i") ? first : second });
    expect(await world.launch("runner10")).toMatchObject([{ outcome }]);
  });

  it("is content with its machines, whatever some pools said", async () => {
    await open();
    world.ec2.poolAnswer = (_, pool) => (pool.startsWith("m7i") ? { code: "InvalidParameterValue" } : undefined);
    expect(await world.launch("runner10", "runner11")).toMatchObject([
      { outcome: "launched" },
      { outcome: "launched" },
    ]);
  });

  it("takes no other market when it can never work", async () => {
    await open();
    world.ec2.poolAnswer = () => ({ code: "InvalidAMIID.NotFound" });
    await world.launch("runner10");
    expect(world.ec2.callsOf("CreateFleet")).toHaveLength(1);
  });
});
