// A form that saves itself while somebody types ([data-draft] names the line that says so). The server's answer swaps
// that line. When none comes (no network, database away), or the session has ended, the line says what is true, nothing
// leaves the page, and the form is sent again until it was kept. The words come from the page's own templates.
{
  const form = document.querySelector("[data-draft]");
  const FIRST = 2000;
  const LONGEST = 30000;
  let wait = FIRST;
  let again;
  let typed = false; // something that the server has not answered yet
  let state = ""; // "", "lost" (sent again by and by) or "out" (somebody has to sign in first)

  const line = () => document.getElementById(form.dataset.draft);
  const say = (name) => {
    line().querySelector("[data-unsaved]")?.remove();
    line().querySelectorAll(":scope > :not(input)").forEach((each) => { each.hidden = true; });
    line().prepend(document.getElementById(name).content.cloneNode(true));
    line().classList.add("bar", "on");
  };
  const send = () => htmx.trigger(form, "again");
  const later = (what, milliseconds) => {
    clearTimeout(again);
    again = setTimeout(what, milliseconds);
  };
  const lost = () => {
    state = "lost";
    say("draft-lost");
    later(send, wait);
    wait = Math.min(wait * 2, LONGEST);
  };

  // Signed in again, in another tab: this page gets the new token, and the same person's text is kept.
  const look = async () => {
    later(look, LONGEST);
    try {
      const answer = await fetch(form.action, { headers: { "X-Background": "1" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(`#${form.id}`);
      if (!fresh) return;
      if (fresh.elements.author.value !== form.elements.author.value) {
        say("draft-other");
        return;
      }
      const token = fresh.elements.csrfmiddlewaretoken.value;
      for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
      document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRFToken": token }));
      send();
    } catch { /* no network: looked at again */ }
  };
  const out = () => {
    state = "out";
    say("draft-out");
    later(look, LONGEST);
  };

  if (form) {
    const mine = (event) => event.detail?.ctx?.sourceElement === form;
    form.addEventListener("input", () => { typed = true; });
    document.addEventListener("htmx:error", (event) => { if (mine(event)) lost(); });
    document.addEventListener("htmx:before:response", (event) => {
      if (!mine(event)) return;
      const { status } = event.detail.ctx.response;
      if (status !== 401 && status !== 403 && status !== 429 && status < 500) return;
      event.preventDefault();
      if (status === 401 || status === 403) out();
      else lost();
    });
    document.addEventListener("htmx:after:swap", () => {
      if (line().querySelector("[data-unsaved]")) return;
      state = "";
      wait = FIRST;
      clearTimeout(again);
      typed = line().matches("[role=alert]");
    });
    const retry = () => {
      if (state === "lost") send();
      if (state === "out") look();
    };
    window.addEventListener("online", retry);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) retry(); });
    // A page that cannot be reached must not take the place of this one.
    form.addEventListener("submit", (event) => {
      if (state) {
        event.preventDefault();
        retry();
      } else typed = false;
    });
    window.addEventListener("beforeunload", (event) => { if (state || typed) event.preventDefault(); });
  }
}
