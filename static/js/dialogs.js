// Native dialogs: data-opens="id" opens one, data-closes closes the one around it. Escape and the focus trap are the
// browser's. Whatever carries data-autofocus (error summaries, conflicts) takes focus when it appears.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      if (!dialog.open) dialog.showModal();
    }
  }
  // A choice from a menu that swaps a part of the page closes it, and focus returns to the button that opened it.
  event.target.closest(".menu a[hx-get]")?.closest("[popover]").hidePopover();
  event.target.closest("[data-closes]")?.closest("dialog")?.close();
});

function focusAnnounced() {
  const box = document.querySelector("[data-autofocus]:not([data-announced])");
  document.querySelectorAll("[data-autofocus]").forEach((each) => { each.dataset.announced = ""; });
  box?.focus();
}
document.addEventListener("DOMContentLoaded", focusAnnounced);
document.addEventListener("htmx:after:swap", focusAnnounced);
// The server closes a dialog after a successful save with the event closeDialog.
document.addEventListener("closeDialog", () => document.querySelector("dialog[open]")?.close());
