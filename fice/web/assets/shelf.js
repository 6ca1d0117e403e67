// What a collection has: pressed, or dragged onto a region of the photo.
const items = element.querySelector(".items");
function draw() {
  const { hits = [], said = "" } = props.value || {};
  element.querySelector(".hint").hidden = !hits.length;
  element.querySelector(".said").textContent = said;
  items.replaceChildren(...hits.map((hit) => {
    const made = Object.assign(document.createElement("button"), { type: "button", draggable: true, title: hit.why });
    const garment = { collection: hit.collection, picture: hit.picture };
    made.onclick = () => document.dispatchEvent(new CustomEvent("fice:garment", { detail: garment }));
    made.ondragstart = (event) => event.dataTransfer.setData("application/x-fice-garment", JSON.stringify(garment));
    const label = Object.assign(document.createElement("span"), { textContent: hit.caption });
    made.append(Object.assign(new Image(), { src: hit.thumbnail, alt: "", draggable: false }), label);
    return made;
  }));
}
watch("value", draw);
draw();
