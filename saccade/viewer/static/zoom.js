// Looking closer at a root picture: buttons, wheel with Ctrl, dragging. A picture too large to send comes in tiles.

import { h } from "./dom.js";

const TILE = 512, MOST = 64;

export function closer(root) {
  for (const stage of root.querySelectorAll(".stage")) prepare(stage);
}

function prepare(stage) {
  const pane = h("div", { class: "pane" });
  pane.append(...stage.childNodes);
  stage.append(pane);
  const width = +stage.dataset.width, height = +stage.dataset.height;
  let scale = 1, x = 0, y = 0, held = null;

  function place() {
    const box = stage.getBoundingClientRect();
    x = Math.min(0, Math.max(x, box.width * (1 - scale)));
    y = Math.min(0, Math.max(y, box.height * (1 - scale)));
    pane.style.transform = scale === 1 ? "" : `translate(${x}px,${y}px) scale(${scale})`;
    pane.style.imageRendering = scale * box.width > width * 1.5 ? "pixelated" : "";
    stage.classList.toggle("near", scale > 1);
    if (stage.dataset.tiles) tiles(box);
  }

  function zoom(factor, px, py) {
    const box = stage.getBoundingClientRect(), next = Math.min(MOST, Math.max(1, scale * factor));
    const cx = px ?? box.width / 2, cy = py ?? box.height / 2;
    x = cx - ((cx - x) * next) / scale;
    y = cy - ((cy - y) * next) / scale;
    scale = next;
    place();
  }

  function tiles(box) {
    const shown = (box.width * scale * devicePixelRatio) / width;
    const level = Math.max(0, Math.min(12, Math.floor(Math.log2(1 / shown))));
    const side = TILE * 2 ** level, perPx = width / (box.width * scale);
    const wanted = new Map();
    if (scale > 1)
      for (let ty = Math.floor((-y * perPx) / side); ty * side < Math.min(height, (box.height - y) * perPx); ty++)
        for (let tx = Math.floor((-x * perPx) / side); tx * side < Math.min(width, (box.width - x) * perPx); tx++)
          wanted.set(`${level}x${tx}x${ty}`, [tx, ty]);
    for (const old of pane.querySelectorAll(".tile")) if (!wanted.delete(old.dataset.tile)) old.remove();
    for (const [name, [tx, ty]] of wanted) {
      const tile = h("img", { class: "tile", alt: "", "data-tile": name, src: `${stage.dataset.tiles}?tile=${name}` });
      tile.style.left = `${(tx * side * 100) / width}%`;
      tile.style.top = `${(ty * side * 100) / height}%`;
      tile.style.width = `calc(${(Math.min(side, width - tx * side) * 100) / width}% + ${0.7 / scale}px)`;  // no seams
      pane.insertBefore(tile, pane.querySelector("svg"));
    }
  }

  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    if (scale === 1) return;
    held = [event.clientX - x, event.clientY - y];
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!held) return;
    [x, y] = [event.clientX - held[0], event.clientY - held[1]];
    place();
  });
  for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, () => { held = null; });
  stage.addEventListener("dragstart", (event) => event.preventDefault());
  const button = (sign, said, act) => h("button", { type: "button", "aria-label": said, onclick: act }, sign);
  stage.after(h("div", { class: "zoom" }, button("+", "closer", () => zoom(1.6)), button("−", "farther", () => zoom(0.625)),
    button("whole", "whole picture", () => { scale = 1; x = y = 0; place(); })));
}
