"use strict";
// Going from page to page, and keys and clicks as changes of what `review_edits.js` holds.

const STORED = `document-ensemble.review.${data.fingerprint}`;

// --- Going about

/** Makes a page the current one, and where it is wanted the focus goes there. */
function goTo(position, focus = true) {
  const before = optionAt(current);
  before.tabIndex = -1;
  before.setAttribute("aria-selected", "false");
  current = position;
  const option = optionAt(current);
  option.tabIndex = 0;
  option.setAttribute("aria-selected", "true");
  drawPanel();
  if (!focus) return;
  option.focus({ preventScroll: true });
  option.scrollIntoView({ block: "nearest" });
}

const optionAt = ({ stream, page }) => drawn[stream].pages[page];

/** The page so many further on, in the next stream too; null beyond the ends. */
function pageBeside({ stream, page }, by) {
  const there = data.streams[stream].pages[page + by];
  if (there) return { stream, page: page + by };
  const other = data.streams[stream + by];
  return other ? { stream: stream + by, page: by > 0 ? 0 : other.pages.length - 1 } : null;
}

/** The first page of the next document, or of this one, and from there of the one before. */
function documentBeside(by) {
  const { stream, page } = current;
  const own = currentDocument();
  if (by < 0 && page > own.first) return { stream, page: own.first };
  const beside = pageBeside({ stream, page: by > 0 ? own.last : own.first }, by);
  if (!beside) return null;
  const documents = review.documents[beside.stream];
  return { stream: beside.stream, page: documents[placeOf(documents, beside.page)].first };
}

function goOn() {
  const [next] = queueOf(review);
  if (next) goTo({ stream: next.stream, page: next.document.first });
}

// --- Changes

function say(text) {
  byId("status").textContent = text;
}

/** Draws a change, keeps it and says it; null is none. The focus is on the page afterwards. */
function make(change, what) {
  if (!change) {
    say("That cannot be done here.");
    optionAt(current).focus();
    return false;
  }
  drawDocuments(change);
  drawQueue();
  keep();
  const { stream, put } = change;
  const covered = put.some(({ first, last }) => first <= current.page && current.page <= last);
  goTo(stream === current.stream && covered ? current : { stream, page: put[0].first });
  say(`${what}: ${toldBriefly(put.map((each) => inWords(stream, each)), "; ")}.`);
  return true;
}

function toldBriefly(documents, between) {
  const more = documents.length - NAMED;
  return documents.slice(0, NAMED).join(between) + (more > 0 ? `, and ${more} more` : "");
}

function keep() {
  try {
    localStorage.setItem(STORED, changesAsText(review));
  } catch {
    const remedy = "this browser keeps nothing, so download before you close the page";
    byId("settled").textContent += `; ${remedy}`;
  }
}

function kept() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function acceptCurrent() {
  const { stream, page } = current;
  if (currentDocument().checked || make(accept(review, stream, page), "Accepted")) goOn();
}

function takeBack() {
  if (review.changes.length) make(undo(review), "Undone");
  else say("There is nothing to undo.");
}

function reset() {
  if (!confirm("Take all changes back, as if this page had never been used?")) return;
  while (review.changes.length) drawDocuments(undo(review));
  drawQueue();
  keep();
  goTo(current);
  say("All changes were taken back.");
}

function chooseLabel(label) {
  make(relabel(review, current.stream, current.page, label), "Labelled");
}

function download() {
  const address = URL.createObjectURL(new Blob([labelsOf(review)], { type: "text/csv" }));
  const link = element("a", { href: address, download: "corrections.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  say("The corrections were handed to your browser as corrections.csv.");
}

// --- Keys

const KEYS = {
  ArrowLeft: () => go(pageBeside(current, -1)),
  ArrowRight: () => go(pageBeside(current, 1)),
  ArrowUp: () => go(documentBeside(-1)),
  ArrowDown: () => go(documentBeside(1)),
  Home: () => go({ stream: current.stream, page: 0 }),
  End: () => go({ stream: current.stream, page: data.streams[current.stream].pages.length - 1 }),
  n: goOn,
  a: acceptCurrent,
  "Shift+a": () => make(acceptAll(review, current.stream), "Accepted"),
  s: () => make(split(review, current.stream, current.page), "Split"),
  j: () => make(join(review, current.stream, current.page), "Joined"),
  "Shift+ArrowLeft": () => make(moveStart(review, current.stream, current.page, -1), "Moved"),
  "Shift+ArrowRight": () => make(moveStart(review, current.stream, current.page, 1), "Moved"),
  l: () => labelBox.focus(),
  1: () => pick(0),
  2: () => pick(1),
  3: () => pick(2),
  Enter: enlarge,
  u: takeBack,
};

function go(position) {
  if (position) goTo(position);
}

function pick(position) {
  const other = currentDocument().alternatives[position];
  if (other) chooseLabel(other[0]);
}

byId("strips").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key; // Caps Lock is no Shift
  const does = KEYS[event.shiftKey ? `Shift+${key}` : key];
  if (!does) return;
  event.preventDefault();
  does();
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || event.target === labelBox) return;
  event.preventDefault();
  takeBack();
});
byId("strips").addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) goTo(positionOf(option));
});

// --- Beginning

const BUTTONS = {
  undo: takeBack,
  reset,
  download,
  accept: acceptCurrent,
  split: KEYS.s,
  join: KEYS.j,
  earlier: KEYS["Shift+ArrowLeft"],
  later: KEYS["Shift+ArrowRight"],
  enlarge,
};

function begin() {
  const { left_out: leftOut } = data;
  byId("left-out").hidden = !leftOut;
  const missing = `${plural(leftOut, "stream is", "streams are")} not here, for want of room.`;
  byId("left-out").textContent = `${missing} Take fewer apart at once.`;
  const before = kept();
  if (before) replay(review, before);
  byId("strips").append(...data.streams.map((_, stream) => drawStream(stream)));
  for (const [id, does] of Object.entries(BUTTONS)) byId(id).addEventListener("click", does);
  drawQueue();
  const [first] = queueOf(review);
  goTo(first ? { stream: first.stream, page: first.document.first } : current, false);
  const again = plural(review.changes.length, "change", "changes");
  if (review.changes.length) say(`From before, ${again} of yours.`);
}

begin();
