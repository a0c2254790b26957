// In a live meeting the poller says whether somebody is typing a decision here: then the case is not taken away.
{
  const remember = () => {
    const form = document.getElementById("decision-form");
    const typed = document.getElementById("typed");
    if (typed) typed.value = form?.dataset.typed ? "1" : "0";
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#decision-form");
    if (form) form.dataset.typed = "1";
    remember();
  });
  document.addEventListener("htmx:after:swap", remember);
}
