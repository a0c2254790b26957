// The search box: results come from the server; arrows walk them, Escape leaves, focus elsewhere hides them.
{
  const form = document.getElementById("find");
  if (form) {
    const input = form.querySelector("input[type=search]");
    const panel = document.getElementById("find-results");
    const links = () => [...panel.querySelectorAll("a")];
    const shut = () => { panel.hidden = true; };

    form.addEventListener("focusin", () => { panel.hidden = false; });
    form.addEventListener("focusout", (event) => {
      if (!form.contains(event.relatedTarget)) shut();
    });
    form.addEventListener("pointerdown", () => { panel.hidden = false; });
    input.addEventListener("input", () => {
      panel.hidden = false;
      if (!input.value.trim()) panel.replaceChildren();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        input.value = "";
        panel.replaceChildren();
        input.focus();
        input.blur();
        return;
      }
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      const found = links();
      if (!found.length) return;
      event.preventDefault();
      const at = found.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      if (at < 0) input.focus();
      else found[Math.min(at, found.length - 1)].focus();
    });
  }
}
