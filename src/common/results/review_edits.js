"use strict";
// What a person makes of the streams; nothing here knows the page that shows it.
//
// A stream is a list of documents, in order and without gaps: {first, last, label, status,
// confidence, reasons, alternatives, checked}, its ends as positions among the stream's pages. A
// change puts some neighbours in the place of others, {stream, at, count, put}: so it can be
// undone, kept and replayed. Who changes a document's ends has not said yet what it is: it is for
// review until it is accepted or given a label.

const ENDS_CHANGED = "its ends were changed here";

function newReview(streams) {
  return { streams, documents: streams.map((stream) => stream.documents.slice()), changes: [] };
}

/** The place of the document that holds a page. */
function placeOf(documents, page) {
  let low = 0;
  let high = documents.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (documents[middle].last < page) low = middle + 1;
    else high = middle;
  }
  return low;
}

function apply(review, change) {
  const { stream, at, count, put } = change;
  const removed = review.documents[stream].splice(at, count, ...put);
  review.changes.push({ ...change, removed });
  return change;
}

/** Take the last change back. Returns the change that this is, or null where there is none. */
function undo(review) {
  const last = review.changes.pop();
  if (!last) return null;
  review.documents[last.stream].splice(last.at, last.put.length, ...last.removed);
  return { stream: last.stream, at: last.at, count: last.put.length, put: last.removed };
}

function withEnds(document, first, last) {
  const said = { status: "review", confidence: null, checked: false, reasons: [ENDS_CHANGED] };
  return { ...document, ...said, first, last };
}

// Each of these returns the change, or null where it cannot be made.

function split(review, stream, page) {
  const at = placeOf(review.documents[stream], page);
  const whole = review.documents[stream][at];
  if (whole.first === page) return null;
  const put = [withEnds(whole, whole.first, page - 1), withEnds(whole, page, whole.last)];
  return apply(review, { stream, at, count: 1, put });
}

function join(review, stream, page) {
  const at = placeOf(review.documents[stream], page);
  if (at === 0) return null;
  const [before, own] = review.documents[stream].slice(at - 1, at + 1);
  const put = [withEnds(before, before.first, own.last)];
  return apply(review, { stream, at: at - 1, count: 2, put });
}

/** Move the first page of the document that holds a page, by 1 or -1. */
function moveStart(review, stream, page, by) {
  const at = placeOf(review.documents[stream], page);
  if (at === 0) return null;
  const [before, own] = review.documents[stream].slice(at - 1, at + 1);
  const start = own.first + by;
  if (start <= before.first || start > own.last) return null;
  const put = [withEnds(before, before.first, start - 1), withEnds(own, start, own.last)];
  return apply(review, { stream, at: at - 1, count: 2, put });
}

function relabel(review, stream, page, label) {
  const at = placeOf(review.documents[stream], page);
  const document = review.documents[stream][at];
  if (document.label === label) return accept(review, stream, page);
  const said = { label, status: "accepted", confidence: null, checked: true, reasons: [] };
  return apply(review, { stream, at, count: 1, put: [{ ...document, ...said }] });
}

function checked(document) {
  return { ...document, status: "accepted", checked: true };
}

function accept(review, stream, page) {
  const at = placeOf(review.documents[stream], page);
  const document = review.documents[stream][at];
  if (document.checked) return null;
  return apply(review, { stream, at, count: 1, put: [checked(document)] });
}

function acceptAll(review, stream) {
  const documents = review.documents[stream];
  if (documents.every((document) => document.checked)) return null;
  return apply(review, { stream, at: 0, count: documents.length, put: documents.map(checked) });
}

/** Take a stream apart as another reading does. */
function takeReading(review, stream, reading) {
  const now = review.documents[stream];
  const then = reading.documents;
  const told = ({ first, last, label }) => JSON.stringify([first, last, label]);
  const same = (one, other) => told(one) === told(other);
  let start = 0;
  while (start < then.length && start < now.length && same(now[start], then[start])) start += 1;
  if (start === now.length) return null;
  let end = 0; // documents that are the same at the end
  while (same(now[now.length - 1 - end], then[then.length - 1 - end])) end += 1;
  const put = then.slice(start, then.length - end).map((document) => ({
    ...withEnds(document, document.first, document.last),
    alternatives: [],
    reasons: ["taken from another reading"],
  }));
  return apply(review, { stream, at: start, count: now.length - end - start, put });
}

/** What is for review, {stream, document}, first what was changed here, then the most doubtful. */
function queueOf(review) {
  const waiting = review.documents.flatMap((documents, stream) =>
    documents.filter((each) => each.status === "review").map((document) => ({ stream, document })),
  );
  const doubt = (each) => (each.document.confidence === null ? -1 : each.document.confidence);
  return waiting.sort(
    (one, other) =>
      doubt(one) - doubt(other) ||
      one.stream - other.stream ||
      one.document.first - other.document.first,
  );
}

/** A stream that somebody has looked at, and in which nothing is for review any more. */
function isFinished(documents) {
  return (
    documents.some((document) => document.checked) &&
    documents.every((document) => document.status === "accepted")
  );
}

/** The finished streams as the CSV that `prepare.py --labels` reads. */
function labelsOf(review) {
  const rows = [["file", "first_page", "last_page", "label"]];
  review.streams.forEach(({ name, pages }, stream) => {
    if (!isFinished(review.documents[stream])) return;
    for (const { first, last, label } of review.documents[stream]) {
      rows.push([name, String(pages[first].page), String(pages[last].page), label]);
    }
  });
  return rows.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

function quoted(cell) {
  return /[",;\r\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell;
}

/** The changes as text, from which `replay` makes them again. */
function changesAsText(review) {
  const changes = review.changes.map(({ stream, at, count, put }) => ({ stream, at, count, put }));
  return JSON.stringify(changes);
}

/** Make kept changes again, up to the first that does not fit. */
function replay(review, text) {
  let changes;
  try {
    changes = JSON.parse(text);
  } catch {
    return;
  }
  if (!Array.isArray(changes)) return;
  for (const change of changes) {
    if (!fits(review, change)) return;
    apply(review, change);
  }
}

/** Does a change cover the same pages as what it replaces? */
function fits(review, change) {
  const documents = review.documents[change?.stream];
  if (!documents || !Array.isArray(change.put) || !change.put.length) return false;
  const replaced = documents.slice(change.at, change.at + change.count);
  if (replaced.length !== change.count || !replaced.length) return false;
  let next = replaced[0].first;
  for (const { first, last, label, reasons, alternatives } of change.put) {
    if (first !== next || !(last >= first) || typeof label !== "string") return false;
    if (!Array.isArray(reasons) || !Array.isArray(alternatives)) return false;
    next = last + 1;
  }
  return next === replaced[replaced.length - 1].last + 1;
}
