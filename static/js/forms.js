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

// "Copy": the value of the field it names, and a word that it is done.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  field.focus();
  field.select();
  const word = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(field.value);
    word.textContent = "Copied";
  } catch {
    // Without a secure connection there is no clipboard: the text is selected, the keyboard copies it.
    word.textContent = document.execCommand("copy") ? "Copied" : "Selected: copy it with the keyboard";
  }
});
