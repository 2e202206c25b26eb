"use strict";
// Streams as film strips. A change draws anew only the documents that it touched.

const explained = data.streams.some(({ pages }) => pages.some((page) => page.because.length));
const drawn = []; // by stream: elements, which keep pace with review.documents

const onSight = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      onSight.unobserve(target);
      const { stream, page } = positionOf(target);
      target.querySelector("img").src = data.streams[stream].pages[page].thumbnail;
    }
  },
  { rootMargin: "800px" },
);

function positionOf(option) {
  return { stream: Number(option.dataset.stream), page: Number(option.dataset.page) };
}

function drawStream(stream) {
  const { name, pages } = data.streams[stream];
  const heading = element("p", { class: "muted" });
  const outcome = element("p", { class: "outcome" });
  const listed = { role: "listbox", class: "film", "aria-label": `Pages of ${name}` };
  const list = element("div", listed);
  const title = element("h3", { id: `stream-${stream}` }, name);
  const strip = element(
    "article",
    { class: "strip", "aria-labelledby": title.id },
    element("header", {}, title, heading, outcome),
    list,
  );
  const options = pages.map((_, page) => drawPage(stream, page));
  drawn.push({ heading, outcome, list, documents: [], pages: options });
  drawDocuments({ stream, at: 0, count: 0, put: review.documents[stream] });
  return strip;
}

function drawPage(stream, page) {
  const { page: number, thumbnail, text, because } = data.streams[stream].pages[page];
  const words = text.replace(/\s+/g, " ").slice(0, 60) || "no text, no picture";
  const shown = thumbnail ? element("img", { alt: "" }) : element("span", { class: "card" }, words);
  const word = because.length ? because[0][0] : "\u00a0";
  const place = { "data-stream": stream, "data-page": page };
  const option = element(
    "div",
    { role: "option", class: "frame", tabindex: "-1", "aria-selected": "false", ...place },
    element("span", { class: "picture" }, shown),
    explained ? element("span", { class: "because" }, word) : "",
    element("span", { class: "folio" }, String(number)),
  );
  if (thumbnail) onSight.observe(option);
  return option;
}

/** Draws what a change put in the place of others; the elements of pages are used again. */
function drawDocuments({ stream, at, count, put }) {
  const { list, documents, pages } = drawn[stream];
  const made = put.map((each) => drawDocument(stream, each, pages));
  const after = documents[at + count] || null;
  documents.splice(at, count, ...made).forEach((old) => old.remove());
  for (const each of made) list.insertBefore(each, after);
  drawHeading(stream);
}

function drawHeading(stream) {
  const { heading, outcome, pages } = drawn[stream];
  const documents = review.documents[stream];
  const { confidence } = data.streams[stream];
  const found = plural(documents.length, "document", "documents");
  const size = `${plural(pages.length, "page", "pages")}, ${found}`;
  heading.textContent = size;
  if (confidence !== null) {
    heading.append(`; all of it right with probability ${confidence.toFixed(2)}`);
  }
  const open = documents.filter((each) => each.status === "review").length;
  const done = isFinished(documents) ? "✓ finished" : "✓ accepted";
  outcome.textContent = open ? `${open} for review` : done;
  outcome.classList.toggle("open", open > 0);
}

function drawDocument(stream, each, pages) {
  const own = pages.slice(each.first, each.last + 1);
  own.forEach((option, position) => {
    const place = own.length > 1 ? `, ${position + 1} of ${own.length}` : "";
    const { page } = data.streams[stream].pages[each.first + position];
    option.setAttribute("aria-label", `Page ${page}: ${each.label}${place}, ${standing(each)}`);
  });
  const bar = element(
    "span",
    { class: `bar ${each.checked ? "checked-here" : each.status}`, "aria-hidden": "true" },
    element("span", { class: "label" }, each.label),
    element("span", { class: "said" }, mark(each)),
  );
  const name = `${inWords(stream, each)}, ${standing(each)}`;
  const made = element(
    "div",
    { role: "group", class: "document", "aria-label": name },
    element("div", { class: "frames" }, ...own),
    coloured(bar, each.label),
  );
  made.style.setProperty("--pages", own.length);
  made.addEventListener("pointerenter", () => (made.title = tellAlternatives(stream, each)));
  return made;
}

/** What else a document may be, and how other readings take its pages apart. */
function tellAlternatives(stream, each) {
  const labels = each.alternatives.map(withConfidence);
  const readings = data.streams[stream].readings.map((reading) => {
    const other = differing(stream, reading)
      .filter((one) => one.first <= each.last && one.last >= each.first)
      .map((one) => inWords(stream, one));
    return other.length ? `${reading.probability.toFixed(3)}: ${other.join(", ")}` : "";
  });
  return [`Else: ${labels.join(", ") || "nothing"}`, ...readings.filter(Boolean)].join("\n");
}

// --- Other readings

/** The documents of a reading that the stream, as it is now, has not. */
function differing(stream, reading) {
  const now = new Map(review.documents[stream].map((each) => [each.first, each]));
  return reading.documents.filter((each) => {
    const same = now.get(each.first);
    return !same || same.last !== each.last || same.label !== each.label;
  });
}

/** Marks on the film strip where a reading starts documents, and where it does not. */
function showReading(stream, reading) {
  hideReading(stream);
  const { pages } = drawn[stream];
  for (const { first, label } of differing(stream, reading)) pages[first].dataset.would = label;
  const starts = new Set(reading.documents.map((each) => each.first));
  for (const { first } of review.documents[stream]) {
    pages[first].classList.toggle("would-join", !starts.has(first));
  }
}

function hideReading(stream) {
  for (const option of drawn[stream].list.querySelectorAll("[data-would], .would-join")) {
    option.classList.remove("would-join");
    delete option.dataset.would;
  }
}

function drawReadings(stream) {
  const items = data.streams[stream].readings.map((reading) => {
    const told = toldBriefly(differing(stream, reading).map((each) => inWords(stream, each)), ", ");
    const take = element(
      "button",
      { type: "button", class: "reading" },
      element("span", { class: "said" }, reading.probability.toFixed(3)),
      ` ${told || "as it is now"}`,
    );
    const show = () => showReading(stream, reading);
    const hide = () => hideReading(stream);
    for (const event of ["pointerenter", "focus"]) take.addEventListener(event, show);
    for (const event of ["pointerleave", "blur"]) take.addEventListener(event, hide);
    take.addEventListener("click", () => {
      hide();
      make(takeReading(review, stream, reading), "Taken");
    });
    return element("li", {}, take);
  });
  byId("readings").hidden = !items.length;
  byId("readings").querySelector("ol").replaceChildren(...items);
}
