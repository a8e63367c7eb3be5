// The sample browser. Texts lie in compressed shards and are unpacked when a page or a search needs them; whatever a
// model wrote reaches the page through textContent only.
(() => {
  "use strict";
  const root = document.getElementById("browser");
  if (!root) return;
  const PAGE = 50;
  const say = root.dataset;
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const found = document.getElementById("found");
  const shardNodes = document.getElementsByClassName("shard");
  const names = JSON.parse(document.getElementById("names").textContent);
  const signs = { better: "▲", worse: "▼", same: "=", both_wrong: "≈", unscored: "—" };
  const shards = new Map();
  const folded = new Map();
  let index;
  let hits = [];
  let page = 0;
  let turn = 0;

  const unpack = async (node) => {
    const bytes = Uint8Array.from(atob(node.textContent), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };
  const shard = (number) => {
    if (!shards.has(number)) shards.set(number, unpack(shardNodes[number]));
    return shards.get(number);
  };
  const sample = async (row) => (await shard(Math.floor(row / index.shard)))[row % index.shard];

  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const outcome = (number) => names.outcome[index.outcomes[number]] ?? index.outcomes[number];
  const partName = ([dimension, value]) => names.part[`${dimension}:${value}`] ?? `${dimension}: ${value}`;
  const stateName = (state) => say["state" + state.split("_").map((s) => s[0].toUpperCase() + s.slice(1)).join("")];

  const searchText = async (number) => {
    if (!folded.has(number)) {
      const texts = (await shard(number)).map((s) =>
        [s.id, s.prompt, s.target, ...s.answers].join("\n").toLocaleLowerCase(),
      );
      folded.set(number, texts);
    }
    return folded.get(number);
  };

  const search = async () => {
    const mine = ++turn;
    const wanted = Object.fromEntries(new FormData(form));
    const number = (value, list) => (value ? list.indexOf(value) : null);
    const same = (a, b) => a === null || a === b;
    const task = wanted.task ? Number(wanted.task) : null;
    const state = number(wanted.state, index.states);
    const before = number(wanted.before, index.outcomes);
    const after = number(wanted.after, index.outcomes);
    const part = number(wanted.part, index.parts.map((names) => names.join(":")));
    const words = wanted.q.toLocaleLowerCase().trim();
    let rows = [];
    index.rows.forEach((row, at) => {
      if (same(task, row[0]) && same(state, row[1]) && same(before, row[2]) && same(after, row[3]) && (part === null || row[4].includes(part)))
        rows.push(at);
    });
    if (words) {
      found.textContent = say.searching;
      const kept = [];
      for (const at of rows) {
        const texts = await searchText(Math.floor(at / index.shard));
        if (mine !== turn) return false;
        if (texts[at % index.shard].includes(words)) kept.push(at);
      }
      rows = kept;
    }
    hits = rows;
    found.textContent = say.found.replace("{n}", hits.length.toLocaleString(document.documentElement.lang));
    found.dataset.n = hits.length;
    return true;
  };

  const block = (title, text, className) => {
    const box = element("div", className);
    const pre = text instanceof Node ? text : element("pre", "", text);
    pre.tabIndex = 0;
    pre.setAttribute("role", "region");
    pre.setAttribute("aria-label", title);
    box.append(element("h4", "", title), pre);
    return box;
  };

  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 4 });
  const metrics = (s, task) => {
    const table = element("table", "values");
    const row = (cells, tag) => {
      const line = element("tr");
      cells.forEach((text, at) => {
        const cell = element(at && tag === "td" ? "td" : "th", at ? "num" : "", text);
        if (cell.tagName === "TH") cell.scope = tag === "td" ? "row" : "col";
        line.append(cell);
      });
      return line;
    };
    const shown = (value) => (value === null ? "—" : typeof value === "number" ? number.format(value) : value);
    const head = table.createTHead();
    head.append(row([say.metric, say.first, say.second], "th"));
    const body = table.createTBody();
    index.metrics[task].forEach((name, at) => {
      const pair = s.values.map((values) => values[at]);
      if (pair.some((value) => value !== null)) body.append(row([names.metric[name] ?? name, ...pair.map(shown)], "td"));
    });
    return body.rows.length ? table : null;
  };

  const panel = (s, row) => {
    const box = element("div", "panel");
    const parts = wordDiff.parts(s.answers[0], s.answers[1]);
    const [task, , before, after, where] = index.rows[row];
    const title = (side, at, number) => [side, outcome(number), s.scores[at]].filter(Boolean).join(" · ");
    box.append(block(say.prompt, s.prompt, "wide"));
    if (s.other) box.append(block(`${say.prompt} · ${say.second}`, s.other, "wide"));
    box.append(block(say.reference, s.target, "wide"));
    box.append(block(title(say.first, 0, before), parts ? wordDiff.marked(parts[0], "del") : s.answers[0]));
    box.append(block(title(say.second, 1, after), parts ? wordDiff.marked(parts[1], "ins") : s.answers[1]));
    const values = metrics(s, task);
    if (values) {
      const more = element("details", "wide");
      more.append(element("summary", "", say.metrics), values);
      box.append(more);
    }
    const link = element("a", "", say.link);
    link.href = "#sample=" + encodeURIComponent(index.keys[row]);
    const line = element("p", "wide muted", [s.id, ...where.map((at) => partName(index.parts[at])), ""].join(" · "));
    line.append(link);
    box.append(line);
    return box;
  };

  const open = async (item, on) => {
    const head = item.firstElementChild;
    head.setAttribute("aria-expanded", String(on));
    if (!on) item.querySelector(".panel")?.remove();
    else if (!item.querySelector(".panel")) item.append(panel(await sample(Number(item.dataset.row)), Number(item.dataset.row)));
  };

  const entry = (s, row) => {
    const [task, stateNumber, before, after] = index.rows[row];
    const state = index.states[stateNumber];
    const item = element("li");
    item.dataset.row = row;
    const head = element("button", "head");
    head.type = "button";
    head.setAttribute("aria-expanded", "false");
    const sign = element("span", "sign " + state, signs[state]);
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", stateName(state));
    const flow = before === after ? outcome(after) : `${outcome(before)} → ${outcome(after)}`;
    head.append(
      sign,
      element("span", "", index.tasks[task]),
      element("span", "id", s.id),
      element("span", "flow", flow),
      element("span", "gain", s.scores[0] === s.scores[1] ? s.scores[1] : `${s.scores[0]} → ${s.scores[1]}`),
    );
    head.addEventListener("click", () => open(item, head.getAttribute("aria-expanded") !== "true"));
    item.append(head);
    return item;
  };

  const show = async () => {
    const pages = Math.max(1, Math.ceil(hits.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const rows = hits.slice(page * PAGE, (page + 1) * PAGE);
    const items = await Promise.all(rows.map(async (row) => entry(await sample(row), row)));
    list.replaceChildren(...items);
    document.getElementById("page").textContent = say.page.replace("{n}", page + 1).replace("{of}", pages);
    document.getElementById("prev").disabled = page === 0;
    document.getElementById("next").disabled = page === pages - 1;
    root.dataset.ready = "true";
  };
  const flip = (step) => {
    page += step;
    return show();
  };
  const refresh = async () => {
    root.dataset.ready = "false";
    page = 0;
    if (await search()) await show();
  };

  const restore = async () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (wanted.has("sample")) return restoreSample(wanted.get("sample"));
    const fields = [...wanted].filter(([name]) => form.elements.namedItem(name));
    if (!fields.length) return;
    form.reset();
    for (const [name, value] of fields) form.elements.namedItem(name).value = value;
    await refresh();
    root.scrollIntoView({ block: "start" });
    form.elements.namedItem(fields[0][0]).focus({ preventScroll: true });
  };
  const restoreSample = async (key) => {
    const row = index.keys.indexOf(key);
    if (row < 0) return;
    form.reset();
    await search();
    page = Math.floor(row / PAGE);
    await show();
    const item = list.querySelector(`[data-row="${row}"]`);
    await open(item, true);
    item.firstElementChild.focus();
    item.scrollIntoView({ block: "start" });
  };

  const move = (step) => {
    const heads = [...list.querySelectorAll(".head")];
    const at = heads.findIndex((head) => head.parentElement.contains(document.activeElement));
    heads[Math.min(Math.max(at + step, 0), heads.length - 1)]?.focus();
  };
  const keys = { j: () => move(1), k: () => move(-1), n: () => flip(1), p: () => flip(-1), "/": () => form.q.focus() };

  const start = async () => {
    root.hidden = false;
    if (typeof DecompressionStream === "undefined") {
      root.replaceChildren(element("p", "banner", say.unsupported));
      return;
    }
    index = await unpack(document.getElementById("index"));
    document.getElementById("prev").addEventListener("click", () => flip(-1));
    document.getElementById("next").addEventListener("click", () => flip(1));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.querySelector("[type=reset]").addEventListener("click", () => setTimeout(refresh));
    let timer;
    form.addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(refresh, event.target.type === "search" ? 200 : 0);
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input, select, textarea");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
      event.preventDefault();
      keys[event.key]();
    });
    addEventListener("hashchange", restore);
    await refresh();
    performance.mark("samples-ready");
    await restore();
  };
  start();
})();
