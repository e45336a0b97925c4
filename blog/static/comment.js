// Says how long ago; keeps a form sendable, and what was typed as long as its tab lives.
// Without this script all works as it stands.
const SEND_AGAIN_AFTER_MS = 10_000;
const RECENT_MS = 604_800_000;
const UNITS_MS = { day: 86_400_000, hour: 3_600_000, minute: 60_000 };
const SENT = "sent";

let store;
try {
  store = sessionStorage;
} catch {
  // Some browsers are told to keep none.
}

function keepDraft(form) {
  const { name, body } = form.elements;
  const key = `draft ${form.dataset.draft}`;
  const notice = form.querySelector(".kept");
  const draft = JSON.parse(store.getItem(key));
  if (draft?.join("") && !name.value && !body.value) {
    [name.value, body.value] = draft;
    notice.hidden = false;
  }
  form.addEventListener("input", () => store.setItem(key, JSON.stringify([name.value, body.value])));
  form.addEventListener("submit", () => store.setItem(SENT, key));
  notice.lastElementChild.onclick = () => {
    name.value = body.value = "";
    notice.hidden = true;
    store.removeItem(key);
    body.focus();
  };
}

async function refresh(form) {
  try {
    const answer = await fetch(form.dataset.token, { credentials: "same-origin", cache: "no-store" });
    const { token } = await answer.json();
    if (answer.ok && token) form.elements.form_token.value = token;
  } catch {
    // The token that came with the page may still do, and the server says so if not.
  }
}

function setSending(form, isSending) {
  form.dataset.sending = isSending ? "yes" : "";
  for (const button of form.querySelectorAll("button")) button.ariaDisabled = isSending ? "true" : null;
}

function keepSendable(form) {
  let isTouched = false;
  const touch = () => {
    if (!isTouched) refresh(form);
    isTouched = true;
  };
  form.addEventListener("focusin", touch);
  form.addEventListener("input", touch);
  form.addEventListener("submit", (event) => {
    if (form.dataset.sending) return event.preventDefault();
    setSending(form, true);
    setTimeout(setSending, SEND_AGAIN_AFTER_MS, form, false);
  });
  addEventListener("pageshow", ({ persisted }) => {
    setSending(form, false);
    if (persisted) store?.removeItem(SENT);
  });
}

const sent = store?.getItem(SENT);
store?.removeItem(SENT);
// Only what was taken leads on.
const [visit] = performance.getEntriesByType("navigation");
if (sent && visit.redirectCount && /comment(s\/|-)\d+$/.test(location)) store.removeItem(sent);

for (const form of document.querySelectorAll("[data-token]")) {
  keepSendable(form);
  if (store && form.dataset.draft) keepDraft(form);
}
const { lang } = document.documentElement;
for (const time of document.querySelectorAll(".comment header time")) {
  const at = new Date(time.dateTime);
  const age = Math.max(Date.now() - at, UNITS_MS.minute);
  if (age > RECENT_MS) continue;
  const [unit, ms] = Object.entries(UNITS_MS).find(([, ms]) => age >= ms);
  time.title = at.toLocaleString(lang, { dateStyle: "long", timeStyle: "short" });
  time.textContent = new Intl.RelativeTimeFormat(lang).format(-Math.floor(age / ms), unit);
}
