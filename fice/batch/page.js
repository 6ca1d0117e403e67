"use strict";
const CHUNK = 60; // cards that are built at a time
const PRINTED = 600; // cards that a printout holds at most
const rows = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const [grid, dialog, more] = [$("grid"), $("large"), $("more")];

const known = (value) => value !== null && value !== undefined;

/** An element with attributes and children; strings become text, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (known(value)) element.setAttribute(name, value);
  element.append(...children.filter(known));
  return element;
}
const fixed = (value, digits = 3) => value.toFixed(digits).replace("-", "\u2212");
const signed = (value) => (value > 0 ? "+" : "") + fixed(value);
const time = (seconds) => (seconds < 100 ? fixed(seconds, 1) + " s" : fixed(seconds / 60, 1) + " min");
const plain = (text) => text.normalize("NFC").toLowerCase();
const place = (stack, percent) => stack.style.setProperty("--at", percent + "%");

for (const row of rows) row.words = plain([row.text, row.name, row.key, row.region, row.error, ...row.faults].filter(known).join("\n"));

/* favourites, by the names of their results */

const STORE = `fice favourites ${location.pathname}`;
const STAR = document.querySelector("#star path").getAttribute("d");
const favourites = new Set(remembered());

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? [];
  } catch {
    return []; // a browser may keep nothing for files
  }
}

function mark(button, row) {
  button.setAttribute("aria-pressed", favourites.has(row.key));
}

function list() {
  const chosen = rows.filter((row) => favourites.has(row.key));
  $("list").value = chosen.map((row) => row.key + "\n").join("");
  $("starred").textContent = `Favourites (${chosen.length})`;
  $("favourites").hidden = chosen.length === 0;
}

function toggle(button, row) {
  if (!favourites.delete(row.key)) favourites.add(row.key);
  try {
    localStorage.setItem(STORE, JSON.stringify([...favourites]));
  } catch {
    // they last as long as the page
  }
  mark(button, row);
  list();
}

$("copy").addEventListener("click", () => {
  $("list").select();
  document.execCommand("copy"); // the clipboard's own interface is closed to pages that are files
  $("copy").textContent = "Copied";
});
$("favourites").addEventListener("toggle", () => ($("copy").textContent = "Copy the list"));

/* before and after, one on the other */

function picture(name, side, source, spare) {
  const image = make("img", { class: side, alt: `${name}, ${side}`, loading: "lazy", decoding: "async", draggable: "false" });
  image.onerror = () => {
    if (known(spare) && image.getAttribute("src") !== spare) image.src = spare;
    else image.hidden = true; // the mat behind it is the grey box
  };
  image.src = source;
  return image;
}

function fill(stack, row, real) {
  const [before, after] = row.thumbnails;
  const done = row.status !== "failed";
  const chosen = (small, large) => (real && known(small) ? (large ?? small) : small);
  const left = chosen(before, row.input);
  const right = done ? chosen(after, row.output) : null;
  stack.replaceChildren();
  stack.className = "stack";
  if (row.ratio) stack.style.setProperty("--ratio", row.ratio);
  if (known(left)) stack.append(picture(row.name, "before", left, before));
  if (known(right)) stack.append(picture(row.name, "after", right, after));
  if (known(left) !== known(right)) stack.classList.add("alone");
  if (!known(left) && !known(right)) {
    stack.classList.add("gone");
    stack.append("no picture");
  }
  if (!known(left) || !known(right)) {
    place(stack, known(left) ? 100 : 0);
    return;
  }
  const slide = make("input", { type: "range", class: "slide", min: 0, max: 100, step: 2, "aria-label": `Before and after of ${row.name}` });
  const move = () => {
    place(stack, slide.value);
    stack.classList.toggle("whole", slide.value === "0" || slide.value === "100");
    slide.setAttribute("aria-valuetext", `${slide.value} % before, ${100 - slide.value} % after`);
  };
  slide.value = document.querySelector("[name=side]:checked").value;
  slide.addEventListener("input", move);
  slide.addEventListener("side", move);
  stack.append(slide, make("div", { class: "bar" }));
  move();
}

