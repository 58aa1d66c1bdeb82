/** Messages of the composer that do not belong to one slide, and announcements to screen readers. */
import { icon, make } from "../dom.js";

export class Messages {
  /** `part(name)` finds [data-part] of the page. */
  constructor(part) {
    this.part = part;
  }

  say(text) {
    this.part("status").textContent = text;
  }

  showErrors(messages) {
    this.part("errors").replaceChildren(...(messages.length ? [list(messages)] : []));
    this.part("drop").toggleAttribute("data-invalid", messages.length > 0);
  }

  showFieldError(field, messages) {
    const wrapper = field.closest(".field") ?? field.parentElement;
    const id = `${field.id}_error`;
    document.getElementById(id)?.remove();
    const describedBy = (field.getAttribute("aria-describedby") ?? "").split(/\s+/).filter((one) => one && one !== id);
    if (messages.length) {
      field.setAttribute("aria-invalid", "true");
      describedBy.push(id);
      wrapper.append(make("div", { class: "field-error", id }, icon("warning"), list(messages)));
    } else field.removeAttribute("aria-invalid");
    if (describedBy.length) field.setAttribute("aria-describedby", describedBy.join(" "));
    else field.removeAttribute("aria-describedby");
    wrapper.classList.toggle("has-error", messages.length > 0);
  }

  showFailure(text) {
    const box = this.part("failure");
    box.hidden = !text;
    box.textContent = text;
  }
}

const list = (messages) => make("ul", { class: "errorlist" }, ...messages.map((message) => make("li", {}, message)));
