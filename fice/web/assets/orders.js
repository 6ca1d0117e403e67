// The order: a card a garment, what is behind the person, and every change of it undone.
const $ = (name, within = element) => within.querySelector(name);
const hear = (name, what) => document.addEventListener("fice:" + name, (event) => what(event.detail));
const copy = (value) => JSON.parse(JSON.stringify(value));
const SLOTS = [
  ["swatch", "Cloth", "A picture of cloth: the garment is made of it"],
  ["pictures", "Garment", "A picture of a garment: the person wears it"],
  ["mask", "Mask", "A picture of the photo's size, white where it may change"],
];
const SCENE = [
  ["background", "Picture behind", "A picture that is put behind the person"],
  ["pose", "Pose", "A photo of somebody who stands as wished; for presets that draw people"],
];
// where a whole garment goes, by what is worn there
const WHOLE = { top: "upper", coat: "outer", dress: "dress", skirt: "lower", trousers: "lower" };
const MOST = 6;
let photo = null, active = 0, done = [], undone = [];
let order = props.value || { garments: [{}] };
const said = $(".said");

function commit(change) {
  done.push(copy(order));
  undone = [];
  change(order);
  tell();
}

function tell(drawn = true) {
  props.value = copy(order);
  sessionStorage.setItem("fice:order", JSON.stringify(order));
  if (drawn) draw();
  $(".undo").disabled = !done.length;
  $(".redo").disabled = !undone.length;
  said.textContent = "";
  trigger("input");
}

function step(from, to) {
  if (!from.length) return;
  to.push(copy(order));
  order = from.pop();
  tell();
}

function draw() {
  active = Math.min(active, order.garments.length - 1);
  $(".cards").replaceChildren(...order.garments.map(card));
  $(".add").hidden = order.garments.length >= MOST;
  const background = order.background || "", own = photo?.files?.includes(background);
  $(".background").value = own ? "" : background;
  $(".scene").replaceChildren(...SCENE.map((slot) => box(slot, (wish, name) => setFile(order, wish, name), own || slot[0] !== "background" ? order[slot[0]] : null, "scene")));
}

function card(garment, number) {
  const made = $("template").content.cloneNode(true), field = $("fieldset", made), text = $(".text", made), region = $(".region", made);
  $("legend", made).textContent = order.garments.length > 1 ? "Garment " + (number + 1) : "Garment";
  field.onfocusin = () => (active = number);
  field.addEventListener("focusin", () => (active = number));
  $(".remove", made).hidden = order.garments.length < 2;
  $(".remove", made).onclick = () => commit((now) => now.garments.splice(number, 1));
  text.value = garment.text || "";
  region.value = garment.region || "";
  text.onchange = () => keep(garment, "text", text.value.trim());
  region.onchange = () => keep(garment, "region", region.value.trim());
  text.oninput = () => suggest(text.value);
  text.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    text.onchange();
    trigger("submit");
  };
  $(".slots", made).append(...SLOTS.map((slot) => box(slot, (wish, name) => setFile(garment, wish, name), garment[slot[0]], number)));
  return made;
}

function keep(garment, wish, value) {
  if ((garment[wish] || "") === value) return;
  const number = order.garments.indexOf(garment);
  done.push(copy(order));
  undone = [];
  set(order.garments[number], wish, value);
  tell(false); // the card stays as it is: somebody is writing in it
}

function set(held, wish, value) {
  if (value && (!Array.isArray(value) || value.length)) held[wish] = value;
  else delete held[wish];
}

function setFile(held, wish, name) {
  const where = held === order ? (now) => now : ((number) => (now) => now.garments[number])(order.garments.indexOf(held));
  commit((now) => (wish === "pictures" ? wear(where(now), name ? [...(held.pictures || []), name].slice(-3) : null) : set(where(now), wish, name)));
}

// pictures are of whole garments, and so are their places
function wear(held, names) {
  set(held, "pictures", names);
  if (names && held.region) set(held, "region", WHOLE[held.region] || (Object.values(WHOLE).includes(held.region) ? held.region : null));
}

