import fc from "fast-check";
import { parseJson } from "../../../runtime/sources/github/lossless-json";

describe("JSON with large numbers", () => {
  it.each([
    ['{"id":9007199254740993}', { id: "9007199254740993" }],
    ['{"id":18446744073709551615}', { id: "18446744073709551615" }],
    ['{"id":-9007199254740993}', { id: "-9007199254740993" }],
    ['[1234567890123456, 5, 1.5, 1e3, "x"]', ["1234567890123456", 5, 1.5, 1000, "x"]],
    ['{"text":"9007199254740993 is a number"}', { text: "9007199254740993 is a number" }],
    [
      String.raw`{"a":"\"9007199254740993\\","id":9007199254740993}`,
      { a: '"9007199254740993\\', id: "9007199254740993" },
    ],
    ['{"n":9007199254740993.5}', { n: 9007199254740993.5 }],
    ['{"n":9007199254740993e2}', { n: 9007199254740993e2 }],
    ['{"9007199254740993":1}', { "9007199254740993": 1 }],
  ])("%s keeps its digits and everything else", (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each(["", "{", '{"id":9007199254740993', '"9007199254740993', "9007199254740993 1", "nul9007199254740993"])(
    "refuses %j as JSON.parse does",
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

  it("reads everything without large numbers as JSON.parse does", () => {
    const value = fc.jsonValue({ noUnicodeString: false });
    fc.assert(
      fc.property(value, fc.string({ unit: "binary" }), (inside, text) => {
        const json = JSON.stringify({ inside, text: `${text}9007199254740993` });
        const isLarge = /[:[,]-?\d{16,}[,\]}]/.test(JSON.stringify([inside]));
        if (!isLarge) expect(parseJson(json)).toEqual(JSON.parse(json));
      }),
    );
  });

  it("keeps its digits beside a text of millions of escapes", () => {
    const text = `{"a":"${'\\"'.repeat(6_000_000)}","id":9007199254740993}`;
    expect((parseJson(text) as { id: string }).id).toBe("9007199254740993");
  });

  it("is not kept busy by a text made of escaped quotes", () => {
    const text = `{"a":"${'\\"'.repeat(400_000)}","id":9007199254740993}`;
    expect((parseJson(text) as { id: string }).id).toBe("9007199254740993");
    expect(() => parseJson(`{"a":9007199254740993 ${'\\"'.repeat(400_000)}`)).toThrow(SyntaxError);
  });
});
