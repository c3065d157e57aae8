"use strict";
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { samples, runs, maps, limits } = data;
const DASH = "–", CHUNK = 60, PRINTED = 100;
const text = number => number === null || number === undefined ? "" : data.texts[number];

// --- numbers as text ---------------------------------------------------------------------------
const known = value => value !== null && value !== undefined;
const number = v => !known(v) ? DASH
  : Math.abs(v) >= 1000 || Number.isInteger(v) ? Math.round(v).toLocaleString("en-US") : String(Number(v.toPrecision(4)));
const short = v => !known(v) ? DASH : v < 1e4 ? number(v)
  : v < 1e6 ? `${Number((v / 1e3).toPrecision(3))} k` : v < 1e9 ? `${Number((v / 1e6).toPrecision(3))} M` : `${Number((v / 1e9).toPrecision(3))} G`;
const percent = (v, digits = 3) => !known(v) ? DASH : v === 0 ? "0 %" : v >= 1 ? `${Math.round(100 * v)} %`
  : v < 1e-5 ? "less than 0.001 %" : `${Number(Math.min(100 * v, 99.9).toPrecision(digits))} %`;
const deviation = v => !known(v) ? DASH : v && v < 1e-3 ? v.toExponential(2) : String(Number(v.toPrecision(3)));
const bins = v => !known(v) ? DASH : v >= 1e6 ? `${v / 1e6} Mb` : v >= 1e3 ? `${v / 1e3} kb` : `${v} bp`;
const share = (part, of) => known(of) ? (of ? part / of : 0) : null;

// --- elements ----------------------------------------------------------------------------------
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  element.append(...children.filter(child => known(child) && child !== ""));
  return element;
}

// --- runs and maps by place --------------------------------------------------------------------
const sizes = data.resolutions.length, methods = data.methods.length;
const runAt = new Map(), mapAt = new Map();
runs.sample.forEach((sample, i) => runAt.set((sample * sizes + runs.resolution[i]) * methods + runs.method[i], i));
maps.sample.forEach((sample, i) => mapAt.set(sample * sizes + maps.resolution[i], i));
const findRun = (sample, size, method) => runAt.get((sample * sizes + size) * methods + method);
const mapOf = i => mapAt.get(runs.sample[i] * sizes + runs.resolution[i]);
const ofMap = (name, i) => i === undefined ? null : maps[name][i];
const fitness = i => text(runs.fitness[i]) || "missing";
const makesEqual = i => data.equal_sums.includes(text(runs.algorithm[i]));
// The dash of a mark says that some chromosomes are not for use.
const isPartial = i => text(runs.label[i]) !== data.fitness_labels[fitness(i)];
const markClasses = i => `mark ${fitness(i)}${isPartial(i) ? " partial" : ""}`;
const mark = i => make("span", { class: markClasses(i), "aria-hidden": "true" });
const order = ["good", "caution", "no", "missing"];
const nameOf = i => `${samples.name[runs.sample[i]]} · ${data.resolution_names[runs.resolution[i]]} · ${data.methods[runs.method[i]]}`;

// --- what is shown -----------------------------------------------------------------------------
const controls = ["search", "resolution", "method", "fitness", "group", "colour"].map($);
const haystack = samples.name.map((name, s) => [name, text(samples.group[s]), ...Object.values(samples.labels).map(column => text(column[s]))].join(" "));
let state;
function readState() {
  const [search, resolution, method, wanted, group, colour] = controls.map(control => control.value);
  state = {
    words: sorting.wordsOf(search), wanted, group, colour,
    sizes: resolution === "" ? data.resolutions.map((_, k) => k) : [Number(resolution)],
    methods: method === "" ? data.methods.map((_, k) => k) : [Number(method)],
    level: resolution === "" ? data.level : Number(resolution),
  };
  state.methods.sort((a, b) => (b === data.primary) - (a === data.primary));
}
const keepsSample = s => sorting.hasWords(haystack[s], state.words);
const keepsRun = i => keepsSample(runs.sample[i]) && state.sizes.includes(runs.resolution[i])
  && state.methods.includes(runs.method[i]) && (!state.wanted || fitness(i) === state.wanted);
const labelOf = (choice, s) => choice === "group" ? text(samples.group[s]) : choice ? text(samples.labels[choice.slice(6)][s]) : "";
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f7f7f", "#6a3d9a", "#b15928"];