function numbers(row) {
  const line = make("p", { class: "numbers" });
  const { before, after, gain } = row;
  if (known(before) && known(after)) {
    line.append(make("span", { title: "Similarity to the text, before and after" }, `${fixed(before)} \u2192 ${fixed(after)}`));
    line.append(make("span", { class: gain < 0 ? "down" : "up", title: "Gain" }, signed(gain)));
  }
  if (known(row.region)) line.append(make("span", { class: "region" }, row.region));
  if (known(row.seconds)) line.append(make("span", { class: "time" }, time(row.seconds)));
  return line.childElementCount ? line : null;
}

const remarks = (row, clipped) => [
  known(row.error) ? make("p", { class: "error" + clipped }, row.error) : null,
  ...row.faults.map((fault) => make("p", { class: "error" + clipped }, fault)),
  ...row.notices.map((notice) => make("p", { class: "notice" + clipped }, notice)),
];

/* what the order shows beside the photo */
function given(row) {
  if (!row.given.length) return null;
  const pictures = row.given.map(([what, file, small]) => {
    const image = make("img", { alt: what, title: what, loading: "lazy", decoding: "async" });
    image.onerror = () => image.replaceWith(what);
    image.src = small ?? file;
    return make("a", { href: file, target: "_blank", rel: "noopener" }, image);
  });
  return make("p", { class: "given" }, ...pictures);
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", path);
  return svg;
}

function card(row, at) {
  const stack = make("div");
  fill(stack, row, false);
  const open = make("button", { type: "button", class: "open", "aria-label": `Open ${row.name} large` }, icon("M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-5 5M2.5 13.5l5-5"));
  const star = make("button", { type: "button", class: "star", "aria-label": `Favourite: ${row.name}` }, icon(STAR));
  mark(star, row);
  return make(
    "li",
    { class: `card ${row.status}${row.faults.length ? " flagged" : ""}`, "data-at": at },
    make("div", { class: "mat" }, stack, star, open),
    make("h2", { class: "clipped" }, row.text || "(no text)"),
    make("p", { class: "name clipped" }, row.name),
    numbers(row),
    given(row),
    ...remarks(row, " clipped"),
  );
}

/* which rows are shown, and in which order */

const ORDERS = {
  order: null,
  gain: ["gain", -1],
  "gain-least": ["gain", 1],
  similarity: ["after", -1],
  "similarity-least": ["after", 1],
  slowest: ["seconds", -1],
  fastest: ["seconds", 1],
};
const byName = new Intl.Collator(undefined, { numeric: true }).compare;
let shown = [];
let built = 0;

/** Rows without the figure come last, whichever way it is sorted. */
function compare(name, direction) {
  return (one, other) => {
    if (!known(one[name]) || !known(other[name])) return known(other[name]) - known(one[name]);
    return (one[name] - other[name]) * direction;
  };
}

function update() {
  const words = plain($("search").value).split(/\s+/).filter(Boolean);
  const [text, status, order] = [$("text").value, $("status").value, $("sort").value];
  const special = { favourite: (row) => favourites.has(row.key), flagged: (row) => row.faults.length > 0 };
  const fits = special[status] ?? ((row) => status === "" || row.status === status);
  shown = rows.filter(
    (row) =>
      fits(row) &&
      (text === "" || row.text === texts[text]) &&
      words.every((word) => row.words.includes(word)),
  );
  if (order === "name") shown.sort((one, other) => byName(one.name, other.name) || byName(one.key, other.key));
  else if (ORDERS[order]) shown.sort(compare(...ORDERS[order]));
  $("count").textContent = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
  $("nothing").hidden = shown.length > 0;
  grid.replaceChildren();
  built = 0;
  build();
}

function build(upTo = built + CHUNK) {
  const end = Math.min(upTo, shown.length);
  const cards = [];
  for (; built < end; built++) cards.push(card(shown[built], built));
  grid.append(...cards);
  more.hidden = built >= shown.length;
}

const MOST_TEXTS = 200;
const counts = new Map();
for (const row of rows) counts.set(row.text, (counts.get(row.text) ?? 0) + 1);
const texts = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one) || byName(one, other)).slice(0, MOST_TEXTS);
texts.forEach((text, at) => $("text").append(make("option", { value: at }, `${text.slice(0, 80) || "(no text)"} (${counts.get(text)})`)));

