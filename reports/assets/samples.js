// The sample browser. Texts lie in compressed shards and are unpacked when a page or a search needs them; whatever a
// model wrote reaches the page through textContent only.
(() => {
  "use strict";
  const root = document.getElementById("browser");
  if (!root) return;
  const PAGE = 50;
  const WORDS = 600; // longer answers are shown without a diff
  const say = root.dataset;
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const found = document.getElementById("found");
  const shardNodes = document.getElementsByClassName("shard");
  const names = JSON.parse(document.getElementById("outcome-names").textContent);
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
  const outcome = (number) => names[index.outcomes[number]] ?? index.outcomes[number];
  const stateName = (state) => say["state" + state.split("_").map((s) => s[0].toUpperCase() + s.slice(1)).join("")];

  const searchText = async (number) => {
    if (!folded.has(number)) {
      const texts = (await shard(number)).map((s) =>
        [s.id, s.prompt, s.target, ...s.answers, ...s.parts].join("\n").toLocaleLowerCase(),
      );
      folded.set(number, texts);
    }
    return folded.get(number);
  };

  const search = async () => {
    const mine = ++turn;
    const wanted = new FormData(form);
    const task = wanted.get("task") ? Number(wanted.get("task")) : null;
    const state = wanted.get("state") ? index.states.indexOf(wanted.get("state")) : null;
    const after = wanted.get("outcome") ? index.outcomes.indexOf(wanted.get("outcome")) : null;
    const words = (wanted.get("q") ?? "").toLocaleLowerCase().trim();
    let rows = [];
    index.rows.forEach((row, at) => {
      if ((task === null || row[0] === task) && (state === null || row[1] === state) && (after === null || row[3] === after))
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

  const diff = (before, after) => {
    const a = before.match(/\s+|[^\s]+/g) ?? [];
    const b = after.match(/\s+|[^\s]+/g) ?? [];
    if (a.length > WORDS || b.length > WORDS) return null;
    const width = b.length + 1;
    const lcs = new Uint16Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        lcs[i * width + j] =
          a[i] === b[j] ? lcs[(i + 1) * width + j + 1] + 1 : Math.max(lcs[(i + 1) * width + j], lcs[i * width + j + 1]);
    const parts = [[], []];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) {
        parts[0].push([false, a[i++]]);
        parts[1].push([false, b[j++]]);
      } else if (j >= b.length || (i < a.length && lcs[(i + 1) * width + j] >= lcs[i * width + j + 1])) {
        parts[0].push([true, a[i++]]);
      } else parts[1].push([true, b[j++]]);
    }
    return parts;
  };
  const marked = (parts, tag) => {
    const pre = element("pre");
    pre.tabIndex = 0;
    let run = "";
    let changed = false;
    const flush = () => {
      if (run) pre.append(changed ? element(tag, "", run) : run);
      run = "";
    };
    for (const [moved, word] of parts) {
      if (moved !== changed) flush();
      changed = moved;
      run += word;
    }
    flush();
    return pre;
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

  const panel = (s, row) => {
    const box = element("div", "panel");
    const parts = diff(s.answers[0], s.answers[1]);
    const [, , before, after] = index.rows[row];
    const title = (side, at, number) => [side, outcome(number), s.scores[at]].filter(Boolean).join(" · ");
    box.append(block(say.prompt, s.prompt, "wide"));
    if (s.other) box.append(block(`${say.prompt} · ${say.second}`, s.other, "wide"));
    box.append(block(say.reference, s.target, "wide"));
    box.append(block(title(say.first, 0, before), parts ? marked(parts[0], "del") : s.answers[0]));
    box.append(block(title(say.second, 1, after), parts ? marked(parts[1], "ins") : s.answers[1]));
    const link = element("a", "", say.link);
    link.href = "#sample=" + index.keys[row];
    const line = element("p", "wide muted", s.parts.join(" · ") + (s.parts.length ? " · " : ""));
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
    const key = new URLSearchParams(location.hash.slice(1)).get("sample");
    const row = key ? index.keys.indexOf(key) : -1;
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
