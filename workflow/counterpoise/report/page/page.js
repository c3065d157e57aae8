"use strict";
// Without this script everything is visible, in the order of the sample sheet.
const filters = document.getElementById("filters"), selects = [...filters.querySelectorAll("select")];
const items = [...document.querySelectorAll("[data-sample], [data-resolution]")], runs = document.querySelectorAll("tr[data-method]").length;
function filter() {
  const active = selects.filter(s => s.value).map(s => [s.dataset.key, s.value]);
  // Rows of masks and inputs have no method and no fitness, comparisons no sample, samples the sample alone: the
  // other filters ignore them.
  for (const item of items) item.hidden = active.some(([k, v]) => k in item.dataset && item.dataset[k] !== v);
  const visible = document.querySelectorAll("tr[data-method]:not([hidden])").length;
  document.getElementById("shown").textContent = `${visible} of ${runs} runs`;
}
selects.forEach(s => s.addEventListener("change", filter));
filters.hidden = false;
filter();
const keyOf = cell => "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value)) : cell.textContent.trim();
function sort(head) {
  const body = head.closest("table").tBodies[0], column = head.cellIndex;
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const rows = [...body.rows].map(row => [keyOf(row.cells[column]), row]);
  // Unknown values come last in both orders.
  rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null)
    : (typeof a === "number" ? a - b : a.localeCompare(b, undefined, {numeric: true})) * (up ? 1 : -1));
  body.append(...rows.map(([, row]) => row));
}
for (const head of document.querySelectorAll(".sortable th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => sort(head));
  head.append(button);
}