const watcher = new IntersectionObserver(
  (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    build();
    watcher.unobserve(more); // seen anew: on a tall screen the end may still be in view
    watcher.observe(more);
  },
  { rootMargin: "1200px" },
);
watcher.observe(more);
$("search").addEventListener("input", update);
for (const id of ["text", "status", "sort"]) $(id).addEventListener("change", update);
$("controls").addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll("[data-reason]")) {
  button.addEventListener("click", () => {
    $("search").value = button.dataset.reason;
    $("status").value = "failed";
    $("text").value = "";
    update();
    $("controls").scrollIntoView();
  });
}
$("sides").addEventListener("change", (event) => {
  for (const slide of grid.querySelectorAll(".slide")) {
    slide.value = event.target.value;
    slide.dispatchEvent(new Event("side"));
  }
});
addEventListener("beforeprint", () => build(PRINTED));

/* the large view */

let current = 0;

function describe(row) {
  const facts = [
    ["Similarity before", known(row.before) ? fixed(row.before) : null],
    ["Similarity after", known(row.after) ? fixed(row.after) : null],
    ["Gain", known(row.gain) ? signed(row.gain) : null],
    ["Region", row.region],
    ["Time", known(row.seconds) ? time(row.seconds) : null],
    ["Steps", row.steps],
    ["Unknown words", row.unknown.join(", ") || null],
    ["Exit code", row.status === "failed" ? row.code : null],
  ];
  const losses = Object.entries(row.losses).map(([name, value]) => [name, fixed(value, 4)]);
  const list = (pairs, label) => {
    const lines = pairs.filter(([, value]) => known(value));
    return lines.length ? make("dl", { "aria-label": label }, ...lines.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))])) : null;
  };
  const link = (target, label) => (known(target) ? make("a", { href: target, target: "_blank", rel: "noopener" }, label) : null);
  const parts = [
    make("h2", { id: "large-text" }, row.text || "(no text)"),
    make("p", { class: "name" }, row.key),
    given(row),
    ...remarks(row, ""),
    list(facts, "Figures"),
    list(losses, "Losses"),
    make("p", { class: "links" }, link(row.input, "Photo"), link(row.status === "failed" ? null : row.output, "Result")),
  ];
  $("about").replaceChildren(...parts.filter(known));
  $("about").scrollTop = 0;
}

function show(at) {
  if (at < 0 || at >= shown.length) return;
  current = at;
  const row = shown[at];
  fill($("large-stack"), row, true);
  const both = $("large-stack").querySelector(".slide") !== null;
  for (const side of dialog.querySelectorAll(".side")) side.hidden = !both;
  describe(row);
  mark($("star"), row);
  $("large-count").textContent = `${(at + 1).toLocaleString("en")} of ${shown.length.toLocaleString("en")}`;
  const next = shown[at + 1];
  if (next && next.status !== "failed" && next.output) new Image().src = next.output;
  if (!dialog.open) {
    dialog.showModal();
    dialog.focus();
  }
}

const opened = (target) => Number(target.closest(".card").dataset.at);
grid.addEventListener("click", (event) => {
  if (event.target.closest(".open")) show(opened(event.target));
  const star = event.target.closest(".star");
  if (star) toggle(star, shown[opened(star)]);
});
grid.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches(".slide")) return;
  event.preventDefault();
  show(opened(event.target));
});
$("previous").addEventListener("click", () => show(current - 1));
$("next").addEventListener("click", () => show(current + 1));
$("star").addEventListener("click", () => {
  toggle($("star"), shown[current]);
  const small = grid.children[current]?.querySelector(".star");
  if (small) mark(small, shown[current]);
});
$("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowUp: -1, PageUp: -1, ArrowRight: 1, ArrowDown: 1, PageDown: 1 }[event.key];
  const slides = event.target.matches(".slide");
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  if (slides && (event.key === "ArrowLeft" || event.key === "ArrowRight")) return;
  event.preventDefault();
  show(current + step);
  if (slides) dialog.querySelector(".slide")?.focus();
});
dialog.addEventListener("close", () => {
  build(Math.max(built, current + 1));
  const item = grid.children[current];
  (item?.querySelector(".open") ?? $("search")).focus();
});

list();
update();
