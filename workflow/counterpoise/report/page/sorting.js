"use strict";
// Sorts and filters tables, on the report and on the page of differences. A table of the class
// sortable is sorted by the heads of its columns, by data-value of a cell or else by its text.
const sorting = (() => {
const isUnknown = value => value === null || value === undefined || value === "";
function compare(a, b, up) {
  if (isUnknown(a) || isUnknown(b)) return isUnknown(a) - isUnknown(b);
  return (typeof a === "number" ? a - b : String(a).localeCompare(b, undefined, { numeric: true })) * (up ? 1 : -1);
}
// Unknown values come last in both orders.
const sortBy = (items, value, up) => items.map((item, k) => [value(item), k, item]).sort((a, b) => compare(a[0], b[0], up) || a[1] - b[1]).map(each => each[2]);
function button(content, sort) {
  const made = document.createElement("button");
  made.type = "button";
  made.append(...content);
  made.addEventListener("click", sort);
  return made;
}
const valueOf = cell => "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value)) : cell.textContent.trim();
for (const head of document.querySelectorAll(".sortable thead th")) {
  head.append(button([...head.childNodes], () => {
    const body = head.closest("table").tBodies[0], up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...sortBy([...body.rows], row => valueOf(row.cells[head.cellIndex]), up));
  }));
}
const wordsOf = text => text.toLowerCase().split(/\s+/).filter(Boolean);
const hasWords = (text, words) => words.every(word => text.toLowerCase().includes(word));
// Redraws when a control changes; a search waits until typing pauses.
function listen(form, controls, draw) {
  let waiting;
  for (const control of controls) {
    const isSearch = control.type === "search";
    control.addEventListener(isSearch ? "input" : "change", () => { clearTimeout(waiting); waiting = setTimeout(draw, isSearch ? 120 : 0); });
  }
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
}
return { sortBy, button, wordsOf, hasWords, listen };
})();
