// Saves the page's own data as files: no server, no link to anywhere.
(() => {
  "use strict";
  for (const button of document.querySelectorAll("button[data-export]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const source = document.getElementById(button.dataset.export).textContent;
      const value = JSON.parse(source);
      const text = typeof value === "string" ? "\ufeff" + value : JSON.stringify(value, null, 2);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: button.dataset.type }));
      link.download = button.dataset.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
})();
