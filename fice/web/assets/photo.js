// The photo: dropped or chosen, its garments lit under the pointer and clicked, a mask painted.
const $ = (name) => element.querySelector(name);
const TINTS = [[40, 90, 240], [40, 160, 80], [230, 40, 60], [240, 170, 30], [170, 60, 200], [20, 170, 190], [150, 110, 60]];
const say = (name, detail) => document.dispatchEvent(new CustomEvent("fice:" + name, { detail }));
const hear = (name, what) => document.addEventListener("fice:" + name, (event) => what(event.detail));
const picture = $("img"), tint = $(".tint"), paint = $(".paint"), file = $("input[type=file]"), said = $(".said");
let labels = null, lit = 0, photo = null, brushing = false, last = null;

async function open(chosen) {
  if (!chosen) return;
  said.textContent = "Looking at " + chosen.name + " …";
  element.setAttribute("aria-busy", "true");
  const form = new FormData(), before = photo?.id;
  form.append("photo", chosen);
  try {
    const answer = await fetch("/api/photos", { method: "POST", body: form });
    const told = await answer.json();
    if (answer.ok && before) await fetch("/api/photos/" + told.id + "/like/" + before, { method: "POST" });
    if (answer.ok) show(await seen(told.id));
    else said.textContent = told.error;
  } catch {
    said.textContent = "The page's server does not answer; start fice web again.";
  }
  element.removeAttribute("aria-busy");
  file.value = "";
}

// a photo that is open already, with the files beside it
async function seen(id) {
  const [told, files] = await Promise.all(["", "/files"].map((end) => fetch("/api/photos/" + id + end).then((answer) => (answer.ok ? answer.json() : null))));
  return told && { ...told, files };
}

function show(told) {
  photo = told;
  labels = null;
  props.value = told;
  said.textContent = told.notices.join(" ");
  picture.alt = "The photo " + told.name;
  picture.src = "/api/photos/" + told.id + "/shown.webp";
  $(".empty").hidden = true;
  $(".full").hidden = $(".another").hidden = false;
  $(".size").textContent = told.name + ", " + told.width + " × " + told.height;
  $(".regions").replaceChildren(...told.regions.map((name, i) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.textContent = name;
    chip.style.setProperty("--tint", "rgb(" + TINTS[i % TINTS.length].join(" ") + ")");
    chip.onfocus = chip.onmouseenter = () => light(i + 1);
    chip.onblur = chip.onmouseleave = () => light(0);
    chip.onclick = () => say("region", name);
    return chip;
  }));
  const map = new Image();
  map.onload = () => {
    if (photo !== told) return;
    const canvas = Object.assign(document.createElement("canvas"), { width: map.width, height: map.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(map, 0, 0);
    const rgba = context.getImageData(0, 0, map.width, map.height).data;
    labels = { width: map.width, height: map.height, at: Uint8Array.from({ length: rgba.length / 4 }, (_, i) => rgba[4 * i]) };
    Object.assign(paint, { width: map.width, height: map.height });
    Object.assign(tint, { width: map.width, height: map.height });
    light(0);
    element.dataset.ready = told.id;
  };
  map.src = "/api/photos/" + told.id + "/regions.png";
  if (brushing) brush(false);
  say("photo", told);
  trigger("upload");
}

function light(number) {
  lit = number;
  if (!labels) return;
  const { width, height, at } = labels, context = tint.getContext("2d"), image = context.createImageData(width, height);
  for (let i = 0; i < at.length; i++) {
    const here = at[i];
    if (!here) continue;
    const rim = at[i - 1] !== here || at[i + 1] !== here || at[i - width] !== here || at[i + width] !== here;
    const opacity = rim ? (here === number ? 255 : 120) : here === number ? 90 : 0;
    if (opacity) image.data.set([...(rim && here !== number ? [255, 255, 255] : TINTS[(here - 1) % TINTS.length]), opacity], 4 * i);
  }
  context.putImageData(image, 0, 0);
  [...$(".regions").children].forEach((chip, i) => chip.classList.toggle("lit", i + 1 === number));
  $(".stage").classList.toggle("alight", number > 0);
  $(".stage").title = number ? photo.regions[number - 1] : "";
}

function place(event) {
  const box = tint.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function under(event) {
  const [x, y] = place(event);
  return labels && x >= 0 && x < 1 && y >= 0 && y < 1 ? labels.at[Math.floor(y * labels.height) * labels.width + Math.floor(x * labels.width)] : 0;
}

function brush(on) {
  brushing = on;
  $(".brush").setAttribute("aria-pressed", on);
  $(".brushes").hidden = !on;
  element.classList.toggle("brushing", on);
  said.textContent = on ? "Paint over what may change, then use the mask." : "";
}

function stroke(event) {
  const [x, y] = place(event).map((share, i) => share * (i ? paint.height : paint.width)), context = paint.getContext("2d");
  context.globalCompositeOperation = $(".erase").checked ? "destination-out" : "source-over";
  context.strokeStyle = "rgb(255 60 120)";
  context.lineWidth = ($(".width").value / 100) * Math.max(paint.width, paint.height);
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(...(last || [x, y]));
  context.lineTo(x, y);
  context.stroke();
  last = [x, y];
}

function mask() {
  const canvas = Object.assign(document.createElement("canvas"), { width: photo.width, height: photo.height });
  const context = canvas.getContext("2d");
  context.drawImage(paint, 0, 0, photo.width, photo.height);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = "white";
  context.fillRect(0, 0, photo.width, photo.height);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "black";
  context.fillRect(0, 0, photo.width, photo.height);
  canvas.toBlob((blob) => say("file", { file: new File([blob], "mask.png"), wish: "mask" }), "image/png");
  brush(false);
}

const stage = $(".stage");
stage.onpointermove = (event) => (brushing ? last && stroke(event) : under(event) !== lit && light(under(event)));
stage.onpointerleave = () => light(0);
stage.onpointerdown = (event) => {
  if (!brushing) return;
  stage.setPointerCapture(event.pointerId);
  stroke(event);
};
stage.onpointerup = stage.onpointercancel = () => (last = null);
stage.onclick = (event) => {
  const number = under(event);
  if (!brushing && number) say("region", photo.regions[number - 1]);
};
element.ondragover = (event) => {
  event.preventDefault();
  if (photo) light(under(event));
  element.classList.add("over");
};
element.ondragleave = () => element.classList.remove("over");
element.ondrop = (event) => {
  event.preventDefault();
  element.classList.remove("over");
  const number = under(event), region = number ? photo.regions[number - 1] : null;
  const garment = event.dataTransfer.getData("application/x-fice-garment"), dropped = event.dataTransfer.files[0];
  if (garment) say("garment", { ...JSON.parse(garment), region });
  else if (dropped && region) say("file", { file: dropped, wish: "swatch", region });
  else open(dropped);
};
file.onchange = () => open(file.files[0]);
element.querySelectorAll(".choose").forEach((button) => (button.onclick = () => file.click()));
$(".brush").onclick = () => brush(!brushing);
$(".clear").onclick = () => paint.getContext("2d").clearRect(0, 0, paint.width, paint.height);
$(".use").onclick = mask;
hear("reopen", async ({ photo: told }) => told.id !== photo?.id && show(await seen(told.id)));

// a page that is loaded again shows the photo that it had
const before = JSON.parse(sessionStorage.getItem("fice:photos") || "[]").at(-1);
if (before) seen(before).then((told) => told && show(told));
