// Rows picked for one act on all of them: the count, all on the page, and from the last to this one (Shift and click).
{
  let last = null;
  const boxes = () => [...document.querySelectorAll("[data-pick]")];

  const show = () => {
    const all = boxes();
    const picked = all.filter((box) => box.checked).length;
    const every = document.querySelector("[data-pick-all]");
    if (!every) return;
    every.checked = picked > 0 && picked === all.length;
    every.indeterminate = picked > 0 && picked < all.length;
    document.querySelector("[data-picked]").textContent = picked ? `${picked} selected` : "";
  };

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement)) return;
    if (box.matches("[data-pick-all]")) {
      boxes().forEach((each) => { each.checked = box.checked; });
      last = null;
    } else if (box.matches("[data-pick]")) {
      const all = boxes();
      const [from, to] = [all.indexOf(last), all.indexOf(box)];
      if (event.shiftKey && from >= 0) {
        all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => { each.checked = box.checked; });
      }
      last = box;
    } else return;
    show();
  });
  document.addEventListener("htmx:after:swap", show);
  window.addEventListener("pageshow", show);
  show();
}
