// The page's one script: attaches behaviours to the elements that ask for them.

import { showTimes } from "./times.js";
import { keepAttached } from "./attach.js";

showTimes(document);
keepAttached(document.body);
