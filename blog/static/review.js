// The review queue and the inbox by keyboard, and all of a list selected at once. Without this script every button works.
const find = (selector) => document.querySelector(selector);
const form = find("#queue");
const items = [...document.querySelectorAll(".item")];
const boxes = items.map((item) => item.querySelector(".pick input"));
const alls = document.querySelectorAll(".select-all");
const help = find("#keys");
const search = find("#q");
const filters = find("#filters");
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

// On the page of one thing its buttons are the only ones.
const press = (name) => (items[here] ?? document).querySelector(`[data-key="${name}"]`)?.click();

const KEYS = {
  j: () => go(Math.min(here + 1, items.length - 1)),
  k: () => go(Math.max(here - 1, 0)),
  u: () => find("#undo")?.click(),
  Enter: () => press("o"),
  e: () => boxes[here]?.click(),
  " ": () => boxes[here]?.click(),
  "*": () => form && selectAll(),
  "/": () => search?.select(),
  f: openFilters,
  "?": () => help.showModal(),
};
if (!form) delete KEYS[" "];
// What the buttons of a comment or an enquiry say they are pressed by.
for (const name of "acghimoprswx") KEYS[name] = () => press(name);

function openFilters() {
  if (!filters) return;
  filters.open = true;
  filters.querySelector("select").focus();
}

function tell() {
  const chosen = boxes.filter((box) => box.checked).length;
  const words = chosen === boxes.length ? "Select none" : "Select all";
  for (const button of alls) button.textContent = words;
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
  const isPressing = [" ", "Enter"].includes(key) && target.closest("a, button, input, summary");
  // Enter on a checkbox would press the first button of the whole form.
  const isStray = key === "Enter" && target.matches("[type=checkbox]");
  if (isStray) event.preventDefault();
  if (!act || isTyping || isPressing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

// Where one was is where one goes on: a decision reloads the page without what was decided about.
form?.addEventListener("submit", ({ submitter }) => {
  const item = submitter?.closest(".item");
  const at = item ? items.indexOf(item) : boxes.findIndex((box) => box.checked);
  const isLeft = (each, index) => each !== item && (item || !boxes[index].checked);
  const left = items.filter(isLeft);
  const next = left.find((each) => items.indexOf(each) > at) ?? left.at(-1);
  sessionStorage.setItem(NEXT, next?.id ?? "none");
});

// Who can't see the page hears what was done, and then where one is.
function goOn() {
  const next = sessionStorage.getItem(NEXT);
  sessionStorage.removeItem(NEXT);
  const index = items.findIndex((item) => item.id === next);
  const done = find("#done");
  if (!next || find("[autofocus]")) return;
  if (index < 0) (done ?? find("#main")).focus();
  else if (done) items[index].setAttribute("aria-describedby", "done-words");
  go(index);
}

if (help) {
  setKeys(!localStorage.getItem(OFF));
  const box = find("#use-keys");
  box.checked = document.body.classList.contains("keys");
  box.addEventListener("change", () => setKeys(box.checked));
}

if (form) {
  for (const part of form.querySelectorAll("[data-script]")) part.hidden = false;
  for (const button of alls) button.addEventListener("click", selectAll);
  find("#show-keys").addEventListener("click", () => help.showModal());
  for (const box of boxes) box.addEventListener("change", tell);
  for (const [index, item] of items.entries()) item.addEventListener("focusin", () => mark(index));
  tell();
  mark(0);
}
goOn();
