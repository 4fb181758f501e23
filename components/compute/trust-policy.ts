/** Who may take on a role that was made elsewhere, read from its trust policy. Pure. */

const ec2 = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"];

interface TrustStatement {
  readonly Effect?: string;
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly NotPrincipal?: unknown;
}

/** All but EC2; one that cannot be read counts as everybody. */
export function strangers(policy: string): readonly string[] {
  const statements = statementsOf(policy);
  if (statements === undefined) return ["whoever its unreadable trust policy names"];
  const named = statements.filter(({ Effect }) => Effect !== "Deny").flatMap(principalsOf);
  return [...new Set(named)].filter((principal) => !ec2.includes(principal));
}

function statementsOf(policy: string): readonly TrustStatement[] | undefined {
  try {
    const { Statement } = JSON.parse(policy) as { readonly Statement: TrustStatement | readonly TrustStatement[] };
    return [Statement].flat().filter((statement) => typeof statement === "object");
  } catch {
    return undefined;
  }
}

function principalsOf({ Principal, NotPrincipal }: TrustStatement): readonly string[] {
  if (NotPrincipal !== undefined) return ["everybody but those it excludes"];
  if (Principal === undefined) return [];
  if (typeof Principal === "string") return [Principal === "*" ? "everybody" : Principal];
  return Object.values(Principal)
    .flat()
    .map((principal) => (principal === "*" ? "everybody" : principal));
}
