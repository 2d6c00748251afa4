// Forms that go to the API: one submission at a time, refusals beside the fields.

import { ApiError } from "./api.js";
import { clearErrors, showErrors } from "./field_errors.js";
import { byField } from "./messages.js";

/** Run the action when the form is submitted. fields: by which field of the form a refused field of the API goes. */
export function onSubmit(form, action, fields = {}) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    clearErrors(form);
    try {
      await action(form.elements);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      showErrors(form, renamed(wordsOf(error), fields));
    } finally {
      button.disabled = false;
    }
  });
}

function wordsOf(error) {
  if (error.code === "INVALID_CREDENTIALS") return { password: "This is not your password." };
  return byField(error);
}

function renamed(errors, fields) {
  return Object.fromEntries(Object.entries(errors).map(([name, text]) => [fields[name] ?? name, text]));
}

/** The value of a field for the API: nothing if it is empty. */
export function given(name, field) {
  const text = field.value.trim();
  return text ? { [name]: text } : {};
}
