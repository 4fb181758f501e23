/** `DescribeInstances` while EC2 does not show yet what it has made: reading there is only eventually consistent. */
import type { Asked } from "./calls";
import { ec2Refusal, xmlAnswer, type Answer } from "./refusals";

export function withoutLate(answer: Answer, { body }: Asked, late: ReadonlySet<string>): Answer {
  if (answer.status !== 200 || late.size === 0) return answer;
  const named = [...new URLSearchParams(body.toString())].filter(([name]) => name.startsWith("InstanceId."));
  const unseen = named.map(([, id]) => id).filter((id) => late.has(id));
  if (unseen.length > 0)
    return ec2Refusal("InvalidInstanceID.NotFound", `The instance ID '${unseen.join(", ")}' does not exist`);
  let text = answer.body.toString();
  for (const id of late) text = withoutInstance(text, id);
  return xmlAnswer(200, text.replace(/^<\?xml[^>]*\?>\s*/, ""));
}

/** The innermost `item` around its id, which is its first mention. */
function withoutInstance(text: string, id: string): string {
  const at = text.indexOf(`<instanceId>${id}</instanceId>`);
  if (at < 0) return text;
  const open: number[] = [];
  for (const { 0: tag, index } of text.matchAll(/<\/?item>/g)) {
    if (tag === "<item>") open.push(index);
    else {
      const from = open.pop() ?? 0;
      if (from < at && index > at) return text.slice(0, from) + text.slice(index + tag.length);
    }
  }
  return text;
}
