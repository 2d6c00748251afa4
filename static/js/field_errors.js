// Errors beside the fields of a form.

import { setText } from "./dom.js";

/** Take all errors off. */
export function clearErrors(form) {
  for (const element of form.querySelectorAll(".error")) setText(element, "");
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** Show { field: sentence } and move the focus to the first field with one; unknown fields go to the form's line. */
export function showErrors(form, errors) {
  clearErrors(form);
  const loose = [];
  for (const [name, text] of Object.entries(errors)) {
    const field = name ? form.querySelector(`[data-field="${CSS.escape(name)}"]`) : null;
    if (field?.checkVisibility()) mark(field, text);
    else loose.push(text);
  }
  setText(form.querySelector('[data-error-for=""]'), loose.join(" "));
  form.querySelector("[aria-invalid]")?.focus();
}

function mark(field, text) {
  setText(field.querySelector(".error"), text);
  field.querySelector("input, select, textarea").setAttribute("aria-invalid", "true");
}
