// A page with nothing live on it.

import { startSignIn } from "./sign_in.js";
import { startTheme } from "./theme.js";

startTheme();
startSignIn();
