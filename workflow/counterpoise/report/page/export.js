"use strict";
// Copies and downloads: tables as TSV, charts as SVG and PNG, texts. Without this script the page
// lacks the buttons and the numbers under the pointer of a large heat map.
const exporting = (() => {
const words = text => text.replace(/\s+/g, " ").trim();
const button = (text, label, action) => {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", () => action(made));
  return made;
};
function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
// Pages that were opened as files may not use the clipboard in some browsers.
function copySelected(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
async function copy(text, from) {
  const done = navigator.clipboard
    ? await navigator.clipboard.writeText(text).then(() => true, () => copySelected(text))
    : copySelected(text);
  const before = from.textContent;
  from.textContent = done ? "Copied" : "Not copied: select the text";
  setTimeout(() => { from.textContent = before; }, 1500);
}
// Line breaks of a cell separate what belongs together: "12 (3 %)".
const cellText = cell => words([...cell.childNodes].map(node => node.nodeName === "BR" ? " " : node.textContent).join(""));
// Spreadsheets execute texts that begin like a formula.
const cellValue = cell => cell.dataset.value ?? cellText(cell).replace(/^[=+@-]/, "'$&");
// A cell that spans rows is repeated in each of them.
function cellsByRow(table) {
  const spans = [];
  return [...table.rows].map(row => {
    const own = [...row.cells], cells = [];
    while (own.length || spans[cells.length]?.rest) {
      const span = spans[cells.length] ??= { rest: 0 };
      if (span.rest) span.rest--;
      else { span.cell = own.shift(); span.rest = span.cell.rowSpan - 1; }
      cells.push(span.cell);
    }
    return [row, cells];
  });
}
const toTsv = table => cellsByRow(table).filter(([row]) => !row.hidden && !row.parentNode.hidden)
  .map(([row, cells]) => cells.map(cell => row.parentNode.tagName === "THEAD" ? cellText(cell) : cellValue(cell)).join("\t"))
  .join("\n") + "\n";
const nameOf = item => words(item.dataset.name || document.title.split("·")[0]).replace(/[^\w.-]+/g, "_");
function before(item, ...buttons) {
  const tools = document.createElement("div");
  tools.className = "tools";
  tools.append(...buttons);
  item.before(tools);
}
for (const table of document.querySelectorAll(".table[data-name] > table")) {
  const name = nameOf(table.parentNode);
  before(table.parentNode,
    button("Copy", `Copy the table ${name}`, from => copy(toTsv(table), from)),
    button("TSV", `Download the table ${name} as TSV`, () => save(`${name}.tsv`, new Blob([toTsv(table)], {type: "text/tab-separated-values"}))));
}
function standalone(chart) {
  const clone = chart.cloneNode(true), [, , width, height] = chart.getAttribute("viewBox").split(" ");
  clone.setAttribute("height", height);
  clone.setAttribute("style", "color: #1b1f24; background: #fff");
  const page = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  page.setAttribute("width", width);
  page.setAttribute("height", height);
  page.setAttribute("fill", "#fff");
  clone.querySelector("desc").after(page);
  return [new XMLSerializer().serializeToString(clone), Number(width), Number(height)];
}
async function toPng(chart) {
  const [source, width, height] = standalone(chart), scale = 3;
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(source);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(done, "image/png"));
}
for (const chart of document.querySelectorAll("svg.chart")) {
  before(chart,
    button("SVG", `Download the chart ${chart.id} as SVG`, () => save(`${chart.id}.svg`, new Blob([standalone(chart)[0]], {type: "image/svg+xml"}))),
    button("PNG", `Download the chart ${chart.id} as PNG`, async () => save(`${chart.id}.png`, await toPng(chart))));
}
for (const text of document.querySelectorAll("[data-copy]"))
  before(text, button("Copy", `Copy ${text.dataset.copy}`, from => copy(text.textContent, from)));

// A heat map of many samples is an image: its colours give the numbers.
for (const picture of document.querySelectorAll("svg.chart image[data-samples]")) {
  const samples = picture.dataset.samples.split("\t"), low = Number(picture.dataset.low);
  const colours = picture.dataset.colours.split(" "), last = colours.length - 1;
  const canvas = document.createElement("canvas"), image = new Image();
  image.onload = () => {
    canvas.width = canvas.height = samples.length;
    canvas.getContext("2d", {willReadFrequently: true}).drawImage(image, 0, 0);
  };
  image.src = picture.getAttribute("href");
  const box = picture.closest(".charts"), tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  box.append(tip);
  picture.addEventListener("mousemove", event => {
    const area = picture.getBoundingClientRect(), outer = box.getBoundingClientRect();
    const at = (position, start, length) => Math.min(samples.length - 1, Math.max(0, Math.floor((position - start) / length * samples.length)));
    const column = at(event.clientX, area.left, area.width), row = at(event.clientY, area.top, area.height);
    const pixel = canvas.getContext("2d").getImageData(column, row, 1, 1).data;
    const colour = "#" + [...pixel].slice(0, 3).map(value => value.toString(16).padStart(2, "0")).join("");
    const level = colours.indexOf(colour);
    const number = (low + (1 - low) * level / last).toFixed(2);
    tip.textContent = `${samples[row]}, ${samples[column]}: ${level < 0 ? "unknown" : level ? number : `${number} or less`}`;
    tip.style.left = `${event.clientX - outer.left + 14}px`;
    tip.style.top = `${event.clientY - outer.top + 14}px`;
    tip.hidden = false;
  });
  picture.addEventListener("mouseleave", () => { tip.hidden = true; });
}
return { button, copy, save };
})();
