// Keyboard shortcuts. Keys are declared where they act: data-key="g p" with data-key-label; the help dialog is filled
// from those. Single keys work only while the person has them switched on (body[data-shortcuts]).
{
  const ROW = "tbody tr:not(.grp)";
  let pending = "";
  let forget;

  const typing = (target) =>
    target.closest("input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]") !== null;

  const rows = () => [...document.querySelectorAll("[data-rows]")].flatMap((list) => [...list.querySelectorAll(ROW)]);

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
    next.tabIndex = -1;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const within = (row, key) => {
    const range = key !== key.toLowerCase() ? key.toLowerCase() : "";
    const target = row.querySelector(`[data-row-key="${CSS.escape(range || key)}"]`);
    if (!target || (range && !target.matches("[data-pick]"))) return false;
    target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: range !== "" }));
    return true;
  };

  // A row that answers an act replaces itself: the focus goes to what it opened for, else it stays with the row.
  let acted = "";
  document.addEventListener("click", (event) => {
    acted = event.target.closest?.("[data-rows] tbody[id]")?.id ?? "";
  });
  document.addEventListener("htmx:after:swap", () => {
    const body = acted && document.getElementById(acted);
    if (!body || (document.activeElement && document.activeElement !== document.body)) return;
    const target = body.querySelector("[data-focus]") ?? body.querySelector("tr");
    if (target.matches("tr")) target.tabIndex = -1;
    target.focus();
    acted = "";
  });

  const act = (element) => {
    if (element.matches("input, textarea, select")) {
      element.focus();
      element.select?.();
    } else element.click();
  };

  document.addEventListener("keydown", (event) => {
    if (!document.body.hasAttribute("data-shortcuts")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && typing(event.target) && !document.querySelector("dialog[open]")) {
      event.target.blur(); // single keys work again, and Tab goes on from here
      return;
    }
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const row = event.target.closest?.("[data-rows] tr");
    const keys = pending ? `${pending} ${event.key}` : event.key;
    pending = "";
    clearTimeout(forget);

    const arrow = row === event.target ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : 0;
    if (event.key === "Enter" && row === event.target) {
      row.querySelector("[data-open], a.nm, th a, td a")?.click();
    } else if (keys === "j") move(1);
    else if (keys === "k") move(-1);
    else if (keys === "e" && row) row.querySelector("[data-primary], .act .btn")?.click();
    else if (row && /^[a-z]$/i.test(keys) && within(row, keys)) pending = "";
    else {
      const all = [...document.querySelectorAll("[data-key]")];
      const target = all.find((element) => element.dataset.key === keys);
      if (target) act(target);
      else if (all.some((element) => element.dataset.key.startsWith(`${keys} `))) {
        pending = keys;
        forget = setTimeout(() => { pending = ""; }, 1500);
        return;
      } else return;
    }
    event.preventDefault();
  });

  const list = document.querySelector("[data-shortcut-list]");
  if (list) {
    const keyed = [...document.querySelectorAll("[data-key-label]")].map((each) => [each.dataset.key, each.dataset.keyLabel]);
    for (const each of document.querySelectorAll("[data-row-keys]")) {
      keyed.push(...each.dataset.rowKeys.split("|").map((pair) => [pair[0], pair.slice(2)]));
    }
    for (const [keys, label] of keyed) {
      const term = document.createElement("dt");
      keys.split(" ").forEach((key, index) => {
        if (index) term.append(" ");
        const cap = document.createElement("kbd");
        cap.textContent = key;
        term.append(cap);
      });
      const what = document.createElement("dd");
      what.textContent = label;
      list.append(term, what);
    }
  }
}
