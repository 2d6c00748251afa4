// A new password.

import { byId } from "./dom.js";
import { given, onSubmit } from "./forms.js";
import { notify } from "./notices.js";
import { session } from "./session.js";

/** changed(): the password is another, and other sessions have ended. */
export function startPassword(changed) {
  const form = byId("password-form");
  const change = async ({ current_password: current, new_password: wanted, otp }) => {
    await session.changePassword({
      current_password: current.value,
      new_password: wanted.value,
      ...given("otp", otp),
    });
    form.reset();
    form.elements.username.value = session.username;
    notify("Your password was changed. Everywhere else you are signed out.");
    await changed();
  };
  onSubmit(form, change, { password: "current_password" });
}
