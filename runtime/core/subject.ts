/** What tokens are made out to: `<profile>/<runner>`, so that an agent's record is found by one read. */
export function runnerSubject(place: { readonly profile: string }, runner: string): string {
  return `${place.profile}/${runner}`;
}

export function parseSubject(subject: string): { readonly profile: string; readonly id: string } {
  const cut = subject.lastIndexOf("/");
  return { profile: subject.slice(0, cut), id: subject.slice(cut + 1) };
}
