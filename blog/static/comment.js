// Keeps a form sendable: a fresh token when it is first touched, and one send at a time.
// Without this script the form works as it stands.
const SEND_AGAIN_AFTER_MS = 10_000;

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

for (const form of document.querySelectorAll("form[data-token]")) {
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
  addEventListener("pageshow", () => setSending(form, false));
}