// --- tables that are filled while they are scrolled --------------------------------------------
function fill(table, items, draw) {
  const box = table.parentNode;
  box.querySelector(".more")?.remove();
  for (const body of [...table.tBodies]) body.remove();
  const body = table.createTBody(), rest = make("div", { class: "more" });
  let drawn = 0;
  const grow = until => {
    const end = Math.min(items.length, until);
    for (; drawn < end; drawn++) body.append(draw(items[drawn], drawn));
    rest.textContent = drawn < items.length ? `${(items.length - drawn).toLocaleString("en-US")} more; scroll on` : "";
    if (drawn >= items.length) { watcher.disconnect(); rest.remove(); }
  };
  const watcher = new IntersectionObserver(entries => { if (entries.some(each => each.isIntersecting)) { grow(drawn + CHUNK); watcher.unobserve(rest); if (drawn < items.length) watcher.observe(rest); } }, { root: null, rootMargin: "600px" });
  table.setAttribute("aria-rowcount", items.length + table.tHead.rows.length);
  table.items = items.length;
  table.grow = until => grow(until ?? drawn + CHUNK);
  box.append(rest);
  grow(CHUNK);
  if (drawn < items.length) watcher.observe(rest);
  if (!items.length) body.append(make("tr", {}, make("td", { colspan: 99 }, "Nothing is like this. Choose other filters.")));
}

// --- printing ----------------------------------------------------------------------------------
// Of a long table the first rows are printed, and a note says how many are not. Lists of the answer
// that are folded are opened.
function limitRows(table) {
  table.grow?.(PRINTED);
  const bodies = [...table.tBodies], items = (bodies.length === 1 ? [...bodies[0].rows] : bodies).filter(item => !item.hidden);
  const number = table.items ?? items.length, left = number - PRINTED, box = table.parentNode;
  const isLeftOut = table.id === "runs" && left > 0;
  table.classList.toggle("unprinted", isLeftOut);
  items.forEach((item, k) => item.classList.toggle("unprinted", k >= PRINTED));
  if (!box.nextElementSibling?.matches(".printed")) box.after(make("p", { class: "printed" }));
  box.nextElementSibling.textContent = left > 0 ? `${(isLeftOut ? number : left).toLocaleString("en-US")} ${isLeftOut ? "rows" : "more rows"} are not printed. Filter the page to print them.` : "";
}
let unfolded = [];
addEventListener("beforeprint", () => {
  document.querySelectorAll(".table > table").forEach(limitRows);
  unfolded = [...document.querySelectorAll(".first details:not([open])")].filter(each => each.querySelectorAll("li").length <= PRINTED);
  for (const each of unfolded) each.open = true;
});
addEventListener("afterprint", () => { for (const each of unfolded) each.open = false; });

const sortButton = (name, sorted, up, choose) => sorting.button([name].flat(), () => choose(sorted ? !up : true));

// --- copying and downloading -------------------------------------------------------------------
const cleanCell = value => { const line = String(value ?? "").split(/\s+/).join(" ").trim(); return /^[=+@-]/.test(line) && isNaN(line) ? `'${line}` : line; };
const tsvOf = lines => lines.map(line => line.map(cleanCell).join("\t")).join("\n") + "\n";
function addTools(table, name, lines, place = null) {
  const tools = make("div", { class: "tools" },
    exporting.button("Copy", `Copy the table ${name}`, from => exporting.copy(tsvOf(lines()), from)),
    exporting.button("TSV", `Download the table ${name} as TSV`, () => exporting.save(`${name}.tsv`, new Blob([tsvOf(lines())], { type: "text/tab-separated-values" }))));
  if (place) place.append(tools); else table.parentNode.before(tools);
}

// --- the answer -------------------------------------------------------------------------------
// It follows the resolution that is chosen.
const answers = [...document.querySelectorAll(".levels [data-level]")], doubts = document.querySelectorAll(".doubts");
function drawAnswer() {
  const size = String(data.resolutions[state.level]), chosen = answers.find(row => row.dataset.level === size);
  if (!chosen) return;
  for (const row of answers) row.classList.toggle("chosen", row === chosen);
  for (const section of doubts) section.hidden = section.dataset.level !== size;
  if ($("answer").textContent !== chosen.dataset.answer) $("answer").textContent = chosen.dataset.answer;
}

