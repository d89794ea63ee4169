import { describe, expect, it } from "vitest";
import { isOutside, pathBelow, relativePath } from "./paths";

describe("a path", () => {
  it.each([
    ["/home/ada/shop/src/a.py", "/home/ada/shop", "src/a.py"],
    ["/home/ada/shop/src/a.py", "/home/ada/shop/", "src/a.py"],
    ["/home/ada/shop//src/a.py", "/home/ada/shop", "src/a.py"],
    ["/home/ada/shop", "/home/ada/shop", ""],
    ["/home/ada/shopping/a.py", "/home/ada/shop", null],
    ["/home/ada/Shop/a.py", "/home/ada/shop", null],
    ["/home/ada/shop/../b/a.py", "/home/ada/shop", null],
    ["/home/ada/shop/a\\b.py", "/home/ada/shop", "a\\b.py"],
    ["/etc/passwd", "/", "etc/passwd"],
    ["a.py", "/home/ada/shop", null],
    ["C:\\Users\\bo\\proj\\src\\a.ts", "C:\\Users\\bo\\proj", "src\\a.ts"],
    ["c:/users/bo/proj/src/a.ts", "C:\\Users\\bo\\proj\\", "src\\a.ts"],
    ["C:\\a.ts", "C:\\", "a.ts"],
    ["D:\\Users\\bo\\proj\\a.ts", "C:\\Users\\bo\\proj", null],
    ["C:\\Users\\bo\\project\\a.ts", "C:\\Users\\bo\\proj", null],
    ["\\\\srv\\share\\a.ts", "\\\\srv\\share", "a.ts"],
  ])("%s lies below %s as %s", (path, folder, expected) => {
    expect(pathBelow(path, folder)).toBe(expected);
  });

  it("is shown from the session's directory", () => {
    expect(relativePath("/home/ada/shop/a.py", "/home/ada/shop")).toBe("a.py");
    expect(relativePath("/home/ada/shop", "/home/ada/shop")).toBe("/home/ada/shop");
    expect(relativePath("/home/ada/shopping/a.py", "/home/ada/shop")).toBe("/home/ada/shopping/a.py");
    expect(relativePath("/a", null)).toBe("/a");
  });

  it("is outside of it by what it says", () => {
    expect(isOutside("C:\\Users\\bo\\proj\\src\\a.ts", "C:\\Users\\bo\\proj")).toBe(false);
    expect(isOutside("C:\\Windows\\x.dll", "C:\\Users\\bo\\proj")).toBe(true);
    expect(isOutside("/etc/passwd", "/")).toBe(false);
    expect(isOutside("src/a.ts", "C:\\proj")).toBe(false);
    expect(isOutside("src/../../a.ts", "/p")).toBe(true);
    expect(isOutside("/p/../etc/passwd", "/p")).toBe(true);
  });
});
