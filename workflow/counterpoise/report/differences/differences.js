"use strict";
// Shows the runs, and the figures of their weights, that the controls choose.
(() => {
const $ = id => document.getElementById(id);
const controls = ["search", "resolution", "method"].map($), rows = document.querySelectorAll("#runs tbody tr");
if (!rows.length) return;
function draw() {
  const [words, resolution, method] = [sorting.wordsOf($("search").value), $("resolution").value, $("method").value];
  const keeps = run => sorting.hasWords(run.sample, words) && (!resolution || run.resolution === resolution) && (!method || run.method === method);
  for (const item of [...rows, ...document.querySelectorAll("figure")]) item.hidden = !keeps(item.dataset);
  $("shown").textContent = `${[...rows].filter(row => !row.hidden).length} of ${rows.length} runs`;
}
sorting.listen($("controls"), controls, draw);
draw();
})();
