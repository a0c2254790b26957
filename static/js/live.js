// The live meeting. The channel only says that something changed; what it is, is fetched. Somebody who is typing a
// decision keeps the page and is told. Without this script the page is reloaded by hand, and everything works.
{
  const LOST_SECONDS = 3;
  const CONNECT_EVERY = 3; // times nothing was heard
  const SAID_SECONDS = 6;
  const SAY_EVERY = 2500;
  const EACH = 40; // milliseconds that the server needs for one card
  const get = (id) => document.getElementById(id);
  const form = () => get("decision-form");
  const typing = () => [form(), get("note-form")].some((each) => each?.dataset.typed === "1");
  let alive = false;
  let over = false;
  let later;
  let fetching;
  let silence;
  let saidAt = 0;

  // Once a form of the page was sent the answer decides where to go; nothing else is asked meanwhile.
  let leaving = false;
  document.addEventListener("submit", (event) => {
    if (event.target.hasAttribute("hx-post") || event.defaultPrevented) return;
    leaving = true;
    setTimeout(() => { leaving = false; }, 10000);
  });
  window.addEventListener("pageshow", () => { leaving = false; });
  // Who makes this computer a projector is signed out here: what was on its way must not end at the sign-in page.
  for (const name of ["request", "response"]) {
    document.addEventListener(`htmx:before:${name}`, (event) => { if (leaving) event.preventDefault(); });
  }

  const poll = () => { if (get("poller")) htmx.trigger(get("poller"), "look"); };
  const remember = () => { if (get("typed")) get("typed").value = typing() ? "1" : "0"; };

  // What comes next is fetched while the room talks. It is no part of the page until the chair puts it on.
  let ahead;
  let room = 5;
  let preparing;
  const prepare = () => {
    const shown = get("case");
    if (!shown?.dataset.ahead || ahead || document.hidden) return;
    fetch(shown.dataset.ahead, { headers: { "HX-Request": "true", "X-Background": "1" } }).then(async (answer) => {
      if (answer.status !== 200) return;
      ahead = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-item]");
      if (ahead) shown.dataset.ready = ahead.dataset.item;
    }).catch(() => {});
  };
  const prepareSoon = () => {
    clearTimeout(preparing);
    preparing = setTimeout(prepare, 1000 + Math.random() * room * EACH * 2);
  };
  prepareSoon();
  const put = (item) => {
    const known = ahead;
    ahead = undefined;
    if (known?.dataset.item !== String(item) || !get("case-who")) return false;
    get("case-who").replaceChildren(...known.children[0].childNodes);
    get("case-what").replaceChildren(...known.children[1].childNodes);
    get("case-decide").hidden = true; // it is about the case before
    return true;
  };

  // Nobody looks at the wrong patient while the new case is on its way: its name is known from the agenda.
  const goTo = (item) => {
    let name = "";
    for (const row of document.querySelectorAll("#live-agenda [data-item]")) {
      const on = row.dataset.item === String(item);
      if (on) name = row.textContent.replace(/\s+/g, " ").trim();
      row.toggleAttribute("aria-current", on);
    }
    if (!put(item)) get("case").setAttribute("aria-busy", "true");
    // Until it is fetched the screen shows what no answer of the server said, and asks again whatever the chair does.
    for (const [input, value] of Object.entries({ v: "", item: item || "", case: "" })) {
      get("poller").querySelector(`[name=${input}]`).value = value;
    }
    get("live-now").textContent = name ? `Now: ${name}` : "";
    get("live-now").classList.toggle("vh", !name);
  };

  const look = (state) => {
    const poller = get("poller");
    room = state.of || room;
    if (!poller || leaving) return;
    const shown = (name) => poller.querySelector(`[name=${name}]`).value;
    if (String(state.v) === shown("v")) return;
    if (typing()) poll();
    else if (state.case !== shown("case")) {
      if (String(state.item || "") !== shown("item")) goTo(state.item);
      // Two hundred at once would wait for one another, and some in vain: a large room fetches within a few seconds.
      clearTimeout(fetching);
      fetching = setTimeout(() => {
        if (typing()) poll();
        else htmx.trigger(document.body, "caseChanged");
      }, Math.random() * state.of * EACH);
    } else {
      // Somebody joined, an order changed: two hundred screens do not have to ask in the same moment.
      clearTimeout(later);
      later = setTimeout(poll, Math.random() * 1500);
    }
  };

  const say = (said) => {
    if (!form() || form().dataset.item !== String(said.item) || form().dataset.me === String(said.id)) return;
    get("live-say").textContent = `${said.who} is typing in ${said.field}`;
    clearTimeout(silence);
    silence = setTimeout(() => { if (get("live-say")) get("live-say").textContent = ""; }, SAID_SECONDS * 1000);
  };

  document.addEventListener("look", (event) => { if (event.detail?.data) look(JSON.parse(event.detail.data)); });
  document.addEventListener("say", (event) => say(JSON.parse(event.detail.data)));
  document.addEventListener("over", () => { over = true; get("live-lost").hidden = true; poll(); });
  document.addEventListener("htmx:sse:after:connection", () => { alive = true; get("live-lost").hidden = true; });
  for (const name of ["before:connection", "error", "close"]) {
    document.addEventListener(`htmx:sse:${name}`, () => { alive = false; });
  }
  // A first connection that failed is not tried again by the extension: a new element is.
  let silent = 0;
  const connect = () => {
    const fresh = get("live-stream").cloneNode(false);
    fresh.removeAttribute("data-htmx-powered");
    get("live-stream").replaceWith(fresh);
    htmx.process(fresh);
  };
  setInterval(() => {
    if (alive) silent = 0;
    if (alive || over || leaving || document.hidden || !get("live-stream")) return;
    get("live-lost").hidden = false;
    poll();
    silent += 1;
    if (silent % CONNECT_EVERY === 0) connect();
  }, LOST_SECONDS * 1000);

  document.addEventListener("input", (event) => {
    const edited = event.target.closest("#decision-form, #note-form");
    if (!edited) return;
    edited.dataset.typed = "1";
    remember();
    if (edited !== form()) return;
    if (!event.target.name || Date.now() - saidAt < SAY_EVERY) return;
    saidAt = Date.now();
    const body = new URLSearchParams({ field: event.target.name });
    fetch(edited.dataset.typing, {
      method: "POST", body, headers: { "X-CSRFToken": edited.querySelector("[name=csrfmiddlewaretoken]").value },
    }).catch(() => {});
  });
  // What could not be fetched is asked for again.
  for (const name of ["error", "response:error"]) {
    document.addEventListener(`htmx:${name}`, (event) => {
      if (["case", "poller", "live-agenda"].includes(event.target.id)) setTimeout(poll, 2000);
    });
  }

  // A private note that is kept is no reason to keep the page.
  document.addEventListener("htmx:after:request", (event) => {
    if (event.target.id === "note-form") event.target.dataset.typed = "0";
    remember();
  });

  // The clock runs on between two looks.
  let clock;
  let began = 0;
  setInterval(() => {
    const shown = document.querySelector("[role=timer][data-seconds]");
    if (!shown) return;
    if (shown !== clock) {
      clock = shown;
      began = Date.now() - Number(shown.dataset.seconds) * 1000;
    }
    const seconds = Math.floor((Date.now() - began) / 1000);
    const two = (number) => String(number).padStart(2, "0");
    shown.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
    const isOver = seconds > Number(shown.dataset.minutes) * 60;
    shown.classList.toggle("amb", isOver);
    document.querySelector("[data-over]").hidden = !isOver;
  }, 1000);

  document.addEventListener("htmx:after:swap", () => {
    remember();
    if (get("live-now") && !document.querySelector("#case[aria-busy]")) get("live-now").classList.add("vh");
    if (!ahead) prepareSoon();
    else if (get("case")) get("case").dataset.ready = ahead.dataset.item;
  });
}
