// The results: before and after, the variants of a photo, and all that was done in this window.
const $ = (name) => element.querySelector(name);
const say = (name, detail) => document.dispatchEvent(new CustomEvent("fice:" + name, { detail }));
const hear = (name, what) => document.addEventListener("fice:" + name, (event) => what(event.detail));
const STAGES = { load: "Reading the weights", look: "Looking at the photo", fit: "Learning the photo", loop: "Drawing", stitch: "Putting it back into the photo" };
const REDRESSED = ["default", "fast"]; // which draw nothing
const EVERY = 400; // ms between looks at a run
let photo = null, jobs = [], current = null, timer = null;
const photos = () => JSON.parse(sessionStorage.getItem("fice:photos") || "[]");
const ended = (job) => !["waiting", "running"].includes(job.state);
const make = (tag, set = {}, ...inside) => {
  const made = Object.assign(document.createElement(tag), set);
  made.append(...inside);
  return made;
};
const seconds = (count) => (count < 90 ? Math.max(1, Math.round(count)) + " s" : Math.round(count / 60) + " min");

async function look() {
  clearTimeout(timer);
  if (!photo) return;
  const asked = photo;
  let told = null;
  try {
    const answer = await fetch("/api/photos/" + photo.id + "/jobs");
    told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
  } catch (error) {
    $(".said").textContent = told ? error.message : "The page's server does not answer; it is asked again.";
    if (!told) timer = setTimeout(look, 2000);
    return;
  }
  if (asked !== photo) return;
  jobs = told;
  if (!jobs.some((job) => job.id === current)) current = jobs.at(-1)?.id;
  draw();
  if (jobs.some((job) => !ended(job))) timer = setTimeout(look, EVERY);
}

function draw() {
  const job = jobs.find((each) => each.id === current), going = job && !ended(job), done = job?.state === "done";
  $(".empty").hidden = Boolean(job);
  $(".shown").hidden = !done;
  $(".running").hidden = !going;
  $(".download").hidden = !done;
  element.dataset.state = job ? job.state : "";
  element.dataset.job = job ? job.id : "";
  if (going) {
    $("progress").value = job.share;
    const eta = job.eta === null ? "" : ", about " + seconds(job.eta) + " left";
    $(".state").textContent = (job.state === "waiting" ? (job.place === 1 ? "1 edit is" : job.place + " edits are") + " before it" : REDRESSED.includes(job.preset) && job.stage === "loop" ? "Choosing the cloth" : STAGES[job.stage]) + eta;
    const source = job.drawn ? "/api/jobs/" + job.id + "/drawn.png?" + job.drawn : "/api/photos/" + photo.id + "/shown.webp";
    if (!$(".now").src.endsWith(source)) $(".now").src = source;
  }
  if (done) {
    const before = "/api/photos/" + photo.id + "/shown.webp", after = "/api/jobs/" + job.id + "/shown.webp";
    if (!$(".after").src.endsWith(after)) ($(".after").src = after), ($(".before").src = before);
    Object.assign($(".download"), { href: "/api/jobs/" + job.id + "/result", download: job.name, title: "The photo's own size: " + photo.width + " × " + photo.height });
  }
  $(".facts").replaceChildren(...(job ? facts(job) : []));
  $(".said").textContent = job?.error || "";
  const notes = job?.report?.notices || [];
  $(".notices").replaceChildren(...notes.map((text) => make("li", {}, text)));
  $(".strip").replaceChildren(...jobs.map(variant));
  history();
}

function facts(job) {
  const report = job.report, told = ["“" + job.title + "”"];
  if (job.state === "cancelled") told.push("cancelled");
  if (job.state === "failed") told.push("refused");
  if (report) {
    told.push("seed " + report.seed, report.preset);
    const { before, after } = report.similarity;
    if (after != null) told.push("similarity " + after.toFixed(3) + (before != null ? " (before " + before.toFixed(3) + ")" : ""));
    told.push(report.seconds.toFixed(1) + " s");
  }
  return [told.join(" · ") + " ", make("button", { type: "button", className: "reopen", textContent: "Reopen its order", onclick: () => reopen(photo, job) })];
}

function variant(job) {
  const made = make("button", { type: "button", title: job.title, onclick: () => ((current = job.id), draw()) });
  made.setAttribute("aria-pressed", job.id === current);
  const label = job.state === "done" ? job.title : job.title + ": " + job.state;
  made.append(job.state === "done" ? make("img", { src: "/api/jobs/" + job.id + "/shown.webp?small", alt: "" }) : make("span", { className: "mark" }, job.state === "running" ? "…" : job.state === "waiting" ? "⏳" : "–"));
  const more = job.report ? "seed " + job.report.seed + " · " + (job.report.similarity.after ?? 0).toFixed(2) + " · " + job.report.seconds.toFixed(1) + " s" : job.state;
  made.append(make("span", { className: "name" }, label), make("span", { className: "soft" }, more));
  return made;
}

function reopen(of, job) {
  current = job.id;
  say("reopen", { photo: of, order: job.order });
  props.value = { preset: job.preset, seed: job.order.seed || 0, candidates: job.order.candidates || 1 };
  trigger("select");
}

async function history() {
  const kept = photos().filter((id) => id !== photo.id).slice(-8).reverse(), key = kept.join() + jobs.map((job) => job.id + job.state).join();
  if (element.dataset.history === key) return;
  element.dataset.history = key;
  const rows = [...jobs].reverse().map((job) => row(photo, job));
  for (const id of kept) {
    const [told, theirs] = await Promise.all(["", "/jobs"].map((end) => fetch("/api/photos/" + id + end).then((answer) => (answer.ok ? answer.json() : null))));
    if (told && theirs) rows.push(...theirs.reverse().map((job) => row(told, job)));
  }
  if (element.dataset.history === key) $(".history ol").replaceChildren(...rows);
}

function row(of, job) {
  const picture = make("img", { src: "/api/photos/" + of.id + "/shown.webp?small", alt: "" });
  return make("li", {}, make("button", { type: "button", onclick: () => reopen(of, job) }, picture, make("span", {}, job.title), make("span", { className: "soft" }, of.name + ", " + job.state)));
}

hear("photo", (told) => {
  photo = told;
  jobs = [];
  sessionStorage.setItem("fice:photos", JSON.stringify([...photos().filter((id) => id !== told.id), told.id].slice(-12)));
  look();
});
watch("value", () => {
  if (!props.value?.job) return;
  current = props.value.job;
  look();
  element.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
});
$(".cancel").onclick = async () => {
  await fetch("/api/jobs/" + current, { method: "DELETE" });
  look();
};
$(".slide input").oninput = (event) => element.style.setProperty("--split", event.target.value + "%");
$(".pair").onpointermove = $(".pair").onpointerdown = (event) => {
  if (event.type === "pointermove" && !event.buttons) return;
  const box = $(".pair").getBoundingClientRect(), slide = $(".slide input");
  slide.value = (100 * (event.clientX - box.left)) / box.width;
  slide.oninput({ target: slide });
};
document.addEventListener("visibilitychange", () => document.hidden || look());
