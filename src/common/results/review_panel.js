"use strict";
// Beside the strips: the page that has the focus and its document, the list of labels, the queue.

const SHOWN = 8; // rows of the queue
const PICKS = 3; // other labels with a key of their own

function currentDocument() {
  const documents = review.documents[current.stream];
  return documents[placeOf(documents, current.page)];
}

function drawPanel() {
  const { stream, page } = current;
  const { name, pages } = data.streams[stream];
  const shown = pages[page];
  const own = currentDocument();
  byId("page-title").textContent = `Page ${shown.page} of ${name}`;
  const sure = own.confidence === null || own.checked ? "" : `, ${own.confidence.toFixed(3)}`;
  const told = ` ${pagesOf(stream, own)}: ${standing(own)}${sure}`;
  byId("document").replaceChildren(chip(own.label), told);
  byId("reasons").textContent = own.status === "review" ? own.reasons.join("; ") : "";
  labelBox.value = own.label;
  byId("alternatives").replaceChildren(...own.alternatives.slice(0, PICKS).map(drawAlternative));
  byId("accept").disabled = own.checked;
  byId("split").disabled = page === own.first;
  byId("join").disabled = byId("earlier").disabled = own.first === 0;
  byId("later").disabled = own.first === 0 || own.first === own.last;
  byId("enlarge").replaceChildren(largePicture(shown));
  byId("enlarge").setAttribute("aria-label", `Enlarge page ${shown.page}`);
  const labels = shown.labels.map(withConfidence);
  const starts = `A document starts here with probability ${shown.starts.toFixed(2)}.`;
  byId("said").textContent = `This page: ${labels.join(", ")}. ${starts}`;
  drawWords(shown.because);
  byId("text").querySelector("p").textContent = shown.text || "There is none.";
  drawReadings(stream);
}

function drawAlternative([label, confidence], position) {
  const pick = element(
    "button",
    { type: "button", "aria-keyshortcuts": String(position + 1) },
    chip(label),
    ` ${confidence.toFixed(2)} `,
    element("kbd", {}, String(position + 1)),
  );
  pick.addEventListener("click", () => chooseLabel(label));
  return element("li", {}, pick);
}

function drawWords(because) {
  const loudest = Math.max(...because.map(([, vote]) => vote), 0);
  const items = because.map(([word, vote]) => {
    const said = element("span", { class: "word" }, word);
    const item = element("li", {}, said, ` +${vote.toFixed(2)}`);
    item.style.setProperty("--share", loudest > 0 ? Math.max(vote / loudest, 0) : 0);
    return item;
  });
  byId("words").hidden = !items.length;
  byId("words").querySelector("ul").replaceChildren(...items);
}

function largePicture({ picture, thumbnail, text }) {
  const source = picture || thumbnail;
  if (source) return element("img", { src: source, alt: "" });
  return element("span", { class: "card" }, text || "no text, no picture");
}

// --- The list of labels: typing narrows it

const labelBox = byId("label");
const labelList = byId("labels");
let active = 0; // option that Enter picks

/** The classes and what was named here; the document's own and the likely ones first. */
function knownLabels() {
  const own = currentDocument();
  const likely = own.alternatives.map(([label]) => label);
  const named = review.documents.flatMap((documents) => documents.map((each) => each.label));
  return [...new Set([own.label, ...likely, ...[...classes.keys(), ...named].sort()])];
}

/** Of the known labels those that hold what was typed, before others those that start with it. */
function matching(known, typed) {
  const holding = known.filter((label) => label.toLowerCase().includes(typed));
  const starts = (label) => Number(label.toLowerCase().startsWith(typed));
  return typed ? holding.sort((one, other) => starts(other) - starts(one)) : holding;
}

/** Lists what fits; what is no label yet may become one. */
function openLabels(typed) {
  const known = knownLabels();
  const wanted = typed.trim();
  const found = matching(known, wanted.toLowerCase());
  const offered = found.map((label) => drawLabel(label, chip(label)));
  if (wanted && !known.includes(wanted)) offered.push(drawLabel(wanted, `new label: ${wanted}`));
  offered.forEach((option, position) => (option.id = `label-${position}`));
  active = 0;
  labelList.replaceChildren(...offered);
  labelList.hidden = false;
  labelBox.setAttribute("aria-expanded", "true");
  activate(0);
}

function drawLabel(label, name) {
  const option = element("li", { role: "option", "aria-selected": "false" }, name);
  option.dataset.label = label;
  option.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the focus stays where it is
    chooseLabel(label);
  });
  return option;
}

function activate(position) {
  const options = [...labelList.children];
  options[active].setAttribute("aria-selected", "false");
  active = (position + options.length) % options.length;
  options[active].setAttribute("aria-selected", "true");
  options[active].scrollIntoView({ block: "nearest" });
  labelBox.setAttribute("aria-activedescendant", options[active].id);
}

function closeLabels() {
  labelList.hidden = true;
  labelBox.setAttribute("aria-expanded", "false");
  labelBox.removeAttribute("aria-activedescendant");
  labelBox.value = currentDocument().label;
}

labelBox.addEventListener("focus", () => {
  labelBox.select();
  openLabels("");
});
labelBox.addEventListener("input", () => openLabels(labelBox.value));
labelBox.addEventListener("blur", closeLabels);
labelBox.addEventListener("keydown", (event) => {
  const does = {
    ArrowDown: () => activate(active + 1),
    ArrowUp: () => activate(active - 1),
    Enter: () => chooseLabel(labelList.children[active].dataset.label),
    Escape: () => optionAt(current).focus(),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

// --- The page, enlarged

const large = byId("large");

function enlarge() {
  const shown = data.streams[current.stream].pages[current.page];
  large.querySelector("div").replaceChildren(largePicture(shown));
  large.showModal();
}

large.addEventListener("click", () => large.close());

// --- The queue, and how far it is done

function drawQueue() {
  const queue = queueOf(review);
  byId("queue").hidden = !queue.length;
  byId("nothing").hidden = queue.length > 0;
  byId("queue").querySelector("tbody").replaceChildren(...queue.slice(0, SHOWN).map(drawWaiting));
  byId("more").textContent = queue.length > SHOWN ? `${queue.length - SHOWN} more follow.` : "";
  const all = review.documents.reduce((sum, documents) => sum + documents.length, 0);
  const finished = review.documents.filter(isFinished).length;
  const total = plural(all, "document", "documents");
  byId("settled").textContent = `${all - queue.length} of ${total} accepted`;
  byId("progress").max = all;
  byId("progress").value = all - queue.length;
  byId("download").disabled = !finished;
  byId("download").textContent = `Download corrections: ${plural(finished, "stream", "streams")}`;
  byId("undo").disabled = byId("reset").disabled = !review.changes.length;
}

function drawWaiting({ stream, document: each }) {
  const place = `${data.streams[stream].name}, ${pagesOf(stream, each)}`;
  const go = element("button", { type: "button", class: "link" }, place);
  go.addEventListener("click", () => goTo({ stream, page: each.first }));
  const others = each.alternatives.slice(0, 2).map(withConfidence);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, go),
    element("td", {}, chip(each.label)),
    element("td", { class: "share" }, each.confidence === null ? "–" : each.confidence.toFixed(3)),
    element("td", {}, each.reasons.join("; ")),
    element("td", {}, others.join(", ")),
  );
}