// --- the overview ------------------------------------------------------------------------------
const matrix = $("matrix");
let chosen = { key: null, up: true }, shownSamples = [], current = [0, 0];
const primaryRun = s => known(state.level) ? findRun(s, state.level, state.methods.includes(data.primary) ? data.primary : state.methods[0]) : undefined;
const primaryMap = s => known(state.level) ? mapAt.get(s * sizes + state.level) : undefined;
const weightedShare = i => i === undefined ? null : share(runs.weighted[i], runs.with_contacts[i]);
// The expected unevenness of a run as a fraction, or its upper bound where it is not known better.
const asFraction = percents => i => i !== undefined && known(percents[i]) ? percents[i] / 100 : null;
const estimate = asFraction(runs.expected_unevenness), atMost = asFraction(runs.unevenness_at_most);
const isMeasured = i => known(estimate(i));
const unevenness = i => estimate(i) ?? atMost(i);
const describeUnevenness = (i, less = "< ") => known(unevenness(i)) ? `${isMeasured(i) ? "" : less}${percent(unevenness(i), 2)}` : DASH;
const measured = new Set(runs.sample.filter((_, i) => fitness(i) !== "missing"));
const isTooShallow = (figure, value, s) => figure.key === "usable" && !known(value) && measured.has(s);
const FIGURES = [
  { key: "contacts", name: "contacts", at: true, value: s => ofMap("contacts", primaryMap(s)), format: short, scale: "most", tip: v => `${number(v)} contacts` },
  { key: "cis", name: "cis", at: true, value: s => ofMap("cis_share", primaryMap(s)), format: v => percent(v), scale: 1, tip: (v, s) => `${percent(v)} of the contacts are within chromosomes; ${percent(ofMap("cis_20kb_share", primaryMap(s)))} of all are beyond 20 kb` },
  { key: "usable", name: ["deep", make("br"), "enough for"], value: s => samples.usable_resolution[s], format: bins, scale: "depth", tip: v => v ? `${bins(v)} is the finest of its resolutions at which 80 % of the bins have 1,000 contacts` : "At none of its resolutions do 80 % of the bins have 1,000 contacts" },
  { key: "weighted", name: ["bins with", make("br"), "weights"], at: true, value: s => weightedShare(primaryRun(s)), format: v => percent(v), scale: 1, tick: limits.bins_caution, tip: (v, s) => known(v) ? `${number(runs.weighted[primaryRun(s)])} of ${number(runs.with_contacts[primaryRun(s)])} bins with contacts have a weight; caution below ${percent(limits.bins_caution)}, not for use below ${percent(limits.bins_no)}` : "no result" },
  { key: "uneven", name: ["expected", make("br"), "unevenness"], at: true, value: s => unevenness(primaryRun(s)), saved: [["uneven", s => estimate(primaryRun(s))], ["uneven_at_most", s => atMost(primaryRun(s))]], format: (v, s) => describeUnevenness(primaryRun(s)), scale: "most", tip: (v, s) => known(v) ? `Row sums of new contacts of this library, balanced with these weights, would vary by ${describeUnevenness(primaryRun(s), "less than ")} beyond counting noise; caution above ${percent(limits.expected_unevenness_caution)}` : "unknown" },
];
const markKey = (size, method) => `${size}:${method}`;
function sampleValue(key) {
  const figure = FIGURES.find(each => each.key === key);
  if (figure) return figure.value;
  if (key === "slope") return s => ofMap("decay_slope", primaryMap(s));
  if (key === "name") return s => samples.name[s];
  const [size, method] = key.split(":").map(Number);
  return s => { const i = findRun(s, size, method); return i === undefined ? null : order.indexOf(fitness(i)); };
}
const curves = (() => {
  const all = samples.decay.filter(Boolean);
  const range = axis => [Math.min(...all.map(c => Math.min(...c[axis]))), Math.max(...all.map(c => Math.max(...c[axis])))];
  const [x, y] = all.length ? [range(0), range(1)] : [[0, 1], [0, 1]];
  const scale = ([low, high], size, v) => (v - low) / (high - low || 1) * size;
  const path = c => c[0].map((v, k) => `${k ? "L" : "M"}${scale(x, 96, v).toFixed(1)} ${(25 - scale(y, 24, c[1][k])).toFixed(1)}`).join("");
  const middle = new Map();
  for (const c of all) c[0].forEach((v, k) => middle.set(v, [...middle.get(v) ?? [], c[1][k]]));
  const usual = [...middle].filter(([, each]) => each.length * 2 > all.length).sort((a, b) => a[0] - b[0]);
  const median = each => [...each].sort((a, b) => a - b)[each.length >> 1];
  return { path, usual: all.length > 2 && usual.length > 1 ? path([usual.map(u => u[0]), usual.map(u => median(u[1]))]) : "" };
})();
function curve(s) {
  if (!samples.decay[s]) return DASH;
  const drawing = $("curve").content.firstElementChild.cloneNode(true);
  drawing.querySelector(".all").setAttribute("d", curves.usual);
  drawing.querySelector(".one").setAttribute("d", curves.path(samples.decay[s]));
  return drawing;
}
function columnsShown() {
  return state.sizes.flatMap(size => state.methods.map(method => [size, method])).filter(([size, method]) => shownPlaces.has(size * methods + method));
}
const shownPlaces = new Set(runs.sample.map((_, i) => runs.resolution[i] * methods + runs.method[i]));

