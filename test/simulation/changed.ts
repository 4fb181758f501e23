/** A thing with some of its methods replaced. The others are its own: they run on it, with its private fields. */
export function changed<T extends object>(thing: T, methods: Partial<T>): T {
  return new Proxy(thing, {
    get: (target, name) => {
      const member: unknown = name in methods ? Reflect.get(methods, name) : Reflect.get(target, name, target);
      if (typeof member !== "function" || name in methods) return member;
      return (...given: unknown[]): unknown => Reflect.apply(member, target, given);
    },
  });
}
