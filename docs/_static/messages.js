"use strict";
// The box on the page of messages: paste what you saw, and the entries with most of its words follow.

(() => {
  const MOST = 6;
  const LEAST_SHARE = 0.4; // of the words of a sentence, weighted

  const page = document.querySelector("section#messages");
  const entries = [...page.querySelectorAll("table tbody tr")].flatMap(readEntries);
  const weights = weigh(entries);

  const box = document.createElement("div");
  box.className = "find-message";
  box.innerHTML = `
    <label for="find-message">Paste a message</label>
    <textarea id="find-message" rows="3" spellcheck="false" autocomplete="off"
      aria-describedby="found-messages"></textarea>
    <p id="found-messages" role="status"></p>
    <ol></ol>`;
  page.querySelector(":scope > section").before(box);
  const [input, status, list] = ["textarea", "p", "ol"].map((name) => box.querySelector(name));
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = "";
    show();
  });
  show(); // a browser may keep the text when the page is opened again

  // A row is an entry for each of the sentences in its first cell, with what to do in its last.
  function readEntries(row) {
    const remedy = wordsOf(row.cells[row.cells.length - 1]);
    return [...row.cells[0].querySelectorAll("code")].map((code) => ({
      row, remedy, sentence: wordsOf(code),
    }));
  }

  function wordsOf(element) {
    return split(element.textContent.replace(/<[^<>]*>/g, " "));
  }

  function split(text) {
    return new Set(text.toLowerCase().match(/[a-z_]{2,}/g));
  }

  // Rare words tell more.
  function weigh(entries) {
    const counts = new Map();
    for (const { sentence, remedy } of entries) {
      for (const word of new Set([...sentence, ...remedy])) {
        counts.set(word, (counts.get(word) || 0) + 1);
      }
    }
    return new Map([...counts].map(([word, count]) => [word, Math.log(1 + entries.length / count)]));
  }

  function sum(words) {
    return [...words].reduce((total, word) => total + weights.get(word), 0);
  }

  // The share of words that are in a text, and a score that grows with their number, too.
  function compare(words, given) {
    const common = sum([...words].filter((word) => given.has(word)));
    const share = common ? common / sum(words) : 0;
    return { share, score: share * common };
  }

  // The rows of sentences with many of their words in a text, the likeliest first.
  function find(text) {
    const given = split(text);
    const scores = new Map();
    for (const { row, sentence, remedy } of entries) {
      const { share, score } = compare(sentence, given);
      if (share < LEAST_SHARE) continue;
      const whole = score + compare(remedy, given).score;
      scores.set(row, Math.max(scores.get(row) || 0, whole));
    }
    return [...scores.keys()].sort((a, b) => scores.get(b) - scores.get(a)).slice(0, MOST);
  }

  function show() {
    const rows = find(input.value);
    list.replaceChildren(...rows.map(describe));
    const found = rows.length === 1 ? "One message:" : `${rows.length} messages, the likeliest first:`;
    const none = input.value.trim() && "No message has most of these words.";
    status.textContent = rows.length ? found : none;
  }

  function describe(row) {
    const item = document.createElement("li");
    for (const cell of row.cells) {
      const part = document.createElement("div");
      part.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
      item.append(part);
    }
    const section = row.closest("section");
    const title = section.querySelector("h2, h3").cloneNode(true);
    title.querySelector(".headerlink").remove();
    const link = document.createElement("a");
    link.href = `#${section.id}`;
    link.textContent = title.textContent;
    item.append(link);
    return item;
  }
})();
