"use strict";
// What the page is made of: what it was given, and elements. Texts get into it as text alone.

const NAMED = 4; // documents that are told one by one

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const review = newReview(data.streams);
const classes = new Map(data.classes.map((each) => [each.label, each]));
let current = { stream: 0, page: 0 }; // the page that has, or had, the focus

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const withConfidence = ([label, confidence]) => `${label} ${confidence.toFixed(2)}`;

const plural = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function chip(label) {
  return coloured(element("span", { class: "chip" }, label), label);
}

/** Gives an element the colour and texture of a class; one that was named here has neither. */
function coloured(made, label) {
  const swatch = classes.get(label);
  if (swatch) {
    made.classList.add(swatch.texture);
    made.style.setProperty("--c", swatch.colour);
  }
  return made;
}

function pagesOf(stream, { first, last }) {
  const { pages } = data.streams[stream];
  const span = `${pages[first].page}–${pages[last].page}`;
  return first === last ? `page ${pages[first].page}` : `pages ${span}`;
}

const inWords = (stream, each) => `${pagesOf(stream, each)} ${each.label}`;

function standing(each) {
  if (each.checked) return "accepted by you";
  return each.status === "accepted" ? "accepted" : "for review";
}

function mark(each) {
  if (each.checked) return "✓ you";
  const sign = each.status === "accepted" ? "✓" : "?";
  return each.confidence === null ? sign : `${each.confidence.toFixed(2)} ${sign}`;
}
