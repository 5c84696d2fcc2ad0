// The console's own script: counts down, keeps ticks together, reads the keyboard. Everything works without it, too.
"use strict";
(() => {
  const words = () => document.body.dataset;
  const offset = Number(words().now) - Date.now(); // this machine's clock may be wrong: the server's counts

  function left(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60000), days = Math.floor(minutes / 1440);
    const hours = Math.floor((minutes % 1440) / 60), rest = String(minutes % 60).padStart(2, "0");
    const seconds = String(Math.floor(Math.abs(ms) / 1000) % 60).padStart(2, "0");
    if (days) return `${days} ${words().days} ${hours} ${words().hours}`;
    return hours ? `${hours}:${rest}:${seconds}` : `${minutes}:${seconds}`;
  }

  function count() {
    const now = Date.now() + offset;
    for (const one of document.querySelectorAll("[data-due]")) {
      const ms = Number(one.dataset.due) - now;
      one.textContent = ms < 0 ? `${words().late} ${left(ms)}` : left(ms);
      one.classList.toggle("late", ms < 0);
      one.classList.toggle("soon", ms >= 0 && ms < 300000);
    }
    const clock = document.getElementById("clock");
    if (clock) clock.textContent = new Date(now + 8 * 3600000).toISOString().slice(11, 19);
  }

  function ticked() {
    const ticks = [...document.querySelectorAll("input[name=one]")], chosen = ticks.filter((one) => one.checked).length;
    for (const one of document.querySelectorAll("[data-chosen]")) one.textContent = String(chosen);
    for (const one of document.querySelectorAll("[data-needs-choice]")) one.disabled = !chosen;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) {
      const table = event.target.closest("table"); // red and yellow have a table each: nobody ticks what is not seen
      for (const one of table.querySelectorAll("input[name=one]")) one.checked = event.target.checked;
    }
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
    ticked();
  });

  document.addEventListener("click", (event) => {
    if (event.target.matches("[data-prints]")) window.print();
  });

  // While the console does not answer, a form would be lost with all that was typed into it.
  const away = document.getElementById("away");
  function lost() {
    if (!away?.hidden) return;
    away.textContent = words().away.replace("{at}", document.getElementById("clock").textContent);
    away.hidden = false;
  }
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, lost);
  document.addEventListener("htmx:afterRequest", (event) => { if (away && event.detail.successful) away.hidden = true; });

  // Pressed twice counts once by its id; that the second press does nothing is for the eye.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent || (form.method === "post" && away?.hidden === false)) { event.preventDefault(); return; }
    if (form.method === "post") form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    ticked();
  });

  // Keyboard: a list has rows, a page has links and buttons that name their key.
  let here = -1;
  function go(step) {
    const rows = [...document.querySelectorAll(".list tbody tr")];
    if (!rows.length) return;
    rows[here]?.classList.remove("here");
    here = Math.min(Math.max(here + step, 0), rows.length - 1);
    rows[here].classList.add("here");
    rows[here].scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { document.activeElement.blur(); document.getElementById("keys")?.close(); return; }
    if (event.target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")) return;
    const row = document.querySelectorAll(".list tbody tr")[here];
    if (event.key === "?") document.getElementById("keys")?.showModal();
    else if (document.querySelector(".list") && event.key === "j") go(1);
    else if (document.querySelector(".list") && event.key === "k") go(-1);
    else if (row && event.key === "x") { row.querySelector("input[name=one]")?.click(); }
    else if (row && event.key === "Enter" && event.target === document.body) { row.querySelector(".what a")?.click(); }
    else {
      const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (!target) return;
      target.closest("details")?.setAttribute("open", "");
      if (target.matches("a, button, input[type=radio], input[type=checkbox]")) target.click(); else target.focus();
    }
    event.preventDefault();
  });

  setInterval(count, 1000);
  count();
  ticked();
})();