function box([wish, name, hint], put, value, where) {
  const made = document.createElement("div"), values = [value || []].flat();
  made.className = "slot";
  made.title = hint;
  for (const one of values) {
    const held = document.createElement("button");
    held.type = "button";
    held.className = "held";
    held.title = "Remove " + one;
    held.setAttribute("aria-label", "Remove the " + name.toLowerCase() + " " + one);
    const thumb = Object.assign(new Image(), { alt: "", src: "/api/photos/" + (photo?.id || "") + "/file.webp?name=" + encodeURIComponent(one) });
    held.append(thumb);
    held.onclick = () => put(wish, null);
    made.append(held);
  }
  if (!values.length || (wish === "pictures" && values.length < 3)) {
    const label = document.createElement("label"), input = Object.assign(document.createElement("input"), { type: "file", className: "file " + wish });
    input.setAttribute("aria-label", hint);
    input.onchange = () => send(input.files[0], wish, put);
    label.append(values.length ? "" : name, input);
    made.append(label);
  } else if (wish === "swatch") {
    const turn = Object.assign(document.createElement("button"), { type: "button", className: "turn", textContent: "wear it instead" });
    turn.title = "It shows a garment, and not its cloth";
    turn.onclick = () => commit((now) => { const held = now.garments[where]; wear(held, [held.swatch]); delete held.swatch; });
    made.append(turn);
  }
  made.ondragover = (event) => { event.preventDefault(); event.stopPropagation(); made.classList.add("over"); };
  made.ondragleave = () => made.classList.remove("over");
  made.ondrop = (event) => {
    event.preventDefault();
    event.stopPropagation();
    const garment = event.dataTransfer.getData("application/x-fice-garment");
    if (garment) fetchGarment(JSON.parse(garment), (name) => put(wish, name));
    else if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0], wish, put);
  };
  return made;
}

async function ask(path, body) {
  if (!photo) return (said.textContent = "Open a photo first."), null;
  const answer = await fetch("/api/photos/" + photo.id + path, { method: "POST", body });
  const told = await answer.json();
  if (!answer.ok) return (said.textContent = told.error), null;
  photo.files.push(told.name);
  return told.name;
}

async function send(file, wish, put) {
  const name = file && (await ask("/files?wish=" + wish + "&name=" + encodeURIComponent(file.name), file));
  if (name) put(wish, name);
}

async function fetchGarment(garment, put) {
  const name = await ask("/garments?" + new URLSearchParams({ collection: garment.collection, picture: garment.picture }), null);
  if (name) put(name);
}

// the card of a region, made where there is none
function cardOf(now, region) {
  let number = now.garments.findIndex((each) => region && [region, WHOLE[region]].includes(each.region));
  if (number < 0) number = now.garments.findIndex((each) => !Object.keys(each).length);
  if (number < 0 && now.garments.length < MOST) number = now.garments.push({}) - 1;
  if (number < 0) number = active;
  if (region && !now.garments[number].pictures) now.garments[number].region = region;
  active = number;
  return now.garments[number];
}

function suggest(text) {
  const [, head, word] = text.match(/^(.*?)([\p{L}]*)$/u);
  const known = word.length > 1 ? props.words.filter((each) => each.startsWith(word.toLowerCase()) && each !== word).slice(0, 8) : [];
  const whole = text.length > 2 ? props.captions.filter((each) => each.toLowerCase().includes(text.toLowerCase())).slice(0, 4) : [];
  $("#fice-words").replaceChildren(...[...known.map((each) => head + each), ...whole].map((each) => new Option(each)));
}

hear("photo", (told) => {
  for (const garment of order.garments) // what is no longer there to be changed
    if (photo?.regions.includes(garment.region) && !told.regions.includes(garment.region)) delete garment.region;
  photo = { ...told, files: [...(told.files || [])] };
  const lost = (name) => typeof name === "string" && /\.\w+$/.test(name) && !photo.files.includes(name);
  for (const held of [order, ...order.garments])
    for (const wish of ["swatch", "pictures", "mask", "background", "pose"])
      if (wish === "mask" || [held[wish] || []].flat().some(lost)) delete held[wish];
  $("#fice-regions").replaceChildren(...[...told.regions, "sleeves", "collar", "everything below the waist"].map((each) => new Option(each)));
  tell();
});
hear("region", (region) => {
  commit((now) => cardOf(now, region));
  $(".cards").children[active].querySelector(".text").focus();
});
hear("file", ({ file, wish, region }) => {
  send(file, wish, (name, made) => commit((now) => {
    const held = region ? cardOf(now, region) : now.garments[active];
    set(held, name, made);
  }));
});
hear("garment", (garment) => fetchGarment(garment, (name) => commit((now) => {
  wear(cardOf(now, garment.region), [name]);
})));
hear("reopen", (told) => {
  const { seed, candidates, ...asked } = told.order;
  commit(() => (order = copy(asked)));
});
$(".undo").onclick = () => step(done, undone);
$(".redo").onclick = () => step(undone, done);
$(".add").onclick = () => {
  commit((now) => (active = now.garments.push({}) - 1));
  $(".cards").lastElementChild.querySelector(".text").focus();
};
$(".background").onchange = (event) => commit((now) => set(now, "background", event.target.value.trim()));
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());

const before = JSON.parse(sessionStorage.getItem("fice:order") || "null");
if (before) order = before;
draw();
if (before) tell();
