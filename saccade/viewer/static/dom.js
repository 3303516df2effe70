// Elements from values, answers from the server. Text is always text: nothing a run holds is ever parsed as markup here.

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Text with the characters that hide or reorder others spelled out. */
export const visible = (text) =>
  String(text ?? "").toWellFormed().replace(HIDDEN, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

/** An element. Attributes that are null or false are left out, functions are listeners; children are elements or text. */
export function h(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined)
    .map((child) => (child instanceof Node ? child : visible(child))));
  return made;
}

const query = (asked) => new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "" && value != null));

async function answer(path, asked) {
  const got = await fetch(`${path}?${query(asked)}`);
  if (got.ok) return got;
  let why = got.statusText;
  try { why = (await got.json()).error; } catch { /* not ours */ }
  throw new Error(why);
}

/** JSON from the server. */
export const get = async (path, asked = {}) => (await answer("/api/" + path, asked)).json();

/** A component of the server as nodes. Its markup escapes everything a run holds, and no script would run in it. */
export async function part(path, asked) {
  const template = document.createElement("template");
  template.innerHTML = await (await answer("/view/" + path, asked)).text();
  return template.content;
}

/** "1 attempt", "12 attempts". */
export const counted = (count, word) => `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`;

export const address = (...pieces) => "#/" + pieces.map(encodeURIComponent).join("/");
export const short = (value) => (value === null || value === undefined ? "" : typeof value === "number" ? String(+value.toPrecision(3)) : value);
