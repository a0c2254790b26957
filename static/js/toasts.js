// Toasts stay 8 seconds and wait while the pointer or the focus is on them. The server sends one with the event
// "toast" {text, undo, kind} in HX-Trigger, or renders it into the page.
{
  const STAY = 8000;
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");

  const start = (toast) => {
    let timer;
    const hold = () => clearTimeout(timer);
    const go = () => {
      hold();
      timer = setTimeout(() => {
        if (!toast.matches(":hover, :focus-within")) toast.remove();
      }, STAY);
    };
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusout", go);
    toast.querySelector("[data-dismiss]")?.addEventListener("click", () => toast.remove());
    go();
  };

  const show = ({ text, undo, kind }) => {
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector("[data-text]").textContent = text;
    if (kind !== "red" && kind !== "amb") toast.querySelector(":scope > svg").remove();
    const form = toast.querySelector("[data-undo]");
    if (undo && undo.startsWith("/") && !undo.startsWith("//")) {
      form.action = undo;
      form.setAttribute("hx-post", undo);
      form.setAttribute("hx-swap", "none");
    } else form.remove();
    region.append(toast);
    window.htmx?.process(toast);
    form.addEventListener("submit", () => setTimeout(() => toast.remove(), 0));
    start(toast);
  };

  region.querySelectorAll("[data-toast]").forEach(start);
  document.addEventListener("toast", (event) => show(event.detail));
}