function drawMatrix() {
  const columns = columnsShown(), top = make("tr"), second = make("tr");
  const level = known(state.level) ? data.resolution_names[state.level] : "";
  const head = (key, name, attributes, row = top) => {
    const sorted = chosen.key === key;
    const cell = make("th", { scope: "col", ...attributes, "aria-sort": sorted ? (chosen.up ? "ascending" : "descending") : null });
    cell.append(sortButton(name, sorted, chosen.up, up => { chosen = { key, up }; drawMatrix(); }));
    row.append(cell);
    return cell;
  };
  head("name", "sample", { rowspan: 2 });
  for (const figure of FIGURES) head(figure.key, figure.name, { rowspan: 2, class: "n" }).append(figure.at ? make("small", {}, make("br"), `at ${level}`) : "");
  head("slope", "P(s)", { rowspan: 2, class: "curve-column" });
  for (const size of state.sizes) {
    const span = columns.filter(each => each[0] === size).length;
    if (span) top.append(make("th", { scope: "colgroup", colspan: span, class: "size" }, data.resolution_names[size]));
  }
  columns.forEach(([size, method], k) => head(markKey(size, method), make("span", {}, data.methods[method]), { class: markClass(columns, k) + (method === data.primary ? " primary" : "") }, second));
  matrix.tHead?.remove();
  matrix.append(make("thead", {}, top, second));
  if (!matrix.caption) matrix.prepend(make("caption", { class: "hidden" }, "Samples, with a mark for each method and resolution"));

  const wantsRuns = state.wanted || state.sizes.length < sizes || state.methods.length < methods;
  const withRun = wantsRuns ? new Set(runs.sample.filter((_, i) => keepsRun(i))) : null;
  let list = samples.name.map((_, s) => s).filter(s => keepsSample(s) && (!withRun || withRun.has(s)));
  if (chosen.key) list = sorting.sortBy(list, sampleValue(chosen.key), chosen.up);
  const groups = new Map();
  for (const s of list) { const name = labelOf(state.group, s); groups.set(name, [...groups.get(name) ?? [], s]); }
  if (!state.group) { groups.clear(); groups.set("", list); }
  shownSamples = [...groups.values()].flat();
  const items = [...groups].flatMap(([name, members]) => [...state.group ? [{ name, members }] : [], ...members]);
  const values = new Map(FIGURES.map(figure => [figure.key, Math.max(...samples.name.map((_, s) => figure.value(s) ?? 0), 1e-12)]));
  const colours = new Map([...new Set(samples.name.map((_, s) => labelOf(state.colour, s)))].map((name, k) => [name, PALETTE[k % PALETTE.length]]));
  const position = new Map(shownSamples.map((s, r) => [s, r]));
  current = [Math.min(current[0], Math.max(shownSamples.length - 1, 0)), Math.min(current[1], Math.max(columns.length - 1, 0))];
  matrix.columns = columns;
  matrix.classList.toggle("wide", columns.length > 20);
  fill(matrix, items, item => {
    if (typeof item !== "number") return groupRow(item, columns);
    const row = make("tr"), colour = state.colour ? colours.get(labelOf(state.colour, item)) : null;
    if (colour) row.style.setProperty("--c", colour);
    const labels = [...new Set(Object.values(samples.labels).map(column => text(column[item])).filter(Boolean))].join(", ");
    const button = make("button", { type: "button", class: "name", "data-sample": item, title: labels }, samples.name[item]);
    row.append(make("th", { scope: "row" }, colour ? make("span", { class: "swatch" }) : "", button,
      state.colour ? make("small", {}, ` ${labelOf(state.colour, item)}`) : "",
      samples.stands_out[item] !== null ? make("small", { class: "outlier", title: text(samples.stands_out[item]) }, " stands out") : ""));
    for (const figure of FIGURES) row.append(figureCell(figure, item, values.get(figure.key)));
    row.append(make("td", { "data-slope": item, class: "curve-column" }, curve(item)));
    columns.forEach(([size, method], k) => row.append(markCell(findRun(item, size, method), position.get(item), k, columns)));
    return row;
  });
  matrix.style.setProperty("--second", `${matrix.tHead.rows[0].offsetHeight}px`);
  setCurrent(...current);
  $("shown").textContent = `${list.length.toLocaleString("en-US")} of ${samples.name.length.toLocaleString("en-US")} samples`;
}
function groupRow({ name, members }, columns) {
  const counts = order.map(each => [each, members.filter(s => primaryRun(s) !== undefined && fitness(primaryRun(s)) === each).length]).filter(each => each[1]);
  const summary = counts.map(([each, n]) => `${n} ${data.fitness_labels[each]}`).join(", ");
  return make("tr", { class: "group" }, make("th", { scope: "rowgroup", colspan: 2 + FIGURES.length + columns.length }, `${name || "no label"} · ${members.length} sample${members.length === 1 ? "" : "s"}${summary ? `: ${summary}` : ""}`));
}
const markClass = (columns, k) => "m" + (!k || columns[k - 1][0] !== columns[k][0] ? " first-m" : "") + (k === columns.length - 1 || columns[k + 1][0] !== columns[k][0] ? " last-m" : "");
function figureCell(figure, s, most) {
  const value = figure.value(s), cell = make("td", { class: "n bar", "data-figure": figure.key, "data-sample": s }, isTooShallow(figure, value, s) ? "none" : figure.format(value, s));
  const part = !known(value) ? 0 : figure.scale === "most" ? value / most
    : figure.scale === "depth" ? (sizes - data.resolutions.indexOf(value)) / sizes : value / figure.scale;
  cell.style.setProperty("--v", `${(100 * part).toFixed(1)}%`);
  if (figure.tick) cell.style.setProperty("--tick", `${100 * figure.tick}%`);
  return cell;
}
function markCell(i, r, c, columns) {
  const cell = make("td", { class: markClass(columns, c) });
  if (i !== undefined) {
    cell.append(make("button", { type: "button", class: markClasses(i), "data-run": i, "data-r": r, "data-c": c, tabindex: -1, "aria-label": `${nameOf(i)}: ${text(runs.label[i])}` }));
  }
  return cell;
}
function markAt(r, c) {
  while (!matrix.querySelector(`[data-r="${r}"]`) && matrix.querySelector(".more, tbody") && r < shownSamples.length && matrix.parentNode.querySelector(".more")?.textContent) matrix.grow();
  return matrix.querySelector(`button[data-r="${r}"][data-c="${c}"]`);
}
function setCurrent(r, c) {
  matrix.querySelector("button.mark[tabindex='0']")?.setAttribute("tabindex", -1);
  const button = markAt(r, c) ?? matrix.querySelector("button.mark");
  button?.setAttribute("tabindex", 0);
  current = [r, c];
  return button;
}
// Skips places where there is no run.
function moveFrom(r, c, [down, right]) {
  for (;;) {
    r += down; c += right;
    if (r < 0 || c < 0 || r >= shownSamples.length || c >= matrix.columns.length) return null;
    if (markAt(r, c)) return [r, c];
  }
}
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
matrix.addEventListener("keydown", event => {
  const button = event.target.closest("button.mark");
  if (!button || !(event.key in ARROWS)) return;
  event.preventDefault();
  const place = moveFrom(Number(button.dataset.r), Number(button.dataset.c), ARROWS[event.key]);
  if (place) { const next = setCurrent(...place); next.focus(); next.scrollIntoView({ block: "nearest", inline: "nearest" }); }
});
matrix.addEventListener("click", event => {
  const target = event.target.closest("button.mark, button.name[data-sample]");
  if (!target) return;
  if (target.dataset.run) { setCurrent(Number(target.dataset.r), Number(target.dataset.c)); openDrawer(Number(target.dataset.run), target); }
  else openSample(Number(target.dataset.sample), target);
});

