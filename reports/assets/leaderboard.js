// The leaderboard's filter, and a small forest plot of two to four chosen systems.
(() => {
  "use strict";
  const box = document.getElementById("chosen");
  if (!box) return;
  const SVG = "http://www.w3.org/2000/svg";
  const MOST = 4;
  const data = JSON.parse(document.getElementById("board-data").textContent);
  const rows = [...document.querySelectorAll("tr[data-system]")];
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const plain = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

  const node = (tag, attributes, text) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const short = (text, most) => (text.length <= most ? text : text.slice(0, most - 1) + "…");
  // Names of systems that are alike differ at their ends: by adapter, by examples, by directory.
  const named = (name) => (name.length <= 30 ? name : `${name.slice(0, 11)}…${name.slice(-18)}`);

  const chart = (picked) => {
    const groups = [[box.dataset.average, picked.map((at) => data.systems[at].average)]];
    data.tasks.forEach((title, task) => groups.push([title, picked.map((at) => data.systems[at].cells[task])]));
    const step = 20;
    const height = groups.length * (picked.length * step + 30) + 28;
    const svg = node("svg", { class: "chart", viewBox: `0 0 720 ${height}`, role: "img", "aria-label": box.querySelector("h3").textContent });
    const x = (value) => 240 + 290 * value;
    for (const tick of [0, 0.25, 0.5, 0.75, 1])
      svg.append(
        node("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 20, y2: height - 8 }),
        node("text", { class: "tick", x: x(tick), y: 14, "text-anchor": "middle" }, 100 * tick),
      );
    let y = 24;
    for (const [title, values] of groups) {
      svg.append(node("text", { x: 0, y: y + 14, class: "label" }, short(title, 60)));
      y += 20;
      values.forEach(([value, low, high], i) => {
        const middle = y + step / 2;
        const { name } = data.systems[picked[i]];
        const label = node("text", { class: "tick", x: 12, y: middle + 4 }, named(name));
        label.append(node("title", {}, name));
        svg.append(
          label,
          node("line", { class: "interval", x1: x(low), x2: x(high), y1: middle, y2: middle }),
          node("circle", { class: "after", cx: x(value), cy: middle, r: 4.5 }),
          node("text", { class: "tick", x: 720, y: middle + 4, "text-anchor": "end" }, `${format.format(value)} [${plain.format(100 * low)}; ${plain.format(100 * high)}]`),
        );
        y += step;
      });
      y += 10;
    }
    return svg;
  };

  const picks = () => rows.filter((row) => row.querySelector("input").checked).map((row) => Number(row.dataset.system));
  const refresh = () => {
    const picked = picks();
    for (const row of rows) {
      const input = row.querySelector("input");
      input.disabled = !input.checked && picked.length >= MOST;
    }
    const enough = picked.length >= 2;
    document.getElementById("chosen-note").hidden = enough;
    const drawn = document.getElementById("chosen-chart");
    drawn.hidden = !enough;
    drawn.replaceChildren(...(enough ? [chart(picked)] : []));
    const links = data.pairs.filter(([a, b]) => picked.includes(a) && picked.includes(b));
    document.getElementById("chosen-links").replaceChildren(
      ...links.flatMap(([a, b, href]) => {
        const link = document.createElement("a");
        link.href = href;
        link.textContent = `${box.dataset.open}: ${data.systems[a].name} → ${data.systems[b].name}`;
        return [link, document.createElement("br")];
      }),
    );
  };

  box.hidden = false;
  for (const row of rows) {
    const heading = row.querySelector("th");
    const input = document.createElement("input");
    input.type = "checkbox";
    input.setAttribute("aria-label", box.dataset.pick.replace("{name}", () => data.systems[Number(row.dataset.system)].name));
    input.addEventListener("change", refresh);
    heading.classList.add("pickable");
    heading.prepend(input);
  }
  const filter = document.getElementById("board-filter");
  filter.form.hidden = false;
  filter.form.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("input", () => {
    const words = filter.value.toLocaleLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLocaleLowerCase().includes(words);
  });
})();
