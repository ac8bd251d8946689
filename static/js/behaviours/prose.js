// The text of a message, which the server wrote as it is, with its Markdown shown and folded when it is long.
import { prose } from "../span/prose.js";

export function attach(place) {
  place.replaceChildren(prose(place.textContent));
}
