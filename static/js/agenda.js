// Rows of an agenda can be dragged within their section; the up and down buttons of the row do the same without it.
{
  let dragged = null;
  let over = null;
  const rowOf = (target) => target.closest?.("tr[draggable]") ?? null;

  const mark = (row) => {
    over?.classList.remove("on");
    over = row;
    over?.classList.add("on");
  };

  document.addEventListener("dragstart", (event) => {
    dragged = rowOf(event.target);
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const row = rowOf(event.target);
    if (!dragged || row?.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    if (row !== over) mark(row);
  });
  document.addEventListener("dragend", () => {
    mark(null);
    dragged = null;
  });
  document.addEventListener("drop", (event) => {
    const row = rowOf(event.target);
    if (!dragged || !row || row.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    const rows = [...row.parentElement.querySelectorAll("tr[draggable]")];
    const steps = rows.indexOf(row) - rows.indexOf(dragged);
    const form = dragged.querySelector("form[data-moves]");
    if (!steps || !form) return;
    const field = form.querySelector("input[name=steps]");
    field.value = steps;
    field.disabled = false;
    form.requestSubmit();
    field.disabled = true;
  });
}
