// Filters apply themselves when a choice changes; without this script their button does it.
document.querySelectorAll("[data-autosubmit] [data-autosubmit-hide]").forEach((button) => { button.hidden = true; });
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && form.hasAttribute("data-autosubmit")) form.requestSubmit();
});

// A disabled action stays focusable and says why beside it; it does nothing.
document.addEventListener("click", (event) => {
  if (event.target.closest("[aria-disabled=true]")) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

// "Print list"
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-prints]")) window.print();
});