// --- numbers and thresholds on hover and focus -------------------------------------------------
const over = (limit, what) => `${what} ${percent(limit)}`;
function describeRun(i) {
  const lines = [`${nameOf(i)}: ${text(runs.label[i])}`];
  if (fitness(i) === "missing") return [...lines, text(runs.reason[i])].join("\n");
  lines.push(`error of a weight ${percent(runs.median_se[i], 2)} (${over(limits.error_caution, "caution above")}, ${over(limits.error_no, "not for use above")})`);
  lines.push(`bins with a weight ${percent(weightedShare(i))} (${over(limits.bins_caution, "caution below")}, ${over(limits.bins_no, "not for use below")})`);
  lines.push(`row sums vary by ${percent(runs.rms_deviation[i], 2)} (${makesEqual(i) ? over(limits.uneven_caution, "caution above") : "no limit"})`);
  lines.push(`expected unevenness of new contacts ${describeUnevenness(i)} (${over(limits.expected_unevenness_caution, "caution above")})`);
  lines.push(`${short(ofMap("contacts", mapOf(i)))} contacts (caution below ${percent(limits.depth_caution)} of the median of its group; of all samples where the group is small; of two samples, of the other)`);
  return lines.join("\n");
}
function describeTarget(target) {
  if (target.dataset.run) return describeRun(Number(target.dataset.run));
  const s = Number(target.dataset.sample ?? target.dataset.slope), figure = FIGURES.find(each => each.key === target.dataset.figure);
  if (figure) { const value = figure.value(s); return `${samples.name[s]}: ${known(value) || isTooShallow(figure, value, s) ? figure.tip(value, s) : "unknown"}`; }
  const slope = ofMap("decay_slope", primaryMap(s));
  return `${samples.name[s]}: contacts by distance at its finest resolution${known(slope) ? `; slope ${slope.toFixed(2)} at ${data.resolution_names[state.level]}` : ""}${curves.usual ? ". Pale: the median of all samples" : ""}`;
}
const tip = $("tip"), TIPPED = "button.mark[data-run], [data-figure], [data-slope]";
function showTip(target) {
  tip.textContent = describeTarget(target);
  tip.hidden = false;
  (target.closest("dialog") ?? document.body).append(tip);
  const box = target.getBoundingClientRect(), own = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(box.left, innerWidth - own.width - 8))}px`;
  tip.style.top = `${box.bottom + own.height + 8 > innerHeight ? box.top - own.height - 6 : box.bottom + 6}px`;
  target.setAttribute("aria-describedby", "tip");
}
const hideTip = () => { tip.hidden = true; };
for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, event => {
  const target = event.target.closest?.(TIPPED);
  if (target && (kind === "mouseover" || target.matches(":focus-visible"))) showTip(target); else hideTip();
});
document.addEventListener("scroll", hideTip, { capture: true, passive: true });

// --- the drawer --------------------------------------------------------------------------------
const drawer = $("drawer");
let opened = null, opener = null;
function openSample(s, from) {
  const i = primaryRun(s) ?? runs.sample.indexOf(s);
  openDrawer(i, from);
}
function openDrawer(i, from) {
  opener = from ?? opener;
  drawRun(i);
  if (!drawer.open) drawer.showModal();
  drawer.scrollTop = 0;
  $("drawer-title").focus();
}
function drawRun(i) {
  opened = i;
  hideTip();
  const s = runs.sample[i], r = shownSamples.indexOf(s);
  $("drawer-title").textContent = nameOf(i);
  $("previous").disabled = r <= 0;
  $("next").disabled = r < 0 || r >= shownSamples.length - 1;
  const body = $("drawer-body");
  body.replaceChildren(others(i), verdict(i));
  if (samples.stands_out[s] !== null && !text(runs.fitness_reason[i]).includes(text(samples.stands_out[s]))) body.append(make("p", {}, make("b", {}, "This sample stands out. "), text(samples.stands_out[s])));
  if (fitness(i) !== "missing") body.append(make("h3", {}, "Numbers"), numbers(i), ...plotOf(i));
}
function others(i) {
  const box = make("div", { class: "others", "aria-label": "Runs of this sample" });
  data.resolutions.forEach((_, size) => {
    const marks = data.methods.map((name, method) => [name, findRun(runs.sample[i], size, method)]).filter(each => each[1] !== undefined);
    if (marks.length) box.append(make("span", {}, `${data.resolution_names[size]} `, ...marks.map(([, j]) => {
      const button = make("button", { type: "button", class: markClasses(j), "data-run": j, "aria-current": j === i ? "true" : null, "aria-label": `${nameOf(j)}: ${text(runs.label[j])}` });
      button.addEventListener("click", () => { drawRun(j); $("drawer-title").focus(); });
      return button;
    })));
  });
  return box;
}
function verdict(i) {
  const why = [text(runs.fitness_reason[i]), text(runs.reason[i])];
  return make("div", {}, make("p", { class: "verdict" }, mark(i), make("b", {}, text(runs.label[i])), text(runs.outcome[i]) ? ` (${text(runs.outcome[i])})` : ""),
    why[0] ? make("p", {}, make("b", {}, why[0])) : "", why[1] ? make("p", {}, why[1]) : "", termsOf(why.join(" ")));
}
function termsOf(reason) {
  const used = Object.entries(data.terms).filter(([term]) => new RegExp(`\\b${term}s?\\b`, "i").test(reason));
  return !used.length ? "" : make("dl", {}, ...used.flatMap(([term, meaning]) => [make("dt", {}, term), make("dd", {}, meaning)]));
}
function numbers(i) {
  const m = mapOf(i), list = make("dl", { class: "numbers" });
  const add = (name, value, limit) => { if (value && value !== DASH) list.append(make("div", {}, make("dt", {}, name), make("dd", {}, value, limit ? make("small", {}, ` ${limit}`) : ""))); };
  add("error of a weight (median)", percent(runs.median_se[i], 2), over(limits.error_caution, "caution above"));
  add("expected unevenness", describeUnevenness(i), over(limits.expected_unevenness_caution, "caution above"));
  add("bins with a weight", `${number(runs.weighted[i])} of ${number(runs.with_contacts[i])}, ${percent(weightedShare(i))}`, over(limits.bins_caution, "caution below"));
  add("largest deviation of a row sum", deviation(runs.max_deviation[i]));
  add("RMS deviation", deviation(runs.rms_deviation[i]), makesEqual(i) ? `caution above ${limits.uneven_caution}` : "");
  add("iterations", number(runs.iterations[i]));
  add("matrix-vector products", number(runs.matvecs[i]));
  add("algorithm", [text(runs.algorithm[i]), text(runs.scope[i])].filter(Boolean).join(", "));
  if (known(runs.prior_strength[i])) add("prior", `strength ${number(runs.prior_strength[i])}${known(runs.prior_error[i]) ? ` ± ${Number(runs.prior_error[i].toPrecision(1))}` : ""}`, text(runs.prior_sources[i]) && `of ${text(runs.prior_sources[i])}`);
  add("weights of", text(runs.weights_of[i]));
  add("contacts", number(ofMap("contacts", m)));
  add("within chromosomes", percent(ofMap("cis_share", m)));
  add("beyond 20 kb", percent(ofMap("cis_20kb_share", m)));
  add("contacts of a bin (median)", number(ofMap("median_contacts", m)));
  add("bins with 1,000 contacts", percent(ofMap("bins_with_1000", m)));
  add("slope of P(s)", known(ofMap("decay_slope", m)) ? ofMap("decay_slope", m).toFixed(2) : "");
  add("bins kept by the mask", known(runs.kept[i]) ? `${number(runs.kept[i])} of ${number(runs.bins[i])}` : "");
  add("concordance in its group", known(samples.concordance_within[runs.sample[i]]) ? samples.concordance_within[runs.sample[i]].toFixed(3) : "");
  add("concordance with all others", known(samples.concordance_between[runs.sample[i]]) ? samples.concordance_between[runs.sample[i]].toFixed(3) : "");
  add("time", known(runs.seconds[i]) ? `${number(runs.seconds[i])} s` : "");
  add("memory", known(runs.peak_memory_mb[i]) ? `${number(runs.peak_memory_mb[i])} MB` : "");
  return list;
}
function plotOf(i) {
  if (runs.plot[i] !== -1) return known(runs.plot[i]) ? [make("p", { class: "note" }, `There is no plot. ${text(runs.plot[i])}`)] : [];
  const parts = { sample: samples.name[runs.sample[i]], resolution: data.resolutions[runs.resolution[i]], method: data.methods[runs.method[i]] };
  const link = data.plot_pattern?.replace(/{(\w+)}/g, (_, name) => parts[name]).split("/").map(encodeURIComponent).join("/");
  const picture = $(`picture-${i}`), image = make("img", { alt: `Maps, coverage, weights and convergence of ${nameOf(i)}: ${text(runs.label[i])}`, src: picture?.textContent ?? link, width: picture?.dataset.width, height: picture?.dataset.height });
  const title = make("h3", {}, "Plot ", link ? make("small", {}, make("a", { href: link }, "PNG")) : "");
  const failed = make("p", { class: "note", hidden: true }, `This plot is a file next to the page, ${decodeURIComponent(link ?? "")}, which is not there. Keep the page in its folder. In MLflow, it is plot.png among the artifacts of the run of this name.`);
  image.addEventListener("error", () => { image.hidden = true; failed.hidden = false; });
  return [title, image, failed];
}
function moveDrawer(step) {
  const s = runs.sample[opened], r = shownSamples.indexOf(s), columns = matrix.columns;
  const c = columns.findIndex(([size, method]) => size === runs.resolution[opened] && method === runs.method[opened]);
  if (r < 0 || c < 0) return;
  const place = moveFrom(r, c, step);
  if (!place) return;
  opener = setCurrent(...place);
  drawRun(Number(opener.dataset.run));
  $("drawer-title").focus();
}
drawer.addEventListener("keydown", event => {
  if (event.key in ARROWS) { event.preventDefault(); moveDrawer(ARROWS[event.key]); }
});
drawer.addEventListener("click", event => { if (event.target === drawer) drawer.close(); });
drawer.addEventListener("close", () => { hideTip(); document.body.append(tip); (opener?.isConnected ? opener : setCurrent(...current))?.focus(); });
$("previous").addEventListener("click", () => moveDrawer(ARROWS.ArrowUp));
$("next").addEventListener("click", () => moveDrawer(ARROWS.ArrowDown));
$("close").addEventListener("click", () => drawer.close());

// --- the table of runs --------------------------------------------------------------------
// A column: name, value (for sorting and TSV), format; and a second line, with the same keys.
// ``order`` is what it is sorted by, if not the value; ``saved`` is a column of the TSV alone.
function listTable(table, length, keep, columns) {
  const sorted = { column: null, up: true };
  const cell = (column, i) => {
    const main = column.cell ? column.cell(i) : (column.format ?? (v => known(v) && v !== "" ? v : DASH))(column.value(i));
    const below = column.below ? (column.below.format ?? (v => v ?? ""))(column.below.value(i)) : "";
    return make("td", { class: column.class }, main, below ? make("br") : "", below ? make("small", {}, below) : "");
  };
  const indices = () => {
    const list = [...Array(length).keys()].filter(keep);
    return sorted.column ? sorting.sortBy(list, sorted.column.order ?? sorted.column.value, sorted.up) : list;
  };
  const draw = () => {
    const row = make("tr");
    for (const column of columns) {
      const isSorted = sorted.column === column;
      const head = make("th", { scope: "col", class: column.class === "n" ? "n" : null, "aria-sort": isSorted ? (sorted.up ? "ascending" : "descending") : null });
      head.append(sortButton(column.name, isSorted, sorted.up, up => { Object.assign(sorted, { column, up }); draw(); }), column.below ? make("small", {}, make("br"), column.below.name) : "");
      row.append(head);
    }
    table.tHead?.remove();
    table.append(make("thead", {}, row));
    fill(table, indices(), i => make("tr", {}, ...columns.map(column => cell(column, i))));
  };
  const flat = columns.flatMap(column => [column, column.below, column.saved].filter(Boolean));
  addTools(table, table.id, () => [flat.map(column => column.name), ...indices().map(i => flat.map(column => column.value(i)))]);
  return draw;
}
const column = (name, value, format, extra = {}) => ({ name, value, format, class: "n", ...extra });
const words = (name, value, extra = {}) => ({ name, value, ...extra });
function runName(i) {
  const button = make("button", { type: "button", class: "name" }, samples.name[runs.sample[i]]);
  button.addEventListener("click", () => openDrawer(i, button));
  return button;
}
const tables = [
  listTable($("runs"), runs.sample.length, keepsRun, [
    words("sample", i => samples.name[runs.sample[i]], { class: "name", cell: runName }),
    column("resolution", i => data.resolutions[runs.resolution[i]], bins),
    words("method", i => data.methods[runs.method[i]], { class: "name", below: words("algorithm", i => [text(runs.algorithm[i]) === data.methods[runs.method[i]] ? "" : text(runs.algorithm[i]), text(runs.scope[i])].filter(Boolean).join(", ")) }),
    words("fitness", i => text(runs.label[i]), { cell: i => make("span", {}, mark(i), text(runs.label[i])), below: words("status", i => text(runs.outcome[i])) }),
    column("bins with a weight", i => weightedShare(i), v => percent(v), { below: column("number", i => runs.weighted[i], v => known(v) ? number(v) : "") }),
    column("iterations", i => runs.iterations[i], number, { below: column("products", i => runs.matvecs[i], v => known(v) ? number(v) : "") }),
    column("largest deviation", i => runs.max_deviation[i], deviation, { below: column("RMS", i => runs.rms_deviation[i], v => known(v) ? deviation(v) : "") }),
    column("error of a weight", i => runs.median_se[i], v => percent(v, 2)),
    column("expected unevenness", estimate, null, { order: unevenness, cell: describeUnevenness, saved: column("expected unevenness, at most", atMost) }),
    column("seconds", i => runs.seconds[i], number),
    column("memory", i => runs.peak_memory_mb[i], v => known(v) ? `${number(v)} MB` : DASH),
  ]),
];

// --- tables and figures that are part of the page ----------------------------------------------
const fixed = document.querySelectorAll("[data-sample]:is(tbody, tr, figure), tr[data-resolution], figure[data-resolution]");
const numberOf = new Map(samples.name.map((name, s) => [name, s]));
function filterFixed() {
  for (const item of fixed) {
    const { sample, resolution } = item.dataset;
    item.hidden = (sample !== undefined && numberOf.has(sample) && !keepsSample(numberOf.get(sample)))
      || (resolution !== undefined && !state.sizes.includes(data.resolutions.indexOf(Number(resolution))));
  }
}
const savedFigures = FIGURES.flatMap(figure => figure.saved ?? [[figure.key, figure.value]]);
addTools(matrix, "samples", () => [
  ["sample", ...Object.keys(samples.labels), ...savedFigures.map(([name]) => name), "slope", ...matrix.columns.map(([size, method]) => `${data.resolution_names[size]} ${data.methods[method]}`)],
  ...shownSamples.map(s => [samples.name[s], ...Object.values(samples.labels).map(each => text(each[s])), ...savedFigures.map(([, value]) => value(s)), ofMap("decay_slope", primaryMap(s)), ...matrix.columns.map(([size, method]) => { const i = findRun(s, size, method); return i === undefined ? "" : text(runs.label[i]); })]),
], $("controls"));

function draw() {
  readState();
  drawAnswer();
  drawMatrix();
  for (const each of tables) each();
  filterFixed();
}
sorting.listen($("controls"), controls, draw);
draw();
document.documentElement.dataset.ready = "true";
})();
