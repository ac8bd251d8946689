// A button that copies the text beside it and says so.

export function attach(place) {
  const button = place.querySelector("[data-copy-button]");
  const word = button.querySelector("span");
  const before = word.textContent;
  let timer = 0;

  async function copy() {
    const text = place.dataset.copyText ?? place.querySelector("[data-copy]").textContent;
    const done = await copyText(text);
    word.textContent = done ? "Copied" : "Press Ctrl-C";
    if (!done) select(place.querySelector("[data-copy]"));
    window.clearTimeout(timer);
    timer = window.setTimeout(() => (word.textContent = before), 1600);
  }

  button.addEventListener("click", copy);
  return () => {
    window.clearTimeout(timer);
    button.removeEventListener("click", copy);
  };
}

/** Put a text on the clipboard; whether that went. Without https it is closed to scripts: then the text is selected for
 *  the reader's own keys. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return false;
    throw error;
  }
}

function select(element) {
  if (element) window.getSelection().selectAllChildren(element);
}
