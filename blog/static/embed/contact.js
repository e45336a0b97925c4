// <blog-contact topic="…" article="…">: the form that sends an enquiry to the clinic, on any page.
// Stores nothing in the browser.
import { BlogElement, make } from "./comments.js";

const WORDS = {
  write: "Contact us",
  name: "Your name",
  email: "Email",
  phone: "Phone",
  orPhone: "or a phone number",
  orEmail: "or an email address",
  way: "How shall we answer?",
  anyWay: "Whichever suits the clinic",
  byEmail: "By email",
  byCall: "By a phone call",
  byText: "By a text message",
  time: "When to reach you",
  timeHint: "optional",
  topic: "Topic",
  noTopic: "Nothing in particular",
  message: "Message",
  hint: "please leave out medical details",
  post: "Send message",
  anyway: "Send anyway",
  change: "Change it",
  thanks: "Thank you. Your message has reached the clinic.",
  reference: "Your reference is {reference}.",
  trap: "Leave this empty",
};
const WAYS = ["", "email", "call", "text"];

class BlogContact extends BlogElement {
  static words = WORDS;
  path = "contact";

  async content() {
    const { contact } = (await this.ask("settings")).data;
    return [this.#form(contact)];
  }

  #form({ topics, consent }) {
    const { words } = this;
    let isSure = false;
    const form = this.form(words.write, words.post, [
      ["name", words.name, "input", { autocomplete: "name", required: "" }],
      ["email", words.email, "input", { type: "email", autocomplete: "email", dir: "ltr" }, words.orPhone],
      ["phone", words.phone, "input", { type: "tel", autocomplete: "tel", dir: "ltr" }, words.orEmail],
      ["way", words.way, "select", {}, "", [words.anyWay, words.byEmail, words.byCall, words.byText]],
      ["time", words.time, "input", {}, words.timeHint],
      ...(topics.length ? [["topic", words.topic, "select", {}, "", [words.noTopic, ...topics]]] : []),
      ["message", words.message, "textarea", { required: "" }, words.hint],
      ["consent", consent, "input", { type: "checkbox", required: "" }],
    ], async (values) => {
      const topic = topics.includes(values.topic) ? values.topic : "";
      const way = WAYS[form.elements.way.selectedIndex];
      const body = { ...values, way, topic, consent_text: consent, about: this.article ?? "", anyway: isSure };
      isSure = false;
      const { reference } = await post(body).catch((problem) => {
        throw problem.code === "sensitive" ? { ...problem, ways } : problem;
      });
      this.#thank(reference);
    });
    form.append(this.#trap());
    const post = this.poster("enquiries", form);
    const sendAnyway = () => {
      isSure = true;
      form.requestSubmit();
    };
    const ways = [make("p:row", {},
      make("button:button", { type: "button", onclick: () => form.elements.message.focus() }, words.change),
      make("button:button plain", { type: "button", onclick: sendAnyway }, words.anyway))];
    const { topic } = form.elements;
    const wanted = this.getAttribute("topic");
    if (topics.includes(wanted)) topic.value = wanted;
    return form;
  }

  // A field that people neither see nor reach, as the site's own form has it.
  #trap() {
    const trap = make("div", { "aria-hidden": "true" }, this.words.trap, make("input", { name: "note", tabindex: -1, autocomplete: "off" }), " ");
    trap.style = "position: absolute; inset-inline-start: -999rem";
    return trap;
  }

  #thank(reference) {
    const { words } = this;
    const thanks = make("div:thanks", { tabindex: -1, role: "status" },
      make("p:title", {}, words.thanks), make("p", {}, words.reference.replace("{reference}", reference)));
    this.shadowRoot.replaceChildren(thanks);
    thanks.focus();
    this.dispatchEvent(new CustomEvent("blog-enquiry", { bubbles: true, detail: { reference } }));
  }
}

customElements.define("blog-contact", BlogContact);
