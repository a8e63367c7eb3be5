// Sorts native tables: each heading of table.sortable becomes a button. Numbers are read from data-value, so that
// 9,9 comes before 10,1 in any language; cells without a value stay last in both directions.
(() => {
  "use strict";
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

  const key = (cell) => {
    const raw = cell.dataset.value;
    if (raw === undefined) return cell.textContent.trim();
    if (raw === "" || raw === "None") return null;
    return Number.isNaN(Number(raw)) ? raw : Number(raw);
  };

  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b));

  const sort = (table, heading, column) => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, order) => ({ row, order, key: key(row.cells[column]) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.order - b.order;
      return (descending ? -1 : 1) * compare(a.key, b.key) || a.order - b.order;
    });
    body.append(...rows.map((entry) => entry.row));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      if (!heading.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading, column));
    });
  }
})();
