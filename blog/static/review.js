// The review queue by keyboard, and all of it selected at once. Without this script every button works.
const find = (selector) => document.querySelector(selector);
const form = find("#queue");
const items = [...document.querySelectorAll(".item")];
const boxes = items.map((item) => item.querySelector(".pick input"));
const help = find("#keys");
const NEXT = "review-next";
const OFF = "review-keys-off";
let here = -1;

function mark(index) {
  items[here]?.classList.remove("here");
  here = index;
  items[here].classList.add("here");
}

function go(index) {
  if (!items[index]) return;
  mark(index);
  items[index].focus({ preventScroll: true });
  items[index].scrollIntoView({ block: "nearest" });
}

const press = (name) => items[here]?.querySelector(`[data-key="${name}"]`)?.click();

const KEYS = {
  j: () => go(Math.min(here + 1, items.length - 1)),
  k: () => go(Math.max(here - 1, 0)),
  a: () => press("a"),
  r: () => press("r"),
  x: () => press("x"),
  s: () => press("s"),
  u: () => find("#undo")?.click(),
  " ": () => boxes[here]?.click(),
  "?": () => help.showModal(),
};

function tell() {
  const chosen = boxes.filter((box) => box.checked).length;
  find("#select-all").textContent = chosen === boxes.length ? "Select none" : "Select all";
  find("#chosen").textContent = chosen ? `${chosen} selected` : "";
}

function selectAll() {
  const isSelected = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = isSelected;
  tell();
}

function setKeys(isOn) {
  document.body.classList.toggle("keys", isOn);
  if (isOn) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "yes");
}

addEventListener("keydown", (event) => {
  const { key, target } = event;
  const act = key === "?" || document.body.classList.contains("keys") ? KEYS[key] : undefined;
  const isTyping = target.closest("input:not([type=checkbox]), textarea, select, dialog");
  const isPressing = key === " " && target.closest("a, button, input, summary");
  // Enter on a checkbox would press the first button of the whole form.
  const isStray = key === "Enter" && target.matches("[type=checkbox]");
  if (isStray) event.preventDefault();
  if (!act || isTyping || isPressing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

// Where one was is where one goes on: a decision reloads the page without the comment decided on.
form?.addEventListener("submit", ({ submitter }) => {
  const at = items.indexOf(submitter?.closest(".item"));
  const next = items[at + 1] ?? items[at - 1];
  if (at >= 0 && next) sessionStorage.setItem(NEXT, next.id);
});

if (help) {
  setKeys(!localStorage.getItem(OFF));
  const box = find("#use-keys");
  box.checked = document.body.classList.contains("keys");
  box.addEventListener("change", () => setKeys(box.checked));
}

if (form) {
  for (const part of form.querySelectorAll("[data-script]")) part.hidden = false;
  find("#select-all").addEventListener("click", selectAll);
  find("#show-keys").addEventListener("click", () => help.showModal());
  for (const box of boxes) box.addEventListener("change", tell);
  for (const [index, item] of items.entries()) item.addEventListener("focusin", () => mark(index));
  tell();
  mark(0);
  go(items.findIndex((item) => item.id === sessionStorage.getItem(NEXT)));
  sessionStorage.removeItem(NEXT);
}
