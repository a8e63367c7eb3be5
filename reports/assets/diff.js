// Two answers word by word: what the first has and the second has not, and the other way round.
const wordDiff = (() => {
  "use strict";
  const WORDS = 600; // longer answers are shown without marks
  const parts = (before, after) => {
    const a = before.match(/\s+|[^\s]+/g) ?? [];
    const b = after.match(/\s+|[^\s]+/g) ?? [];
    if (a.length > WORDS || b.length > WORDS) return null;
    const width = b.length + 1;
    const lcs = new Uint16Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        lcs[i * width + j] =
          a[i] === b[j] ? lcs[(i + 1) * width + j + 1] + 1 : Math.max(lcs[(i + 1) * width + j], lcs[i * width + j + 1]);
    const found = [[], []];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) {
        found[0].push([false, a[i++]]);
        found[1].push([false, b[j++]]);
      } else if (j >= b.length || (i < a.length && lcs[(i + 1) * width + j] >= lcs[i * width + j + 1])) {
        found[0].push([true, a[i++]]);
      } else found[1].push([true, b[j++]]);
    }
    return found;
  };
  const marked = (words, tag) => {
    const pre = document.createElement("pre");
    pre.tabIndex = 0;
    let run = "";
    let changed = false;
    const flush = () => {
      if (run && changed) pre.append(document.createElement(tag));
      if (run) (changed ? pre.lastChild : pre).append(run);
      run = "";
    };
    for (const [moved, word] of words) {
      if (moved !== changed) flush();
      changed = moved;
      run += word;
    }
    flush();
    return pre;
  };
  return { parts, marked };
})();
